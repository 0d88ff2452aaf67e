/*
 * Checks: calls that the registry makes for its callers (CALLIT, BCAST, INDIRECT), and what it lets
 * callers from elsewhere do.
 *
 * The program that is called is the check itself: it registers a datagram socket of its own and
 * answers what comes there. A registry may be told to make no calls at all (rpcbind without -r);
 * that is noted, and --expect remote-calls makes it a must.
 */
#include <ifaddrs.h>
#include <poll.h>
#include <string.h>

#include "conformance/rpcbind/lookup.h"
#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum { STEP_MS = 5, MESSAGE_MAX = 8192, PROC_ECHO = 1, PROC_NONE = 2, PROC_GARBAGE = 3 };

enum { STIMULI_MAX = 8, WORD = 0x61737379 };

/* The called program, at the first place of *l. */
struct service {
    struct lookup *l;
    unsigned calls; /* that were honest and came here */
};

static void answer(struct service *s, const struct onc_call *call, struct buf *out)
{
    struct onc_reply reply = onc_reply_of(call->xid, slice_of(NULL, 0));

    s->calls++;
    if (call->prog != s->l->prog) {
        reply.accept_stat = ONC_PROG_UNAVAIL;
    } else if (call->vers != 1) {
        reply.accept_stat = ONC_PROG_MISMATCH;
        reply.low = reply.high = 1;
    } else if (call->proc == PROC_ECHO) {
        reply.results = call->args;
    } else if (call->proc == PROC_GARBAGE) {
        reply.accept_stat = ONC_GARBAGE_ARGS;
    } else if (call->proc != ONC_NULLPROC) {
        reply.accept_stat = ONC_PROC_UNAVAIL;
    }
    onc_put_reply(out, &reply);
}

/* Answers what has come. */
static void serve(struct service *s)
{
    uint8_t octets[MESSAGE_MAX];
    struct address from;

    while (check_alive(s->l->c) && s->l->place_count > 0) {
        struct net_io io = net_recv_from(s->l->places[0], octets, sizeof(octets), &from, 0);
        struct onc_call call;
        struct wire_in in;
        struct buf out;

        if (io.status != NET_OK)
            return;
        struct slice message = slice_of(octets, size_min(io.len, sizeof(octets)));
        wire_open(&in, message);
        if (!onc_read_call(&in, &call))
            continue;
        check_tell(s->l->c, WHO_TARGET, message, "the registry calls the program of the check");
        buf_init(&out, MESSAGE_MAX);
        answer(s, &call, &out);
        (void)net_send_to(s->l->places[0], buf_slice(&out), &from, 0);
        buf_free(&out);
    }
}

/* Registers the service under `netid`, which leads to a datagram socket. */
static void open_service(struct service *s, struct lookup *l, struct check_ctx *c,
                         const char *netid)
{
    *s = (struct service){.l = l};
    lookup_open(l, c);
    const char *uaddr = lookup_place(l, "udp");
    struct bind_rpcb b = lookup_rpcb(l, 1, netid, uaddr);
    lookup_judge(l, lookup_set(l, &b), "SET of a new mapping answers TRUE", "FALSE for %s", netid);
}

static struct onc_call remote_call(struct lookup *l, uint32_t vers, uint32_t proc,
                                   const struct bind_remote *r, struct buf *args)
{
    bind_put_remote(args, r);
    return lookup_call_of(l, vers, proc, buf_slice(args));
}

/* Serves until each has a reply, or patience ends. */
static void wait_for(struct service *s, struct heard *h, size_t count)
{
    struct check_ctx *c = s->l->c;
    int64_t deadline = deadline_in_ms(c->target.patience_ms);
    size_t open = count;

    while (check_alive(c) && open > 0 && !deadline_passed(deadline)) {
        net_wait(s->l->places[0], POLLIN, deadline_in_ms(STEP_MS));
        serve(s);
        open = 0;
        for (size_t i = 0; i < count; i++) {
            check_look(c, &h[i]);
            open += h[i].replies == 0;
        }
    }
}

/* ---- success ---- */

struct relay {
    uint32_t vers;
    uint32_t proc;
    const char *what;
};

static void no_calls(struct service *s, const struct heard *h, const char *what)
{
    char answer[200];

    check_heard_text(h, answer, sizeof(answer));
    if (s->calls > 0)
        check_broken(s->l->c, "the reply of the program is handed on",
                     "%s, and the program was called and has answered", answer);
    else if (check_expectation(s->l->c, "remote-calls"))
        check_broken(s->l->c, "the program is called", "it is not; %s is answered with %s", what,
                     answer);
    else
        check_noted(s->l->c, "it makes no calls for others; %s is answered with %s", what, answer);
}

static bool succeeded(const struct heard *h)
{
    return h->reply.reply_stat == ONC_MSG_ACCEPTED && h->reply.accept_stat == ONC_SUCCESS;
}

/* The results of the program: what was sent there. */
static void judge_results(struct lookup *l, struct slice results)
{
    struct wire_in in;

    wire_open(&in, results);
    uint32_t word = wire_uint(&in, "results");
    lookup_judge(l, wire_ok(&in) && word == WORD && wire_left(&in) == 0,
                 "the results of the program", "%s", lookup_shown(results));
}

static void judge_relayed(struct lookup *l, const struct relay *r, const struct heard *h)
{
    struct bind_remote_port by_port = {0};
    struct bind_remote_addr by_addr = {0};
    const struct bind_netid *udp = bind_netid_find(slice_str("udp"));
    struct address place;
    struct wire_in in;
    struct problem why;

    if (!check_alive(l->c))
        return;
    wire_open(&in, h->reply.results);
    if (r->vers == BIND_PMAP_VERSION) {
        bool read = bind_read_remote_port(&in, &by_port);
        lookup_read(l, &in, r->what);
        bool parsed = bind_uaddr_parse(udp, slice_str(l->uaddrs[0]), &place, &why);
        lookup_judge(l, read && parsed && by_port.port == address_port(&place),
                     "the port of the program", "%u, and %s was registered", (unsigned)by_port.port,
                     l->uaddrs[0]);
        judge_results(l, by_port.results.octets);
        return;
    }
    bool read = bind_read_remote_addr(&in, &by_addr);
    lookup_read(l, &in, r->what);
    struct slice addr = by_addr.addr.octets;
    bool same = read && bind_uaddr_parse(udp, addr, &place, &why);
    struct address due;
    same = same && bind_uaddr_parse(udp, slice_str(l->uaddrs[0]), &due, &why) &&
           address_port(&place) == address_port(&due);
    lookup_judge(l, same, "the universal address of the program", "%s, and %s was registered",
                 lookup_shown(addr), l->uaddrs[0]);
    judge_results(l, by_addr.results.octets);
}

static void relay(struct check_ctx *c, const struct relay *r)
{
    static const struct say_options options = {.no_fence = true};
    struct service s;
    struct lookup l;
    struct heard h;
    struct buf word;
    struct buf args;

    open_service(&s, &l, c, "udp");
    buf_init(&word, 16);
    buf_init(&args, LOOKUP_ARGS_MAX);
    wire_put_uint(&word, WORD);
    struct bind_remote remote = {
        .prog = l.prog, .vers = 1, .proc = PROC_ECHO, .args = wire_counted_of(buf_slice(&word))};
    struct onc_call call = remote_call(&l, r->vers, r->proc, &remote, &args);
    l.version = r->vers;
    check_post(c, l.conn, &call, &options, &h);
    wait_for(&s, &h, 1);
    bool refused = h.replies == 0 || (s.calls == 0 && h.sound && !succeeded(&h));
    if (check_alive(c) && refused) {
        no_calls(&s, &h, r->what);
    } else {
        check_accepted(c, &h, r->what, ONC_SUCCESS);
        lookup_judge(&l, s.calls > 0, "the program is called before its results are handed on",
                     "SUCCESS, and the program was not called");
        judge_relayed(&l, r, &h);
        if (check_alive(c) && !address_eq(&l.conn->from, &l.conn->to))
            check_remark(c, "the reply came from another port than the one that was asked");
    }
    buf_free(&word);
    buf_free(&args);
    lookup_close(&l);
}

static const struct relay relays[] = {
    {BIND_PMAP_VERSION, BIND_PMAP_CALLIT, "CALLIT of version 2"},
    {BIND_RPCB_VERSION, BIND_RPCB_CALLIT, "CALLIT of version 3"},
    {BIND_RPCB_VERSION4, BIND_RPCB_CALLIT, "BCAST of version 4"},
    {BIND_RPCB_VERSION4, BIND_RPCB_INDIRECT, "INDIRECT"},
};

enum { RELAY_PMAP, RELAY_CALLIT, RELAY_BCAST, RELAY_INDIRECT };

static void pmap_callit(struct check_ctx *c)
{
    relay(c, &relays[RELAY_PMAP]);
}

static void callit(struct check_ctx *c)
{
    relay(c, &relays[RELAY_CALLIT]);
}

static void bcast(struct check_ctx *c)
{
    relay(c, &relays[RELAY_BCAST]);
}

static void indirect(struct check_ctx *c)
{
    relay(c, &relays[RELAY_INDIRECT]);
}

/* ---- errors ---- */

struct stimulus {
    const char *what;
    bool unknown; /* another program, which nobody has */
    uint32_t vers;
    uint32_t proc;
    bool cut; /* the arguments of CALLIT themselves end early */
};

static const struct stimulus stimuli[] = {
    {"an unknown program", true, 1, 0, false},
    {"an unknown version", false, 9, 0, false},
    {"an unknown procedure", false, 1, 2, false},
    {"arguments that the program refuses", false, 1, 3, false},
    {"arguments that are cut", false, 1, 1, true},
};

/* Arguments that are cut say nothing of a program: that the registry cannot read them it may
   answer itself (RFC 5531 9, GARBAGE_ARGS). */
static void judge_error(struct lookup *l, const struct relay *r, const struct stimulus *t,
                        struct heard *h, bool silent)
{
    char what[120];

    text_format(what, sizeof(what), "%s of %s", r->what, t->what);
    if (silent && (!t->cut || h->replies == 0)) {
        check_unanswered(l->c, h, what);
        return;
    }
    check_answered_once(l->c, h, what);
    lookup_judge(l, !succeeded(h), "an error status", "SUCCESS for %s", what);
}

/* All at once: silence is waited for only once. */
static void errors(struct check_ctx *c, const struct relay *r, bool silent, const char *netid)
{
    static const struct say_options options = {.no_fence = true};
    struct heard h[STIMULI_MAX];
    struct service s;
    struct lookup l;

    open_service(&s, &l, c, netid);
    for (size_t i = 0; i < ARRAY_LEN(stimuli) && check_alive(c); i++) {
        const struct stimulus *t = &stimuli[i];
        struct buf args;
        struct bind_remote remote = {
            .prog = t->unknown ? l.prog + 1 : l.prog, .vers = t->vers, .proc = t->proc};

        buf_init(&args, LOOKUP_ARGS_MAX);
        struct onc_call call = remote_call(&l, r->vers, r->proc, &remote, &args);
        if (t->cut)
            call.args.len = 8;
        check_post(c, l.conn, &call, &options, &h[i]);
        buf_free(&args);
    }
    wait_for(&s, h, ARRAY_LEN(stimuli));
    for (size_t i = 0; i < ARRAY_LEN(stimuli) && check_alive(c); i++) {
        check_hear(c, &h[i], false);
        judge_error(&l, r, &stimuli[i], &h[i], silent);
    }
    lookup_close(&l);
}

static void pmap_callit_silent(struct check_ctx *c)
{
    errors(c, &relays[RELAY_PMAP], true, "udp");
}

static void callit_silent(struct check_ctx *c)
{
    errors(c, &relays[RELAY_CALLIT], true, "udp");
}

static void bcast_silent(struct check_ctx *c)
{
    errors(c, &relays[RELAY_BCAST], true, "udp");
}

static void indirect_errors(struct check_ctx *c)
{
    errors(c, &relays[RELAY_INDIRECT], false, "udp");
}

/* Registered for TCP alone: there is nobody to call over UDP. */
static void udp_only(struct check_ctx *c)
{
    static const struct say_options options = {.no_fence = true};
    struct service s;
    struct lookup l;
    struct heard h;
    struct buf args;

    open_service(&s, &l, c, "tcp");
    buf_init(&args, LOOKUP_ARGS_MAX);
    struct bind_remote remote = {.prog = l.prog, .vers = 1, .proc = ONC_NULLPROC};
    struct onc_call call = remote_call(&l, BIND_PMAP_VERSION, BIND_PMAP_CALLIT, &remote, &args);
    check_post(c, l.conn, &call, &options, &h);
    wait_for(&s, &h, 1);
    check_hear(c, &h, false);
    check_unanswered(c, &h, "CALLIT of a program that is registered for TCP alone");
    buf_free(&args);
    lookup_close(&l);
}

/* ---- from elsewhere ---- */

/* An address of this machine that is not a loopback one: to a registry it is another machine, or
   it knows better. */
static bool find_address(struct check_ctx *c, struct address *ret)
{
    struct ifaddrs *list = NULL;
    int family = address_family(&c->target.address);
    bool found = false;

    if (getifaddrs(&list) != 0)
        return false;
    for (struct ifaddrs *at = list; at && !found; at = at->ifa_next) {
        struct address a = {.len = c->target.address.len, .socktype = c->target.address.socktype};

        if (!at->ifa_addr || at->ifa_addr->sa_family != family)
            continue;
        memcpy(&a.storage, at->ifa_addr, a.len);
        found = !address_is_loopback(&a);
        if (found)
            *ret = a;
    }
    freeifaddrs(list);
    return found;
}

/* Dials from such an address instead. False, and skipped, where there is none. */
static bool move_away(struct lookup *l)
{
    struct address from;
    struct net_dial_options options = {.bind_to = &from, .unconnected = l->conn->unconnected};

    if (!check_alive(l->c))
        return false;
    if (l->netid->family == AF_UNIX) {
        check_skipped(l->c, "nobody calls from elsewhere over a local socket");
        return false;
    }
    if (!find_address(l->c, &from)) {
        check_skipped(l->c, "this machine has no second address to call from");
        return false;
    }
    check_close(l->c, l->conn);
    l->conn = check_dial_with(l->c, &l->c->target.address, &options);
    return check_alive(l->c);
}

static void remote_read(struct check_ctx *c)
{
    struct lookup l;

    lookup_open(&l, c);
    if (move_away(&l)) {
        struct bind_rpcb b = lookup_rpcb(&l, BIND_RPCB_VERSION4, l.netid->name, "");

        b.prog = BIND_PROGRAM;
        (void)lookup_call(&l, l.version, BIND_RPCB_NULL, slice_of(NULL, 0));
        (void)lookup_addr(&l, BIND_RPCB_GETADDR, &b);
        (void)lookup_dumped(&l, &b);
        (void)lookup_call(&l, l.version, BIND_RPCB_GETTIME, slice_of(NULL, 0));
    }
    lookup_close(&l);
}

/* A caller at another address of the same machine may be let in by a registry that knows all of
   them; that it is refused is what can be judged here. */
static void remote_set(struct check_ctx *c)
{
    struct lookup l;

    lookup_open(&l, c);
    const char *uaddr = lookup_place(&l, l.netid->name);
    struct bind_rpcb b = lookup_rpcb(&l, 1, l.netid->name, uaddr);
    if (move_away(&l)) {
        struct onc_call call;
        struct heard h;
        struct buf args;
        char answer[200];

        buf_init(&args, LOOKUP_ARGS_MAX);
        bind_put_rpcb(&args, &b);
        call = lookup_call_of(&l, l.version, BIND_RPCB_SET, buf_slice(&args));
        lookup_say(&l, &call, false, &h);
        check_answered_once(c, &h, "SET from an address that is not a loopback one");
        check_heard_text(&h, answer, sizeof(answer));
        unsigned dumped = lookup_dumped(&l, &b);
        if (dumped > 0)
            check_noted(c, "SET from another address of this machine is taken: %s", answer);
        check_remark(c, "it is refused: %s", answer);
        buf_free(&args);
    }
    l.sets[l.set_count++] = (struct lookup_set){.prog = l.prog, .vers = 1, .by = l.version};
    lookup_close(&l);
}

static const struct check checks[] = {
    {
        .id = "rpcbind.remote.read-ok",
        .claim = "everything but SET and UNSET may be called from other machines",
        .why = "clients are elsewhere",
        .how = "NULL, GETADDR, DUMP and GETTIME from another address of this machine",
        .cites = {REQ_RPCB_1833_2_2_2_06},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = remote_read,
    },
    {
        .id = "rpcbind.remote.set-refused",
        .claim = "SET is taken from clients on the same machine alone",
        .why = "anybody on the network could take over services",
        .how = "SET from another address of this machine: it is refused, or the registry knows the "
               "address, which is noted",
        .cites = {REQ_RPCB_1833_2_2_2_07},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = remote_set,
    },
    {
        .id = "rpcbind.callit.success",
        .claim = "CALLIT calls the program and hands its address and results on",
        .why = "clients find servers by broadcasting it",
        .how = "the check registers a program of its own and calls it through the registry",
        .cites = {REQ_RPCB_1833_2_2_1_12},
        .needs = NEED_RPCBIND | NEED_UDP | NEED_IPV4 | NEED_LOOPBACK,
        .expects = "remote-calls",
        .run = callit,
    },
    {
        .id = "rpcbind.callit.bcast",
        .claim = "BCAST of version 4 does what CALLIT of version 3 does",
        .why = "clients broadcast the version they know",
        .how = "as rpcbind.callit.success",
        .cites = {REQ_RPCB_1833_2_2_2_01},
        .needs = NEED_RPCBIND | NEED_UDP | NEED_IPV4 | NEED_LOOPBACK,
        .expects = "remote-calls",
        .run = bcast,
    },
    {
        .id = "rpcbind.callit.pmap",
        .claim = "CALLIT of version 2 hands on the port of the program and its results",
        .why = "old clients find servers by broadcasting it",
        .how = "as rpcbind.callit.success",
        .cites = {REQ_RPCB_1833_3_2_11},
        .needs = NEED_RPCBIND | NEED_UDP | NEED_IPV4 | NEED_LOOPBACK,
        .expects = "remote-calls",
        .run = pmap_callit,
    },
    {
        .id = "rpcbind.callit.indirect",
        .claim = "INDIRECT calls the program and hands its address and results on",
        .why = "clients that may call nobody but the registry depend on it",
        .how = "as rpcbind.callit.success",
        .cites = {REQ_RPCB_1833_2_2_2_04},
        .needs = NEED_RPCBIND | NEED_UDP | NEED_IPV4 | NEED_LOOPBACK,
        .expects = "remote-calls",
        .run = indirect,
    },
    {
        .id = "rpcbind.callit.silent",
        .claim = "CALLIT is silent unless the procedure was carried out",
        .why = "a broadcast would bring an error from every machine that lacks the program",
        .how = "an unknown program, version and procedure, arguments that the program refuses or "
               "that are cut: no reply for as long as patience lasts; arguments that are cut may "
               "also be "
               "answered GARBAGE_ARGS",
        .cites = {REQ_RPCB_1833_2_2_1_13},
        .needs = NEED_RPCBIND | NEED_UDP | NEED_IPV4 | NEED_LOOPBACK,
        .run = callit_silent,
    },
    {
        .id = "rpcbind.callit.bcast-silent",
        .claim = "BCAST is silent where CALLIT is",
        .why = "a broadcast would bring an error from every machine that lacks the program",
        .how = "as rpcbind.callit.silent",
        .cites = {REQ_RPCB_1833_2_2_2_01},
        .needs = NEED_RPCBIND | NEED_UDP | NEED_IPV4 | NEED_LOOPBACK,
        .run = bcast_silent,
    },
    {
        .id = "rpcbind.callit.pmap-silent",
        .claim = "CALLIT of version 2 is silent unless the procedure was carried out",
        .why = "a broadcast would bring an error from every machine that lacks the program",
        .how = "as rpcbind.callit.silent",
        .cites = {REQ_RPCB_1833_3_2_09},
        .needs = NEED_RPCBIND | NEED_UDP | NEED_IPV4 | NEED_LOOPBACK,
        .run = pmap_callit_silent,
    },
    {
        .id = "rpcbind.callit.pmap-udp-only",
        .claim = "CALLIT of version 2 calls programs over UDP alone",
        .why = "a connection for every broadcast could be used to flood others",
        .how = "a program that is registered for TCP alone: no reply for as long as patience lasts",
        .cites = {REQ_RPCB_1833_3_2_10},
        .needs = NEED_RPCBIND | NEED_UDP | NEED_IPV4 | NEED_LOOPBACK,
        .run = udp_only,
    },
    {
        .id = "rpcbind.callit.indirect-errors",
        .claim = "INDIRECT answers what CALLIT is silent about with an error",
        .why = "its caller has asked this registry and waits",
        .how = "as rpcbind.callit.silent; any error status is right",
        .cites = {REQ_RPCB_1833_2_2_2_03},
        .needs = NEED_RPCBIND | NEED_UDP | NEED_IPV4 | NEED_LOOPBACK,
        .run = indirect_errors,
    },
};

SUITE(rpcbind_remote);
