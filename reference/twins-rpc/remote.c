/* Calls that the registry makes for others: CALLIT, BCAST and INDIRECT, over UDP. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "reference/twins-rpc/registry.h"

enum { PATIENCE_MS = 1000, MESSAGE_MAX = 65507 };

struct remote {
    uint32_t program, version, procedure;
    struct slice args;
    const struct mapping *at; /* NULL: not registered */
    bool other_version;       /* ... but another version is */
    uint32_t accept;          /* what came of it; an accept_stat */
    struct slice results;
};

static void find(const struct request *r, struct remote *call)
{
    for (size_t i = 0; registry_at(i); i++) {
        const struct mapping *m = registry_at(i);

        if (m->program != call->program ||
            (!text_eq(m->netid, "udp") && !registry_is(r, CALLIT_ANY_NETID)))
            continue;
        if (m->version == call->version)
            call->at = m;
        else
            call->other_version = true;
    }
}

static void put_call(const struct request *r, const struct remote *call, struct buf *out)
{
    buf_put_u32(out, r->call.xid);
    buf_put_u32(out, MSG_CALL);
    buf_put_u32(out, CALL_RPCVERS);
    buf_put_u32(out, call->program);
    buf_put_u32(out, call->version);
    buf_put_u32(out, call->procedure);
    for (unsigned i = 0; i < 4; i++)
        buf_put_u32(out, 0); /* AUTH_NONE twice */
    buf_put(out, call->args);
}

static void read_reply(struct remote *call, struct slice message)
{
    struct words w = words_of(message);

    words_u32(&w); /* xid */
    words_u32(&w); /* REPLY */
    uint32_t stat = words_u32(&w);
    words_u32(&w);
    words_opaque(&w, CALL_AUTH_MAX);
    uint32_t accept = words_u32(&w);
    if (w.failed || stat != REPLY_ACCEPTED)
        return;
    call->accept = accept;
    call->results = words_rest(&w);
}

/* Everybody waits meanwhile, for a second at most. */
static void make_call(const struct request *r, struct remote *call)
{
    static uint8_t answer[MESSAGE_MAX];
    int64_t deadline = deadline_in_ms(PATIENCE_MS);
    struct address to;
    struct buf message;
    int fd;

    if (!uaddr_read(r, "udp", slice_str(call->at->uaddr), &to))
        return;
    to.socktype = SOCK_DGRAM;
    if (net_dial(&to, NULL, deadline, &fd).status != NET_OK)
        return;
    buf_init(&message, MESSAGE_MAX);
    put_call(r, call, &message);
    if (net_send_to(fd, buf_slice(&message), NULL, deadline).status == NET_OK) {
        struct net_io io = net_recv(fd, answer, sizeof(answer), true, deadline);

        if (io.status == NET_OK)
            read_reply(call, slice_of(answer, size_min(io.len, sizeof(answer))));
    }
    buf_free(&message);
    close(fd);
}

/* CALLIT and BCAST say nothing where the call was not carried out. INDIRECT tells why. */
static void answer_failure(struct request *r, const struct remote *call, bool indirect)
{
    bool tells = registry_is(r, CALLIT_TELLS_ERRORS) && r->server->fault->limit == r->call.version;

    request_accept(r, call->other_version ? ACCEPT_PROG_MISMATCH
                      : !call->at         ? ACCEPT_PROG_UNAVAIL
                                          : ACCEPT_SYSTEM_ERR);
    r->reply.copies = indirect || tells;
}

static void answer_success(struct request *r, const struct remote *call)
{
    bool itself = registry_is(r, CALLIT_ADDR_OF_ITSELF);
    const struct mapping *m = itself ? registry_at(0) : call->at;
    struct buf *out = &r->reply.results;
    struct address a;

    request_accept(r, ACCEPT_SUCCESS);
    if (r->call.version == REGISTRY_PMAP)
        buf_put_u32(out, uaddr_read(r, m->netid, slice_str(m->uaddr), &a) ? address_port(&a) : 0);
    else
        words_put_opaque(out, slice_str(m->uaddr));
    words_put_opaque(out,
                     registry_is(r, CALLIT_WITHOUT_RESULTS) ? slice_of(NULL, 0) : call->results);
}

void registry_call(struct request *r, bool indirect)
{
    struct remote call = {.accept = ACCEPT_SYSTEM_ERR};

    call.program = words_u32(&r->args);
    call.version = words_u32(&r->args);
    call.procedure = words_u32(&r->args);
    call.args = words_opaque(&r->args, UINT32_MAX);
    if (r->args.failed) {
        request_accept(r, ACCEPT_GARBAGE_ARGS);
        r->reply.copies = indirect;
        return;
    }
    find(r, &call);
    if (call.at && registry_is(r, CALLIT_CALLS_NOBODY)) {
        call.accept = ACCEPT_SUCCESS;
        call.results = call.args;
    } else if (call.at) {
        make_call(r, &call);
    }
    if (call.accept == ACCEPT_SUCCESS) {
        answer_success(r, &call);
    } else if (registry_is(r, INDIRECT_SUCCEEDS)) {
        call.at = registry_at(0);
        answer_success(r, &call);
    } else {
        answer_failure(r, &call, indirect);
    }
}
