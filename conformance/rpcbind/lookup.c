/* Questions to a registry, and registrations that are taken back. */
#include "conformance/rpcbind/lookup.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/deadline.h"

enum {
    TRANSIENT = 0x40000000, /* the first program number of those (RFC 5531 13.1) */
    TRANSIENTS = 0x1fffff00,
    PROGRAM_TRIES = 8,
    BACKLOG = 4,
    REMOVE_MS = 1000, /* an answer to what is taken back is waited for so long */
    SHOWN_MAX = 80,
    SHOWN_KEPT = 4,
};

/* ---- a registry and a program ---- */

static const char *other_netid(const struct bind_netid *netid)
{
    static const char *const pairs[][2] = {{"tcp", "udp"}, {"tcp6", "udp6"}};

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if (text_eq(netid->name, pairs[i][0]))
            return pairs[i][1];
        if (text_eq(netid->name, pairs[i][1]))
            return pairs[i][0];
    }
    return "tcp";
}

/* In the version at hand: an old port mapper has no other. */
static bool is_free(struct lookup *l)
{
    struct bind_mapping m = {.prog = l->prog, .vers = 1, .prot = BIND_PROTO_TCP};
    struct bind_rpcb b = lookup_rpcb(l, 1, "", "");

    if (l->version == BIND_PMAP_VERSION)
        return lookup_port(l, &m) == 0;
    return lookup_addr(l, BIND_RPCB_GETADDR, &b).len == 0;
}

static void choose_program(struct lookup *l)
{
    for (unsigned i = 0; i < PROGRAM_TRIES && check_alive(l->c); i++) {
        l->prog = TRANSIENT + (uint32_t)rng_below(&l->c->rng, TRANSIENTS);
        if (is_free(l))
            return;
    }
    check_broken(l->c, "an empty address for programs that nobody has registered",
                 "an address for each of %d", PROGRAM_TRIES);
}

void lookup_open_version(struct lookup *l, struct check_ctx *c, uint32_t version)
{
    const struct net_dial_options options = {.unconnected =
                                                 endpoint_is_datagram(&c->target.endpoint)};

    memset(l, 0, sizeof(*l));
    l->c = c;
    l->version = version;
    l->conn = check_dial_with(c, &c->target.address, &options);
    l->netid = bind_netid_of(&c->target.address);
    if (!l->netid) {
        check_skipped(c, "no netid is known for this kind of address");
        l->netid = bind_netid_find(slice_str("tcp"));
    }
    l->other = other_netid(l->netid);
    choose_program(l);
}

void lookup_open(struct lookup *l, struct check_ctx *c)
{
    lookup_open_version(l, c, BIND_RPCB_VERSION4);
}

/* Says it on a socket of its own and waits a moment for the answer; nothing is judged. */
static void remove_one(const struct lookup *l, int fd, const struct lookup_set *set,
                       const char *netid)
{
    static uint32_t xid;
    struct onc_call call = onc_call_of(++xid, BIND_PROGRAM, set->by, BIND_RPCB_UNSET);
    struct bind_rpcb b = {.prog = set->prog, .vers = set->vers};
    struct bind_mapping m = {.prog = set->prog, .vers = set->vers};
    int64_t deadline = deadline_in_ms(REMOVE_MS);
    uint8_t answer[512];
    struct buf args;
    struct buf message;
    struct buf out;

    buf_init(&args, LOOKUP_ARGS_MAX);
    buf_init(&message, LOOKUP_ARGS_MAX);
    buf_init(&out, LOOKUP_ARGS_MAX);
    b.netid = wire_counted_of(slice_str(netid));
    if (set->by == BIND_PMAP_VERSION)
        bind_put_mapping(&args, &m);
    else
        bind_put_rpcb(&args, &b);
    call.args = buf_slice(&args);
    onc_put_call(&message, &call);
    if (endpoint_is_datagram(&l->c->target.endpoint))
        buf_put(&out, buf_slice(&message));
    else
        record_put(&out, buf_slice(&message));
    if (net_send(fd, buf_slice(&out), deadline, 0).status == NET_OK)
        (void)net_recv(fd, answer, sizeof(answer), false, deadline);
    buf_free(&args);
    buf_free(&message);
    buf_free(&out);
}

/* Each netid by its name, then all that are left: a registry may heed one of the two alone. */
static void remove_sets(struct lookup *l)
{
    int fd = -1;

    if (l->set_count == 0)
        return;
    struct net_io io = net_dial(&l->c->target.address, NULL, deadline_in_ms(REMOVE_MS), &fd);
    for (size_t i = 0; io.status == NET_OK && i < l->set_count; i++) {
        if (l->sets[i].netid[0])
            remove_one(l, fd, &l->sets[i], l->sets[i].netid);
        remove_one(l, fd, &l->sets[i], "");
    }
    if (io.status == NET_OK)
        close(fd);
    l->set_count = 0;
}

void lookup_close(struct lookup *l)
{
    remove_sets(l);
    for (size_t i = 0; i < l->place_count; i++)
        close(l->places[i]);
    l->place_count = 0;
    check_close(l->c, l->conn);
}

void lookup_each(struct check_ctx *c, void (*body)(struct lookup *l))
{
    static const uint32_t versions[] = {BIND_RPCB_VERSION, BIND_RPCB_VERSION4};

    for (size_t i = 0; i < ARRAY_LEN(versions) && check_alive(c); i++) {
        struct lookup l;

        lookup_open_version(&l, c, versions[i]);
        body(&l);
        lookup_close(&l);
    }
}

/* ---- addresses of ours ---- */

static struct endpoint place_endpoint(const struct lookup *l, const struct bind_netid *netid)
{
    static unsigned paths;
    struct endpoint e = {.kind = netid->socktype == SOCK_DGRAM ? ENDPOINT_UDP : ENDPOINT_TCP};

    if (netid->family == AF_UNIX) {
        e.kind = ENDPOINT_UNIX;
        text_format(e.path, sizeof(e.path), "%.60s/lookup-%u-%u", l->c->folder, (unsigned)getpid(),
                    ++paths);
    } else {
        text_copy(e.host, sizeof(e.host), netid->family == AF_INET6 ? "::1" : "127.0.0.1");
    }
    return e;
}

static bool open_place(struct lookup *l, const char *name, struct address *ret)
{
    const struct bind_netid *netid = bind_netid_find(slice_str(name));
    struct endpoint e;
    struct problem why;

    if (!check_alive(l->c))
        return false;
    if (!netid || l->place_count == LOOKUP_PLACES_MAX) {
        check_trouble(l->c, "no place for an address of netid %s", name);
        return false;
    }
    e = place_endpoint(l, netid);
    int fd = net_listen(&e, BACKLOG, &why);
    if (fd < 0) {
        check_trouble(l->c, "%s", why.text);
        return false;
    }
    l->places[l->place_count++] = fd;
    if (net_local(fd, netid->socktype, ret))
        return true;
    check_trouble(l->c, "no address of a socket of ours");
    return false;
}

const char *lookup_place(struct lookup *l, const char *netid)
{
    struct address at;
    struct buf text;

    if (!open_place(l, netid, &at))
        return "";
    char *kept = l->uaddrs[l->place_count - 1];
    buf_init(&text, LOOKUP_TEXT_MAX);
    bind_uaddr_format(&at, &text);
    text_copy(kept, LOOKUP_TEXT_MAX, buf_text(&text));
    buf_free(&text);
    return kept;
}

uint16_t lookup_place_port(struct lookup *l, const char *netid)
{
    struct address at;

    return open_place(l, netid, &at) ? address_port(&at) : 0;
}

/* ---- questions ---- */

struct onc_call lookup_call_of(struct lookup *l, uint32_t vers, uint32_t proc, struct slice args)
{
    struct onc_call call = check_call_of(l->c, proc);

    call.prog = BIND_PROGRAM;
    call.vers = vers;
    call.args = args;
    return call;
}

void lookup_say(struct lookup *l, const struct onc_call *call, bool again, struct heard *ret)
{
    const struct say_options options = {.awaits = true, .resend = again};

    check_say(l->c, l->conn, call, &options, ret);
}

static const char *proc_text(uint32_t vers, uint32_t proc)
{
    static char text[80];
    const char *name = bind_proc_name(vers, proc);

    text_format(text, sizeof(text), "%s of version %u", name ? name : "a procedure",
                (unsigned)vers);
    return text;
}

static bool changes(uint32_t proc)
{
    return proc == BIND_RPCB_SET || proc == BIND_RPCB_UNSET;
}

/* Lists as long as the registry's life; a datagram holds so much of them and no more. */
static bool too_long(struct lookup *l, uint32_t vers, uint32_t proc, const struct heard *h)
{
    bool list = proc == BIND_RPCB_DUMP || (vers == BIND_RPCB_VERSION4 && proc == BIND_RPCB_GETSTAT);

    return list && endpoint_is_datagram(&l->c->target.endpoint) && h->replies == 1 && h->sound &&
           h->reply.reply_stat == ONC_MSG_ACCEPTED && h->reply.accept_stat == ONC_SYSTEM_ERR;
}

struct slice lookup_call(struct lookup *l, uint32_t vers, uint32_t proc, struct slice args)
{
    struct onc_call call = lookup_call_of(l, vers, proc, args);
    struct heard h;

    lookup_say(l, &call, !changes(proc), &h);
    if (too_long(l, vers, proc, &h))
        check_noted(l->c, "%s is answered SYSTEM_ERR: its results may not fit into a datagram",
                    proc_text(vers, proc));
    check_accepted(l->c, &h, proc_text(vers, proc), ONC_SUCCESS);
    return check_alive(l->c) ? h.reply.results : slice_of(NULL, 0);
}

void lookup_read(struct lookup *l, struct wire_in *in, const char *what)
{
    struct buf fault;
    char expected[LOOKUP_TEXT_MAX];

    wire_end(in, "the end of the results");
    if (wire_ok(in) || !check_alive(l->c)) {
        check_met(l->c);
        return;
    }
    buf_init(&fault, 1024);
    wire_explain(in, &fault);
    text_format(expected, sizeof(expected), "the results of %s", what);
    check_broken(l->c, expected, "results that cannot be read: %s", buf_text(&fault));
    buf_free(&fault);
}

struct bind_rpcb lookup_rpcb(const struct lookup *l, uint32_t vers, const char *netid,
                             const char *uaddr)
{
    return (struct bind_rpcb){.prog = l->prog,
                              .vers = vers,
                              .netid = wire_counted_of(slice_str(netid)),
                              .addr = wire_counted_of(slice_str(uaddr)),
                              .owner = wire_counted_of(slice_str("assay"))};
}

static struct slice rpcb_call(struct lookup *l, uint32_t proc, const struct bind_rpcb *b)
{
    struct buf args;

    buf_init(&args, LOOKUP_ARGS_MAX);
    bind_put_rpcb(&args, b);
    struct slice results = lookup_call(l, l->version, proc, buf_slice(&args));
    buf_free(&args);
    return results;
}

static bool read_bool(struct lookup *l, struct slice results, const char *what)
{
    struct wire_in in;

    if (!check_alive(l->c))
        return false;
    wire_open(&in, results);
    bool value = wire_bool(&in, "result");
    lookup_read(l, &in, what);
    return value;
}

/* What may have been registered is remembered before the answer is known. */
static void remember_set(struct lookup *l, uint32_t prog, uint32_t vers, struct slice netid)
{
    if (l->set_count == LOOKUP_SETS_MAX) {
        check_trouble(l->c, "more than %d registrations in one check", LOOKUP_SETS_MAX);
        return;
    }
    struct lookup_set *s = &l->sets[l->set_count++];
    *s = (struct lookup_set){.prog = prog, .vers = vers, .by = l->version};
    text_format(s->netid, sizeof(s->netid), "%.*s", (int)netid.len, (const char *)netid.data);
}

bool lookup_set(struct lookup *l, const struct bind_rpcb *b)
{
    remember_set(l, b->prog, b->vers, b->netid.octets);
    return read_bool(l, rpcb_call(l, BIND_RPCB_SET, b), "SET");
}

bool lookup_unset(struct lookup *l, const struct bind_rpcb *b)
{
    return read_bool(l, rpcb_call(l, BIND_RPCB_UNSET, b), "UNSET");
}

struct slice lookup_addr(struct lookup *l, uint32_t proc, const struct bind_rpcb *b)
{
    struct slice results = rpcb_call(l, proc, b);
    struct wire_in in;

    if (!check_alive(l->c))
        return slice_of(NULL, 0);
    wire_open(&in, results);
    struct slice addr = wire_string(&in, "address", WIRE_NO_LIMIT);
    lookup_read(l, &in, bind_proc_name(BIND_RPCB_VERSION4, proc));
    return addr;
}

unsigned lookup_dumped(struct lookup *l, const struct bind_rpcb *b)
{
    struct slice results = lookup_call(l, l->version, BIND_RPCB_DUMP, slice_of(NULL, 0));
    struct bind_rpcb entry;
    struct wire_in in;
    unsigned count = 0;

    if (!check_alive(l->c))
        return 0;
    wire_open(&in, results);
    while (bind_next_rpcb(&in, &entry)) {
        bool same = entry.prog == b->prog && entry.vers == b->vers &&
                    slice_eq(entry.netid.octets, b->netid.octets);

        if (same && b->addr.octets.len > 0)
            same = slice_eq(entry.addr.octets, b->addr.octets);
        count += same;
    }
    lookup_read(l, &in, "DUMP");
    return count;
}

static struct slice pmap_call(struct lookup *l, uint32_t proc, const struct bind_mapping *m)
{
    struct buf args;

    buf_init(&args, LOOKUP_ARGS_MAX);
    bind_put_mapping(&args, m);
    struct slice results = lookup_call(l, BIND_PMAP_VERSION, proc, buf_slice(&args));
    buf_free(&args);
    return results;
}

bool lookup_pmap(struct lookup *l, uint32_t proc, const struct bind_mapping *m)
{
    if (proc == BIND_PMAP_SET)
        remember_set(l, m->prog, m->vers, slice_str(m->prot == BIND_PROTO_UDP ? "udp" : "tcp"));
    return read_bool(l, pmap_call(l, proc, m), proc == BIND_PMAP_SET ? "SET" : "UNSET");
}

uint32_t lookup_port(struct lookup *l, const struct bind_mapping *m)
{
    struct slice results = pmap_call(l, BIND_PMAP_GETPORT, m);
    struct wire_in in;

    if (!check_alive(l->c))
        return 0;
    wire_open(&in, results);
    uint32_t port = wire_uint(&in, "port");
    lookup_read(l, &in, "GETPORT");
    return port;
}

/* ---- judging ---- */

bool lookup_same_place(const struct lookup *l, struct slice got, const char *registered)
{
    struct address a;
    struct address b;
    struct problem why;

    if (slice_eq(got, slice_str(registered)))
        return true;
    return l->netid->family != AF_UNIX && bind_uaddr_parse(l->netid, got, &a, &why) &&
           bind_uaddr_parse(l->netid, slice_str(registered), &b, &why) &&
           address_port(&a) == address_port(&b);
}

void lookup_judge(struct lookup *l, bool holds, const char *expected, const char *actual, ...)
{
    char text[OUTCOME_TEXT_MAX];
    va_list args;

    if (holds) {
        check_met(l->c);
        return;
    }
    va_start(args, actual);
    text_vformat(text, sizeof(text), actual, args);
    va_end(args);
    check_broken(l->c, expected, "%s (version %u)", text, (unsigned)l->version);
}

const char *lookup_shown(struct slice text)
{
    static char kept[SHOWN_KEPT][SHOWN_MAX * 5];
    static unsigned next;
    char *to = kept[next++ % SHOWN_KEPT];
    struct buf quoted;

    buf_init(&quoted, SHOWN_MAX * 5);
    text_quote(&quoted, text, SHOWN_MAX);
    text_copy(to, sizeof(kept[0]), buf_text(&quoted));
    buf_free(&quoted);
    return to;
}
