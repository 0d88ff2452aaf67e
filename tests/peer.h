/*
 * A peer for the steps of checks: a small server in a process of its own that answers right, and
 * does one thing wrong when its turn has come. It listens before peer_start returns, so that nobody
 * has to wait for it, serves each connection in a further process, and ends with peer_stop or with
 * the test.
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include <sys/types.h>

#include "harness/net/net.h"

/* What the peer does with a piece that it has read. All but PEER_MUTE happen once. */
enum peer_deed {
    PEER_ECHO,  /* sends it back: the right thing */
    PEER_MUTE,  /* from now on says nothing, and reads on */
    PEER_LOSE,  /* does not answer this one */
    PEER_SHORT, /* leaves out the last octet */
    PEER_WRONG, /* changes the last octet */
    PEER_TWICE, /* sends it twice, at once */
    PEER_LONG,  /* sends one octet more, at once */
    PEER_AHEAD, /* sends one octet too many in front of it */
    PEER_LATER, /* sends it, and once more in front of the next answer */
    PEER_HALF,  /* sends the first half and closes */
    PEER_CLOSE, /* closes without an answer */
    PEER_RESET, /* resets without an answer */
    PEER_LATE,  /* answers after ms */
    PEER_SLOW,  /* answers octet by octet, ms apart */
    PEER_IDLE,  /* reads nothing more for ms, then goes on */
};

/* What it does when the client has ended its side. */
enum peer_end {
    PEER_END_CLOSES, /* closes, too: the right thing */
    PEER_END_STAYS,  /* keeps the connection open */
    PEER_END_RESETS,
    PEER_END_TALKS, /* sends an octet, then closes */
};

struct peer_script {
    enum peer_deed deed;
    unsigned after; /* so many pieces are answered right before the deed; all connections together
                       for datagrams, each by itself else */
    unsigned ms;
    enum peer_end end;
    const char *prefix; /* in front of every answer; or NULL */
    bool greets;        /* sends an octet before anybody asks */
    bool silent;        /* never answers: a discard server */
    bool source;        /* sends without end and reads nothing */
};

struct peer {
    pid_t pid;
    struct endpoint endpoint;
    struct address address;
};

/* Starts a peer of this kind; unix paths are made in the folder. */
void peer_start(struct peer *p, enum endpoint_kind kind, const struct peer_script *script,
                const char *folder);
void peer_stop(struct peer *p);

#endif
