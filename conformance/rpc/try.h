/* Steps that files of RPC checks share: one message on a connection of its own, and what may
   become of a message that is wrong. */
#ifndef CONFORMANCE_RPC_TRY_H
#define CONFORMANCE_RPC_TRY_H

#include "conformance/runner/calls.h"

enum { TRY_WHAT = 120, TRY_TEXT = 160, TRY_UNKNOWN_FLAVOR = 99 };

/* A credential or verifier of so many octets that say nothing. At most 65536. */
struct onc_auth try_auth(uint32_t flavor, size_t octets);

/* Says the call on a connection of its own; with `due` it is idempotent, and a reply must come.
   try_close ends that connection, where it still is, once the reaction is judged. */
void try_call(struct check_ctx *c, const struct onc_call *call, bool due, struct heard *ret);
void try_close(struct check_ctx *c, struct heard *h);

/* A NULL call with this credential, in the same way. */
void try_cred(struct check_ctx *c, struct onc_auth cred, bool due, struct heard *ret);

/* Calls without arguments that bring about replies of different kinds: each status that a call can
   have, and a denial (or what else an unknown flavor brings). */
enum { TRY_KINDS = 5 };
struct onc_call try_kind(struct check_ctx *c, size_t kind);
const char *try_kind_name(size_t kind);

/*
 * A server may answer in any order, so that a reply may come behind the answer to the fence. Where
 * none is due for certain, nobody waits until patience ends: a few more fences, with short pauses,
 * give a parallel server its time.
 */
void try_linger(struct check_ctx *c, struct heard *h);

/* The call was carried out. */
bool try_succeeded(const struct heard *h);

/* The call was denied by AUTH_ERROR. */
bool try_denied(const struct heard *h);

/*
 * Judges the reaction to a message that must not be carried out. What the RFC leaves open is all
 * sound: one reply that says no, silence, an end of the connection. Not sound are SUCCESS, a second
 * reply, and a connection that is neither served any more nor ended.
 */
void try_refused(struct check_ctx *c, struct heard *h, const char *what);

/* As try_refused, but the message may be carried out as well. */
void try_survived(struct check_ctx *c, struct heard *h, const char *what);

/* A well-formed call with a credential that the target need not like: SUCCESS, or one reply that
   tells why not. */
void try_reasoned(struct check_ctx *c, struct heard *h, const char *what);

/* True where a call of an unknown flavor is carried out: the target looks at no credential, and
   nothing about the refusal of one can be said. */
bool try_takes_any(struct check_ctx *c);

#endif
