/* The transport of memory. */
#include "fuzz/tirpc/memory.h"

#include <fcntl.h>
#include <rpc/svc_auth.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/oracle/finding.h"
#include "fuzz/tirpc/gss.h"

static struct memory *mine(SVCXPRT *x)
{
    return x->xp_p1;
}

static bool_t take(SVCXPRT *x, struct rpc_msg *message)
{
    struct memory *m = mine(x);

    if (m->taken)
        return FALSE;
    m->taken = true;
    m->in.x_op = XDR_DECODE;
    if (!xdr_callmsg(&m->in, message))
        return FALSE;
    m->xid = message->rm_xid;
    return TRUE;
}

/* Always idle: died would make the library free the handle, and more requests is for a stream. */
static enum xprt_stat state(SVCXPRT *x UNUSED)
{
    return XPRT_IDLE;
}

static bool_t get_arguments(SVCXPRT *x, xdrproc_t decode, void *into)
{
    return SVCAUTH_UNWRAP(&SVC_XP_AUTH(x), &mine(x)->in, decode, into);
}

static bool_t free_arguments(SVCXPRT *x UNUSED, xdrproc_t release, void *of)
{
    XDR nowhere = {.x_op = XDR_FREE};

    return release(&nowhere, of);
}

/* Results go behind the header through the authentication, as svc_vc writes them. */
static bool_t reply(SVCXPRT *x, struct rpc_msg *message)
{
    struct memory *m = mine(x);
    struct accepted_reply *accepted = &message->acpted_rply;
    bool has_results = message->rm_reply.rp_stat == MSG_ACCEPTED && accepted->ar_stat == SUCCESS;
    xdrproc_t encode = (xdrproc_t)xdr_void;
    char *results = NULL;
    XDR out;

    if (m->count >= MEMORY_REPLIES_MAX) {
        m->count++;
        return TRUE;
    }
    if (has_results) {
        encode = accepted->ar_results.proc;
        results = accepted->ar_results.where;
        accepted->ar_results.proc = (xdrproc_t)xdr_void;
        accepted->ar_results.where = NULL;
    }
    message->rm_xid = m->xid;
    xdrmem_create(&out, (char *)m->replies[m->count], MEMORY_REPLY_MAX, XDR_ENCODE);
    bool ok = xdr_replymsg(&out, message) &&
              (!has_results || SVCAUTH_WRAP(&SVC_XP_AUTH(x), &out, encode, results));
    if (ok)
        m->lengths[m->count++] = xdr_getpos(&out);
    XDR_DESTROY(&out);
    return ok;
}

static void destroy(SVCXPRT *x UNUSED)
{
}

static bool_t control(SVCXPRT *x UNUSED, const u_int request UNUSED, void *in UNUSED)
{
    return FALSE;
}

static const struct xp_ops operations = {
    .xp_recv = take,
    .xp_stat = state,
    .xp_getargs = get_arguments,
    .xp_reply = reply,
    .xp_freeargs = free_arguments,
    .xp_destroy = destroy,
};
static const struct xp_ops2 more_operations = {.xp_control = control};

/* Octets that may be read, and a page that may not: who reads on dies, with or without a sanitizer.
   A block of the heap would do the same under one, and cost more than the whole call. */
static uint8_t *build_wall(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *room =
        mmap(NULL, CASE_MAX + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (room == MAP_FAILED || mprotect(room + CASE_MAX, page, PROT_NONE) < 0)
        abort();
    return room + CASE_MAX;
}

void memory_open(struct memory *m, uint32_t prog, uint32_t vers,
                 void (*dispatch)(struct svc_req *request, SVCXPRT *transport))
{
    static char netid[] = "memory";
    SVCXPRT *x = calloc(1, sizeof(*x));
    SVCXPRT_EXT *extension = calloc(1, sizeof(*extension));

    if (!x || !extension)
        abort();
    *x = (SVCXPRT){
        .xp_fd = open("/dev/null", O_RDWR | O_CLOEXEC), /* it is a key in the library's table */
        .xp_ops = &operations,
        .xp_ops2 = &more_operations,
        .xp_netid = netid,
        .xp_p1 = m,
        .xp_p3 = extension,
        .xp_verf.oa_base = calloc(1, MAX_AUTH_BYTES),
    };
    m->transport = x;
    m->wall = build_wall();
    if (x->xp_fd < 0 || !x->xp_verf.oa_base)
        abort();
    xprt_register(x);
    if (!svc_reg(x, prog, vers, dispatch, NULL))
        abort();
    if (gss_wanted())
        memory_call(m, gss_first_call());
}

/* The library reads it where it ends in front of the unreadable page. */
void memory_call(struct memory *m, struct slice message)
{
    uint8_t *at = m->wall - message.len;

    if (message.len)
        memcpy(at, message.data, message.len);
    m->count = 0;
    m->taken = false;
    xdrmem_create(&m->in, (char *)at, (u_int)message.len, XDR_DECODE);
    svc_getreq_common(m->transport->xp_fd);
    XDR_DESTROY(&m->in);
}

struct slice memory_reply(const struct memory *m, size_t number)
{
    return slice_of(m->replies[number], m->lengths[number]);
}
