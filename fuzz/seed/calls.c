/* Conversations with MSGPROG: calls as a client sends them, right and wrong. */
#include "fuzz/seed/sets.h"

#include <string.h>

#include "fuzz/case/msgprog.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"

enum { SAVE = MSGPROG_SAVEMSG, READ = MSGPROG_READMSG, PARTS_MAX = 4, LONG_BODY = 404 };

enum credential {
    CRED_NONE,
    CRED_NONE_BODY, /* AUTH_NONE with octets */
    CRED_SYS,
    CRED_SYS_SURPLUS, /* a word behind authsys_parms */
    CRED_SYS_GIDS,    /* 17 of them, and 16 are the limit */
    CRED_SYS_COUNT,   /* more groups announced than there are */
    CRED_SYS_SHORT,   /* four octets of authsys_parms */
    CRED_SHORT,
    CRED_UNKNOWN,
    CRED_LONG, /* over 400 octets */
    VERF_LONG,
};

enum oddity { ODD_NONE, ODD_PADDING, ODD_TRAILING, ODD_LENGTH, ODD_NO_ARGS, ODD_REPLY };

/* A call; what is zero is as it should be. */
struct part {
    uint32_t xid; /* 0: its place */
    uint32_t more_prog, more_vers, more_rpcvers;
    uint32_t proc;
    enum credential cred;
    const char *text;
    size_t text_len; /* 0: of the string */
    int32_t number;
    enum oddity odd;
};

enum framing { WHOLE, FRAGMENTS, EMPTY_FRAGMENTS };

static const struct talk {
    const char *name;
    size_t count;
    struct part parts[PARTS_MAX];
    enum framing framing;
    size_t cut; /* octets that are missing at the end of the stream */
} talks[] = {
    {"null", 1, {{.proc = ONC_NULLPROC}}, WHOLE, 0},
    {"savemsg", 1, {{.proc = SAVE, .text = "hello"}}, WHOLE, 0},
    {"savemsg-empty", 2, {{.proc = SAVE, .text = ""}, {.proc = READ, .number = 1}}, WHOLE, 0},
    {"readmsg", 1, {{.proc = READ, .number = 1}}, WHOLE, 0},
    {"readmsg-negative", 1, {{.proc = READ, .number = INT32_MIN}}, WHOLE, 0},
    {"save-and-read", 2, {{.proc = SAVE, .text = "abc"}, {.proc = READ, .number = 1}}, WHOLE, 0},
    {"nul-in-text",
     2,
     {{.proc = SAVE, .text = "a\0b", .text_len = 3}, {.proc = READ, .number = 1}},
     WHOLE,
     0},
    {"auth-sys", 1, {{.proc = SAVE, .text = "hello", .cred = CRED_SYS}}, WHOLE, 0},
    {"auth-sys-surplus", 1, {{.proc = SAVE, .text = "x", .cred = CRED_SYS_SURPLUS}}, WHOLE, 0},
    {"auth-sys-gids", 1, {{.proc = SAVE, .text = "x", .cred = CRED_SYS_GIDS}}, WHOLE, 0},
    {"auth-sys-count", 1, {{.proc = SAVE, .text = "x", .cred = CRED_SYS_COUNT}}, WHOLE, 0},
    {"auth-sys-short", 1, {{.proc = SAVE, .text = "x", .cred = CRED_SYS_SHORT}}, WHOLE, 0},
    {"auth-none-body", 1, {{.proc = SAVE, .text = "x", .cred = CRED_NONE_BODY}}, WHOLE, 0},
    {"auth-short", 1, {{.proc = SAVE, .text = "x", .cred = CRED_SHORT}}, WHOLE, 0},
    {"auth-unknown", 1, {{.proc = SAVE, .text = "x", .cred = CRED_UNKNOWN}}, WHOLE, 0},
    {"auth-long", 1, {{.proc = SAVE, .text = "x", .cred = CRED_LONG}}, WHOLE, 0},
    {"verifier-long", 1, {{.proc = SAVE, .text = "x", .cred = VERF_LONG}}, WHOLE, 0},
    {"bad-prog", 1, {{.more_prog = 1}}, WHOLE, 0},
    {"bad-vers", 1, {{.more_vers = 1}}, WHOLE, 0},
    {"bad-proc", 1, {{.proc = READ + 1}}, WHOLE, 0},
    {"bad-rpcvers", 1, {{.more_rpcvers = 1}}, WHOLE, 0},
    {"bad-type", 1, {{.odd = ODD_REPLY}}, WHOLE, 0},
    {"padding", 1, {{.proc = SAVE, .text = "x", .odd = ODD_PADDING}}, WHOLE, 0},
    {"trailing", 1, {{.proc = SAVE, .text = "x", .odd = ODD_TRAILING}}, WHOLE, 0},
    {"length", 1, {{.proc = SAVE, .text = "x", .odd = ODD_LENGTH}}, WHOLE, 0},
    {"two-messages", 2, {{.proc = SAVE, .text = "one"}, {.proc = SAVE, .text = "two"}}, WHOLE, 0},
    {"readmsg-no-arguments", 1, {{.proc = READ, .odd = ODD_NO_ARGS}}, WHOLE, 0},
    {"no-arguments", 1, {{.proc = SAVE, .odd = ODD_NO_ARGS}}, WHOLE, 0},
    {"cut", 2, {{.proc = SAVE, .text = "hello"}, {.proc = SAVE, .text = "hello"}}, WHOLE, 6},
    {"fragments",
     2,
     {{.proc = SAVE, .text = "hello", .cred = CRED_SYS}, {.proc = READ, .number = 1}},
     FRAGMENTS,
     0},
    {"empty-fragments", 1, {{.proc = SAVE, .text = "hello"}}, EMPTY_FRAGMENTS, 0},
    {"pipelined",
     3,
     {{.xid = 7, .proc = SAVE, .text = "hello"},
      {.xid = 7, .proc = ONC_NULLPROC},
      {.xid = 7, .proc = READ, .number = 1}},
     WHOLE,
     0},
};

/* ---- credentials ---- */

static void put_sys(enum credential kind, struct buf *out)
{
    struct onc_sys sys = {.stamp = 1,
                          .machine = wire_counted_of(slice_str("host")),
                          .uid = 1000,
                          .gid = 100,
                          .gids = {100, 101, 102},
                          .gids_count = 3};

    if (kind == CRED_SYS_GIDS)
        sys.gids_count = ONC_GIDS_MAX + 1;
    sys.lies = kind == CRED_SYS_COUNT;
    sys.claimed = ONC_GIDS_MAX;
    onc_put_sys(out, &sys);
    if (kind == CRED_SYS_SURPLUS)
        wire_put_uint(out, 0);
    if (kind == CRED_SYS_SHORT)
        out->len = WIRE_UNIT;
}

static void set_credential(struct onc_call *call, enum credential kind, struct buf *body)
{
    static const struct {
        enum credential kind;
        uint32_t flavor;
    } flavors[] = {
        {CRED_SHORT, ONC_AUTH_SHORT},
        {CRED_UNKNOWN, 300001},
    };
    struct onc_auth *auth = kind == VERF_LONG ? &call->verf : &call->cred;

    if (kind >= CRED_SYS && kind <= CRED_SYS_SHORT) {
        call->cred.flavor = ONC_AUTH_SYS;
        put_sys(kind, body);
    }
    for (size_t i = 0; i < ARRAY_LEN(flavors); i++) {
        if (flavors[i].kind == kind)
            call->cred.flavor = flavors[i].flavor;
    }
    if (kind == CRED_SHORT || kind == CRED_UNKNOWN || kind == CRED_NONE_BODY)
        wire_put_uhyper(body, 0x0123456789abcdef);
    while ((kind == CRED_LONG || kind == VERF_LONG) && body->len < LONG_BODY)
        wire_put_uint(body, 0);
    auth->body = wire_counted_of(buf_slice(body));
}

/* ---- calls ---- */

static void put_arguments(const struct part *p, struct buf *out)
{
    static const uint8_t ones[] = {0xff, 0xff, 0xff};

    if (p->text) {
        struct wire_counted item =
            wire_counted_of(slice_of(p->text, p->text_len ? p->text_len : strlen(p->text)));

        item.lies = p->odd == ODD_LENGTH;
        item.claimed = 0xfffffffc;
        item.pads = p->odd == ODD_PADDING;
        item.padding = slice_of(ones, wire_padding(item.octets.len));
        wire_put_counted(out, &item);
    } else if (p->proc == READ && p->odd != ODD_NO_ARGS) {
        wire_put_int(out, p->number);
    }
    if (p->odd == ODD_TRAILING)
        wire_put_uhyper(out, 1);
}

static void put_call(const struct part *p, uint32_t place, struct buf *out)
{
    struct onc_call call = onc_call_of(p->xid ? p->xid : place, MSGPROG_PROGRAM + p->more_prog,
                                       MSGPROG_VERSION + p->more_vers, p->proc);
    struct buf body;
    struct buf args;

    buf_init(&body, SEED_OCTETS_MAX);
    buf_init(&args, SEED_OCTETS_MAX);
    call.rpcvers += p->more_rpcvers;
    if (p->odd == ODD_REPLY)
        call.msg_type = ONC_REPLY;
    set_credential(&call, p->cred, &body);
    put_arguments(p, &args);
    call.args = buf_slice(&args);
    onc_put_call(out, &call);
    buf_free(&body);
    buf_free(&args);
}

static void put_record(enum framing framing, struct slice message, struct buf *out)
{
    static const size_t sizes[] = {0, 12, 0, 1};

    if (framing == FRAGMENTS)
        record_put_pieces(out, message, 11);
    else if (framing == EMPTY_FRAGMENTS)
        record_put_cut(out, message, sizes, ARRAY_LEN(sizes));
    else
        record_put(out, message);
}

static void put_talk(const struct talk *t, struct buf *out)
{
    struct buf message;

    buf_init(&message, SEED_OCTETS_MAX);
    for (size_t i = 0; i < t->count; i++) {
        buf_reset(&message);
        put_call(&t->parts[i], (uint32_t)i + 1, &message);
        put_record(t->framing, buf_slice(&message), out);
    }
    out->len -= t->cut;
    buf_free(&message);
}

void seed_calls(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    struct buf out;

    buf_init(&out, SEED_OCTETS_MAX);
    for (size_t i = 0; i < ARRAY_LEN(talks); i++) {
        buf_reset(&out);
        put_talk(&talks[i], &out);
        v->visit(v->into, talks[i].name, buf_slice(&out));
    }
    buf_free(&out);
}

/* The last call of each conversation, by itself. */
void seed_messages(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    struct buf out;

    buf_init(&out, SEED_OCTETS_MAX);
    for (size_t i = 0; i < ARRAY_LEN(talks); i++) {
        const struct talk *t = &talks[i];

        if (t->count > 1 && !t->cut)
            continue;
        buf_reset(&out);
        put_call(&t->parts[t->count - 1], 1, &out);
        out.len -= t->cut;
        v->visit(v->into, t->name, buf_slice(&out));
    }
    buf_free(&out);
}
