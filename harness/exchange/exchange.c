/* The exchanges that need no file, and what all exchanges share. */
#include "harness/exchange/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/rng.h"
#include "harness/exchange/exchange_ops.h"

enum {
    PREFIX_MAX = 256,
    PREFIX_BODY_MAX = 64, /* small enough for one read() of any server */
    DATAGRAM_BODY_MAX = 65507,
    STREAM_BODY_MAX = 1 << 20,
    LINE_BODY_MAX = 512, /* servers that read lines have a longest line */
    NUMBER_DIGITS = 8,
    DAYTIME_MAX = 512,
    SHOWN = 24,
    FILE_MAX = 1 << 16,
};

enum match exchange_broken(struct mismatch *why, size_t offset, struct slice due, struct slice in)
{
    if (!why)
        return MATCH_BROKEN;
    struct buf text;

    buf_init(&text, sizeof(why->expected));
    why->offset = offset;
    text_quote(&text, due, SHOWN);
    text_copy(why->expected, sizeof(why->expected), buf_text(&text));
    buf_reset(&text);
    text_quote(&text, slice_from(in, offset), SHOWN);
    text_copy(why->actual, sizeof(why->actual), offset < in.len ? buf_text(&text) : "the end");
    buf_free(&text);
    return MATCH_BROKEN;
}

/* The reply is a text known in full: everything so far must agree with it. */
static enum match match_known(struct slice due, struct slice in, bool ended, size_t *ret_used,
                              struct mismatch *why)
{
    size_t common = slice_common(due, in);

    if (common < size_min(due.len, in.len))
        return exchange_broken(why, common, slice_from(due, common), in);
    if (common < due.len)
        return ended ? exchange_broken(why, common, slice_from(due, common), in) : MATCH_MORE;
    *ret_used = due.len;
    return MATCH_WHOLE;
}

static void request_body(const struct exchange *x UNUSED, const struct ask *ask, struct buf *out)
{
    buf_put(out, ask->body);
}

static enum match match_echo(const struct exchange *x UNUSED, const struct ask *ask,
                             struct slice in, bool ended, size_t *ret_used, struct mismatch *why)
{
    return match_known(ask->body, in, ended, ret_used, why);
}

/*
 * On a stream the server puts the prefix before what each of its reads gave it, so the reply is
 * the body with a prefix in front of every piece. Bodies never hold the first octet of the prefix
 * (exchange_permits), which makes the two tell apart.
 */
static enum match match_prefix_stream(const struct exchange *x, const struct ask *ask,
                                      struct slice in, bool ended, size_t *ret_used,
                                      struct mismatch *why)
{
    struct slice prefix = buf_slice(&x->prefix);
    bool after_prefix = false;
    size_t taken = 0;
    size_t at = 0;

    do {
        struct slice rest = slice_from(in, at);
        /* Each read gave at least one octet, so no prefix follows another. */
        bool prefix_due =
            at == 0 || (!after_prefix && rest.len > 0 && rest.data[0] == prefix.data[0]);
        struct slice due = prefix_due ? prefix : slice_sub(ask->body, taken, 1);
        size_t common = slice_common(rest, due);

        if (common < due.len) {
            if (common == rest.len && !ended)
                return MATCH_MORE;
            return exchange_broken(why, at + common, slice_from(due, common), in);
        }
        at += due.len;
        taken += prefix_due ? 0 : due.len;
        after_prefix = prefix_due;
    } while (taken < ask->body.len);
    *ret_used = at;
    return MATCH_WHOLE;
}

static enum match match_prefix(const struct exchange *x, const struct ask *ask, struct slice in,
                               bool ended, size_t *ret_used, struct mismatch *why)
{
    if (x->medium == EXCHANGE_OVER_STREAM)
        return match_prefix_stream(x, ask, in, ended, ret_used, why);
    struct slice prefix = buf_slice(&x->prefix);
    size_t used = 0;
    enum match head = match_known(prefix, in, ended, &used, why);

    if (head != MATCH_WHOLE)
        return head;
    enum match tail = match_known(ask->body, slice_from(in, used), ended, ret_used, why);
    if (tail == MATCH_WHOLE)
        *ret_used += used;
    else if (why)
        why->offset += used;
    return tail;
}

static void request_line(const struct exchange *x UNUSED, const struct ask *ask, struct buf *out)
{
    buf_put(out, ask->body);
    buf_put_byte(out, '\n');
}

static enum match match_line(const struct exchange *x UNUSED, const struct ask *ask,
                             struct slice in, bool ended, size_t *ret_used, struct mismatch *why)
{
    size_t used = 0;
    enum match head = match_known(ask->body, in, ended, &used, why);
    struct slice end = slice_from(in, used);

    if (head != MATCH_WHOLE)
        return head;
    if (slice_starts(end, slice_str("\n")) || slice_starts(end, slice_str("\r\n"))) {
        *ret_used = used + (end.data[0] == '\r' ? 2 : 1);
        return MATCH_WHOLE;
    }
    if (!ended && slice_starts(slice_str("\r\n"), end))
        return MATCH_MORE;
    return exchange_broken(why, used, slice_str("\n"), in);
}

static enum match match_nothing(const struct exchange *x UNUSED, const struct ask *ask UNUSED,
                                struct slice in, bool ended UNUSED, size_t *ret_used UNUSED,
                                struct mismatch *why)
{
    return in.len > 0 ? exchange_broken(why, 0, slice_of(NULL, 0), in) : MATCH_MORE;
}

/* Any octets will do; how many a datagram may hold is a check of its own. */
static enum match match_source(const struct exchange *x, const struct ask *ask UNUSED,
                               struct slice in, bool ended UNUSED, size_t *ret_used,
                               struct mismatch *why UNUSED)
{
    if (x->medium != EXCHANGE_OVER_DATAGRAMS && in.len == 0)
        return MATCH_MORE;
    *ret_used = in.len;
    return MATCH_WHOLE;
}

static enum match match_daytime(const struct exchange *x UNUSED, const struct ask *ask UNUSED,
                                struct slice in, bool ended, size_t *ret_used, struct mismatch *why)
{
    if (in.len > DAYTIME_MAX)
        return exchange_broken(why, DAYTIME_MAX, slice_of(NULL, 0), in);
    for (size_t i = 0; i < in.len; i++) {
        bool printable = in.data[i] >= 0x20 && in.data[i] < 0x7f;

        if (!printable && in.data[i] != '\r' && in.data[i] != '\n')
            return exchange_broken(why, i, slice_str("printable ASCII"), in);
    }
    if (!ended)
        return MATCH_MORE;
    if (in.len == 0 || in.data[in.len - 1] != '\n')
        return exchange_broken(why, in.len, slice_str("\n"), in);
    *ret_used = in.len;
    return MATCH_WHOLE;
}

static void request_nothing(const struct exchange *x, const struct ask *ask, struct buf *out)
{
    /* A datagram service answers any datagram; a stream service speaks first. */
    if (x->medium == EXCHANGE_OVER_DATAGRAMS)
        buf_printf(out, "%08x", (unsigned)ask->seq);
}

enum {
    TALKS = EXCHANGE_REPLIES | EXCHANGE_NUMBERED | EXCHANGE_PIPELINES | EXCHANGE_CUTS |
            EXCHANGE_PERSISTS | EXCHANGE_PAYLOAD | EXCHANGE_IDEMPOTENT,
};

static const struct builtin {
    const char *name;
    unsigned traits;
    struct exchange_ops ops;
} builtins[] = {
    {"echo",
     TALKS | EXCHANGE_BINARY | EXCHANGE_ECHO,
     {.request = request_body, .match = match_echo}},
    {"echo:",
     TALKS | EXCHANGE_BINARY | EXCHANGE_PREFIX,
     {.request = request_body, .match = match_prefix}},
    {"line", TALKS, {.request = request_line, .match = match_line}},
    {"discard",
     EXCHANGE_SINK | EXCHANGE_PAYLOAD | EXCHANGE_BINARY | EXCHANGE_PERSISTS | EXCHANGE_CUTS,
     {.request = request_body, .match = match_nothing}},
    {"chargen",
     EXCHANGE_SOURCE | EXCHANGE_GREETS | EXCHANGE_IDEMPOTENT,
     {.request = request_nothing, .match = match_source}},
    {"daytime",
     EXCHANGE_REPLIES | EXCHANGE_GREETS | EXCHANGE_IDEMPOTENT,
     {.request = request_nothing, .match = match_daytime}},
};

/* "echo:" stands for echo with any prefix that is not empty; the others match as a whole. */
static const struct builtin *find_builtin(const char *spec)
{
    if (text_eq(spec, "echo:"))
        spec = "echo";
    for (size_t i = 0; i < ARRAY_LEN(builtins); i++) {
        const struct builtin *b = &builtins[i];
        bool takes_prefix = (b->traits & EXCHANGE_PREFIX) != 0;

        if (takes_prefix ? text_starts(spec, b->name) : text_eq(spec, b->name))
            return b;
    }
    return NULL;
}

static bool open_builtin(const struct builtin *b, const char *spec, struct exchange *x,
                         struct problem *why)
{
    x->ops = &b->ops;
    x->traits = b->traits;
    if (b->traits & EXCHANGE_PREFIX) {
        buf_put_str(&x->prefix, spec + strlen(b->name));
        if (x->prefix.failed)
            return problem_set(why, "the prefix of \"%s\" has more than %d octets", spec,
                               PREFIX_MAX);
        if (x->medium == EXCHANGE_OVER_STREAM)
            x->traits &= ~(unsigned)(EXCHANGE_PIPELINES | EXCHANGE_CUTS);
    }
    return true;
}

static bool open_file(const char *path, struct exchange *x, struct problem *why)
{
    char text[FILE_MAX + 1];
    FILE *file = fopen(path, "re");

    if (!file)
        return problem_set(why,
                           "exchange \"%s\": neither echo, echo:PREFIX, line, discard, chargen, "
                           "daytime or rpc:PROG/VERS, nor a file that can be read (%s)",
                           path, strerror(errno));
    size_t len = fread(text, 1, sizeof(text), file);
    bool broken = ferror(file) != 0;
    int error = errno;

    fclose(file);
    if (broken)
        return problem_set(why, "%s: %s", path, strerror(error));
    if (len > FILE_MAX)
        return problem_set(why, "%s: more than %d octets is no exchange file", path, FILE_MAX);
    text[len] = '\0';
    if (strlen(text) != len)
        return problem_set(why, "%s: holds a NUL octet; an exchange file is text", path);
    return exchange_file_parse(path, text, x, why);
}

static void choose_limits(struct exchange *x, const char *spec)
{
    if (x->medium != EXCHANGE_OVER_STREAM) {
        /* Whole messages come in one piece, and cutting one makes two. */
        x->traits &= ~(unsigned)EXCHANGE_CUTS;
        x->body_max = DATAGRAM_BODY_MAX - x->prefix.len;
    } else {
        x->body_max = x->prefix.len > 0 ? PREFIX_BODY_MAX : STREAM_BODY_MAX;
    }
    if (text_eq(spec, "line"))
        x->body_max = LINE_BODY_MAX;
    /* Over datagrams every service answers requests, one by one, as often as it is asked. */
    if (x->medium == EXCHANGE_OVER_DATAGRAMS && !(x->traits & EXCHANGE_SINK)) {
        x->traits |= EXCHANGE_REPLIES | EXCHANGE_PERSISTS | EXCHANGE_PIPELINES;
        x->traits &= ~(unsigned)EXCHANGE_GREETS;
    }
}

/* Sixteen characters that may stand in a payload, and a pattern of them that never repeats soon. */
static void make_pattern(struct exchange *x)
{
    struct rng rng;

    x->digits = "0123456789abcdef";
    for (size_t i = 0; i < NUMBER_DIGITS * 2; i++) {
        if (!exchange_permits(x, (uint8_t)x->digits[i]))
            x->digits = "GHIJKLMNOPQRSTUV";
    }
    rng_seed(&rng, 0, "exchange pattern");
    rng_fill(&rng, x->pattern, sizeof(x->pattern));
    for (size_t i = 0; i < sizeof(x->pattern); i++)
        x->pattern[i] = (uint8_t)x->digits[x->pattern[i] & 15];
}

bool exchange_open(const char *spec, enum exchange_medium medium, struct exchange **ret,
                   struct problem *why)
{
    struct exchange *x = calloc(1, sizeof(*x));
    const struct builtin *builtin = find_builtin(spec);

    if (!x)
        return problem_ours(why, "out of memory");
    x->medium = medium;
    buf_init(&x->prefix, PREFIX_MAX);
    bool ok = text_eq(spec, "rpc") || text_starts(spec, "rpc:") ? exchange_rpc_open(spec, x, why)
              : builtin ? open_builtin(builtin, spec, x, why)
                        : open_file(spec, x, why);
    if (!ok) {
        exchange_close(x);
        return false;
    }
    choose_limits(x, spec);
    make_pattern(x);
    *ret = x;
    return true;
}

void exchange_close(struct exchange *x)
{
    if (!x)
        return;
    buf_free(&x->prefix);
    template_free(&x->request);
    template_free(&x->reply);
    free(x);
}

enum exchange_medium exchange_medium(const struct exchange *x)
{
    return x->medium;
}

bool exchange_has(const struct exchange *x, unsigned traits)
{
    return (x->traits & traits) == traits;
}

struct slice exchange_prefix(const struct exchange *x)
{
    return buf_slice(&x->prefix);
}

size_t exchange_body_max(const struct exchange *x)
{
    return x->body_max;
}

bool exchange_permits(const struct exchange *x, uint8_t octet)
{
    if (x->prefix.len > 0 && octet == x->prefix.data[0])
        return false;
    return exchange_has(x, EXCHANGE_BINARY) || (octet >= 0x20 && octet < 0x7f);
}

void exchange_body(const struct exchange *x, uint32_t seq, size_t size, struct buf *out)
{
    if (!exchange_has(x, EXCHANGE_PAYLOAD))
        return;
    size = size_min(size, x->body_max);
    uint8_t *at = buf_extend(out, size);
    if (!at)
        return;
    for (size_t i = 0; i < size_min(size, NUMBER_DIGITS); i++) {
        size_t shift = 4 * (size_min(size, NUMBER_DIGITS) - 1 - i);

        at[i] = (uint8_t)x->digits[(seq >> shift) & 15];
    }
    /* A start of its own for each number, an odd step so that all starts differ. */
    size_t from = (size_t)seq * 40503U % EXCHANGE_PATTERN;
    for (size_t done = size_min(size, NUMBER_DIGITS); done < size; from = 0) {
        size_t part = size_min(size - done, EXCHANGE_PATTERN - from);

        memcpy(at + done, x->pattern + from, part);
        done += part;
    }
}

void exchange_request(const struct exchange *x, const struct ask *ask, struct buf *out)
{
    x->ops->request(x, ask, out);
}

enum match exchange_match(const struct exchange *x, const struct ask *ask, struct slice in,
                          bool ended, size_t *ret_used, struct mismatch *ret_why)
{
    return x->ops->match(x, ask, in, ended, ret_used, ret_why);
}

enum match exchange_peek(const struct exchange *x, struct slice in, bool ended, uint32_t *ret_seq,
                         struct mismatch *ret_why)
{
    return x->ops->peek(x, in, ended, ret_seq, ret_why);
}

void exchange_describe(const struct exchange *x, struct slice octets, struct buf *out)
{
    if (x->ops && x->ops->describe)
        x->ops->describe(x, octets, out);
}
