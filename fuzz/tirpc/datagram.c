/* svc_dg on a Unix datagram socket. */
#include "fuzz/tirpc/datagram.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fuzz/tirpc/local.h"

static int ours, theirs;

void datagram_open(uint32_t prog, uint32_t vers,
                   void (*dispatch)(struct svc_req *request, SVCXPRT *transport))
{
    struct sockaddr_un name;
    socklen_t len = 0;

    ours = local_bind(&name, &len);
    theirs = local_bind(&name, &len);
    if (connect(ours, (struct sockaddr *)&name, len) < 0)
        abort();
    SVCXPRT *transport = svc_dg_create(theirs, DATAGRAM_MAX, DATAGRAM_MAX);
    if (!transport || !svc_reg(transport, prog, vers, dispatch, NULL))
        abort();
}

void datagram_call(struct slice message, struct datagram_replies *ret)
{
    uint8_t surplus[4];

    if (send(ours, message.data, message.len, MSG_NOSIGNAL) != (ssize_t)message.len)
        abort();
    svc_getreq_common(theirs);
    for (ret->count = 0;; ret->count++) {
        bool room = ret->count < DATAGRAM_REPLIES_MAX;
        ssize_t len = recv(ours, room ? ret->octets[ret->count] : surplus,
                           room ? DATAGRAM_MAX : sizeof(surplus), 0);

        if (len < 0)
            return;
        if (room)
            ret->lengths[ret->count] = (size_t)len;
    }
}

/* The datagram is no call, whatever the octet: an rpcvers of 0 or of four times the octet. */
void datagram_wash(uint8_t octet)
{
    static struct datagram_replies none;
    static uint8_t octets[DATAGRAM_MAX];

    memset(octets, octet, sizeof(octets));
    datagram_call(slice_of(octets, sizeof(octets)), &none);
    if (none.count)
        abort();
}
