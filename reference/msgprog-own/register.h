/*
 * Registration with the rpcbind of this machine, spoken by hand: version 4 of its protocol
 * (RFC 1833 2.2), over its local socket or else TCP port 111 of the loopback address.
 */
#ifndef REFERENCE_MSGPROG_OWN_REGISTER_H
#define REFERENCE_MSGPROG_OWN_REGISTER_H

#include "reference/setup/setup.h"

/* Replaces what is registered for MSGPROG on the transports of the places. False with the reason
   where there is no rpcbind, or it refuses. */
bool register_places(const struct setup *s, struct problem *why) MUST_USE;

/* Takes the registration back; what fails is only told. */
void unregister_places(const struct setup *s);

#endif
