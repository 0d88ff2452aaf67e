/* Walking through a message that may be wrong or cut, field by field. */
#include "harness/rpc/onc_fields.h"

#include <inttypes.h>
#include <string.h>

#include "harness/base/text.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"

enum {
    QUOTED_MAX = 40,           /* octets of a text that its meaning shows */
    LIKELY_FRAGMENT = 1 << 20, /* a longer one is more likely something else */
};

/* A message on its way: the octets of its fragments, and where each stood. */
struct walk {
    const struct onc_visitor *visitor;
    uint8_t message[ONC_FIELDS_OCTETS_MAX];
    uint16_t place[ONC_FIELDS_OCTETS_MAX + 1];
    size_t at;
    size_t end;   /* of the message, or of the body that is looked into */
    bool cut;     /* it goes on behind its end, where we cannot see it */
    bool over;    /* the end came within a field */
    size_t marks; /* record marks that were not visited yet, in front of later octets */
    struct {
        size_t offset;
        struct slice octets;
    } mark[ONC_FIELDS_OCTETS_MAX / RECORD_HEADER];
    size_t mark_count;
};

static uint32_t word_of(struct slice octets)
{
    return (uint32_t)octets.data[0] << 24 | (uint32_t)octets.data[1] << 16 |
           (uint32_t)octets.data[2] << 8 | octets.data[3];
}

static bool is_last(struct slice mark)
{
    return (word_of(mark) & RECORD_LAST) != 0;
}

static void show_mark(struct walk *w, size_t offset, struct slice octets)
{
    struct onc_field f = {.offset = offset, .octets = octets, .name = "fragment"};

    if (octets.len < RECORD_HEADER) {
        f.wrong = !w->cut;
        text_format(f.meaning, sizeof(f.meaning), "%zu of %d octets", octets.len, RECORD_HEADER);
    } else {
        uint32_t length = word_of(octets) & RECORD_LENGTH_MAX;

        text_format(f.meaning, sizeof(f.meaning), "%s of %" PRIu32 " octet%s",
                    is_last(octets) ? "the last" : "not the last", length, text_s(length));
    }
    w->visitor->visit(w->visitor->into, &f);
}

/* Visits a field, and in front of it the record marks that stood in front of it. */
static void show(struct walk *w, const struct onc_field *f)
{
    while (w->marks < w->mark_count && w->mark[w->marks].offset < f->offset) {
        show_mark(w, w->mark[w->marks].offset, w->mark[w->marks].octets);
        w->marks++;
    }
    w->visitor->visit(w->visitor->into, f);
}

/* The next octets, as many as there are of these. */
static struct onc_field take(struct walk *w, const char *name, size_t len)
{
    struct onc_field f = {.offset = w->place[w->at], .name = name};

    f.octets = slice_of(w->message + w->at, size_min(len, w->end - w->at));
    w->at += f.octets.len;
    return f;
}

/* Whether all octets of the field are there; a field that is cut is shown as that, once. */
static bool whole(struct walk *w, struct onc_field *f, size_t due)
{
    if (f->octets.len >= due)
        return true;
    if (!w->over && (f->octets.len > 0 || !w->cut)) {
        f->wrong = !w->cut;
        text_format(f->meaning, sizeof(f->meaning), "%zu of %zu octets%s", f->octets.len, due,
                    w->cut ? "; no more of it here" : ": it ends here");
        show(w, f);
    }
    w->over = true;
    return false;
}

static bool take_word(struct walk *w, const char *name, struct onc_field *ret, uint32_t *ret_value)
{
    if (w->over)
        return false;
    *ret = take(w, name, WIRE_UNIT);
    if (!whole(w, ret, WIRE_UNIT))
        return false;
    *ret_value = word_of(ret->octets);
    return true;
}

/* A word whose value is not judged. */
static uint32_t number(struct walk *w, const char *name)
{
    struct onc_field f;
    uint32_t value = 0;

    if (take_word(w, name, &f, &value)) {
        text_format(f.meaning, sizeof(f.meaning), "%" PRIu32, value);
        show(w, &f);
    }
    return value;
}

/* A word of which one value is right. */
static void fixed(struct walk *w, const char *name, uint32_t due)
{
    struct onc_field f;
    uint32_t value = 0;

    if (!take_word(w, name, &f, &value))
        return;
    f.wrong = value != due;
    text_format(f.meaning, sizeof(f.meaning),
                f.wrong ? "%" PRIu32 ", and %" PRIu32 " is due" : "%" PRIu32, value, due);
    show(w, &f);
}

/* A word whose values have names; false where this one has none. */
static bool named(struct walk *w, const char *name, const char *(*name_of)(uint32_t),
                  uint32_t *ret_value)
{
    struct onc_field f;

    if (!take_word(w, name, &f, ret_value))
        return false;
    const char *known = name_of(*ret_value);
    f.wrong = !known;
    if (known)
        text_format(f.meaning, sizeof(f.meaning), "%s (%" PRIu32 ")", known, *ret_value);
    else
        text_format(f.meaning, sizeof(f.meaning), "%" PRIu32 ": not declared", *ret_value);
    show(w, &f);
    return known != NULL;
}

static bool is_text(struct slice octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        if (octets.data[i] < 0x20 || octets.data[i] >= 0x7f)
            return false;
    }
    return octets.len > 0;
}

static void mean_octets(struct onc_field *f)
{
    struct buf shown;

    buf_init(&shown, ONC_MEANING_MAX * 4);
    if (is_text(f->octets))
        text_quote(&shown, f->octets, QUOTED_MAX);
    else
        buf_printf(&shown, "%zu octet%s", f->octets.len, text_s(f->octets.len));
    text_copy(f->meaning, sizeof(f->meaning), buf_text(&shown));
    buf_free(&shown);
}

/* Everything up to the end. */
static void rest(struct walk *w, const char *name, bool wrong)
{
    if (w->over || w->at == w->end)
        return;
    struct onc_field f = take(w, name, w->end - w->at);

    mean_octets(&f);
    f.wrong = wrong || (!w->cut && f.octets.len % WIRE_UNIT != 0);
    show(w, &f);
}

static void padding(struct walk *w, size_t len)
{
    size_t due = wire_padding(len);

    if (w->over || due == 0)
        return;
    struct onc_field f = take(w, "padding", due);
    if (!whole(w, &f, due))
        return;
    for (size_t i = 0; i < due; i++)
        f.wrong = f.wrong || f.octets.data[i] != 0;
    text_copy(f.meaning, sizeof(f.meaning), f.wrong ? "not zero" : "zeros");
    show(w, &f);
}

static uint32_t count_word(struct walk *w, const char *name, uint32_t max)
{
    struct onc_field f;
    uint32_t value = 0;

    if (take_word(w, name, &f, &value)) {
        f.wrong = value > max;
        text_format(f.meaning, sizeof(f.meaning),
                    f.wrong ? "%" PRIu32 ", and %" PRIu32 " is the limit" : "%" PRIu32, value, max);
        show(w, &f);
    }
    return value;
}

/* opaque<> or string<> whose octets are not looked into. */
static void counted(struct walk *w, const char *length, const char *body, uint32_t max)
{
    uint32_t len = count_word(w, length, max);

    if (w->over || len == 0)
        return;
    struct onc_field f = take(w, body, len);
    if (!whole(w, &f, len))
        return;
    mean_octets(&f);
    show(w, &f);
    padding(w, len);
}

/* ---- what credentials hold ---- */

static void sys_body(struct walk *w)
{
    number(w, "cred.stamp");
    counted(w, "cred.machinename.length", "cred.machinename", ONC_MACHINE_MAX);
    number(w, "cred.uid");
    number(w, "cred.gid");
    uint32_t gids = count_word(w, "cred.gids.count", ONC_GIDS_MAX);
    for (uint32_t i = 0; i < gids && !w->over && (w->at < w->end || !w->cut); i++)
        number(w, "cred.gids");
    rest(w, "cred.surplus", true);
}

static const char *gss_proc_name(uint32_t value)
{
    static const char *const names[] = {
        [ONC_GSS_DATA] = "RPCSEC_GSS_DATA",
        [ONC_GSS_INIT] = "RPCSEC_GSS_INIT",
        [ONC_GSS_CONTINUE_INIT] = "RPCSEC_GSS_CONTINUE_INIT",
        [ONC_GSS_DESTROY] = "RPCSEC_GSS_DESTROY",
    };

    return value < ARRAY_LEN(names) ? names[value] : NULL;
}

static void gss_body(struct walk *w)
{
    uint32_t proc = 0;

    fixed(w, "cred.version", ONC_GSS_VERSION);
    named(w, "cred.gss_proc", gss_proc_name, &proc);
    number(w, "cred.seq_num");
    number(w, "cred.service");
    counted(w, "cred.handle.length", "cred.handle", ONC_AUTH_BODY_MAX);
    rest(w, "cred.surplus", true);
}

/* The message ends where a body does that was announced longer: no field of it lacks an octet. */
static void show_short_body(struct walk *w, size_t begin, size_t len)
{
    struct onc_field f = take(w, "cred.body", 0);

    f.wrong = true;
    text_format(f.meaning, sizeof(f.meaning), "%zu of %zu octets: it ends here", w->at - begin,
                len);
    show(w, &f);
}

/* The body as a message of its own, which ends with it. */
static void inside(struct walk *w, size_t len, void (*body)(struct walk *))
{
    size_t end = w->end;
    bool cut = w->cut;
    size_t begin = w->at;
    bool there = len <= end - begin;

    w->end = there ? w->at + len : end;
    w->cut = there ? false : cut;
    body(w);
    if (there) { /* a fault within the body hides nothing behind it */
        w->at = w->end;
        w->over = false;
    } else {
        if (!w->over && !cut)
            show_short_body(w, begin, len);
        w->over = true;
    }
    w->end = end;
    w->cut = cut;
}

static void auth(struct walk *w, const char *const names[3], bool is_cred)
{
    struct onc_field f;
    uint32_t flavor = 0;

    if (take_word(w, names[0], &f, &flavor)) {
        const char *known = onc_flavor_name(flavor); /* others are registered, too: none is wrong */

        text_format(f.meaning, sizeof(f.meaning), "%s (%" PRIu32 ")", known ? known : "flavor",
                    flavor);
        show(w, &f);
    }
    if (!is_cred || (flavor != ONC_AUTH_SYS && flavor != ONC_RPCSEC_GSS)) {
        counted(w, names[1], names[2], ONC_AUTH_BODY_MAX);
        return;
    }
    uint32_t len = count_word(w, names[1], ONC_AUTH_BODY_MAX);
    if (w->over || len == 0)
        return;
    inside(w, len, flavor == ONC_AUTH_SYS ? sys_body : gss_body);
    padding(w, len);
}

/* ---- messages ---- */

static const char *const cred_names[3] = {"cred.flavor", "cred.length", "cred.body"};
static const char *const verf_names[3] = {"verf.flavor", "verf.length", "verf.body"};

static void call(struct walk *w)
{
    fixed(w, "rpcvers", ONC_VERSION);
    number(w, "prog");
    number(w, "vers");
    number(w, "proc");
    auth(w, cred_names, true);
    auth(w, verf_names, false);
    rest(w, "args", false);
}

static void range(struct walk *w)
{
    uint32_t low = number(w, "mismatch_info.low");
    struct onc_field f;
    uint32_t high = 0;

    if (!take_word(w, "mismatch_info.high", &f, &high))
        return;
    f.wrong = high < low;
    text_format(f.meaning, sizeof(f.meaning), f.wrong ? "%" PRIu32 ", below %" PRIu32 : "%" PRIu32,
                high, low);
    show(w, &f);
}

static void accepted(struct walk *w)
{
    uint32_t stat = 0;

    auth(w, verf_names, false);
    if (!named(w, "accept_stat", onc_accept_stat_name, &stat))
        return;
    if (stat == ONC_SUCCESS)
        rest(w, "results", false);
    else if (stat == ONC_PROG_MISMATCH)
        range(w);
}

static void denied(struct walk *w)
{
    uint32_t stat = 0;
    uint32_t reason = 0;

    if (!named(w, "reject_stat", onc_reject_stat_name, &stat))
        return;
    if (stat == ONC_RPC_MISMATCH)
        range(w);
    else
        named(w, "auth_stat", onc_auth_stat_name, &reason);
}

static void reply(struct walk *w)
{
    uint32_t stat = 0;

    if (named(w, "reply_stat", onc_reply_stat_name, &stat)) {
        if (stat == ONC_MSG_ACCEPTED)
            accepted(w);
        else
            denied(w);
    }
    rest(w, "surplus", true);
}

static void message(struct walk *w)
{
    struct onc_field f;
    uint32_t xid = 0;
    uint32_t type = 0;

    if (take_word(w, "xid", &f, &xid)) {
        text_format(f.meaning, sizeof(f.meaning), "0x%" PRIx32, xid);
        show(w, &f);
    }
    if (!named(w, "msg_type", onc_msg_type_name, &type))
        rest(w, "rest", true);
    else if (type == ONC_CALL)
        call(w);
    else
        reply(w);
    for (; w->marks < w->mark_count; w->marks++)
        show_mark(w, w->mark[w->marks].offset, w->mark[w->marks].octets);
}

/* ---- records ---- */

static void put_octets(struct walk *w, size_t offset, struct slice octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        w->message[w->end] = octets.data[i];
        w->place[w->end++] = (uint16_t)(offset + i);
    }
    w->place[w->end] = (uint16_t)(offset + octets.len);
}

/* Gathers the fragments of the record at `at`; returns where the next one begins. A record that is
   not all there may go on in later octets: its end is no fault. */
static size_t gather(struct walk *w, struct slice octets, size_t at)
{
    bool last = false;

    while (!last && at < octets.len) {
        struct slice mark = slice_sub(octets, at, RECORD_HEADER);

        w->mark[w->mark_count].offset = at;
        w->mark[w->mark_count++].octets = mark;
        at += mark.len;
        w->cut = mark.len < RECORD_HEADER;
        if (w->cut)
            return at;
        struct slice data = slice_sub(octets, at, word_of(mark) & RECORD_LENGTH_MAX);
        put_octets(w, at, data);
        at += data.len;
        w->cut = data.len < (word_of(mark) & RECORD_LENGTH_MAX);
        last = is_last(mark);
    }
    w->cut = w->cut || !last;
    return at;
}

void onc_fields(struct slice octets, size_t length, enum onc_carrier carrier,
                const struct onc_visitor *visitor)
{
    struct slice seen = slice_sub(octets, 0, ONC_FIELDS_OCTETS_MAX);
    size_t at = 0;

    while (at < seen.len) {
        struct walk w = {.visitor = visitor, .cut = seen.len < length};

        if (carrier == ONC_IN_DATAGRAM) {
            put_octets(&w, 0, seen);
            at = seen.len;
        } else {
            at = gather(&w, seen, at);
        }
        message(&w);
    }
}

size_t onc_follow(struct onc_follow *f, struct slice octets, size_t length)
{
    if (f->lost && !onc_fields_likely(octets, ONC_IN_STREAM))
        return length;
    if (f->lost)
        *f = (struct onc_follow){.due = 0};

    size_t begin = size_min(f->due, length);
    size_t at = begin;

    f->due -= begin;
    while (at < length && !f->lost) {
        struct slice mark = slice_sub(octets, at, RECORD_HEADER);

        f->lost = mark.len < RECORD_HEADER;
        if (f->lost)
            break;
        size_t data = word_of(mark) & RECORD_LENGTH_MAX;
        at += RECORD_HEADER;
        f->due = data > length - at ? data - (length - at) : 0;
        at = data > length - at ? length : at + data;
    }
    return begin;
}

bool onc_fields_likely(struct slice octets, enum onc_carrier carrier)
{
    size_t begin = carrier == ONC_IN_STREAM ? RECORD_HEADER : 0;
    struct slice type = slice_sub(octets, begin + WIRE_UNIT, WIRE_UNIT);

    if (octets.len < WIRE_UNIT)
        return false;
    if (type.len == WIRE_UNIT && onc_msg_type_name(word_of(type)))
        return true;
    return carrier == ONC_IN_STREAM && is_last(octets) &&
           (word_of(octets) & RECORD_LENGTH_MAX) <= LIKELY_FRAGMENT;
}
