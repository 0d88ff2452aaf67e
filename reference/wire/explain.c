/* What an RPC message says, field by field. */
#include "reference/wire/explain.h"

#include "harness/base/text.h"
#include "reference/wire/call.h"
#include "reference/wire/record.h"

enum { OCTETS_SHOWN = 8, TEXT_SHOWN = 64, MESSAGE_MAX = 32 << 20 };

struct explained {
    struct buf *out;
    struct words words;
    size_t offset; /* of the message in what was captured */
    uint32_t procedure;
};

static const char *const msg_types[] = {"CALL", "REPLY"};
static const char *const reply_stats[] = {"MSG_ACCEPTED", "MSG_DENIED"};
static const char *const reject_stats[] = {"RPC_MISMATCH", "AUTH_ERROR"};
static const char *const accept_stats[] = {"SUCCESS",      "PROG_UNAVAIL", "PROG_MISMATCH",
                                           "PROC_UNAVAIL", "GARBAGE_ARGS", "SYSTEM_ERR"};
static const char *const auth_stats[] = {
    "AUTH_OK",           "AUTH_BADCRED", "AUTH_REJECTEDCRED", "AUTH_BADVERF",
    "AUTH_REJECTEDVERF", "AUTH_TOOWEAK", "AUTH_INVALIDRESP",  "AUTH_FAILED"};
static const char *const flavors[] = {"AUTH_NONE", "AUTH_SYS", "AUTH_SHORT", "AUTH_DH",
                                      NULL,        NULL,       "RPCSEC_GSS", "AUTH_TLS"};
static const char *const procedures[] = {"NULL", "SAVEMSG", "READMSG"};

/* The line of one field: offset, octets in hex, then its name. The meaning follows. */
static void line(struct explained *e, size_t at, size_t len, const char *name)
{
    struct slice octets = slice_sub(e->words.all, at, size_min(len, OCTETS_SHOWN));

    buf_printf(e->out, "  %5zu  ", e->offset + at);
    for (size_t i = 0; i < OCTETS_SHOWN; i++) {
        if (i < octets.len)
            buf_printf(e->out, "%02x ", octets.data[i]);
        else
            buf_put_str(e->out, "   ");
    }
    buf_printf(e->out, "%s %-16s ", len > OCTETS_SHOWN ? ".." : "  ", name);
}

/* Reads a word. False, and a line that says so, where the message ends before. */
static bool word(struct explained *e, const char *name, uint32_t *ret)
{
    size_t at = e->words.at;

    if (e->words.failed)
        return false;
    *ret = words_u32(&e->words);
    line(e, at, 4, name);
    if (e->words.failed)
        buf_put_str(e->out, "the message ends here\n");
    return !e->words.failed;
}

static uint32_t number(struct explained *e, const char *name)
{
    uint32_t value = 0;

    if (word(e, name, &value))
        buf_printf(e->out, "%u\n", value);
    return value;
}

static uint32_t choice(struct explained *e, const char *name, const char *const *names,
                       size_t count)
{
    uint32_t value = UINT32_MAX;

    if (word(e, name, &value))
        buf_printf(e->out, "%s (%u)\n", value < count && names[value] ? names[value] : "not known",
                   value);
    return value;
}

/* A counted run of octets: its length, then the octets with their padding. */
static struct slice counted(struct explained *e, const char *name, bool text)
{
    struct words before = e->words;
    size_t at = e->words.at;
    uint32_t len = 0;
    struct slice octets;

    if (!word(e, "length", &len))
        return slice_of(NULL, 0);
    buf_printf(e->out, "%u\n", len);
    e->words = before;
    octets = words_opaque(&e->words, UINT32_MAX);
    if (e->words.failed) {
        line(e, at + 4, e->words.all.len - at - 4, name);
        buf_put_str(e->out, "the message ends before all of it\n");
    } else if (len > 0) {
        line(e, at + 4, len + words_padding(len), name);
        if (text)
            text_quote(e->out, octets, TEXT_SHOWN);
        else
            buf_printf(e->out, "%zu octets", octets.len);
        if (words_padding(len) > 0)
            buf_printf(e->out, ", %zu of padding", words_padding(len));
        buf_put_str(e->out, "\n");
    }
    return octets;
}

/* The body of AUTH_SYS (RFC 5531 appendix A) is a message in the message. */
static void authsys(struct explained *e, size_t at, struct slice body)
{
    struct explained inner = {.out = e->out, .words = words_of(body), .offset = e->offset + at};
    uint32_t gids;

    if (body.len == 0)
        return;
    number(&inner, ". stamp");
    counted(&inner, ". machinename", true);
    number(&inner, ". uid");
    number(&inner, ". gid");
    gids = number(&inner, ". gids");
    for (uint32_t i = 0; i < gids && !inner.words.failed; i++)
        number(&inner, ".. gid");
}

static void authentication(struct explained *e, const char *name)
{
    uint32_t flavor = choice(e, name, flavors, ARRAY_LEN(flavors));
    size_t body_at = e->words.at + 4;
    struct slice body = counted(e, "body", false);

    if (flavor == FLAVOR_SYS)
        authsys(e, body_at, body);
}

/* A text where SAVEMSG goes in or READMSG comes out, else a number. */
static void value(struct explained *e, bool text, const char *name)
{
    uint32_t word_read;

    if (text)
        counted(e, name, true);
    else if (word(e, name, &word_read))
        buf_printf(e->out, "%d\n",
                   word_read <= INT32_MAX ? (int)word_read : -(int)(UINT32_MAX - word_read) - 1);
}

static void call(struct explained *e)
{
    bool ours;

    number(e, "rpcvers");
    ours = number(e, "prog") == MSG_PROGRAM;
    number(e, "vers");
    e->procedure = choice(e, "proc", procedures, ours ? ARRAY_LEN(procedures) : 0);
    authentication(e, "cred flavor");
    authentication(e, "verf flavor");
    if (ours && e->procedure == MSG_SAVEMSG)
        value(e, true, "argument: text");
    else if (ours && e->procedure == MSG_READMSG)
        value(e, false, "argument: int");
}

static void accepted(struct explained *e)
{
    authentication(e, "verf flavor");
    switch (choice(e, "accept_stat", accept_stats, ARRAY_LEN(accept_stats))) {
    case ACCEPT_SUCCESS:
        if (e->procedure == MSG_SAVEMSG)
            value(e, false, "result: int");
        else if (e->procedure == MSG_READMSG)
            value(e, true, "result: text");
        break;
    case ACCEPT_PROG_MISMATCH:
        number(e, "low");
        number(e, "high");
        break;
    default:
        break;
    }
}

static void denied(struct explained *e)
{
    uint32_t stat = choice(e, "reject_stat", reject_stats, ARRAY_LEN(reject_stats));

    if (stat == REJECT_RPC_MISMATCH) {
        number(e, "low");
        number(e, "high");
    } else if (stat == REJECT_AUTH_ERROR) {
        choice(e, "auth_stat", auth_stats, ARRAY_LEN(auth_stats));
    }
}

static void message(struct explained *e)
{
    uint32_t xid = 0;
    uint32_t type;

    if (word(e, "xid", &xid))
        buf_printf(e->out, "0x%08x\n", xid);
    type = choice(e, "msg_type", msg_types, ARRAY_LEN(msg_types));
    if (type == MSG_CALL) {
        call(e);
    } else if (type == MSG_REPLY) {
        uint32_t stat = choice(e, "reply_stat", reply_stats, ARRAY_LEN(reply_stats));

        if (stat == REPLY_ACCEPTED)
            accepted(e);
        else if (stat == REPLY_DENIED)
            denied(e);
    }
    if (words_rest(&e->words).len > 0) {
        line(e, e->words.at, words_rest(&e->words).len, "surplus");
        buf_printf(e->out, "%zu octets\n", words_rest(&e->words).len);
    }
}

/* Takes the record marks off: a line each, and the data of the fragments one behind the other. */
static void unmark(struct buf *out, struct slice octets, struct buf *ret)
{
    struct explained e = {.out = out, .words = words_of(octets)};
    uint32_t mark = 0;

    while (!(mark & RECORD_LAST) && word(&e, "record mark", &mark)) {
        uint32_t len = mark & ~RECORD_LAST;
        struct slice data = slice_sub(octets, e.words.at, len);

        buf_printf(out, "%s fragment of %u octets%s\n", mark & RECORD_LAST ? "the last" : "a", len,
                   data.len < len ? ", not all there" : "");
        buf_put(ret, data);
        e.words.at += data.len;
    }
}

uint32_t explain_message(struct buf *out, struct slice octets, bool stream, uint32_t procedure)
{
    struct explained e = {.out = out, .procedure = procedure};
    struct buf whole;

    buf_init(&whole, MESSAGE_MAX);
    if (stream)
        unmark(out, octets, &whole);
    else
        buf_put(&whole, octets);
    e.words = words_of(buf_slice(&whole));
    /* In a record of one fragment the offsets are those of the capture. */
    if (stream && whole.len + RECORD_MARK == octets.len)
        e.offset = RECORD_MARK;
    message(&e);
    buf_free(&whole);
    return e.procedure;
}
