/*
 * A server of MSGPROG with the further procedures of plant_args.h: one message in, its replies out.
 * It stores texts, and caches the replies to calls that must not be executed twice, for transports
 * on which calls are sent again. Faults can be planted (plant.h).
 */
#ifndef FUZZ_PLANTED_PLANT_SERVICE_H
#define FUZZ_PLANTED_PLANT_SERVICE_H

#include "fuzz/planted/plant_args.h"
#include "fuzz/planted/plant_call.h"

enum plant_procedure {
    PLANT_NULL,
    PLANT_SAVEMSG,
    PLANT_READMSG,
    PLANT_LIST,
    PLANT_ARRAY,
    PLANT_ATTRS,
    PLANT_NOTIFY,
    PLANT_KEYS,
    PLANT_PROCEDURES,
};

enum {
    PLANT_TEXTS_MAX = 64, /* stored; SAVEMSG gives 0 for more */
    PLANT_TEXT_MAX = 8192,
    PLANT_CACHE_MAX = 256,
    PLANT_WAITERS_MAX = 16,
    PLANT_ADDRESS = 16, /* octets of a caller's address */
};

struct plant_cached {
    uint32_t caller, xid, digest;
    uint8_t *message;
    size_t message_len;
    uint8_t *reply;
    size_t reply_len;
};

/* Whoever asked to be notified; `address` is a copy. */
struct plant_waiter {
    uint8_t *address;
    uint32_t events;
};

struct plant_service {
    void (*send)(void *to, struct slice reply);
    void *to;
    struct buf out; /* the reply that is being made */

    size_t texts_count;
    struct plant_string texts[PLANT_TEXTS_MAX];
    size_t lines, words; /* that were in them, as statistics */

    uint32_t digest; /* of the message that came, where it may come again */
    size_t cached_count;
    struct plant_cached cached[PLANT_CACHE_MAX];

    size_t waiters_count;
    struct plant_waiter waiters[PLANT_WAITERS_MAX];
    uint32_t notified; /* what they were told, as one number */

    struct plant_sys *sys; /* of the last AUTH_SYS credential, or NULL */

    /* Only with faults. */
    struct plant_keys partial;
    const uint32_t *verifier;
    uint8_t *kept;
    size_t kept_len;
};

/* Empty. Replies go to send(to, ...), which may not keep them. */
void plant_service_open(struct plant_service *s, void (*send)(void *to, struct slice reply),
                        void *to);
void plant_service_close(struct plant_service *s);

/* From whom a message comes. On a transport where a call may be sent again `again` is true. The
   address, PLANT_ADDRESS octets, is valid until the next message comes. */
struct plant_caller {
    uint32_t number;
    bool again;
    uint8_t *address;
};

/* A message. It ends where its memory does. Returns what it was. */
enum plant_form plant_service_take(struct plant_service *s, const struct plant_caller *caller,
                                   struct slice message);

#endif
