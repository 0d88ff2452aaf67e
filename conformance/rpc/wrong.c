/* Calls that differ from an honest one in a number. */
#include "conformance/rpc/wrong.h"

const struct wrong wrong_statuses[WRONG_STATUSES] = {
    {"a NULL call", WRONG_NOTHING, 0, ONC_SUCCESS},
    {"a call of program 0xfffffff7", WRONG_PROG, 0xfffffff7, ONC_PROG_UNAVAIL},
    {"a call of version 0xfffffff7", WRONG_VERS, 0xfffffff7, ONC_PROG_MISMATCH},
    {"a call of procedure 0xfffffff7", WRONG_PROC, 0xfffffff7, ONC_PROC_UNAVAIL},
};

const struct say_options wrong_due = {.awaits = true, .resend = true};
const struct say_options wrong_open = {.lingers = true};

static void set(uint32_t *number, uint32_t value)
{
    *number = *number == value ? value ^ 1 : value;
}

struct onc_call wrong_call(struct check_ctx *c, const struct wrong *w)
{
    uint32_t proc = w->field == WRONG_PROC ? w->value : ONC_NULLPROC;
    struct onc_call call = check_call_of(c, proc);

    switch (w->field) {
    case WRONG_NOTHING:
    case WRONG_PROC:
        break;
    case WRONG_PROG:
        set(&call.prog, w->value);
        break;
    case WRONG_VERS:
        set(&call.vers, w->value);
        break;
    case WRONG_RPCVERS:
        call.rpcvers = w->value;
        break;
    case WRONG_TYPE:
        call.msg_type = w->value;
        break;
    }
    return call;
}

void wrong_judge_all(struct check_ctx *c, const struct wrong *rows, size_t count)
{
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < count && check_alive(c); i++) {
        struct onc_call call = wrong_call(c, &rows[i]);
        struct heard h;

        check_say(c, conn, &call, &wrong_due, &h);
        check_accepted(c, &h, rows[i].what, rows[i].status);
    }
    check_close(c, conn);
}

/* ANY: whatever version of the program is called. */
#define ANY UINT32_MAX

bool wrong_arguments(const struct check_ctx *c, uint32_t *ret_proc, struct slice *ret_args)
{
    /* The length of a string or handle, and nothing behind it; a mapping of one number (rpcbind 2);
       two numbers and such a length (rpcbind 3 and 4). */
    static const uint8_t length[4] = {0xff, 0xff, 0xff, 0xff};
    static const uint8_t rpcb[12] = {0, 1, 0x86, 0xa0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff};
    static const struct {
        uint32_t prog, vers, proc;
        size_t len;
        const uint8_t *args;
    } known[] = {
        {TARGET_MSGPROG, TARGET_MSGVER, 1, sizeof(length), length}, /* SAVEMSG */
        {TARGET_RPCBIND, 2, 3, sizeof(length), length},             /* GETPORT */
        {TARGET_RPCBIND, 3, 3, sizeof(rpcb), rpcb},                 /* GETADDR */
        {TARGET_RPCBIND, 4, 3, sizeof(rpcb), rpcb},                 /* GETADDR */
        {100003, 3, 1, sizeof(length), length},                     /* NFS, GETATTR */
        {100005, ANY, 1, sizeof(length), length},                   /* MOUNT, MNT */
        {100024, 1, 1, sizeof(length), length},                     /* status, STAT */
        {100004, 2, 1, sizeof(length), length},                     /* ypserv, DOMAIN */
    };
    const struct endpoint *e = &c->target.endpoint;

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (known[i].prog != e->program || (known[i].vers != ANY && known[i].vers != e->version))
            continue;
        *ret_proc = known[i].proc;
        *ret_args = slice_of(known[i].args, known[i].len);
        return true;
    }
    return false;
}
