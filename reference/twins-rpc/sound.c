/* Servers without a fault, and with habits that are rare; each must pass all checks of its suite.
 */
#include <sys/socket.h>

#include "harness/base/deadline.h"
#include "reference/twins-rpc/twin.h"

enum { LATEST = 7, HANDLE = 8, CACHED = 32 };

static ssize_t send_octet(struct peer *p, struct slice octets)
{
    return send(p->source.fd, octets.data, size_min(octets.len, 1), MSG_NOSIGNAL);
}

static void take_time(struct request *r)
{
    deadline_wait(deadline_in_ms((int64_t)r->server->fault->limit));
}

/* Now at once, now later, by the xid. */
static void take_odd_times(struct request *r)
{
    static const unsigned ms[] = {0, 7, 1, 0, 19, 3, 11};

    deadline_wait(deadline_in_ms(ms[r->call.xid % ARRAY_LEN(ms)]));
}

/* Versions 2 and 7 are the same, and those between there are not: PROG_MISMATCH has the lowest and
   the highest (RFC 5531 9). */
static enum act know_latest(struct request *r)
{
    if (r->form == CALL_GOOD && r->call.program == MSG_PROGRAM && r->call.version == LATEST)
        r->call.version = MSG_VERSION;
    return ACT_GO_ON;
}

/* ---- AUTH_SHORT (RFC 5531 appendix A): who has said AUTH_SYS gets a short name for it ---- */

static const uint8_t handle[] = "a handle";

static bool is_handle(const struct call_auth *auth)
{
    return auth->flavor == FLAVOR_SHORT && slice_eq(auth->body, slice_of(handle, HANDLE));
}

static enum auth_stat judge_short(const struct request *r)
{
    return is_handle(&r->call.credential) ? AUTH_STAT_OK : request_judge(r);
}

static void give_handle(struct request *r)
{
    if (r->reply.stat != REPLY_ACCEPTED || r->call.credential.flavor != FLAVOR_SYS)
        return;
    r->reply.flavor = FLAVOR_SHORT;
    r->reply.verifier = slice_of(handle, HANDLE);
}

/* ---- a cache of duplicates: a call that comes again gets the same reply, and is not executed ----
 */

static struct kept {
    struct address from;
    struct buf call;
    struct buf reply;
} cache[CACHED];
static size_t cached;

static bool is_kept(const struct kept *k, const struct request *r)
{
    return k->call.len > 0 && address_eq(&k->from, &r->from) &&
           slice_eq(buf_slice(&k->call), r->message);
}

static enum act look_up(struct request *r)
{
    for (size_t i = 0; i < CACHED; i++) {
        if (!is_kept(&cache[i], r))
            continue;
        r->emit(r, buf_slice(&cache[i].reply));
        r->reply.copies = 0;
        return ACT_SKIP;
    }
    return ACT_GO_ON;
}

/* A reply that goes to nobody is not kept. */
static void remember(struct request *r, struct buf *message)
{
    struct kept *k = &cache[cached++ % CACHED];

    k->from = r->from;
    buf_free(&k->call);
    buf_free(&k->reply);
    buf_init(&k->call, SERVER_DATAGRAM);
    buf_init(&k->reply, SERVER_DATAGRAM);
    buf_put(&k->call, r->message);
    buf_put(&k->reply, buf_slice(message));
}

static const struct twin twins[] = {
    {
        .name = "none-octet-by-octet",
        .check = "rpc",
        .what = "no fault: sends every octet by itself",
        .fault.stream.send = send_octet,
    },
    {
        .name = "none-fragments",
        .check = "rpc",
        .what = "no fault: sends replies in fragments of five octets, and empty ones between",
        .fault.stream.fragment_max = 5,
    },
    {
        .name = "none-fragments-msgprog",
        .check = "msgprog",
        .transport = "rpc+tcp-data",
        .what = "no fault: sends replies in fragments of five octets, and empty ones between",
        .fault.stream.fragment_max = 5,
    },
    {
        .name = "none-slow",
        .check = "rpc",
        .what = "no fault: takes 10 ms for each call",
        .fault = {.limit = 10, .message.spoil = take_time},
    },
    {
        .name = "none-udp-slow",
        .check = "rpc",
        .transport = "rpc+udp",
        .what = "no fault: takes 10 ms for each call",
        .fault = {.limit = 10, .message.spoil = take_time},
    },
    {
        .name = "none-uneven",
        .check = "rpc",
        .what = "no fault: takes 0 to 19 ms for a call",
        .fault.message.spoil = take_odd_times,
    },
    {
        .name = "none-backwards",
        .check = "rpc",
        .what = "no fault: sends the reply to the latest call first",
        .fault.stream.backwards = true,
    },
    {
        .name = "none-backwards-msgprog",
        .check = "msgprog",
        .transport = "rpc+tcp-data",
        .what = "no fault: sends the reply to the latest call first",
        .fault.stream.backwards = true,
    },
    {
        .name = "none-backwards-stream",
        .check = "stream",
        .transport = "rpc+tcp",
        .what = "no fault: sends the reply to the latest call first",
        .fault.stream.backwards = true,
    },
    {
        .name = "none-udp-backwards-rpc",
        .check = "rpc",
        .transport = "rpc+udp",
        .what = "no fault: sends the reply to the latest call first",
        .fault.datagram.backwards = true,
    },
    {
        .name = "none-serial",
        .check = "rpc",
        .what = "no fault: serves one connection at a time",
        .fault.stream.most = 1,
    },
    {
        .name = "none-version-gap",
        .check = "rpc",
        .what = "no fault: has the versions 2 and 7, and tells so with PROG_MISMATCH",
        .fault.message = {.take = know_latest, .amend = AMEND(OUTCOME_PROG_MISMATCH, high, LATEST)},
    },
    {
        .name = "none-short-verifier",
        .check = "rpc",
        .what = "no fault: answers AUTH_SYS with a verifier AUTH_SHORT, and takes it",
        .fault.message = {.judge = judge_short, .spoil = give_handle},
    },
    {
        .name = "none-udp-cache",
        .check = "rpc",
        .transport = "rpc+udp",
        .what = "no fault: sends the same reply to a call that comes again, and executes it once",
        .fault.message = {.take = look_up, .octets = remember},
    },
    {
        .name = "none-udp-cache-msgprog",
        .check = "msgprog",
        .transport = "rpc+udp",
        .what = "no fault: sends the same reply to a call that comes again, and executes it once",
        .fault.message = {.take = look_up, .octets = remember},
    },
};

TWINS(sound);
