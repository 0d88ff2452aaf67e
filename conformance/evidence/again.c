/* Writing the program that repeats a failing exchange. */
#include "conformance/evidence/again.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "again_lines.h" /* made of again.in: what is the same in every such program */

enum {
    PAUSE_MIN_US = 2000,
    PAUSE_MAX_US = 10000000,
    TIMEOUT_MIN_MS = 5000,
    TIMEOUT_MAX_MS = 120000,
    TIMEOUT_FACTOR = 3, /* times the longest pause that was seen */
    PER_LINE = 14,
    WORDS_MAX = 1 << 14,
};

/* The kinds of steps that again.in knows. */
enum step_kind { OPEN, SEND, HEAR, END, RESET, CLOSE, ITS_END, ITS_RESET, HOLD, DEAF };

static const char *const kind_names[] = {"OPEN",  "SEND",    "HEAR",      "END",  "RESET",
                                         "CLOSE", "ITS_END", "ITS_RESET", "HOLD", "DEAF"};

struct step {
    enum step_kind kind;
    const struct act *act;
    unsigned connection; /* from 0 */
    int64_t pause_us;
    size_t kept;
};

struct script {
    const struct report *r;
    const struct report_check *c;
    const struct exhibit *e;
    struct step *steps;
    size_t count;
    unsigned *numbers; /* of the connections, in the order of their first act */
    unsigned connections;
    size_t sent; /* octets of ours so far */
    bool cut;    /* more was sent than is here */
    bool strangers;
    int question; /* the step with which a connection began that was answered, or -1 */
    int64_t longest_us;
};

bool again_is_possible(const struct report_check *c)
{
    return c->exhibit && c->exhibit->act_count > 0 && !c->exhibit->we_serve &&
           c->verdict != VERDICT_ERROR;
}

/* ---- the steps ---- */

/* False where the act is none. */
static bool kind_of(const struct exhibit *e, const struct act *act, enum step_kind *ret)
{
    bool ours = act->who == WHO_US;

    switch (act->kind) {
    case EVENT_OPENED:
        *ret = OPEN;
        return ours;
    case EVENT_OCTETS:
        *ret = ours ? SEND : HEAR;
        return act->length > 0 || e->medium != EXHIBIT_STREAM;
    case EVENT_ENDED:
        *ret = ours ? END : ITS_END;
        return true;
    case EVENT_RESET:
        *ret = ours ? RESET : ITS_RESET;
        return true;
    case EVENT_CLOSED:
        *ret = ours ? CLOSE : ITS_END;
        return true;
    case EVENT_WORDS:
    case EVENT_KINDS:
        break;
    }
    *ret = act->flags & ACT_HOLD ? HOLD : DEAF;
    return act->flags & (ACT_HOLD | ACT_DEAF);
}

static unsigned index_of(struct script *s, const struct act *act, bool *ret_fresh)
{
    unsigned i = s->connections;

    while (i > 0 && s->numbers[i - 1] != act->connection)
        i--;
    *ret_fresh = i == 0;
    if (i > 0)
        return i - 1;
    s->numbers[s->connections] = act->connection;
    return s->connections++;
}

static void add(struct script *s, enum step_kind kind, const struct act *act, unsigned connection)
{
    struct step *step = &s->steps[s->count++];

    *step = (struct step){.kind = kind, .act = act, .connection = connection};
    if (kind == SEND) {
        step->kept = size_min(act->octets.len, AGAIN_SENT_MAX - s->sent);
        s->sent += step->kept;
        s->cut |= step->kept < act->length;
    } else if (kind == HEAR) {
        step->kept = size_min(act->octets.len, AGAIN_CAME_MAX);
        s->strangers |= act->flags & ACT_STRANGER;
    }
}

/* A connection of which the opening is not told opens with its first act. */
static void add_act(struct script *s, const struct act *act, int64_t since_us)
{
    enum step_kind kind;
    bool fresh = false;

    if (!kind_of(s->e, act, &kind))
        return;
    unsigned connection = index_of(s, act, &fresh);
    if (fresh && kind != OPEN)
        add(s, OPEN, act, connection);
    add(s, kind, act, connection);
    if (act->who == WHO_US && since_us >= PAUSE_MIN_US)
        s->steps[s->count - 1].pause_us = since_us < PAUSE_MAX_US ? since_us : PAUSE_MAX_US;
}

/* What a connection began with, and the next thing on it was an answer. */
static int find_question(const struct script *s)
{
    for (size_t i = 1; i + 1 < s->count; i++) {
        const struct step *step = &s->steps[i];

        if (step->kind == SEND && step[-1].kind == OPEN && step[1].kind == HEAR &&
            step[-1].connection == step->connection && step[1].connection == step->connection)
            return (int)i;
    }
    return -1;
}

static bool plan(struct script *s)
{
    int64_t before_us = 0;

    s->steps = calloc(2 * s->e->act_count, sizeof(*s->steps));
    s->numbers = calloc(s->e->act_count, sizeof(*s->numbers));
    if (!s->steps || !s->numbers)
        return false;
    for (size_t i = 0; i < s->e->act_count && !s->cut; i++) {
        const struct act *act = &s->e->acts[i];
        int64_t since_us = i > 0 ? act->t_us - before_us : 0;

        add_act(s, act, since_us);
        s->longest_us = since_us > s->longest_us ? since_us : s->longest_us;
        before_us = act->t_us;
    }
    s->question = find_question(s);
    if (s->e->silent && s->e->settled_us - before_us > s->longest_us)
        s->longest_us = s->e->settled_us - before_us;
    return true;
}

/* ---- text ---- */

/* For a comment: nothing in it ends one, begins one, or is a trigraph. */
static void put_comment(FILE *out, const char *text)
{
    char before = '\0';

    for (; *text; text++) {
        bool joined = (before == '*' && *text == '/') || (before == '/' && *text == '*') ||
                      (before == '?' && *text == '?');

        if (joined)
            fputc(' ', out);
        if ((uint8_t)*text >= 0x20 && (uint8_t)*text < 0x7f)
            fputc(*text, out);
        else
            fprintf(out, "\\x%02x", (unsigned)(uint8_t)*text);
        before = *text;
    }
}

/* As a string; octal escapes end after three digits, whatever follows. */
static void put_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || *text == '?')
            fprintf(out, "\\%c", *text);
        else if ((uint8_t)*text >= 0x20 && (uint8_t)*text < 0x7f)
            fputc(*text, out);
        else
            fprintf(out, "\\%03o", (unsigned)(uint8_t)*text);
    }
    fputc('"', out);
}

static void put_remark(FILE *out, const char *name, const char *text)
{
    if (!*text)
        return;
    fprintf(out, " * %-9s ", name);
    put_comment(out, text);
    fputs("\n", out);
}

static void put_head(FILE *out, const struct script *s)
{
    fputs("/*\n * What broke ", out);
    put_comment(out, s->c->id);
    fputs(", once more, over the network alone: a program that needs nothing but a\n"
          " * C compiler. Made by " REPORT_TOOL " " REPORT_VERSION ".\n *\n"
          " *     cc -o again again.c && ./again ",
          out);
    fputs(s->e->ip_len ? "[HOST PORT]" : "[PATH]", out);
    fputs("\n *\n"
          " * Status 0: the same went wrong again; 1: it went otherwise; 2: it cannot tell.\n"
          " *\n",
          out);
    put_remark(out, "target:", s->r->target);
    put_remark(out, "claim:", s->c->claim);
    for (size_t i = 0; i < s->c->cite_count; i++)
        put_remark(out, "clause:", s->c->cites[i]);
    put_remark(out, "expected:", s->c->expected);
    put_remark(out, "actual:", s->c->actual);
    put_remark(out, "also:", s->e->aside);
    if (s->cut || s->e->acts_lost > 0)
        fprintf(out,
                " *\n * This is not all of it: more was sent than there is room for in here, and "
                "the exchange ends\n * where the octets do. The whole check is repeated by "
                "again.sh.\n");
    fputs(" */\n", out);
}

static void put_octets(FILE *out, size_t number, struct slice octets)
{
    fprintf(out, "static const unsigned char octets_%zu[] = {", number);
    for (size_t i = 0; i < octets.len; i++)
        fprintf(out, "%s0x%02x,", i % PER_LINE == 0 ? "\n    " : " ", octets.data[i]);
    fputs("\n};\n\n", out);
}

static void put_steps(FILE *out, const struct script *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct step *step = &s->steps[i];

        if (step->kept == 0)
            continue;
        fputs("/* ", out);
        put_comment(out, step->act->what);
        fputs(" */\n", out);
        put_octets(out, i, slice_sub(step->act->octets, 0, step->kept));
    }
    fputs("static const struct step steps[] = {\n", out);
    for (size_t i = 0; i < s->count; i++) {
        const struct step *step = &s->steps[i];
        bool moves = step->kind == SEND || step->kind == HEAR;

        fprintf(out, "    {%s, %u, %u, %" PRId64 ", ", kind_names[step->kind], step->connection,
                step->act->flags & (ACT_URGENT | ACT_ENDS | ACT_STRANGER), step->pause_us / 1000);
        if (step->kept > 0)
            fprintf(out, "octets_%zu, %zu, %zu, 0x%" PRIx64 "ULL,\n     ", i, step->kept,
                    step->act->length, step->act->hash);
        else
            fprintf(out, "NULL, 0, %zu, 0,\n     ", moves ? step->act->length : 0);
        put_string(out, step->act->what);
        fputs("},\n", out);
    }
    fputs("};\n\n", out);
}

static const char not_all[] = "not all that was sent is in this file";
static const char looks_inside[] = "the check looks at the target's process, too";

static bool is_our_close(const struct act *act)
{
    return act->who == WHO_US && (act->kind == EVENT_CLOSED || act->kind == EVENT_RESET);
}

/* Why the same octets do not prove that the same went wrong; "" where they do. What breaks a claim
   by an answer ends with it, or with its lack. */
static const char *why_unseen(const struct script *s)
{
    const struct act *last = &s->e->acts[s->e->act_count - 1];
    bool open = !is_our_close(last);

    /* An answer may be judged when its connection is closed already. */
    if (last > s->e->acts && is_our_close(last) && last[-1].connection == last->connection)
        last--;

    if (s->e->gone)
        return "";
    if (s->cut || s->e->acts_lost > 0)
        return not_all;
    if (s->e->inside)
        return looks_inside;
    if (last->who == WHO_TARGET || (s->e->silent && open))
        return "";
    return "what broke the claim is not an answer on these connections";
}

/* Why it proves nothing where it goes otherwise; "" where it does. */
static const char *why_beside(const struct script *s)
{
    if (s->cut || s->e->acts_lost > 0)
        return not_all;
    if (s->e->aside[0])
        return s->e->aside;
    return s->e->inside && !s->e->gone ? looks_inside : "";
}

/* A text of the program. As a variable: compilers say something about conditions on a literal. */
static void put_text(FILE *out, const char *name, const char *text)
{
    fprintf(out, "static const char %s[] = ", name);
    put_string(out, text);
    fputs(";\n", out);
}

static void put_place(FILE *out, const struct exhibit *e)
{
    static const char *const types[] = {[EXHIBIT_STREAM] = "SOCK_STREAM",
                                        [EXHIBIT_RECORDS] = "SOCK_SEQPACKET",
                                        [EXHIBIT_DATAGRAMS] = "SOCK_DGRAM"};
    char host[INET6_ADDRSTRLEN] = "";
    char port[8] = "";

    if (e->ip_len > 0) {
        inet_ntop(e->ip_len == EXHIBIT_IP_MAX ? AF_INET6 : AF_INET, e->target_ip, host,
                  sizeof(host));
        text_format(port, sizeof(port), "%u", e->port);
    }
    fprintf(out, "#define SOCKET_TYPE %s\n", types[e->medium]);
    put_text(out, "default_host", host);
    put_text(out, "default_port", port);
    put_text(out, "default_path", e->ip_len > 0 ? "" : e->path);
}

static void put_data(FILE *out, const struct script *s)
{
    bool silent = s->e->silent && !s->e->gone && !s->cut && s->e->acts_lost == 0 && !*why_unseen(s);
    int64_t timeout_ms = s->longest_us / 1000 * TIMEOUT_FACTOR;
    timeout_ms = timeout_ms < TIMEOUT_MIN_MS ? TIMEOUT_MIN_MS : timeout_ms;
    timeout_ms = timeout_ms > TIMEOUT_MAX_MS ? TIMEOUT_MAX_MS : timeout_ms;
    put_steps(out, s);
    put_place(out, s->e);
    fprintf(out, "#define CONNECTIONS %u\n#define STEPS (sizeof(steps) / sizeof(steps[0]))\n",
            s->connections);
    fprintf(out, "#define TIMEOUT_MS %" PRId64 " /* for what is due */\n", timeout_ms);
    fprintf(out, "#define STRANGERS %d /* datagrams came from other addresses */\n", s->strangers);
    fprintf(out, "#define SILENT %d /* it broke because nothing more came */\n", silent);
    fprintf(out, "#define GONE %d /* ... or because the target served no more */\n", s->e->gone);
    fprintf(out, "#define QUESTION %d /* a step that is answered by whoever serves, or -1 */\n",
            s->question);
    put_text(out, "beside", why_beside(s));
    put_text(out, "unseen", why_unseen(s));
    put_text(out, "expected", s->c->expected);
    put_text(out, "actual", s->c->actual);
}

bool again_write(FILE *out, const struct report *r, const struct report_check *c)
{
    struct script s = {.r = r, .c = c, .e = c->exhibit};
    bool ok = plan(&s);

    if (ok) {
        put_head(out, &s);
        for (size_t i = 0; i < ARRAY_LEN(again_lines); i++) {
            if (text_eq(again_lines[i], "@DATA@"))
                put_data(out, &s);
            else
                fprintf(out, "%s\n", again_lines[i]);
        }
    }
    free(s.steps);
    free(s.numbers);
    return ok;
}
