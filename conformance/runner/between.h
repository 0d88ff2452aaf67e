/*
 * A proxy of the check's own between us and the target (harness/fault), in a process of its own, so
 * that it works on while the check waits. What it decides is a pure function of schedule, seed,
 * client, direction and number, so the check knows what became of each of its datagrams without
 * asking; what the check cannot know (whether the target has spoken since) stands in a page that
 * both share.
 */
#ifndef CONFORMANCE_RUNNER_BETWEEN_H
#define CONFORMANCE_RUNNER_BETWEEN_H

#include "conformance/runner/check.h"

/* A datagram has gone out on the connection. Returns how many copies of it go on to the target;
   1 without a proxy. */
unsigned between_sent(struct check_ctx *c, struct conn *conn, size_t len);

/* A connection is made: the proxy's next client. Nothing without a proxy. */
void between_dialled(struct check_ctx *c, struct conn *conn);

/* Whether replies may be repeated on their way, unknown to us. */
bool between_repeats(const struct check_ctx *c);

/* Where nothing came on the connection: true where the target owes us that, because nothing has
   come from it for the target's patience since a datagram of this connection has reached it. */
bool between_silence_is_theirs(const struct check_ctx *c, const struct conn *conn);

/* Ends the proxy, writes what it did into the transcript, and says behind the reason of a broken
   claim what stood between. What the proxy lost of itself makes it trouble of ours. */
void between_end(struct check_ctx *c);

#endif
