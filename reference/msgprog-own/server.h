/*
 * The own MSGPROG server: one thread, one epoll set. Everything that can become ready is a source;
 * nothing ever waits for one peer, so none can hold up another.
 */
#ifndef REFERENCE_MSGPROG_OWN_SERVER_H
#define REFERENCE_MSGPROG_OWN_SERVER_H

#include "reference/setup/setup.h"

struct server;
struct peer;

/* What the loop calls when a descriptor is ready. The first member of listeners, peers, ... */
struct source {
    int fd;
    void (*ready)(struct server *s, struct source *source);
};

struct server {
    struct store *store;
    int epoll;
    bool stop; /* asked to end */
    bool full; /* out of descriptors or memory: the listeners are not watched for a while */
    struct source stop_source;
    struct source places[SETUP_PLACES_MAX];
    size_t count;
    struct peer *peers; /* clients on streams, a list */
    size_t record_max;  /* octets of a message on a stream; a longer one ends its connection */
};

/* Serves the places of the set-up until `stop` is readable. False where the machine fails. */
bool server_run(struct server *s, const struct setup *setup, int stop);

/* Starts or changes what a source is watched for. False where epoll refuses it. */
bool server_watch(const struct server *s, int how, struct source *source, uint32_t events);

/* A descriptor has become free: clients who wait may come in again. */
void server_has_room(struct server *s);

/* A client on a stream that has just been accepted; owns the descriptor. */
void peer_welcome(struct server *s, int fd);

/* Ends all of them. */
void peers_end(struct server *s);

/* Answers the datagrams that are there. */
void datagram_ready(struct server *s, struct source *source);

#endif
