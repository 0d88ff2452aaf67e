/*
 * The server of the RPC twins: one thread, one epoll set, clients on streams and datagrams. It is
 * right in everything, with places where a fault cuts in.
 */
#ifndef REFERENCE_TWINS_RPC_SERVER_H
#define REFERENCE_TWINS_RPC_SERVER_H

#include <sys/types.h>

#include "harness/net/net.h"
#include "reference/store/store.h"
#include "reference/twins-rpc/request.h"
#include "reference/wire/record.h"

enum { SERVER_PLACES_MAX = 8, SERVER_CHUNK = 16384, SERVER_DATAGRAM = 65536 };

/* What the loop calls when a descriptor is ready: the first member of places and peers. */
struct source {
    int fd;
    void (*ready)(struct server *s, struct source *source);
};

struct place {
    struct source source;
    struct endpoint at; /* with the port that was chosen */
    const char *netid;
};

/* A client on a stream. */
struct peer {
    struct source source;
    struct server *server;
    const struct place *place;
    struct peer *next;
    struct peer **link; /* what points to this one: the list's head or another's next */
    bool over;          /* nothing more is read; the connection ends when all is sent */
    bool lingers;       /* ... by FIN; what still comes is thrown away until the client ends, too */
    bool fin_sent;
    uint64_t memo; /* what the fault keeps of this client */
    uint32_t watched;

    /* The record at hand (RFC 5531 11). */
    uint8_t mark[RECORD_MARK];
    unsigned mark_len;
    uint32_t left; /* octets of the fragment that are still to come */
    bool last;
    unsigned fragments; /* of this record, the one at hand included */
    struct buf record;
    unsigned records; /* that became whole with the last read */

    struct buf out; /* replies that are not sent yet */
    bool cut;       /* ... of which the first one is sent in part */
    size_t discarded;
    size_t begin; /* chunk[begin .. end) is not used yet */
    size_t end;
    uint8_t chunk[SERVER_CHUNK];
};

struct stream_fault {
    unsigned most;       /* connections at a time; 0: as many as there are descriptors */
    bool backwards;      /* replies that wait go out in the order of the latest first */
    size_t fragment_max; /* replies go out in fragments of so many octets, with an empty one in
                            front of each; 0: in one */
    /* Octets came: they are in the chunk. */
    enum act (*received)(struct peer *p);
    /* The header of a fragment came: `left` and `last` may be changed. */
    enum act (*header)(struct peer *p);
    /* A fragment is complete, and not the last. */
    enum act (*fragment)(struct peer *p);
    /* A record is complete. ACT_SKIP: it is not answered. */
    enum act (*whole)(struct peer *p);
    /* The client sends no more. */
    enum act (*ended)(struct peer *p);
    /* In place of send(2). */
    ssize_t (*send)(struct peer *p, struct slice octets);
    /* The connection is about to be closed; true: it is left open for ever. */
    bool (*leave)(struct peer *p);
};

struct datagram_fault {
    size_t buffer;   /* what recvmsg(2) is given; 0: SERVER_DATAGRAM */
    bool denies_all; /* answers errors also to a broadcast address */
    bool any_end;    /* replies come from the address that the kernel chooses */
    bool backwards;  /* what came together is answered in the order of the latest first */
    /* A datagram came. */
    enum act (*came)(struct server *s, struct slice came);
};

struct fault {
    size_t limit; /* a number for the hooks */
    struct message_fault message;
    struct stream_fault stream;
    struct datagram_fault datagram;
    unsigned registry; /* enum registry_fault */
    const char *netid; /* under which the registry itself stands in its list once more, or NULL */
};

struct server {
    const struct fault *fault;
    const struct program *program;
    struct store *store;
    int epoll;
    bool stop;
    bool full; /* the listeners are not watched for a while */
    struct source stop_source;
    struct place places[SERVER_PLACES_MAX];
    size_t count;
    struct peer *peers;
    unsigned open;
    uint64_t memo; /* what the fault keeps of all datagrams */
};

/* Serves the places, whose descriptors are open, until `stop` is readable. */
bool server_run(struct server *s, int stop);

bool server_watch(const struct server *s, int how, struct source *source, uint32_t events);
void server_has_room(struct server *s);

/* Waits until the descriptor is ready for the poll(2) events, whoever else has to wait. False where
   the twin is to end. */
bool server_wait(const struct server *s, int fd, short events);

void peer_welcome(struct server *s, const struct place *place, int fd);
void peers_end(struct server *s);

/* For hooks: answers the octets of the record so far. */
enum act peer_answer(struct peer *p);
void peer_frame(struct peer *p, struct slice message);

void datagram_ready(struct server *s, struct source *source);

#endif
