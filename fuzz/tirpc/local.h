/* Datagram sockets of this machine, which the transports of this folder have in common. */
#ifndef FUZZ_TIRPC_LOCAL_H
#define FUZZ_TIRPC_LOCAL_H

#include <sys/socket.h>
#include <sys/un.h>

/* A Unix datagram socket that never waits, bound to a name that the kernel chooses (autobind,
   unix(7)): one without cannot be answered. Ends the process where there is none. */
int local_bind(struct sockaddr_un *ret, socklen_t *ret_len);

#endif
