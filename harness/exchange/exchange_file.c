/* Exchanges described in a file: `key = value` lines, read with exact errors. */
#include <string.h>

#include "harness/exchange/exchange_ops.h"

enum { KEY_MAX = 32, FIXED_MAX = 65536 };

struct parser {
    const char *name; /* of the file */
    const char *line; /* the line at hand, up to its newline */
    unsigned number;  /* of the line, from 1 */
    struct exchange *x;
    struct problem *why;
    unsigned seen; /* bit per key */
    unsigned yes;  /* traits that are given as yes */
    struct place {
        unsigned number;
        size_t column;
    } reply_at, pipeline_at, persist_at;
};

static bool wrong(const struct parser *p, const char *at, const char *what)
{
    return problem_set(p->why, "%s:%u:%zu: %s", p->name, p->number, (size_t)(at - p->line) + 1,
                       what);
}

static struct place place_of(const struct parser *p, const char *at)
{
    return (struct place){p->number, (size_t)(at - p->line) + 1};
}

static bool wrong_at(const struct parser *p, struct place place, const char *what)
{
    return problem_set(p->why, "%s:%u:%zu: %s", p->name, place.number, place.column, what);
}

/* True where only blanks or a comment follow. */
static bool line_ends(const char *at)
{
    at += strspn(at, " \t\r");
    return *at == '\0' || *at == '\n' || *at == '#';
}

static size_t word_len(const char *at)
{
    return strcspn(at, " \t\r\n#=");
}

static bool word_is(const char *at, const char *word)
{
    return word_len(at) == strlen(word) && text_starts(at, word);
}

static bool take_template(struct parser *p, const char *at, bool allow_any, struct template *ret)
{
    struct problem what;
    size_t end = 0;

    template_free(ret);
    if (!template_parse(at, allow_any, ret, &end, &what))
        return wrong(p, at + end, what.text);
    if (!line_ends(at + end))
        return wrong(p, at + end, "nothing may follow the string");
    return true;
}

static bool take_request(struct parser *p, const char *at)
{
    return take_template(p, at, false, &p->x->request);
}

static bool take_reply(struct parser *p, const char *at)
{
    p->reply_at = place_of(p, at);
    return take_template(p, at, true, &p->x->reply);
}

static bool take_framing(struct parser *p, const char *at)
{
    static const struct {
        const char *word;
        enum exchange_framing framing;
    } framings[] = {
        {"line", FRAMING_LINE},         {"length32", FRAMING_LENGTH32}, {"fixed", FRAMING_FIXED},
        {"datagram", FRAMING_DATAGRAM}, {"close", FRAMING_CLOSE},
    };
    size_t found = 0;

    while (found < ARRAY_LEN(framings) && !word_is(at, framings[found].word))
        found++;
    if (found == ARRAY_LEN(framings))
        return wrong(p, at, "expected line, length32, fixed N, datagram or close");
    p->x->framing = framings[found].framing;
    const char *rest = at + word_len(at);
    if (p->x->framing == FRAMING_FIXED) {
        char digits[KEY_MAX];
        uint64_t size = 0;

        rest += strspn(rest, " \t");
        text_format(digits, sizeof(digits), "%.*s", (int)size_min(word_len(rest), KEY_MAX), rest);
        if (word_len(rest) >= sizeof(digits) || !text_number(digits, 1, FIXED_MAX, &size))
            return wrong(p, rest, "expected the size of a reply, 1 to 65536, after fixed");
        p->x->fixed = (size_t)size;
        rest += word_len(rest);
    }
    return line_ends(rest) || wrong(p, rest, "nothing may follow the framing");
}

static bool take_trait(struct parser *p, const char *at, unsigned trait)
{
    bool yes = word_is(at, "yes");

    if (!yes && !word_is(at, "no"))
        return wrong(p, at, "expected yes or no");
    if (!line_ends(at + word_len(at)))
        return wrong(p, at + word_len(at), "nothing may follow yes or no");
    p->yes |= yes ? trait : 0;
    p->x->traits = yes ? p->x->traits | trait : p->x->traits & ~trait;
    return true;
}

static bool take_pipeline(struct parser *p, const char *at)
{
    p->pipeline_at = place_of(p, at);
    return take_trait(p, at, EXCHANGE_PIPELINES);
}

static bool take_persist(struct parser *p, const char *at)
{
    p->persist_at = place_of(p, at);
    return take_trait(p, at, EXCHANGE_PERSISTS);
}

static bool take_cuts(struct parser *p, const char *at)
{
    return take_trait(p, at, EXCHANGE_CUTS);
}

static bool take_idempotent(struct parser *p, const char *at)
{
    return take_trait(p, at, EXCHANGE_IDEMPOTENT);
}

/* Whom it is for, for people who read the file. */
static bool take_name(struct parser *p, const char *at)
{
    size_t len = word_len(at);

    if (len == 0 || len > KEY_MAX || !line_ends(at + len))
        return wrong(p, at, "expected a name: one word of at most 32 octets");
    return true;
}

static const struct key {
    const char *word;
    bool (*take)(struct parser *p, const char *at);
    bool needed;
} keys[] = {
    {"name", take_name, false},         {"framing", take_framing, true},
    {"request", take_request, true},    {"reply", take_reply, true},
    {"pipeline", take_pipeline, false}, {"persist", take_persist, false},
    {"cuts", take_cuts, false},         {"idempotent", take_idempotent, false},
};

static bool take_line(struct parser *p)
{
    const char *at = p->line + strspn(p->line, " \t");

    if (line_ends(at))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (!word_is(at, keys[i].word))
            continue;
        if (p->seen & 1U << i)
            return wrong(p, at, "this key is given twice");
        p->seen |= 1U << i;
        at += strlen(keys[i].word);
        at += strspn(at, " \t");
        if (*at != '=')
            return wrong(p, at, "expected \"=\" after the key");
        at++;
        at += strspn(at, " \t");
        return keys[i].take(p, at);
    }
    return wrong(p, at,
                 "unknown key; known are name, framing, request, reply, pipeline, persist, cuts "
                 "and idempotent");
}

static bool check_medium(const struct parser *p)
{
    bool whole = p->x->framing == FRAMING_DATAGRAM;

    if (whole == (p->x->medium != EXCHANGE_OVER_STREAM))
        return true;
    return problem_set(p->why, "%s: framing %s does not go with a %s target", p->name,
                       whole ? "datagram" : "of a stream", whole ? "stream" : "datagram");
}

static bool check_complete(const struct parser *p)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (keys[i].needed && !(p->seen & 1U << i))
            return problem_set(p->why, "%s:%u:1: the key \"%s\" is missing", p->name, p->number,
                               keys[i].word);
    }
    return true;
}

/* ---- what no server could satisfy ---- */

/* A line ends at its first LF, so a reply has one, and nothing but "any" (none, then) behind it. */
static bool check_line(const struct parser *p)
{
    const struct template *t = &p->x->reply;
    bool ends = false;

    for (size_t i = 0; i < t->count; i++) {
        const struct template_part *part = &t->parts[i];
        struct slice text = slice_sub(buf_slice(&t->literals), part->offset,
                                      part->kind == TEMPLATE_LITERAL ? part->len : 0);
        size_t at = slice_find(text, slice_str("\n"));

        if (part->kind == TEMPLATE_OCTETS)
            return wrong_at(p, p->reply_at,
                            "a reply of framing line holds no %{seq:u32}: one of its octets may "
                            "be the LF that ends the line");
        if (part->kind != TEMPLATE_ANY && (ends || at + 1 < text.len))
            return wrong_at(p, p->reply_at,
                            "a reply of framing line ends at its first \\n; nothing may follow it");
        ends = ends || at < text.len;
    }
    return ends || (t->count > 0 && t->parts[t->count - 1].kind == TEMPLATE_ANY) ||
           wrong_at(p, p->reply_at, "a reply of framing line must end in \\n");
}

static bool check_fixed(const struct parser *p)
{
    struct problem what;
    size_t least = 0;
    size_t most = 0;

    template_size(&p->x->reply, &least, &most);
    bool any = template_has_any(&p->x->reply);
    if (any ? least <= p->x->fixed : least == p->x->fixed && most == p->x->fixed)
        return true;
    if (!any && least != most)
        return wrong_at(p, p->reply_at,
                        "the length of this reply differs with the number, and the framing is "
                        "fixed; pad it as in %{seq:08x} or %{seq:010d}");
    problem_set(&what, "this reply has %s%zu octet%s, and the framing is fixed %zu",
                any ? "at least " : "", least, text_s(least), p->x->fixed);
    return wrong_at(p, p->reply_at, what.text);
}

static bool check_close(const struct parser *p)
{
    if (p->yes & EXCHANGE_PIPELINES)
        return wrong_at(p, p->pipeline_at,
                        "pipeline is no where the framing is close: one request a connection");
    if (p->yes & EXCHANGE_PERSISTS)
        return wrong_at(p, p->persist_at,
                        "persist is no where the framing is close: one request a connection");
    return true;
}

static bool check_satisfiable(const struct parser *p)
{
    bool empty = p->x->reply.count == 0;

    switch (p->x->framing) {
    case FRAMING_LINE:
        return check_line(p);
    case FRAMING_FIXED:
        return check_fixed(p);
    case FRAMING_CLOSE:
        if (!check_close(p))
            return false;
        break;
    case FRAMING_DATAGRAM:
        break;
    case FRAMING_LENGTH32:
        return true; /* a length of none is a reply */
    }
    return !empty || wrong_at(p, p->reply_at, "an empty reply cannot be told from none");
}

bool exchange_file_parse(const char *name, const char *text, struct exchange *x,
                         struct problem *why)
{
    struct parser p = {.name = name, .line = text, .number = 1, .x = x, .why = why};

    x->ops = &exchange_file_ops;
    x->traits = EXCHANGE_REPLIES | EXCHANGE_PIPELINES | EXCHANGE_CUTS | EXCHANGE_PERSISTS |
                EXCHANGE_IDEMPOTENT;
    while (*p.line) {
        if (!take_line(&p))
            return false;
        p.line += strcspn(p.line, "\n");
        if (*p.line == '\n') {
            p.line++;
            p.number++;
        }
    }
    if (!check_complete(&p) || !check_medium(&p) || !check_satisfiable(&p))
        return false;
    if (x->framing == FRAMING_CLOSE)
        x->traits &= ~(unsigned)(EXCHANGE_PERSISTS | EXCHANGE_PIPELINES);
    if (template_is_numbered(&x->request) && template_is_numbered(&x->reply))
        x->traits |= EXCHANGE_NUMBERED;
    return true;
}

static void request_file(const struct exchange *x, const struct ask *ask, struct buf *out)
{
    if (x->framing != FRAMING_LENGTH32) {
        template_expand(&x->request, ask->seq, out);
        return;
    }
    struct buf payload;

    buf_init(&payload, EXCHANGE_REPLY_MAX);
    template_expand(&x->request, ask->seq, &payload);
    buf_put_u32(out, (uint32_t)payload.len);
    buf_put(out, buf_slice(&payload));
    buf_free(&payload);
}

/* Where the first frame of `in` ends, or 0 where it is not all there. */
static size_t frame_end(const struct exchange *x, struct slice in, bool ended)
{
    size_t end = 0;

    switch (x->framing) {
    case FRAMING_LINE:
        end = slice_find(in, slice_str("\n"));
        return end < in.len ? end + 1 : 0;
    case FRAMING_FIXED:
        return in.len >= x->fixed ? x->fixed : 0;
    case FRAMING_LENGTH32:
        if (in.len < 4)
            return 0;
        end = 4 + ((size_t)in.data[0] << 24 | (size_t)in.data[1] << 16 | (size_t)in.data[2] << 8 |
                   in.data[3]);
        return in.len >= end ? end : 0;
    case FRAMING_DATAGRAM:
    case FRAMING_CLOSE:
        return ended ? in.len : 0;
    }
    return 0;
}

static enum match match_file(const struct exchange *x, const struct ask *ask, struct slice in,
                             bool ended, size_t *ret_used, struct mismatch *why)
{
    size_t head = x->framing == FRAMING_LENGTH32 ? 4 : 0;
    size_t end = frame_end(x, in, ended);
    size_t offset = 0;
    struct buf due;

    if (end == 0 && !ended && in.len < EXCHANGE_REPLY_MAX)
        return MATCH_MORE;
    if (end == 0)
        return exchange_broken(why, in.len, slice_str(ended ? "the rest of the reply" : "an end"),
                               in);
    buf_init(&due, EXCHANGE_REPLY_MAX);
    bool fits = template_match(&x->reply, ask->seq, slice_sub(in, head, end - head), &offset, &due);
    if (fits)
        *ret_used = end;
    enum match result =
        fits ? MATCH_WHOLE
             : exchange_broken(why, head + offset, buf_slice(&due), slice_sub(in, 0, end));
    buf_free(&due);
    return result;
}

const struct exchange_ops exchange_file_ops = {.request = request_file, .match = match_file};
