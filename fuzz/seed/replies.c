/* Replies of every arm, as a server sends them, right and wrong; and credentials by themselves. */
#include "fuzz/seed/sets.h"

#include "fuzz/parser/seeds.h"
#include "harness/base/text.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"

enum { XID = 1, PIECE = 9, NAME_MAX_LEN = 64 };

#define ACCEPTED .xid = XID, .msg_type = ONC_REPLY, .reply_stat = ONC_MSG_ACCEPTED
#define DENIED .xid = XID, .msg_type = ONC_REPLY, .reply_stat = ONC_MSG_DENIED
#define OCTETS(text)                                                                               \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static const struct {
    const char *name;
    struct onc_reply reply;
} replies[] = {
    {"null", {ACCEPTED}},
    {"int", {ACCEPTED, .results = OCTETS("\0\0\0\7")}},
    {"text", {ACCEPTED, .results = OCTETS("\0\0\0\5hello\0\0\0")}},
    {"text-long", {ACCEPTED, .results = OCTETS("\377\377\377\374hello\0\0\0")}},
    {"text-padding", {ACCEPTED, .results = OCTETS("\0\0\0\1hell")}},
    {"surplus", {ACCEPTED, .results = OCTETS("\0\0\0\1h\0\0\0\0\0\0\0")}},
    {"prog-unavail", {ACCEPTED, .accept_stat = ONC_PROG_UNAVAIL}},
    {"prog-mismatch", {ACCEPTED, .accept_stat = ONC_PROG_MISMATCH, .low = 1, .high = 3}},
    {"prog-mismatch-turned", {ACCEPTED, .accept_stat = ONC_PROG_MISMATCH, .low = 3, .high = 1}},
    {"proc-unavail", {ACCEPTED, .accept_stat = ONC_PROC_UNAVAIL}},
    {"garbage-args", {ACCEPTED, .accept_stat = ONC_GARBAGE_ARGS}},
    {"system-err", {ACCEPTED, .accept_stat = ONC_SYSTEM_ERR}},
    {"accept-unknown", {ACCEPTED, .accept_stat = 6}},
    {"verifier", {ACCEPTED, .verf = {ONC_AUTH_NONE, {.octets = OCTETS("STARTTLS")}}}},
    {"rpc-mismatch", {DENIED, .reject_stat = ONC_RPC_MISMATCH, .low = 2, .high = 2}},
    {"auth-error", {DENIED, .reject_stat = ONC_AUTH_ERROR, .auth_stat = ONC_AUTH_BADCRED}},
    {"auth-unknown", {DENIED, .reject_stat = ONC_AUTH_ERROR, .auth_stat = 99}},
    {"reject-unknown", {DENIED, .reject_stat = 7}},
    {"reply-unknown", {.xid = XID, .msg_type = ONC_REPLY, .reply_stat = 2}},
    {"a-call", {.xid = XID, .msg_type = ONC_CALL}},
    {"other-xid", {.xid = XID + 1, .msg_type = ONC_REPLY}},
};

static void visit_message(const struct seed_visitor *v, const char *kind, const char *name,
                          const struct onc_reply *reply)
{
    char full[NAME_MAX_LEN];
    struct buf out;

    buf_init(&out, SEED_OCTETS_MAX);
    onc_put_reply(&out, reply);
    text_format(full, sizeof(full), "%s-%s", kind, name);
    v->visit(v->into, full, buf_slice(&out));
    buf_free(&out);
}

/* As records of fragments of that size. */
static void visit_stream(const struct seed_visitor *v, const char *name, size_t piece,
                         const struct slice messages[], size_t count)
{
    char full[NAME_MAX_LEN];
    struct buf out;

    buf_init(&out, SEED_OCTETS_MAX);
    for (size_t i = 0; i < count; i++)
        record_put_pieces(&out, messages[i], piece);
    text_format(full, sizeof(full), "%s%s", name, piece == PIECE ? "-in-pieces" : "");
    v->visit(v->into, full, buf_slice(&out));
    buf_free(&out);
}

void seed_replies(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    struct buf other;
    struct buf right;

    buf_init(&other, SEED_OCTETS_MAX);
    buf_init(&right, SEED_OCTETS_MAX);
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        struct slice message;

        buf_reset(&right);
        onc_put_reply(&right, &replies[i].reply);
        message = buf_slice(&right);
        visit_stream(v, replies[i].name, SEED_OCTETS_MAX, &message, 1);
        visit_stream(v, replies[i].name, PIECE, &message, 1);
    }
    buf_reset(&right);
    onc_put_reply(&other, &replies[ARRAY_LEN(replies) - 1].reply);
    onc_put_reply(&right, &replies[0].reply);
    visit_stream(v, "after-others", PIECE,
                 (struct slice[]){buf_slice(&other), buf_slice(&right), buf_slice(&right)}, 3);
    buf_free(&other);
    buf_free(&right);
}

void seed_onc(const struct fuzz_target *target, const struct seed_visitor *v)
{
    static const struct {
        const char *name;
        bool (*seed)(unsigned number, struct buf *out);
    } bodies[] = {{"body-sys", parser_seed_sys},
                  {"body-gss", parser_seed_gss},
                  {"body-gss-init", parser_seed_gss_init}};
    struct buf out;

    seed_messages(target, v);
    for (size_t i = 0; i < ARRAY_LEN(replies); i++)
        visit_message(v, "reply", replies[i].name, &replies[i].reply);
    buf_init(&out, SEED_OCTETS_MAX);
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        buf_reset(&out);
        bodies[i].seed(0, &out);
        v->visit(v->into, bodies[i].name, buf_slice(&out));
    }
    buf_free(&out);
}
