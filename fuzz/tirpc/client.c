/* Calls of libtirpc's clients. */
#include "fuzz/tirpc/client.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz/oracle/watch.h"
#include "fuzz/tirpc/local.h"
#include "harness/base/text.h"

enum { SMALL_BUFFER = 100, CALL_MAX = 1024, TIMEOUT_S = 25, CALL_XID_AT = 4 };

static struct {
    uint32_t prog, vers;
    struct timeval timeout;
    u_int32_t xid_of_stream, xid_of_datagrams; /* what has to be set so that CLIENT_XID is sent */
    int server, client;                        /* datagram sockets */
    struct sockaddr_un name;                   /* of the server */
    socklen_t name_len;
} here;

/* What the server sends next. */
static struct {
    struct case_reader reader;
    bool done;
    size_t calls;
} script;

/* ---- one call ---- */

static char text_argument[] = "text";

static void call(CLIENT *client, enum client_proc proc, struct client_result *ret)
{
    char *argument = text_argument;
    char *text = NULL;
    int number = 1;
    int result = CLIENT_NO_NUMBER;

    if (proc == CLIENT_SAVEMSG)
        ret->status = clnt_call(client, proc, (xdrproc_t)xdr_wrapstring, &argument,
                                (xdrproc_t)xdr_int, &result, here.timeout);
    else
        ret->status = clnt_call(client, proc, (xdrproc_t)xdr_int, &number,
                                (xdrproc_t)xdr_wrapstring, &text, here.timeout);
    ret->number = result;
    ret->has_text = text != NULL;
    ret->len = text ? strlen(text) : 0;
    text_copy(ret->text, sizeof(ret->text), text ? text : "");
    clnt_freeres(client, (xdrproc_t)xdr_wrapstring, &text);
}

/* Sets the xid that is sent, and how the procedure is called. */
static void prepare(CLIENT *client, enum client_proc proc, u_int32_t xid)
{
    static char machine[] = "here";
    static struct timeval again = {.tv_usec = 1000};

    if (!client || !clnt_control(client, CLSET_XID, (char *)&xid))
        abort();
    if (proc == CLIENT_SAVEMSG)
        return;
    clnt_control(client, CLSET_RETRY_TIMEOUT, (char *)&again);
    client->cl_auth = authunix_create(machine, 1, 2, 0, NULL);
    if (!client->cl_auth)
        abort();
}

static void destroy(CLIENT *client, enum client_proc proc)
{
    if (proc == CLIENT_READMSG)
        auth_destroy(client->cl_auth);
    clnt_destroy(client);
}

/* ---- over a stream ---- */

/* `ret_xid` gets what the client has sent, or is NULL. */
static void talk_stream(enum client_proc proc, u_int32_t xid, struct slice octets,
                        struct client_result *ret, uint32_t *ret_xid)
{
    struct sockaddr unnamed = {.sa_family = AF_UNIX};
    struct netbuf address = {sizeof(unnamed), sizeof(unnamed.sa_family), &unnamed};
    unsigned buffers = proc == CLIENT_READMSG ? SMALL_BUFFER : 0;
    uint8_t sent[CALL_MAX];
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ||
        send(ends[0], octets.data, octets.len, MSG_DONTWAIT | MSG_NOSIGNAL) !=
            (ssize_t)octets.len ||
        shutdown(ends[0], SHUT_WR) < 0)
        abort();
    CLIENT *client = clnt_vc_create(ends[1], &address, here.prog, here.vers, buffers, buffers);
    prepare(client, proc, xid);
    call(client, proc, ret);
    if (ret_xid && recv(ends[0], sent, sizeof(sent), MSG_DONTWAIT) > CALL_XID_AT + 4)
        memcpy(ret_xid, sent + CALL_XID_AT, sizeof(*ret_xid));
    destroy(client, proc);
    close(ends[0]);
    close(ends[1]);
}

void client_stream(enum client_proc proc, struct slice octets, struct client_result *ret)
{
    talk_stream(proc, here.xid_of_stream, octets, ret, NULL);
}

/* ---- in datagrams ---- */

static const uint8_t last_reply[] = {
    0, 0, 0, CLIENT_XID, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, SYSTEM_ERR,
};

/* Takes the calls that are there. The xid of the last one, as it came. */
static uint32_t take_calls(void)
{
    uint8_t call_octets[CALL_MAX];
    uint32_t xid = 0;

    while (recv(here.server, call_octets, sizeof(call_octets), 0) >= (ssize_t)sizeof(xid)) {
        memcpy(&xid, call_octets, sizeof(xid));
        script.calls++;
    }
    return xid;
}

/* The server's turn: the client looks for a datagram. */
static void answer(void)
{
    struct slice message;

    take_calls();
    if (script.done)
        return;
    if (!case_next(&script.reader, &message)) {
        message = slice_of(last_reply, sizeof(last_reply));
        script.done = true;
    }
    if (send(here.server, message.data, message.len, MSG_NOSIGNAL) != (ssize_t)message.len)
        abort();
}

static uint32_t talk_datagrams(enum client_proc proc, u_int32_t xid, struct client_result *ret)
{
    struct netbuf address = {sizeof(here.name), here.name_len, &here.name};
    uint8_t surplus[4];

    script.calls = 0;
    script.done = false;
    CLIENT *client = clnt_dg_create(here.client, &address, here.prog, here.vers, CLIENT_TEXT_MAX,
                                    CLIENT_TEXT_MAX);
    prepare(client, proc, xid);
    watch_peer(answer);
    call(client, proc, ret);
    watch_peer(NULL);
    destroy(client, proc);
    uint32_t sent = take_calls();
    ret->calls = script.calls;
    while (recv(here.client, surplus, sizeof(surplus), 0) >= 0)
        continue;
    return sent;
}

void client_datagrams(enum client_proc proc, struct slice records, struct client_result *ret)
{
    case_open(&script.reader, records);
    talk_datagrams(proc, here.xid_of_datagrams, ret);
}

/* ---- once ---- */

/* clnt_vc counts its xid down in the order of the machine, so what is to be set for the next one is
   found out by trying. */
static void find_xids(void)
{
    static struct client_result result;
    const u_int32_t wanted = htonl(CLIENT_XID);
    const u_int32_t tries[] = {CLIENT_XID,        CLIENT_XID + 1,
                               CLIENT_XID - 1,    ntohl(wanted + 1) - 1,
                               ntohl(wanted + 1), ntohl(wanted - 1) + 1};
    bool stream = false;
    bool datagrams = false;

    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        uint32_t sent = 0;

        talk_stream(CLIENT_SAVEMSG, tries[i], slice_of(NULL, 0), &result, &sent);
        if (sent == wanted) {
            here.xid_of_stream = tries[i];
            stream = true;
        }
        case_open(&script.reader, slice_of(NULL, 0));
        if (talk_datagrams(CLIENT_SAVEMSG, tries[i], &result) == wanted) {
            here.xid_of_datagrams = tries[i];
            datagrams = true;
        }
    }
    if (!stream || !datagrams)
        abort();
}

void client_open(uint32_t prog, uint32_t vers)
{
    struct sockaddr_un name;
    socklen_t len = 0;

    here.prog = prog;
    here.vers = vers;
    here.server = local_bind(&here.name, &here.name_len);
    here.client = local_bind(&name, &len);
    if (connect(here.server, (struct sockaddr *)&name, len) < 0)
        abort();
    here.timeout = (struct timeval){.tv_usec = 1000};
    find_xids();
    here.timeout = (struct timeval){.tv_sec = TIMEOUT_S};
}
