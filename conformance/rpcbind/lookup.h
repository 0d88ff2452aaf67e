/*
 * Steps of the checks of rpcbind: questions to the three versions of the lookup service, judged as
 * far as every question is (one reply, SUCCESS, results that can be read to their end), and
 * registrations that are taken back.
 *
 * What a check registers belongs to a program number of its own, a transient one (RFC 5531 13.3)
 * that nobody has registered, at addresses where a socket of the check really is: a registry may
 * look whether anybody is there. lookup_close removes all of it, also where the check is settled.
 */
#ifndef CONFORMANCE_RPCBIND_LOOKUP_H
#define CONFORMANCE_RPCBIND_LOOKUP_H

#include "conformance/runner/calls.h"
#include "harness/rpc/bind.h"

enum {
    LOOKUP_PLACES_MAX = 16,
    LOOKUP_SETS_MAX = 48,
    LOOKUP_TEXT_MAX = 160,
    LOOKUP_ARGS_MAX = 2048
};

struct lookup_set {
    uint32_t prog, vers;
    uint32_t by; /* the version of rpcbind that it was said in */
    char netid[16];
};

struct lookup {
    struct check_ctx *c;
    struct conn *conn;              /* to the registry; a datagram socket without a peer */
    const struct bind_netid *netid; /* of the transport at hand */
    const char *other;              /* another transport, of the same family where it has two */
    uint32_t version;               /* of rpcbind: 3 or 4 */
    uint32_t prog;                  /* a transient one */
    int places[LOOKUP_PLACES_MAX];  /* sockets at registered addresses */
    char uaddrs[LOOKUP_PLACES_MAX][LOOKUP_TEXT_MAX]; /* ... as universal addresses */
    size_t place_count;
    struct lookup_set sets[LOOKUP_SETS_MAX]; /* to be removed at the end */
    size_t set_count;
};

/* Dials and finds a program number, in this version or in version 4. lookup_close belongs to each.
 */
void lookup_open_version(struct lookup *l, struct check_ctx *c, uint32_t version);
void lookup_open(struct lookup *l, struct check_ctx *c);
void lookup_close(struct lookup *l);

/* Runs the body for versions 3 and 4, each with a program of its own. */
void lookup_each(struct check_ctx *c, void (*body)(struct lookup *l));

/* The universal address of a new socket for this netid: a view of *l. "" where the check is
   settled, as it is with trouble where there is no room or no socket. */
const char *lookup_place(struct lookup *l, const char *netid);

/* The same for the port mapper, which has ports for addresses; 0 in place of "". */
uint16_t lookup_place_port(struct lookup *l, const char *netid);

/* ---- questions ---- */

/* One call, not judged; `again`: a datagram may be sent again. */
void lookup_say(struct lookup *l, const struct onc_call *call, bool again, struct heard *ret);

/* A call of the registry: its version and procedure. */
struct onc_call lookup_call_of(struct lookup *l, uint32_t vers, uint32_t proc, struct slice args);

/* The results of a call that must succeed: a view, valid until replies to CHECK_KEPT further
   messages have come. Empty where it did not, which settles the check. */
struct slice lookup_call(struct lookup *l, uint32_t vers, uint32_t proc, struct slice args);

/* Opens a cursor over the results; lookup_read judges that it came to the end. */
void lookup_read(struct lookup *l, struct wire_in *in, const char *what);

/* A mapping of l->prog as an argument. */
struct bind_rpcb lookup_rpcb(const struct lookup *l, uint32_t vers, const char *netid,
                             const char *uaddr);

bool lookup_set(struct lookup *l, const struct bind_rpcb *b);
bool lookup_unset(struct lookup *l, const struct bind_rpcb *b);

/* GETADDR or GETVERSADDR: the address, a view that lasts for some more questions. */
struct slice lookup_addr(struct lookup *l, uint32_t proc, const struct bind_rpcb *b);

/* How many entries of DUMP have this program, version and netid; with the address where that is
   not empty. */
unsigned lookup_dumped(struct lookup *l, const struct bind_rpcb *b);

/* The port mapper's. */
bool lookup_pmap(struct lookup *l, uint32_t proc, const struct bind_mapping *m);
uint32_t lookup_port(struct lookup *l, const struct bind_mapping *m);

/* ---- judging ---- */

/* The address is at the same port or path as the one that was registered: the registry may answer
   with a host by which the caller reaches it. */
bool lookup_same_place(const struct lookup *l, struct slice got, const char *registered);

/* Breaks the claim unless it holds; the version is told with it. */
void lookup_judge(struct lookup *l, bool holds, const char *expected, const char *actual, ...)
    PRINTF_LIKE(4, 5);

/* A registry's string as it may be shown; lasts until the next but three. */
const char *lookup_shown(struct slice text);

#endif
