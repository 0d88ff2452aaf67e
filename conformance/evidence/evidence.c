/* Writing the evidence folder. */
#include "conformance/evidence/evidence.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/evidence/again.h"
#include "harness/base/file.h"
#include "harness/report/exhibit.h"
#include "harness/report/pcapng.h"
#include "harness/report/reporters.h"

enum {
    PATH_LEN = 4096,
    SENT_FILES = 32, /* connections of which what was sent has a file of its own */
    WORDS_LEN = 2048,
};

/* One broken check, and the folder of its files. */
struct scene {
    const struct report *r;
    const struct report_check *c;
    const char *folder;
    unsigned connection; /* of which what was sent is written */
};

/* One kind of file in such a folder. */
struct part {
    const char *name;
    const char *what; /* for the index */
    mode_t mode;
    bool (*wanted)(const struct scene *s);
    bool (*write)(FILE *out, const struct scene *s); /* false where there is no memory */
};

/* ---- files ---- */

static bool make_folder(const char *path, struct problem *why)
{
    if (file_make_folder(path))
        return true;
    return problem_set(why, "--evidence %s: %s", path, strerror(errno));
}

/* An error that a write has met sticks to the stream; the one of the close is the last. Half of a
   file would be taken for the whole. */
static bool finish(FILE *out, bool ok, const char *path, struct problem *why)
{
    struct stat status;
    int error = !ok ? ENOMEM : 0;

    if (fflush(out) != 0 || ferror(out))
        error = errno ? errno : EIO;
    if (fclose(out) != 0 && error == 0)
        error = errno;
    if (error == 0)
        return true;
    if (lstat(path, &status) == 0 && S_ISREG(status.st_mode))
        unlink(path);
    return problem_set(why, "--evidence %s: %s", path, strerror(error));
}

static bool write_file(const char *name, const struct part *part, const struct scene *s,
                       struct problem *why)
{
    char path[PATH_LEN];

    text_format(path, sizeof(path), "%.3900s/%.80s", s->folder, name);
    if (!part->wanted(s)) {
        unlink(path);
        return true;
    }
    FILE *out = fopen(path, "we");
    if (!out)
        return problem_set(why, "--evidence %s: %s", path, strerror(errno));
    errno = 0;
    bool ok = part->write(out, s);
    if (part->mode)
        fchmod(fileno(out), part->mode);
    return finish(out, ok, path, why);
}

/* Words of a target, line by line; what a terminal would obey is shown as an escape. */
static void put_words(FILE *out, struct slice words)
{
    for (size_t i = 0; i < words.len; i++) {
        uint8_t octet = words.data[i];

        if (octet == '\n' || octet == '\t' || (octet >= 0x20 && octet != 0x7f && octet < 0x80))
            fputc(octet, out);
        else
            fprintf(out, "\\x%02x", octet);
    }
    if (words.len > 0 && words.data[words.len - 1] != '\n')
        fputc('\n', out);
}

/* ---- the transcript ---- */

static void write_events(FILE *out, const struct report_check *c)
{
    for (size_t i = 0; i < c->event_count; i++) {
        const struct event *e = &c->events[i];
        struct buf hex;

        buf_init(&hex, EVENT_BYTES_MAX * 2);
        text_hex(&hex, slice_of(e->bytes, e->kept));
        fprintf(out, "%s %10.6f %-6s %s%s%s%s\n", (int)i == c->guilty ? ">>" : "  ",
                (double)e->t_us / 1e6, who_name(e->who), e->what, e->kept ? " [" : "",
                buf_text(&hex), e->kept ? "]" : "");
        buf_free(&hex);
    }
    if (c->events_dropped)
        fprintf(out, "(%zu line%s left out in the middle)\n", c->events_dropped,
                text_s(c->events_dropped));
}

static bool always(const struct scene *s UNUSED)
{
    return true;
}

static void put_row(FILE *out, const char *head, const char *text)
{
    fputs(head, out);
    report_put_plain(out, text);
    fputc('\n', out);
}

static bool write_transcript(FILE *out, const struct scene *s)
{
    const struct report_check *c = s->c;

    fprintf(out, "%s (%s): %s\nclaim:    %s\n", c->id, level_name(c->level),
            verdict_name(c->verdict), c->claim);
    for (size_t i = 0; i < c->cite_count; i++)
        fprintf(out, "clause:   %s\n", c->cites[i]);
    put_row(out, "expected: ", c->expected);
    put_row(out, "actual:   ", c->actual);
    put_row(out, "reason:   ", c->reason);
    put_row(out, "again:    ", c->reproduce); /* as it is, it stands in again.sh */
    fputc('\n', out);
    write_events(out, c);
    return true;
}

static bool write_json(FILE *out, const struct scene *s)
{
    return report_write_check(out, s->r, s->c);
}

/* ---- what was seen of the target ---- */

static bool has_acts(const struct scene *s)
{
    return s->c->exhibit && s->c->exhibit->act_count > 0;
}

static bool write_capture(FILE *out, const struct scene *s)
{
    char about[WORDS_LEN];
    char broken[WORDS_LEN];

    text_format(about, sizeof(about), "%s: %s\nclaim: %s\nexpected: %s\nactual: %s\ntarget: %s",
                s->c->id, verdict_name(s->c->verdict), s->c->claim, s->c->expected, s->c->actual,
                s->r->target);
    text_format(broken, sizeof(broken), ">> here the claim broke. Expected: %s. Actual: %s",
                s->c->expected, s->c->actual);
    struct pcapng_words words = {.about = about, .broken = broken};
    return pcapng_write(out, s->c->exhibit, &words);
}

static bool has_sockets(const struct scene *s)
{
    return s->c->exhibit && s->c->exhibit->sockets[0];
}

static bool write_sockets(FILE *out, const struct scene *s)
{
    fprintf(out, "The sockets at the target's place, and those that lead there, as the kernel of "
                 "the machine on which\nassay ran knew them when the check broke:\n\n");
    put_words(out, slice_str(s->c->exhibit->sockets));
    return true;
}

static bool has_words(const struct scene *s)
{
    const struct exhibit *e = s->c->exhibit;

    return e && (e->state[0] || e->spawned || e->own[0]);
}

static void put_stream(FILE *out, const char *name, struct slice words)
{
    fprintf(out, "\nthe end of its standard %s%s\n", name, words.len ? ":" : ": nothing");
    put_words(out, words);
}

static bool write_words(FILE *out, const struct scene *s)
{
    const struct exhibit *e = s->c->exhibit;

    if (e->state[0])
        put_words(out, slice_str(e->state));
    if (e->spawned) {
        put_stream(out, "error", e->complained);
        put_stream(out, "output", e->said);
    } else if (!e->own[0]) {
        fprintf(out, "\nWhat it writes is not known: assay did not start it (--spawn).\n");
    }
    if (e->own[0]) {
        if (e->state[0])
            fputc('\n', out);
        put_words(out, slice_str(e->own));
    }
    return true;
}

/* ---- repeating it ---- */

/* Paths in the command are those of the folder that assay was called from. */
static bool write_command(FILE *out, const struct scene *s)
{
    char here[PATH_MAX];
    struct buf word;

    fprintf(out, "#!/bin/sh\n");
    if (getcwd(here, sizeof(here))) {
        buf_init(&word, 5 * sizeof(here));
        text_shell_word(&word, here);
        fprintf(out, "cd %s || exit 2\n", buf_text(&word));
        buf_free(&word);
    }
    fprintf(out, "exec %s\n", s->c->reproduce);
    return true;
}

static bool has_program(const struct scene *s)
{
    return again_is_possible(s->c);
}

static bool write_program(FILE *out, const struct scene *s)
{
    return again_write(out, s->r, s->c);
}

static bool was_sent(const struct scene *s)
{
    for (size_t i = 0; has_acts(s) && i < s->c->exhibit->act_count; i++) {
        const struct act *act = &s->c->exhibit->acts[i];

        if (act->who == WHO_US && act->connection == s->connection && act->octets.len > 0)
            return true;
    }
    return false;
}

static bool write_sent(FILE *out, const struct scene *s)
{
    for (size_t i = 0; i < s->c->exhibit->act_count; i++) {
        const struct act *act = &s->c->exhibit->acts[i];

        if (act->who == WHO_US && act->connection == s->connection && act->octets.len > 0)
            fwrite(act->octets.data, 1, act->octets.len, out);
        if (act->who == WHO_US && act->connection == s->connection && act->octets.len < act->length)
            break; /* what follows belongs behind octets that are not here */
    }
    return true;
}

/* ---- the whole ---- */

static const struct part parts[] = {
    {"transcript.txt",
     "the claim, its clauses, what was expected and what came, and every event with the begin of "
     "its octets",
     0, always, write_transcript},
    {"transcript.json", "the same for scripts, as in --report json", 0, always, write_json},
    {"capture.pcapng",
     "what went over the connections, for Wireshark and tshark; made of the transcript, so packets "
     "and their headers are made up around the octets",
     0, has_acts, write_capture},
    {"sockets.txt", "what the kernel knew of the sockets when the check broke", 0, has_sockets,
     write_sockets},
    {"target.txt", "how the target ended, or that it runs, and what it said last", 0, has_words,
     write_words},
    {"again.sh", "repeats the check with assay", 0755, always, write_command},
    {"again.c",
     "repeats the exchange without assay: cc -o again again.c && ./again HOST PORT, or PATH; "
     "status 0: the same went wrong again, 1: it went otherwise, 2: it cannot tell",
     0, has_program, write_program},
};

static const struct part sent_part = {.wanted = was_sent, .write = write_sent};

static bool is_bad(const struct report_check *c)
{
    return c->verdict == VERDICT_FAIL || c->verdict == VERDICT_WARN || c->verdict == VERDICT_ERROR;
}

static bool write_check(const char *folder, const struct report *r, const struct report_check *c,
                        struct problem *why)
{
    char path[PATH_LEN];
    struct scene s = {.r = r, .c = c, .folder = path};

    text_format(path, sizeof(path), "%.3600s/%.200s", folder, c->id);
    if (!make_folder(path, why))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (!write_file(parts[i].name, &parts[i], &s, why))
            return false;
    }
    for (s.connection = 1; s.connection <= SENT_FILES; s.connection++) {
        char name[32];

        text_format(name, sizeof(name), "sent-%u.bin", s.connection);
        if (!write_file(name, &sent_part, &s, why))
            return false;
    }
    return true;
}

static bool write_index(FILE *out, const struct scene *s)
{
    size_t count = 0;

    fprintf(out, "Evidence of " REPORT_TOOL " " REPORT_VERSION " against ");
    put_words(out, slice_str(s->r->target));
    if (s->r->ending) {
        fprintf(out, "\nThe run ended early: ");
        put_words(out, slice_str(s->r->ending));
    }
    fprintf(out, "\nWhat is broken has a folder each:\n\n");
    for (size_t i = 0; i < s->r->count; i++) {
        const struct report_check *c = &s->r->checks[i];

        if (!is_bad(c))
            continue;
        fprintf(out, "%s (%s)\n    ", c->id, verdict_name(c->verdict));
        put_words(out, slice_str(c->reason));
        count++;
    }
    fprintf(out, "%s\nThe files in such a folder; one that has nothing to say is not there:\n\n",
            count ? "" : "nothing\n");
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        fprintf(out, "%-16s %s\n", parts[i].name, parts[i].what);
    fprintf(out, "%-16s %s\n", "sent-N.bin", "the octets that were sent on connection N");
    return true;
}

static bool write_report(const char *folder, const struct report *r, struct problem *why)
{
    static const struct part index = {.wanted = always, .write = write_index};
    struct scene s = {.r = r, .folder = folder};

    if (!make_folder(folder, why) || !write_file("index.txt", &index, &s, why))
        return false;
    for (size_t i = 0; i < r->count; i++) {
        if (is_bad(&r->checks[i]) && !write_check(folder, r, &r->checks[i], why))
            return false;
    }
    return true;
}

/* A folder inside the folder, whatever the target is called. */
static bool write_target(const char *folder, const struct report *r, struct problem *why)
{
    char path[PATH_LEN];

    text_format(path, sizeof(path), "%.3500s/%.200s", folder, r->target);
    char *name = path + size_min(strlen(folder), 3500) + 1;
    for (char *at = name; *at; at++) {
        if (*at == '/' || (uint8_t)*at < 0x20 || (at == name && *at == '.'))
            *at = '_';
    }
    return write_report(path, r, why);
}

bool evidence_write(const char *folder, const struct report_set *set, struct problem *why)
{
    if (!make_folder(folder, why))
        return false;
    for (size_t i = 0; i < set->count; i++) {
        bool ok = set->several ? write_target(folder, set->reports[i], why)
                               : write_report(folder, set->reports[i], why);

        if (!ok)
            return false;
    }
    return true;
}
