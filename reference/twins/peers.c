/* Twins that fail with the peers of datagrams: whom they answer, from where, and who else is there.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "reference/twins/twin.h"

enum { PORTS = 1 << 16, RECORD = 4096, SHORT_ADDRESS = 16 };

static struct slice content(const struct datagram *d)
{
    return slice_of(d->data, d->len);
}

/* ---- whom it answers ---- */

/* One address for all that wait: that of the last one. */
static void answer_last_peer(struct datagram_server *s, struct datagram *d)
{
    d->route.peer = s->items[s->count - 1].route.peer;
    datagram_answer(s, d, content(d));
}

/* With many at once every second one gets the buffer of the one before. */
static void share_buffer(struct datagram_server *s, struct datagram *d)
{
    const struct datagram *before = d - (s->count >= s->fault->limit && (d - s->items) % 2);

    datagram_answer(s, d, content(before->len == d->len ? before : d));
}

/* A sockaddr_in for all that come, which an IPv4-mapped address is taken for, and is none. */
static void miss_mapped(struct datagram_server *s, struct datagram *d)
{
    struct sockaddr_in6 from;

    memcpy(&from, &d->route.peer.storage, sizeof(from));
    if (!IN6_IS_ADDR_V4MAPPED(&from.sin6_addr))
        datagram_answer(s, d, content(d));
}

/* What the first recvfrom() said of the family stands for all that follow. */
static void answer_first_family(struct datagram_server *s, struct datagram *d)
{
    static bool known;
    static bool mapped;
    struct sockaddr_in6 from;

    memcpy(&from, &d->route.peer.storage, sizeof(from));
    bool is_mapped = IN6_IS_ADDR_V4MAPPED(&from.sin6_addr);
    mapped = known ? mapped : is_mapped;
    known = true;
    if (mapped == is_mapped)
        datagram_answer(s, d, content(d));
}

/* struct sockaddr has 16 octets, which is enough for an autobound name, but not for a path. */
static void shorten_address(struct datagram_server *s, struct datagram *d)
{
    if (d->route.peer.len > SHORT_ADDRESS)
        d->route.peer.len = SHORT_ADDRESS;
    datagram_answer(s, d, content(d));
}

/* ---- from where ---- */

/* One of five workers has a socket of its own. */
static void answer_elsewhere(struct datagram_server *s, struct datagram *d)
{
    static int other = -1;
    static unsigned count;

    if (other < 0)
        other = socket(address_family(&d->route.peer), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (++count % s->fault->limit == 0)
        datagram_answer_from(s, other, d, content(d));
    else
        datagram_answer(s, d, content(d));
}

/* An answer for each of its interfaces. */
static void answer_all_twice(struct datagram_server *s, struct datagram *d)
{
    datagram_answer(s, d, content(d));
    if (d->route.to_many)
        datagram_answer(s, d, content(d));
}

/* ---- errors ---- */

static void die_of(const char *call, int error)
{
    char why[64];

    text_format(why, sizeof(why), "%s: %s", call, strerror(error));
    run_die(why);
}

static void die_of_send(struct datagram_server *s UNUSED, int error, bool sending)
{
    if (sending)
        die_of("sendto", error);
}

static void die_of_vanished(struct datagram_server *s UNUSED, int error, bool sending)
{
    if (sending && (error == ECONNREFUSED || error == ENOENT))
        die_of("sendto", error);
}

static void count_receive(struct datagram_server *s, int error, bool sending)
{
    static unsigned failed;

    if (!sending && ++failed > s->fault->limit)
        die_of("recvfrom", error);
}

/* The error is taken for one of the next client. */
static bool next_is_lost;

static void lose_next(struct datagram_server *s UNUSED, int error UNUSED, bool sending)
{
    next_is_lost |= !sending;
}

static void answer_unless_lost(struct datagram_server *s, struct datagram *d)
{
    if (!next_is_lost)
        datagram_answer(s, d, content(d));
    next_is_lost = false;
}

/* ---- load ---- */

/* What comes while it answers is not wanted. */
static void throw_away_rest(struct datagram_server *s)
{
    uint8_t octet;

    while (recv(s->run->listener, &octet, 1, MSG_DONTWAIT) >= 0)
        continue;
}

static void give_up_under_load(struct datagram_server *s)
{
    s->mute |= s->in_a_row > s->fault->limit;
}

static void keep_peer(struct datagram_server *s, struct datagram *d)
{
    static void *peers[PORTS];
    void **peer = &peers[address_port(&d->route.peer)];

    if (!*peer) {
        *peer = malloc(RECORD);
        if (*peer)
            memset(*peer, 1, RECORD);
    }
    datagram_answer(s, d, content(d));
}

static void keep_socket(struct datagram_server *s, struct datagram *d)
{
    static bool known[PORTS];
    bool *peer = &known[address_port(&d->route.peer)];

    if (!*peer)
        *peer = socket(address_family(&d->route.peer), SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0;
    datagram_answer(s, d, content(d));
}

static const struct twin twins[] = {
    {
        .name = "udp-one-address",
        .check = "datagram.echo.to-source",
        .transport = "udp",
        .what = "answers all that wait at the address of the last one",
        .datagram = {.turn_ms = 2, .batch = 16, .answer = answer_last_peer},
    },
    {
        .name = "udp-buffer-shared-by-16",
        .check = "datagram.conc.no-crosstalk",
        .transport = "udp",
        .what = "mixes up buffers when 16 datagrams wait",
        .datagram = {.limit = 16, .turn_ms = 2, .batch = 64, .answer = share_buffer},
    },
    {
        .name = "udp-buffer-shared-by-4",
        .check = "datagram.conc.side-by-side",
        .transport = "udp",
        .what = "mixes up buffers when four datagrams wait",
        .datagram = {.limit = 4, .turn_ms = 2, .batch = 64, .answer = share_buffer},
    },
    {
        .name = "udp-other-socket",
        .check = "datagram.src.reply-to-source-port",
        .transport = "udp",
        .what = "sends every fifth answer from another port",
        .datagram = {.limit = 5, .answer = answer_elsewhere},
    },
    {
        .name = "udp-any-address",
        .check = "datagram.src.reply-from-requested-address",
        .transport = "udp6",
        .what = "leaves it to the kernel from which of its addresses it answers",
        .datagram = {.no_destination = true},
    },
    {
        .name = "udp6-mapped-unanswered",
        .check = "datagram.src.dual-stack",
        .transport = "udp6",
        .what = "cannot answer a client with an IPv4-mapped address",
        .datagram = {.answer = miss_mapped},
    },
    {
        .name = "udp6-first-family",
        .check = "datagram.src.addrlen-initialised",
        .transport = "udp6",
        .what = "answers clients of the family of its first client only",
        .datagram = {.answer = answer_first_family},
    },
    {
        .name = "udp-port-zero-fatal",
        .check = "datagram.src.port-zero",
        .transport = "udp",
        .what = "dies when an answer cannot be sent",
        .datagram = {.answers_anybody = true, .failed = die_of_send},
    },
    {
        .name = "udp-broadcast-twice",
        .check = "datagram.src.broadcast-request",
        .transport = "udp",
        .what = "answers a broadcast twice",
        .datagram = {.answer = answer_all_twice},
    },
    {
        .name = "udp-burst-cut",
        .check = "datagram.burst.all-answered",
        .transport = "udp",
        .what = "answers 16 of those that wait, and throws the rest away",
        .datagram = {.turn_ms = 2, .batch = 16, .turn = throw_away_rest},
    },
    {
        .name = "udp-overload-stays",
        .check = "datagram.burst.overload-recovers",
        .transport = "udp",
        .what = "answers nobody any more when it found 100 datagrams in a row",
        .datagram = {.limit = 100, .turn_ms = 3, .turn = give_up_under_load},
    },
    {
        .name = "udp-error-for-next",
        .check = "datagram.icmp.unreachable-survival",
        .transport = "udp",
        .what = "takes an ICMP error for one of the next client",
        .datagram = {.takes_errors = true, .answer = answer_unless_lost, .failed = lose_next},
    },
    {
        .name = "udp-errors-counted",
        .check = "datagram.icmp.vanished-clients",
        .transport = "udp",
        .what = "dies of the 21st ICMP error",
        .datagram = {.limit = 20, .takes_errors = true, .failed = count_receive},
    },
    {
        .name = "udp-peers-kept",
        .check = "datagram.leak.many-peers",
        .transport = "udp",
        .what = "keeps 4 KiB for every port that ever sent",
        .datagram = {.answer = keep_peer},
    },
    {
        .name = "udp-socket-for-each",
        .check = "datagram.leak.many-peers",
        .transport = "udp",
        .what = "opens a socket for every port that ever sent",
        .datagram = {.answer = keep_socket},
    },
    {
        .name = "udp-errors-unread",
        .check = "datagram.idle.no-spin",
        .transport = "udp",
        .what = "asks for reports of ICMP errors and does not read them",
        .datagram = {.takes_errors = true, .leaves_errors = true},
    },
    {
        .name = "unix-dgram-nameless-fatal",
        .check = "unix.dgram.unbound-client",
        .transport = "unix-dgram",
        .what = "dies of a client without a name",
        .datagram = {.answers_anybody = true, .failed = die_of_send},
    },
    {
        .name = "unix-dgram-short-address",
        .check = "unix.dgram.path-client",
        .transport = "unix-dgram",
        .what = "keeps 16 octets of an address",
        .datagram = {.answer = shorten_address},
    },
    {
        .name = "unix-dgram-vanished-fatal",
        .check = "unix.dgram.vanished-client",
        .transport = "unix-dgram",
        .what = "dies when a client has gone before its answer",
        .datagram = {.failed = die_of_vanished},
    },
    {
        .name = "unix-dgram-send-blocks",
        .check = "unix.dgram.nonreading-client",
        .transport = "unix-dgram",
        .what = "waits until the client has room for its answer",
        .datagram = {.waits_for_room = true},
    },
};

TWINS(peers);
