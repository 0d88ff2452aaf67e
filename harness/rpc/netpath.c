/* Asking rpcbind for the transports of a program. */
#include "harness/rpc/netpath.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/net/net.h"
#include "harness/rpc/bind.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"

enum {
    ADDRESSES_MAX = 8,
    STRAYS_MAX = 64,     /* replies with another xid that are read past */
    ELEMENTS_MAX = 4096, /* of a list, more are not looked at */
    KNOWN_MAX = 12,      /* versions, or programs, that are named nearby */
    MESSAGE_MAX = 65536,
    CALL_MAX = 1024,
    RESEND_MS = 500,
    PATIENCES = 4,
    SHOWN = 60, /* octets of a registry's string in a remark */
};

/* How one call ended. */
enum asked {
    ASKED_OK,
    ASKED_LACKS, /* rpcbind has no such version or procedure, or lets nobody call it */
    ASKED_MUTE,  /* no answer, or none that can be read; `trouble` says why */
};

/* What DUMP has shown. */
struct known {
    bool dumped;
    uint32_t versions[KNOWN_MAX]; /* others of the program */
    size_t version_count;
    uint32_t programs[KNOWN_MAX]; /* others, where the program is not known at all */
    size_t program_count;
    bool here;      /* this version is registered, */
    bool netids[8]; /* ... for these, by their place in the table, or for others */
};

struct asking {
    const struct netpath_ask *ask;
    struct netpath *ret;
    struct address at; /* of the registry that is asked */
    int fd;            /* a socket to it, or -1 */
    uint32_t xid;
    int64_t end_us;   /* of all asking */
    bool answered;    /* some registry did */
    struct buf reply; /* the last one, whole */
    struct known known;
    size_t loose;       /* places from here on are only as good as GETADDR: of any version */
    struct buf trouble; /* why nobody answered, place by place */
};

static const char *const netids[] = {"tcp", "udp", "tcp6", "udp6", "local"};

/* ---- remarks ---- */

static void remark(struct asking *a, const char *format, ...) PRINTF_LIKE(2, 3);

static void remark(struct asking *a, const char *format, ...)
{
    char text[NETPATH_REMARK_TEXT];
    va_list args;

    va_start(args, format);
    text_vformat(text, sizeof(text), format, args);
    va_end(args);
    for (size_t i = 0; i < a->ret->remark_count; i++) {
        if (text_eq(a->ret->remarks[i], text))
            return;
    }
    if (a->ret->remark_count < NETPATH_REMARKS_MAX)
        text_copy(a->ret->remarks[a->ret->remark_count++], NETPATH_REMARK_TEXT, text);
}

static const char *transport_of(const struct address *a)
{
    if (address_family(a) == AF_UNIX)
        return "local";
    return a->socktype == SOCK_STREAM ? "TCP" : "UDP";
}

/* Why the place that is asked now gave nothing; what has no room any more is left out. */
static void complain(struct asking *a, const char *what)
{
    char where[ADDRESS_TEXT_MAX];
    char text[sizeof(where) + 200];

    address_format(&a->at, where, sizeof(where));
    text_format(text, sizeof(text), "%s%s (%s): %s", a->trouble.len ? "; " : "", where,
                transport_of(&a->at), what);
    if (a->trouble.len + strlen(text) <= a->trouble.max)
        buf_put_str(&a->trouble, text);
}

/* ---- one call ---- */

static void hang_up(struct asking *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

static int64_t soon(const struct asking *a, int64_t ms)
{
    int64_t deadline = deadline_in_ms(ms);

    return deadline < a->end_us ? deadline : a->end_us;
}

static bool io_failed(struct asking *a, struct net_io io)
{
    complain(a, io.error ? strerror(io.error) : net_status_text(io.status));
    hang_up(a);
    return false;
}

/* The reply with our xid in `message`? Others are read past, so many of them. */
static bool is_ours(struct asking *a, struct slice message, unsigned *strays)
{
    uint32_t xid = 0;
    uint32_t type = 0;

    if (onc_peek(message, &xid, &type) && xid == a->xid && type == ONC_REPLY) {
        buf_reset(&a->reply);
        buf_put(&a->reply, message);
        return !a->reply.failed;
    }
    ++*strays;
    return false;
}

static bool hear_stream(struct asking *a, int64_t deadline)
{
    struct record_in record;
    uint8_t octets[4096];
    unsigned strays = 0;
    bool ours = false;

    record_open(&record, &record_usual_limits);
    while (!ours && strays < STRAYS_MAX) {
        struct net_io io = net_recv(a->fd, octets, sizeof(octets), false, deadline);

        if (io.status != NET_OK) {
            record_close(&record);
            return io_failed(a, io);
        }
        for (struct slice left = slice_of(octets, io.len); left.len > 0 && !ours;) {
            size_t used = 0;
            enum record_state state = record_feed(&record, left, &used);

            if (state == RECORD_BROKEN) {
                complain(a, record.text);
                record_close(&record);
                hang_up(a);
                return false;
            }
            left = slice_from(left, used);
            ours = state == RECORD_WHOLE && is_ours(a, record_message(&record), &strays);
        }
    }
    record_close(&record);
    if (!ours) {
        complain(a, "replies with xids that nobody has asked with");
        hang_up(a);
    }
    return ours;
}

/* A datagram may be lost: the call is sent again, with growing pauses. */
static bool hear_datagram(struct asking *a, struct slice call, int64_t deadline)
{
    static uint8_t octets[MESSAGE_MAX];
    unsigned strays = 0;
    int64_t pause_ms = RESEND_MS;

    while (strays < STRAYS_MAX) {
        int64_t again = soon(a, pause_ms);
        struct net_io io =
            net_recv(a->fd, octets, sizeof(octets), true, again < deadline ? again : deadline);

        if (io.status == NET_OK) {
            if (is_ours(a, slice_of(octets, io.len), &strays))
                return true;
            continue;
        }
        if (io.status != NET_TIMEOUT || deadline_passed(deadline))
            return io_failed(a, io);
        pause_ms *= 2;
        io = net_send_to(a->fd, call, NULL, deadline);
        if (io.status != NET_OK)
            return io_failed(a, io);
    }
    complain(a, "replies with xids that nobody has asked with");
    hang_up(a);
    return false;
}

static bool converse(struct asking *a, struct slice call)
{
    int64_t deadline = soon(a, a->ask->patience_ms);
    struct net_io io = {.status = NET_OK};

    if (a->fd < 0)
        io = net_dial(&a->at, NULL, deadline, &a->fd);
    if (io.status != NET_OK) {
        a->fd = -1;
        return io_failed(a, io);
    }
    if (a->at.socktype == SOCK_DGRAM) {
        io = net_send_to(a->fd, call, NULL, deadline);
        return io.status == NET_OK ? hear_datagram(a, call, deadline) : io_failed(a, io);
    }
    struct buf record;
    buf_init(&record, CALL_MAX + RECORD_HEADER);
    record_put(&record, call);
    io = net_send(a->fd, buf_slice(&record), deadline, 0);
    buf_free(&record);
    return io.status == NET_OK ? hear_stream(a, deadline) : io_failed(a, io);
}

/* That rpcbind lacks a version or a procedure is no refusal. */
static void tell_refusal(struct asking *a, const struct onc_reply *reply)
{
    struct buf words;

    if (reply->reply_stat == ONC_MSG_ACCEPTED &&
        (reply->accept_stat == ONC_PROG_MISMATCH || reply->accept_stat == ONC_PROC_UNAVAIL))
        return;
    buf_init(&words, 1024);
    onc_describe(buf_slice(&a->reply), &words);
    complain(a, buf_text(&words));
    buf_free(&words);
}

/* Calls a procedure of rpcbind; the results are a view of a->reply. */
static enum asked call(struct asking *a, uint32_t vers, uint32_t proc, struct slice args,
                       struct slice *ret)
{
    struct onc_call message = onc_call_of(++a->xid, BIND_PROGRAM, vers, proc);
    struct onc_reply reply;
    struct wire_in in;
    struct buf octets;
    struct buf fault;

    message.args = args;
    buf_init(&octets, CALL_MAX);
    onc_put_call(&octets, &message);
    bool heard = converse(a, buf_slice(&octets));
    buf_free(&octets);
    if (!heard)
        return ASKED_MUTE;
    wire_open(&in, buf_slice(&a->reply));
    if (!onc_read_reply(&in, &reply)) {
        buf_init(&fault, SHOWN * 4);
        wire_explain(&in, &fault);
        complain(a, buf_text(&fault));
        buf_free(&fault);
        return ASKED_MUTE;
    }
    a->answered = true;
    if (reply.reply_stat != ONC_MSG_ACCEPTED || reply.accept_stat != ONC_SUCCESS) {
        tell_refusal(a, &reply);
        return ASKED_LACKS;
    }
    *ret = reply.results;
    return ASKED_OK;
}

/* ---- what is followed ---- */

static bool same_machine(const struct asking *a, const struct address *place)
{
    struct address asked = a->at;
    struct address given = *place;

    if (address_family(place) == AF_UNIX)
        return address_is_loopback(&a->at);
    if (address_family(place) != address_family(&a->at))
        return false;
    address_set_port(&asked, 0);
    address_set_port(&given, 0);
    return address_is_wildcard(place) || address_eq(&asked, &given);
}

static bool is_known_place(const struct netpath *n, const struct endpoint *e)
{
    char url[ENDPOINT_TEXT_MAX];
    char other[ENDPOINT_TEXT_MAX];

    endpoint_format(e, url, sizeof(url));
    for (size_t i = 0; i < n->count; i++) {
        endpoint_format(&n->places[i], other, sizeof(other));
        if (text_eq(url, other))
            return true;
    }
    return false;
}

static void keep_place(struct asking *a, const struct bind_netid *netid,
                       const struct address *given)
{
    struct endpoint program = {.rpc = true, .program = a->ask->program, .version = a->ask->version};
    struct address place = *given;
    struct endpoint e;

    /* The host that was asked, at the port that was given. */
    if (netid->family != AF_UNIX) {
        place = a->at;
        address_set_port(&place, address_port(given));
    }
    place.socktype = netid->socktype;
    address_to_endpoint(&place, &e);
    endpoint_take_program(&e, &program);
    if (is_known_place(a->ret, &e))
        return;
    if (a->ret->count < NETPATH_PLACES_MAX)
        a->ret->places[a->ret->count++] = e;
    else
        remark(a, "more than %d addresses: the rest is left aside", NETPATH_PLACES_MAX);
}

static void follow(struct asking *a, struct slice name, struct slice uaddr)
{
    const struct bind_netid *netid = bind_netid_find(name);
    struct address place;
    struct problem why;
    struct buf shown;

    buf_init(&shown, 1024);
    text_quote(&shown, uaddr, SHOWN);
    buf_put_str(&shown, " for ");
    text_quote(&shown, name, SHOWN);
    if (!netid)
        remark(a, "%s: a transport that is not spoken here", buf_text(&shown));
    else if (!bind_uaddr_parse(netid, uaddr, &place, &why))
        remark(a, "%s is no address: %.100s", buf_text(&shown), why.text);
    else if (!same_machine(a, &place))
        remark(a, "%s is another host than %.60s; not followed", buf_text(&shown), a->ask->host);
    else if (netid->family != AF_UNIX && address_port(&place) == 0)
        remark(a, "%s has no port", buf_text(&shown));
    else
        keep_place(a, netid, &place);
    buf_free(&shown);
}

/* ---- the questions ---- */

static void put_question(const struct asking *a, const char *netid, struct buf *out)
{
    struct bind_rpcb question = {.prog = a->ask->program,
                                 .vers = a->ask->version,
                                 .netid = wire_counted_of(slice_str(netid))};

    bind_put_rpcb(out, &question);
}

static void broken_results(struct asking *a, const struct wire_in *in)
{
    struct buf fault;

    buf_init(&fault, SHOWN * 4);
    wire_explain(in, &fault);
    complain(a, buf_text(&fault));
    buf_free(&fault);
}

/* Version 4: the whole list at once, of the family that asks (RFC 1833 2.2.2). */
static enum asked ask_list(struct asking *a)
{
    struct bind_entry entry;
    struct slice results;
    struct wire_in in;
    struct buf args;
    unsigned count = 0;

    buf_init(&args, CALL_MAX);
    put_question(a, "", &args);
    enum asked asked =
        call(a, BIND_RPCB_VERSION4, BIND_RPCB_GETADDRLIST, buf_slice(&args), &results);
    buf_free(&args);
    if (asked != ASKED_OK)
        return asked;
    wire_open(&in, results);
    while (count++ < ELEMENTS_MAX && bind_next_entry(&in, &entry))
        follow(a, entry.netid.octets, entry.maddr.octets);
    if (!wire_ok(&in))
        broken_results(a, &in);
    return ASKED_OK;
}

/* Version 3: the address for the transport that asks (RFC 1833 2.2.1). */
static enum asked ask_address(struct asking *a)
{
    const struct bind_netid *netid = bind_netid_of(&a->at);
    struct slice results;
    struct wire_in in;
    struct buf args;

    if (!netid)
        return ASKED_LACKS;
    buf_init(&args, CALL_MAX);
    put_question(a, netid->name, &args);
    enum asked asked = call(a, BIND_RPCB_VERSION, BIND_RPCB_GETADDR, buf_slice(&args), &results);
    buf_free(&args);
    if (asked != ASKED_OK)
        return asked;
    wire_open(&in, results);
    struct slice uaddr = wire_string(&in, "address", WIRE_NO_LIMIT);
    if (!wire_ok(&in))
        broken_results(a, &in);
    else if (uaddr.len > 0)
        follow(a, slice_str(netid->name), uaddr);
    return ASKED_OK;
}

/* The port mapper knows IPv4 alone (RFC 1833 3). */
static enum asked ask_port(struct asking *a, uint32_t prot, const char *netid)
{
    struct bind_mapping m = {.prog = a->ask->program, .vers = a->ask->version, .prot = prot};
    struct slice results;
    struct wire_in in;
    struct buf args;

    buf_init(&args, CALL_MAX);
    bind_put_mapping(&args, &m);
    enum asked asked = call(a, BIND_PMAP_VERSION, BIND_PMAP_GETPORT, buf_slice(&args), &results);
    buf_free(&args);
    if (asked != ASKED_OK)
        return asked;
    wire_open(&in, results);
    uint32_t port = wire_uint(&in, "port");
    if (!wire_ok(&in)) {
        broken_results(a, &in);
    } else if (port > UINT16_MAX) {
        remark(a, "port %u for %s is no port", port, netid);
    } else if (port > 0) {
        struct address place = a->at;

        address_set_port(&place, (uint16_t)port);
        keep_place(a, bind_netid_find(slice_str(netid)), &place);
    }
    return ASKED_OK;
}

/* ---- what is registered nearby ---- */

static void note_number(uint32_t *list, size_t *count, uint32_t number)
{
    for (size_t i = 0; i < *count; i++) {
        if (list[i] == number)
            return;
    }
    if (*count < KNOWN_MAX)
        list[(*count)++] = number;
}

static void note_registration(struct asking *a, uint32_t prog, uint32_t vers, struct slice netid)
{
    struct known *k = &a->known;

    if (prog != a->ask->program) {
        note_number(k->programs, &k->program_count, prog);
        return;
    }
    if (vers != a->ask->version) {
        note_number(k->versions, &k->version_count, vers);
        return;
    }
    k->here = true;
    for (size_t i = 0; i < ARRAY_LEN(netids); i++)
        k->netids[i] = k->netids[i] || slice_eq(netid, slice_str(netids[i]));
}

static void note_rpcb_dump(struct asking *a, struct wire_in *in)
{
    struct bind_rpcb b;

    for (unsigned i = 0; i < ELEMENTS_MAX && bind_next_rpcb(in, &b); i++)
        note_registration(a, b.prog, b.vers, b.netid.octets);
}

static void note_pmap_dump(struct asking *a, struct wire_in *in)
{
    struct bind_mapping m;

    for (unsigned i = 0; i < ELEMENTS_MAX && bind_next_mapping(in, &m); i++)
        note_registration(a, m.prog, m.vers, slice_str(m.prot == BIND_PROTO_UDP ? "udp" : "tcp"));
}

/* The newest version that answers tells what there is. */
static void look_around(struct asking *a)
{
    static const struct {
        uint32_t vers, proc;
        void (*note)(struct asking *a, struct wire_in *in);
    } dumps[] = {
        {BIND_RPCB_VERSION4, BIND_RPCB_DUMP, note_rpcb_dump},
        {BIND_RPCB_VERSION, BIND_RPCB_DUMP, note_rpcb_dump},
        {BIND_PMAP_VERSION, BIND_PMAP_DUMP, note_pmap_dump},
    };

    for (size_t i = 0; i < ARRAY_LEN(dumps); i++) {
        struct slice results;
        struct wire_in in;
        enum asked asked = call(a, dumps[i].vers, dumps[i].proc, slice_of(NULL, 0), &results);

        if (asked == ASKED_LACKS)
            continue;
        if (asked != ASKED_OK)
            return;
        wire_open(&in, results);
        dumps[i].note(a, &in);
        a->known.dumped = a->known.dumped || wire_ok(&in);
        return;
    }
}

/* GETADDR and GETPORT answer for any version of a program (RFC 1833 2.2.1 leaves it open): what
   DUMP does not show is no place of this version. */
static void drop_other_versions(struct asking *a)
{
    size_t kept = a->loose;

    for (size_t i = a->loose; i < a->ret->count; i++) {
        struct address place;
        struct problem why;
        size_t count = 0;
        bool shown = !a->known.dumped;

        if (address_resolve(&a->ret->places[i], &place, 1, &count, &why)) {
            const struct bind_netid *netid = bind_netid_of(&place);

            for (size_t n = 0; netid && n < ARRAY_LEN(netids); n++)
                shown = shown || (a->known.netids[n] && text_eq(netids[n], netid->name));
        }
        if (shown)
            a->ret->places[kept++] = a->ret->places[i];
    }
    a->ret->count = kept;
}

/* ---- where is asked ---- */

/* With versions 3 and 2. True where the other transport has to be asked, too. */
static bool ask_older(struct asking *a)
{
    enum asked asked = ask_address(a);

    if (asked != ASKED_LACKS)
        return true;
    if (address_family(&a->at) == AF_INET && ask_port(a, BIND_PROTO_TCP, "tcp") == ASKED_OK)
        (void)ask_port(a, BIND_PROTO_UDP, "udp");
    return false;
}

static bool ask_at(struct asking *a, const struct address *at)
{
    static const int socktypes[] = {SOCK_STREAM, SOCK_DGRAM};
    bool any = false;

    a->loose = a->ret->count;
    for (size_t i = 0; i < ARRAY_LEN(socktypes); i++) {
        a->at = *at;
        a->at.socktype = socktypes[i];
        if (i > 0 && address_family(at) == AF_UNIX)
            break;
        enum asked asked = ask_list(a);
        bool on = asked == ASKED_MUTE || (asked == ASKED_LACKS && ask_older(a));

        /* rpcbind 1.2.6 lists no address for its local transport, and yet has one. */
        if (asked == ASKED_OK && address_family(at) == AF_UNIX)
            (void)ask_address(a);
        else if (asked == ASKED_OK)
            a->loose = a->ret->count;
        if (asked != ASKED_MUTE && !any) {
            any = true;
            look_around(a);
        }
        hang_up(a);
        if (!on)
            break;
    }
    drop_other_versions(a);
    return any;
}

/* One address of each family that answers is enough: they are the same machine. */
static void ask_family(struct asking *a, int family, const struct address *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (address_family(&all[i]) == family && ask_at(a, &all[i]))
            return;
    }
}

static void ask_local(struct asking *a)
{
    struct endpoint e = {.kind = ENDPOINT_UNIX};
    struct address at;
    struct problem why;
    size_t count = 0;

    text_copy(e.path, sizeof(e.path), a->ask->local);
    if (access(a->ask->local, F_OK) == 0 && address_resolve(&e, &at, 1, &count, &why))
        (void)ask_at(a, &at);
}

static bool ask_all(struct asking *a, struct problem *why)
{
    struct endpoint e = {.kind = ENDPOINT_TCP, .port = a->ask->port};
    struct address all[ADDRESSES_MAX];
    size_t count = 0;
    bool here = false;

    text_copy(e.host, sizeof(e.host), a->ask->host);
    if (!address_resolve(&e, all, ARRAY_LEN(all), &count, why))
        return false;
    ask_family(a, AF_INET, all, count);
    ask_family(a, AF_INET6, all, count);
    for (size_t i = 0; i < count; i++)
        here = here || address_is_loopback(&all[i]);
    if (here && a->ask->local)
        ask_local(a);
    return true;
}

/* ---- the end ---- */

static void put_program(struct buf *out, uint32_t program)
{
    struct rpcent *entry = program <= INT32_MAX ? getrpcbynumber((int)program) : NULL;

    buf_printf(out, "%u", program);
    if (entry && strlen(entry->r_name) < SHOWN)
        buf_printf(out, " (%s)", entry->r_name);
}

static void put_nearby(const struct known *k, struct buf *out)
{
    if (!k->dumped) {
        buf_put_str(out, "what else it knows it does not say");
        return;
    }
    if (k->version_count > 0) {
        buf_printf(out, "of this program it knows version%s", k->version_count > 1 ? "s" : "");
        for (size_t i = 0; i < k->version_count; i++)
            buf_printf(out, "%s%u", i ? ", " : " ", k->versions[i]);
        return;
    }
    buf_put_str(out, k->program_count ? "it knows " : "it knows nothing");
    for (size_t i = 0; i < k->program_count; i++) {
        buf_put_str(out, i ? ", " : "");
        put_program(out, k->programs[i]);
    }
}

/* For which transports this version is registered. */
static void put_transports(const struct known *k, struct buf *out)
{
    unsigned count = 0;

    for (size_t i = 0; i < ARRAY_LEN(netids); i++) {
        if (k->netids[i])
            buf_printf(out, "%s%s", count++ ? ", " : "", netids[i]);
    }
    if (count == 0)
        buf_put_str(out, "transports that are not spoken here");
}

static void explain_nothing(struct asking *a, struct problem *why)
{
    const struct netpath_ask *q = a->ask;
    struct buf text;

    buf_init(&text, sizeof(why->text));
    if (!a->answered) {
        buf_printf(&text, "no rpcbind answers at %.100s: %s", q->host, buf_text(&a->trouble));
    } else if (a->ret->remark_count > 0) {
        buf_printf(&text,
                   "rpcbind at %.100s gives no address of program %u version %u that can be "
                   "followed: %s",
                   q->host, q->program, q->version, a->ret->remarks[0]);
    } else if (a->trouble.len > 0) {
        buf_printf(&text, "rpcbind at %.100s gives no address of program %u version %u: %s",
                   q->host, q->program, q->version, buf_text(&a->trouble));
    } else if (a->known.here) {
        buf_printf(&text, "rpcbind at %.100s has program ", q->host);
        put_program(&text, q->program);
        buf_printf(&text, " version %u for ", q->version);
        put_transports(&a->known, &text);
        buf_printf(&text, ", which %.100s does not lead to", q->host);
    } else {
        buf_printf(&text, "rpcbind at %.100s has no registration of program ", q->host);
        put_program(&text, q->program);
        buf_printf(&text, " version %u; ", q->version);
        put_nearby(&a->known, &text);
    }
    problem_set(why, "%s", text.failed ? "rpcbind gives no address" : buf_text(&text));
    buf_free(&text);
}

/* Transports of this version that DUMP shows and nobody gave an address for. */
static void tell_unreached(struct asking *a)
{
    for (size_t n = 0; n < ARRAY_LEN(netids); n++) {
        bool reached = !a->known.netids[n];

        for (size_t i = 0; i < a->ret->count && !reached; i++) {
            struct address place;
            struct problem why;
            size_t count = 0;
            const struct bind_netid *netid = NULL;

            if (address_resolve(&a->ret->places[i], &place, 1, &count, &why))
                netid = bind_netid_of(&place);
            reached = netid && text_eq(netid->name, netids[n]);
        }
        if (!reached)
            remark(a, "it is registered for %s, too, which %.100s does not lead to", netids[n],
                   a->ask->host);
    }
}

bool netpath_find(const struct netpath_ask *ask, struct netpath *ret, struct problem *why)
{
    struct asking a = {.ask = ask, .ret = ret, .fd = -1};

    memset(ret, 0, sizeof(*ret));
    a.xid = (uint32_t)deadline_now_us();
    a.end_us = deadline_in_ms(ask->patience_ms * PATIENCES);
    buf_init(&a.reply, record_usual_limits.octets);
    buf_init(&a.trouble, sizeof(why->text) - 160);
    bool asked = ask_all(&a, why);
    if (asked && ret->count > 0)
        tell_unreached(&a);
    else if (asked)
        explain_nothing(&a, why);
    buf_free(&a.reply);
    buf_free(&a.trouble);
    return ret->count > 0;
}
