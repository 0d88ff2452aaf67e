/* What a check keeps for the evidence of its failure. */
#include "conformance/runner/witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "conformance/runner/conn.h"
#include "harness/base/deadline.h"
#include "harness/net/sockdiag.h"

enum {
    SOCKETS_MAX = 64, /* that are told of; a target of load tests may have thousands */
    LINE_LEN = 512,
    SAID_MAX = 4096, /* of each stream of a process of the check's own */
    SILENCE_TENTHS = 9,
};

/* ---- the label ---- */

static int64_t wall_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static enum exhibit_medium medium_of(const struct endpoint *e)
{
    if (e->kind == ENDPOINT_UNIX_SEQPACKET)
        return EXHIBIT_RECORDS;
    return endpoint_is_datagram(e) ? EXHIBIT_DATAGRAMS : EXHIBIT_STREAM;
}

static void put_place(struct check_ctx *c, struct tape_label *label, const struct address *place)
{
    bool unix = address_family(place) == AF_UNIX;
    char text[ADDRESS_TEXT_MAX];

    address_format(place, text, sizeof(text));
    text_copy(label->path, sizeof(label->path), unix ? text : "");
    label->medium = medium_of(&c->target.endpoint);
    label->ip_len = address_octets(place, label->target_ip);
    label->port = address_port(place);
    if (!label->our_ip_known)
        memcpy(label->our_ip, label->target_ip, sizeof(label->our_ip));
}

void witness_begin(struct check_ctx *c)
{
    if (!c->tape)
        return;
    struct tape_label *label = tape_label(c->tape);
    label->used = true;
    label->began_us = wall_us();
    label->we_serve = c->target.client != NULL;
    put_place(c, label, &c->target.address);
}

void witness_place(struct check_ctx *c, const struct address *place)
{
    if (c->tape)
        put_place(c, tape_label(c->tape), place);
}

/* Where we are seen from another machine is known by the first connection that goes there. */
static void note_our_address(struct check_ctx *c, unsigned number)
{
    struct tape_label *label = tape_label(c->tape);
    struct address near;

    if (label->our_ip_known || label->ip_len == 0)
        return;
    for (size_t i = 0; i < CHECK_CONNS_MAX; i++) {
        const struct conn *conn = &c->conns[i];

        if (!conn->used || conn->number != number || conn->fd < 0)
            continue;
        uint8_t ip[ADDRESS_OCTETS_MAX];
        if (net_local(conn->fd, endpoint_socktype(&c->target.endpoint), &near) &&
            !address_is_wildcard(&near) && address_octets(&near, ip) == label->ip_len) {
            memcpy(label->our_ip, ip, label->ip_len);
            label->our_ip_known = true;
        }
    }
}

/* ---- acts ---- */

void witness_event(struct check_ctx *c, const struct event *e, struct slice octets)
{
    struct act act = {.t_us = e->t_us,
                      .who = e->who,
                      .kind = e->kind,
                      .connection = e->connection,
                      .octets = octets,
                      .what = e->what};

    if (!c->tape || e->kind == EVENT_WORDS)
        return;
    if (e->kind == EVENT_OPENED)
        note_our_address(c, e->connection);
    tape_put(c->tape, &act);
}

void witness_act(struct check_ctx *c, const struct conn *conn, enum event_kind kind, enum who who,
                 struct slice octets)
{
    char what[EVENT_WHAT_MAX];
    struct act act = {.t_us = deadline_now_us() - c->began_us,
                      .who = who,
                      .kind = kind,
                      .connection = conn->number,
                      .octets = octets,
                      .what = what};

    if (!c->tape || !check_alive(c))
        return;
    static const char *const words[EVENT_KINDS] = {
        [EVENT_OPENED] = "one of many that were begun at once",
        [EVENT_OCTETS] = "octets that are not judged",
        [EVENT_WORDS] = "how it goes on",
    };

    text_format(what, sizeof(what), "connection %u: %s", conn->number,
                words[kind] ? words[kind] : "");
    tape_put(c->tape, &act);
}

void witness_mark(struct check_ctx *c, unsigned flags)
{
    if (c->tape && check_alive(c))
        tape_mark(c->tape, flags);
}

void witness_flags(struct check_ctx *c, const struct conn *conn, unsigned flags)
{
    witness_act(c, conn, EVENT_WORDS, WHO_US, slice_of(NULL, 0));
    witness_mark(c, flags);
}

/* ---- sockets ---- */

struct look {
    struct check_ctx *c;
    struct buf out;
    const char *kind;
    unsigned shown;
    unsigned more;
    unsigned over; /* in TIME-WAIT: nobody's any more */
};

/* The name of a state in <netinet/tcp.h>. */
static const char *state_name(unsigned state, char *room, size_t cap)
{
    static const char *const names[] = {NULL,          "ESTABLISHED", "SYN-SENT",  "SYN-RECEIVED",
                                        "FIN-WAIT-1",  "FIN-WAIT-2",  "TIME-WAIT", "CLOSED",
                                        "CLOSE-WAIT",  "LAST-ACK",    "LISTEN",    "CLOSING",
                                        "SYN-RECEIVED"};

    if (state < ARRAY_LEN(names) && names[state])
        return names[state];
    text_format(room, cap, "state %u", state);
    return room;
}

/* Whose the socket is, as far as that can be seen. */
static void put_owner(struct look *l, uint64_t inode)
{
    const struct check_ctx *c = l->c;
    struct stat status;

    for (size_t i = 0; i < CHECK_CONNS_MAX; i++) {
        const struct conn *conn = &c->conns[i];

        if (inode == 0 || !conn->used || conn->fd < 0 || fstat(conn->fd, &status) != 0 ||
            status.st_ino != inode)
            continue;
        buf_printf(&l->out, ", ours: connection %u", conn->number);
        return;
    }
    if (inode != 0 && c->target.pid > 0 && procview_holds_socket(c->target.pid, inode))
        buf_printf(&l->out, ", the target's (process %d or what it has started)",
                   (int)c->target.pid);
    else if (inode == 0)
        buf_put_str(&l->out, ", no process has it any more");
}

static bool has_room(struct look *l)
{
    if (l->shown < SOCKETS_MAX && l->out.len + LINE_LEN < TAPE_SOCKETS) {
        l->shown++;
        return true;
    }
    l->more++;
    return false;
}

/* Where the target is, and behind a proxy of the check's where that is, too. */
static bool is_there(const struct check_ctx *c, const struct address *a)
{
    uint16_t port = address_port(a);

    return port != 0 &&
           (port == address_port(&c->target.address) || port == address_port(&c->common->address));
}

static void put_state(struct look *l, const struct sockdiag_socket *socket, bool alone)
{
    char room[32];

    if (text_eq(l->kind, "udp")) {
        buf_put_str(&l->out, alone ? " bound" : " connected");
    } else if (socket->state == SOCKDIAG_LISTEN) {
        buf_printf(&l->out, " LISTEN, %" PRIu32 " of at most %" PRIu32 " wait to be accepted",
                   socket->unread, socket->unsent);
        return;
    } else {
        buf_printf(&l->out, " %s", state_name(socket->state, room, sizeof(room)));
    }
    buf_printf(&l->out, ", %" PRIu32 " octets to be read, %" PRIu32 " on their way", socket->unread,
               socket->unsent);
    if (socket->drops > 0)
        buf_printf(&l->out, ", %" PRIu32 " dropped", socket->drops);
}

static bool note_socket(const struct sockdiag_socket *socket, void *closure)
{
    struct look *l = closure;
    bool alone = address_port(&socket->peer) == 0;
    char local[ADDRESS_TEXT_MAX];
    char peer[ADDRESS_TEXT_MAX];

    if (!(is_there(l->c, &socket->local) && l->c->target.loopback) &&
        !is_there(l->c, &socket->peer))
        return true;
    if (socket->state == SOCKDIAG_TIME_WAIT) {
        l->over++;
        return true;
    }
    if (!has_room(l))
        return true;
    address_format(&socket->local, local, sizeof(local));
    address_format(&socket->peer, peer, sizeof(peer));
    buf_printf(&l->out, "%s %s%s%s", l->kind, local, alone ? "" : " -> ", alone ? "" : peer);
    put_state(l, socket, alone);
    buf_printf(&l->out, ", inode %" PRIu64, socket->inode);
    put_owner(l, socket->inode);
    buf_put_byte(&l->out, '\n');
    return true;
}

/* The next word of a line of columns, taken out of it. */
static const char *take_word(char **at)
{
    char *begin = *at + strspn(*at, " ");
    char *end = begin + strcspn(begin, " ");

    *at = *end ? end + 1 : end;
    *end = '\0';
    return begin;
}

/* A line of /proc/net/unix (proc(5)): number, references, protocol, flags, type, state, inode, and
   the path where there is one. A socket that was accepted bears the path of its listener; one of
   ours has none. */
static void note_unix_line(struct look *l, char *line, const char *path)
{
    enum { NUMBER, REFERENCES, PROTOCOL, FLAGS, TYPE, STATE, INODE, COLUMNS };
    const char *columns[COLUMNS];

    line[strcspn(line, "\n")] = '\0';
    for (size_t i = 0; i < COLUMNS; i++)
        columns[i] = take_word(&line);
    if (!text_eq(line, path) || !has_room(l))
        return;
    bool listens = strtoul(columns[FLAGS], NULL, 16) & 0x10000; /* __SO_ACCEPTCON */
    bool connected = strtoul(columns[STATE], NULL, 16) == 3;    /* SS_CONNECTED */
    buf_printf(&l->out, "unix %s %s, inode %s", path,
               listens     ? "LISTEN"
               : connected ? "connected"
                           : "not connected",
               columns[INODE]);
    put_owner(l, strtoull(columns[INODE], NULL, 10));
    buf_put_byte(&l->out, '\n');
}

static void note_unix(struct look *l, const char *path)
{
    FILE *list = fopen("/proc/net/unix", "re");
    char line[LINE_LEN];

    if (!list) {
        buf_put_str(&l->out, "/proc/net/unix cannot be read\n");
        return;
    }
    while (fgets(line, sizeof(line), list))
        note_unix_line(l, line, path);
    fclose(list);
}

static void note_inet(struct look *l)
{
    bool datagrams = endpoint_is_datagram(&l->c->target.endpoint);
    struct problem why;

    l->kind = datagrams ? "udp" : "tcp";
    if (!sockdiag_walk(datagrams ? SOCK_DGRAM : SOCK_STREAM, note_socket, l, &why))
        buf_printf(&l->out, "the kernel does not tell: %s\n", why.text);
}

static void look_at_sockets(struct check_ctx *c, struct tape_label *label)
{
    struct look l = {.c = c};

    buf_init(&l.out, TAPE_SOCKETS);
    if (label->path[0])
        note_unix(&l, label->path);
    else
        note_inet(&l);
    if (l.more > 0)
        buf_printf(&l.out, "... and %u more\n", l.more);
    if (l.over > 0)
        buf_printf(&l.out, "and %u in TIME-WAIT\n", l.over);
    if (l.out.len == 0)
        buf_put_str(&l.out, "there is no socket at the target's place, and none leads there\n");
    text_copy(label->sockets, sizeof(label->sockets), buf_text(&l.out));
    buf_free(&l.out);
}

/* ---- settled ---- */

static void say_aside(const struct check_ctx *c, struct tape_label *label)
{
    struct buf out;

    buf_init(&out, sizeof(label->aside));
    if (c->check->needs & NEED_ROOT)
        buf_put_str(&out, "it was in a network of its own; ");
    if (c->between)
        buf_put_str(&out, "it had put a proxy with a schedule of faults between; ");
    if (c->instance)
        buf_put_str(&out, "it had started a target of its own; ");
    if (c->outcome->lowered_count > 0)
        buf_put_str(&out, "it had lowered the limits of the target's process; ");
    if (c->load)
        buf_put_str(&out, "it had a load of connections, of which the transcript has few; ");
    text_copy(label->aside, sizeof(label->aside), buf_text(&out));
    size_t len = strlen(label->aside);
    if (len > 2)
        label->aside[len - 2] = '\0';
    buf_free(&out);
}

/* A check in a helper's place may settle more than once; the first time is what is told. */
void witness_settled(struct check_ctx *c)
{
    struct tape_label *label = c->tape ? tape_label(c->tape) : NULL;

    if (!label || label->settled)
        return;
    if (!c->between && !label->we_serve)
        put_place(c, label, &c->target.address);
    label->settled_us = deadline_now_us() - c->began_us;
    label->silent = label->settled_us - tape_last_us(c->tape) >=
                    c->target.patience_ms * 1000 / 10 * SILENCE_TENTHS;
    label->inside = (c->check->needs & NEED_LOCAL) != 0;
    label->settled = true;
    say_aside(c, label);
    look_at_sockets(c, label);
}

/* ---- processes ---- */

static void put_tail(struct buf *out, const char *name, const struct tail *tail)
{
    struct slice words = slice_of(tail->text, tail->len);

    words = slice_from(words, words.len - size_min(words.len, SAID_MAX));
    buf_printf(out, "its standard %s%s\n", name,
               words.len == 0                      ? ": nothing"
               : tail->total > (uint64_t)words.len ? " ends:"
                                                   : ":");
    buf_put(out, words);
    if (words.len > 0 && words.data[words.len - 1] != '\n')
        buf_put_byte(out, '\n');
}

void witness_process(struct check_ctx *c, const char *who, struct process *process)
{
    struct buf out;
    char how[128];

    if (!c->tape || c->outcome->kind == OUTCOME_HELD)
        return;
    struct tape_label *label = tape_label(c->tape);
    process_ended(process);
    process_read(process);
    process_end_text(process, how, sizeof(how));
    buf_init(&out, 3 * SAID_MAX);
    buf_printf(&out, "%s %s\n", who, how);
    put_tail(&out, "error", &process->complained);
    put_tail(&out, "output", &process->said);
    text_copy(label->own, sizeof(label->own), buf_text(&out));
    buf_free(&out);
}
