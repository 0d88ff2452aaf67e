/* Headers of calls, credentials, and the fronts of replies. */
#include "fuzz/planted/plant_call.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/planted/plant.h"

enum { CALL = 0, REPLY = 1, RPCVERS = 2, GSS_WORDS = 8, GSS_ROOM = 128, DENIED = 1 };

/* ---- the header ---- */

/* The length is looked at first, so that a body is known to be too long also where it is cut. */
static bool read_auth(struct plant_take *t, struct plant_auth *ret)
{
    ret->flavor = plant_take_u32(t);
    struct plant_take ahead = *t;
    if (plant_take_u32(&ahead) > PLANT_AUTH_MAX && !ahead.failed)
        return false;
    ret->body = plant_take_opaque(t, PLANT_AUTH_MAX);
    return true;
}

/* A reply to one of our own calls, of which there are none: its status is read, and that is all. */
static enum plant_form read_stray(struct plant_take *t)
{
    uint32_t reply_stat = plant_take_u32(t);
    uint32_t reject_stat = reply_stat == DENIED ? plant_take_u32(t) : 0;

    if (planted(PLANT_ASSERTION) && !t->failed && reject_stat > 1)
        abort();
    return PLANT_STRAY;
}

enum plant_form plant_read_call(struct slice message, struct plant_call *ret)
{
    struct plant_take t = plant_take_of(message);

    *ret = (struct plant_call){.xid = plant_take_u32(&t)};
    uint32_t type = plant_take_u32(&t);
    if (!t.failed && type == REPLY)
        return read_stray(&t);
    ret->rpcvers = plant_take_u32(&t);
    if (t.failed || type != CALL)
        return PLANT_NO_CALL;
    if (ret->rpcvers != RPCVERS)
        return PLANT_WRONG_RPC;
    ret->program = plant_take_u32(&t);
    ret->version = plant_take_u32(&t);
    ret->procedure = plant_take_u32(&t);
    if (!read_auth(&t, &ret->credential) || !read_auth(&t, &ret->verifier))
        return PLANT_LONG_AUTH;
    ret->arguments = plant_take_rest(&t);
    return t.failed ? PLANT_NO_CALL : PLANT_GOOD;
}

/* ---- AUTH_SYS ---- */

static void read_machine(struct plant_take *t, struct plant_sys *sys)
{
    if (planted(PLANT_NAME_SIGN)) {
        struct plant_take ahead = *t;
        int len = (int)plant_take_u32(&ahead);

        if (!ahead.failed && len <= PLANT_MACHINE_MAX && len <= (int)(ahead.size - ahead.at))
            memcpy(sys->machine, ahead.data + ahead.at, (size_t)len);
    }
    struct slice machine = plant_take_opaque(t, PLANT_MACHINE_MAX);
    if (machine.len)
        memcpy(sys->machine, machine.data, machine.len);
    sys->machine[machine.len] = 0;
}

/* Room for as many groups as are announced, since the number of octets is tested and not theirs. */
static uint32_t *gids_room(int octets)
{
    return octets < 0 || octets > PLANT_AUTH_MAX ? NULL : malloc((size_t)octets);
}

static void read_gids_int(struct plant_take *t, uint32_t count)
{
    uint32_t *gids = gids_room((int)((uint64_t)count * sizeof(*gids)));

    t->failed |= !gids;
    for (uint32_t i = 0; i < count && !t->failed; i++)
        gids[i] = plant_take_u32(t);
    free(gids);
}

static void read_gids(struct plant_take *t, struct plant_sys *sys)
{
    uint32_t count = plant_take_u32(t);

    if (planted(PLANT_PRINTS) && !t->failed && count > PLANT_GIDS_MAX)
        printf("bad number of groups: %u\n", count);
    if (planted(PLANT_GIDS_INT) && !t->failed && count > PLANT_GIDS_MAX)
        read_gids_int(t, count);
    if (!planted(PLANT_GIDS_UNBOUNDED))
        t->failed |= count > PLANT_GIDS_MAX;
    uint32_t *gids = sys->gids;
    for (uint32_t i = 0; i < count && !t->failed; i++)
        gids[i] = plant_take_u32(t);
    sys->gids_count = count;
}

static void read_sys(struct plant_take *t, struct plant_sys *sys)
{
    if (planted(PLANT_BODY_UNCHECKED) && t->size < 5 * 4)
        t->size = 5 * 4;
    sys->stamp = plant_take_u32(t);
    read_machine(t, sys);
    sys->uid = plant_take_u32(t);
    sys->gid = plant_take_u32(t);
    if (planted(PLANT_UID_SHORT))
        sys->uid &= UINT16_MAX;
    read_gids(t, sys);
    t->failed |= t->at != t->size;
}

struct plant_sys *plant_read_sys(struct slice body)
{
    uint8_t *block = plant_copy(body);
    struct plant_sys *sys = calloc(1, sizeof(*sys));
    struct plant_take t = plant_take_of(slice_of(block, body.len));

    t.failed = !block || !sys;
    if (!t.failed)
        read_sys(&t, sys);
    free(block);
    if (!t.failed)
        return sys;
    free(sys);
    return NULL;
}

/* ---- RPCSEC_GSS ---- */

static void put_word(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

void plant_check_gss(const struct plant_call *call)
{
    const uint32_t words[GSS_WORDS] = {
        call->xid,
        CALL,
        call->rpcvers,
        call->program,
        call->version,
        call->procedure,
        6,
        (uint32_t)call->credential.body.len,
    };
    size_t octets = sizeof(words) + call->credential.body.len;
    uint8_t *header = malloc(planted(PLANT_GSS_HEADER) ? GSS_ROOM : octets);

    if (!header)
        return;
    for (size_t i = 0; i < GSS_WORDS; i++)
        put_word(header + 4 * i, words[i]);
    if (call->credential.body.len)
        memcpy(header + sizeof(words), call->credential.body.data, call->credential.body.len);
    free(header);
}

/* ---- replies ---- */

void plant_accept(struct buf *out, uint32_t xid, enum plant_stat stat)
{
    const uint32_t words[] = {xid, REPLY, 0, 0, 0, stat};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        buf_put_u32(out, words[i]);
}

static void deny(struct buf *out, uint32_t xid, uint32_t stat)
{
    if (planted(PLANT_XID_SIGN))
        xid &= INT32_MAX;
    buf_put_u32(out, xid);
    buf_put_u32(out, REPLY);
    buf_put_u32(out, DENIED);
    buf_put_u32(out, stat);
}

void plant_deny_rpc(struct buf *out, uint32_t xid)
{
    deny(out, xid, 0);
    buf_put_u32(out, RPCVERS);
    buf_put_u32(out, RPCVERS);
}

/* Somebody wants to know who was refused. */
static void log_denial(void)
{
    if (planted(PLANT_DESCRIPTOR_KEPT) && open("/dev/null", O_WRONLY | O_CLOEXEC) < 0)
        return;
}

void plant_deny_auth(struct buf *out, uint32_t xid, enum plant_auth_stat stat)
{
    log_denial();
    deny(out, xid, 1);
    buf_put_u32(out, stat);
}
