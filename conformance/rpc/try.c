/* Steps that files of RPC checks share. */
#include "conformance/rpc/try.h"

#include <string.h>

#include "conformance/rpc/wrong.h"

enum { BODY_MAX = 1 << 16, LINGER = 3 };

struct onc_auth try_auth(uint32_t flavor, size_t octets)
{
    static uint8_t body[BODY_MAX];

    memset(body, 0xa5, sizeof(body));
    return (struct onc_auth){.flavor = flavor,
                             .body = wire_counted_of(slice_of(body, size_min(octets, BODY_MAX)))};
}

void try_call(struct check_ctx *c, const struct onc_call *call, bool due, struct heard *ret)
{
    struct say_options options = {.resend = due, .awaits = due};

    check_say(c, check_dial(c), call, &options, ret);
}

void try_close(struct check_ctx *c, struct heard *h)
{
    if (h->conn && h->conn->used && h->conn->number == h->number)
        check_close(c, h->conn);
}

void try_cred(struct check_ctx *c, struct onc_auth cred, bool due, struct heard *ret)
{
    struct onc_call call = check_call_of(c, ONC_NULLPROC);

    call.cred = cred;
    try_call(c, &call, due, ret);
}

struct onc_call try_kind(struct check_ctx *c, size_t kind)
{
    struct onc_call call = wrong_call(c, &wrong_statuses[kind < WRONG_STATUSES ? kind : 0]);

    if (kind >= WRONG_STATUSES)
        call.cred.flavor = TRY_UNKNOWN_FLAVOR;
    return call;
}

const char *try_kind_name(size_t kind)
{
    return kind < WRONG_STATUSES ? wrong_statuses[kind].what : "a call of an unknown flavor";
}

void try_linger(struct check_ctx *c, struct heard *h)
{
    unsigned pause_ms = (unsigned)(1 + 2 * c->target.latency_us / 1000);

    for (unsigned i = 0; i < LINGER && check_alive(c) && h->replies == 0 && h->fenced; i++) {
        check_pause(c, pause_ms);
        check_hear(c, h, false);
    }
}

bool try_succeeded(const struct heard *h)
{
    return h->replies > 0 && h->sound && h->reply.reply_stat == ONC_MSG_ACCEPTED &&
           h->reply.accept_stat == ONC_SUCCESS;
}

bool try_denied(const struct heard *h)
{
    return h->replies > 0 && h->sound && h->reply.reply_stat == ONC_MSG_DENIED &&
           h->reply.reject_stat == ONC_AUTH_ERROR;
}

void try_survived(struct check_ctx *c, struct heard *h, const char *what)
{
    char text[TRY_TEXT];

    try_linger(c, h);
    if (!check_alive(c))
        return;
    if (h->replies > 0) {
        check_answered_once(c, h, what);
    } else if (!h->fenced && !h->ended && !h->reset) {
        if (h->conn && conn_waits_in_line(c, h->conn))
            return;
        text_format(text, sizeof(text), "after %s the target serves on, or ends the connection",
                    what);
        check_broken(c, text, "it does neither");
    } else {
        check_met(c);
    }
}

void try_refused(struct check_ctx *c, struct heard *h, const char *what)
{
    char text[TRY_TEXT];

    try_linger(c, h);
    if (check_alive(c) && try_succeeded(h)) {
        text_format(text, sizeof(text), "%s is not carried out", what);
        check_broken(c, text, "accepted SUCCESS");
    }
    try_survived(c, h, what);
}

void try_reasoned(struct check_ctx *c, struct heard *h, const char *what)
{
    char text[TRY_TEXT];

    check_answered_once(c, h, what); /* an auth_stat that no RFC knows is unsound */
    if (!check_alive(c) || !try_denied(h) || h->reply.auth_stat != ONC_AUTH_OK)
        return;
    text_format(text, sizeof(text), "the denial of %s gives its reason", what);
    check_broken(c, text, "AUTH_ERROR with AUTH_OK");
}

bool try_takes_any(struct check_ctx *c)
{
    struct heard h;

    try_cred(c, try_auth(TRY_UNKNOWN_FLAVOR, 0), true, &h);
    try_close(c, &h);
    return check_alive(c) && try_succeeded(&h);
}
