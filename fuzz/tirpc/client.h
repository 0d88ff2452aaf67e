/*
 * The clients of libtirpc, clnt_vc and clnt_dg, against a server that has nothing to do with RPC:
 * it sends what it is told. Over a stream all of it lies there before the call, the end included.
 * Datagrams come one by one, each as the client looks for one, and behind those of the case a sound
 * reply with SYSTEM_ERR; so a client that waits, waits for nothing.
 */
#ifndef FUZZ_TIRPC_CLIENT_H
#define FUZZ_TIRPC_CLIENT_H

#include <rpc/rpc.h>

#include "fuzz/case/case.h"

enum {
    CLIENT_XID = 1,
    CLIENT_TEXT_MAX = 9000, /* octets that xdr_wrapstring takes */
};

/* What is called. READMSG is called by a client with AUTH_SYS, small buffers over a stream, and
   another datagram after a millisecond; SAVEMSG as rpcgen's stubs call it. */
enum client_proc { CLIENT_SAVEMSG = 1, CLIENT_READMSG = 2 };

/* What a client makes of it. */
struct client_result {
    enum clnt_stat status;
    size_t calls; /* datagrams that it has sent */
    int32_t number;
    bool has_text;
    size_t len;
    char text[CLIENT_TEXT_MAX + 1];
};

enum { CLIENT_NO_NUMBER = 0x5a5a5a5a }; /* of a result that was not decoded */

/* Once. Ends the process where the machine fails. */
void client_open(uint32_t prog, uint32_t vers);

/* A call over a stream; the server sends these octets. */
void client_stream(enum client_proc proc, struct slice octets, struct client_result *ret);

/* A call in datagrams; the server sends the messages of these records. */
void client_datagrams(enum client_proc proc, struct slice records, struct client_result *ret);

#endif
