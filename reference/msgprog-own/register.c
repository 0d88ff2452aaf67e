/* Talking to rpcbind: one connection, a call and its reply at a time. */
#include "reference/msgprog-own/register.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/base/log.h"
#include "reference/wire/call.h"
#include "reference/wire/record.h"

enum {
    RPCBIND_PROGRAM = 100000,
    RPCBIND_VERSION = 4,
    RPCBIND_SET = 1,
    RPCBIND_UNSET = 2,
    PATIENCE_MS = 5000,
    MESSAGE_MAX = 4096,
};

static const char *const rpcbind_urls[] = {"unix:/run/rpcbind.sock", "tcp://127.0.0.1:111"};

static int dial_rpcbind(struct problem *why)
{
    struct problem ignored;

    for (size_t i = 0; i < ARRAY_LEN(rpcbind_urls); i++) {
        struct endpoint at;
        struct address address;
        size_t count;
        int fd;

        if (endpoint_parse(rpcbind_urls[i], &at, &ignored) &&
            address_resolve(&at, &address, 1, &count, &ignored) &&
            net_dial(&address, NULL, deadline_in_ms(PATIENCE_MS), &fd).status == NET_OK)
            return fd;
    }
    problem_set(why, "--register: no rpcbind answers at /run/rpcbind.sock or 127.0.0.1:111");
    return -1;
}

/* The netid of a place (RFC 5665 4) and its universal address (5.2.3): the host, and both octets
   of the port. */
static void name_place(const struct place_served *p, const char **ret_netid, char *ret_uaddr,
                       size_t cap)
{
    struct address local;
    char host[INET6_ADDRSTRLEN] = "";

    if (endpoint_is_unix(&p->at)) {
        *ret_netid = "local";
        text_format(ret_uaddr, cap, "%s", p->at.path);
        return;
    }
    bool datagram = endpoint_is_datagram(&p->at);
    bool six =
        net_local(p->fd, endpoint_socktype(&p->at), &local) && address_family(&local) == AF_INET6;
    const void *raw = six ? (const void *)&((struct sockaddr_in6 *)&local.storage)->sin6_addr
                          : (const void *)&((struct sockaddr_in *)&local.storage)->sin_addr;
    inet_ntop(six ? AF_INET6 : AF_INET, raw, host, sizeof(host));
    *ret_netid = datagram ? (six ? "udp6" : "udp") : (six ? "tcp6" : "tcp");
    text_format(ret_uaddr, cap, "%s.%u.%u", host, p->at.port >> 8, p->at.port & 255);
}

static void compose(struct buf *out, uint32_t procedure, const char *netid, const char *uaddr)
{
    size_t opened = record_open(out);
    const uint32_t words[] = {(uint32_t)getpid(), MSG_CALL,     CALL_RPCVERS, RPCBIND_PROGRAM,
                              RPCBIND_VERSION,    procedure,    FLAVOR_NONE,  0 /* cred */,
                              FLAVOR_NONE,        0 /* verf */, MSG_PROGRAM,  MSG_VERSION};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        buf_put_u32(out, words[i]);
    words_put_opaque(out, slice_str(netid));
    words_put_opaque(out, slice_str(uaddr));
    words_put_opaque(out, slice_str("")); /* rpcbind finds out itself who we are */
    record_close(out, opened);
}

/* True where the reply says SUCCESS and TRUE. */
static bool reply_is_true(struct slice message)
{
    struct words w = words_of(message);

    words_u32(&w); /* xid: one call at a time */
    uint32_t type = words_u32(&w);
    uint32_t accepted = words_u32(&w);
    words_u32(&w); /* verifier */
    words_opaque(&w, CALL_AUTH_MAX);
    uint32_t stat = words_u32(&w);
    uint32_t result = words_u32(&w);
    return !w.failed && type == MSG_REPLY && accepted == REPLY_ACCEPTED && stat == ACCEPT_SUCCESS &&
           result == 1;
}

static bool ask(int fd, uint32_t procedure, const char *netid, const char *uaddr)
{
    int64_t deadline = deadline_in_ms(PATIENCE_MS);
    struct buf request;
    struct record record;
    uint8_t part[512];

    buf_init(&request, MESSAGE_MAX);
    record_init(&record, MESSAGE_MAX);
    compose(&request, procedure, netid, uaddr);
    bool ok = !request.failed && net_send(fd, buf_slice(&request), deadline, 0).status == NET_OK;
    while (ok && record.state == RECORD_MORE) {
        struct net_io io = net_recv(fd, part, sizeof(part), false, deadline);

        ok = io.status == NET_OK;
        if (ok)
            record_feed(&record, slice_of(part, io.len));
    }
    ok = ok && record.state == RECORD_WHOLE && reply_is_true(buf_slice(&record.message));
    record_free(&record);
    buf_free(&request);
    return ok;
}

bool register_places(const struct setup *s, struct problem *why)
{
    int fd = dial_rpcbind(why);
    bool ok = fd >= 0;

    /* A server that was killed has left its registration: SET refuses to replace it. */
    for (size_t i = 0; ok && i < s->count; i++) {
        char uaddr[ENDPOINT_TEXT_MAX];
        const char *netid;

        name_place(&s->places[i], &netid, uaddr, sizeof(uaddr));
        ask(fd, RPCBIND_UNSET, netid, uaddr);
        ok = ask(fd, RPCBIND_SET, netid, uaddr) ||
             problem_set(why, "--register: rpcbind refuses %s at %s", netid, uaddr);
    }
    if (fd >= 0)
        close(fd);
    return ok;
}

void unregister_places(const struct setup *s)
{
    struct problem why;
    int fd = dial_rpcbind(&why);

    if (fd < 0) {
        log_note("%s", why.text);
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        char uaddr[ENDPOINT_TEXT_MAX];
        const char *netid;

        name_place(&s->places[i], &netid, uaddr, sizeof(uaddr));
        if (!ask(fd, RPCBIND_UNSET, netid, uaddr))
            log_note("rpcbind does not take back %s at %s", netid, uaddr);
    }
    close(fd);
}
