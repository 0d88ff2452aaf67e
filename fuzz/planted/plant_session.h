/*
 * The transports of the planted server (plant_service.h), over memory: streams with record marking
 * (RFC 5531 11), of which a few can be open at once, and datagrams. Faults can be planted
 * (plant.h).
 */
#ifndef FUZZ_PLANTED_PLANT_SESSION_H
#define FUZZ_PLANTED_PLANT_SESSION_H

#include "fuzz/planted/plant_service.h"

enum {
    PLANT_PLACES = 8,         /* connections at once */
    PLANT_RECORD_MAX = 65536, /* octets; a longer one breaks its connection */
    PLANT_DATAGRAM_MAX = 4096,
};

struct plant_connection {
    bool used;
    bool broken;    /* what comes is thrown away */
    uint32_t noise; /* of what was thrown away, as statistics */
    uint32_t number;
    uint8_t *address;
    uint8_t mark[4];
    size_t mark_len;
    bool in_fragment, last;
    uint32_t due; /* octets of the fragment that did not come yet */
    uint8_t *record;
    size_t record_len;
};

struct plant_session {
    struct plant_service service;
    struct plant_connection connections[PLANT_PLACES];
    bool armed; /* the datagrams */
    uint8_t *caller;
    uint8_t datagram[PLANT_DATAGRAM_MAX]; /* the one that came, and what was there before */
};

void plant_session_open(struct plant_session *s, void (*send)(void *to, struct slice reply),
                        void *to);
void plant_session_close(struct plant_session *s);

/* A client connects; `reset`: it has gone again before it is accepted. Returns the connection, or
   -1 where it has gone, or where there is no room: then it has to try again once another was hung
   up.
 */
int plant_dial(struct plant_session *s, bool reset);
void plant_hang_up(struct plant_session *s, int connection);

/* Octets of a connection. Returns how many were consumed: all of them. */
size_t plant_receive(struct plant_session *s, int connection, struct slice octets);

/* What is in the room for datagrams, before one comes. It is none of anybody's business. */
void plant_fill(struct plant_session *s, uint8_t octet);

/* A datagram of the caller of that number. Octets over PLANT_DATAGRAM_MAX are lost. */
void plant_datagram(struct plant_session *s, uint32_t caller, struct slice octets);

#endif
