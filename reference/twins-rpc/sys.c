/* Twins that are wrong about AUTH_SYS (RFC 5531 appendix A). */
#include "reference/twins-rpc/twin.h"

/* What a reader of the body finds, whatever it thinks of it. */
struct body {
    struct words words; /* behind the last field, or failed */
    uint32_t stamp;
    uint32_t machine; /* octets of the name */
    uint32_t gids;
};

static bool is_sys(const struct request *r)
{
    return r->call.credential.flavor == FLAVOR_SYS;
}

static struct body read_body(const struct request *r)
{
    struct body b = {.words = words_of(r->call.credential.body)};

    b.stamp = words_u32(&b.words);
    b.machine = (uint32_t)words_opaque(&b.words, UINT32_MAX).len;
    words_u32(&b.words); /* uid */
    words_u32(&b.words); /* gid */
    b.gids = words_u32(&b.words);
    for (uint32_t i = 0; i < b.gids && !b.words.failed; i++)
        words_u32(&b.words);
    return b;
}

static enum auth_stat short_name(const struct request *r)
{
    bool over = is_sys(r) && read_body(r).machine >= CALL_MACHINE_MAX;

    return over ? AUTH_STAT_BADCRED : request_judge(r);
}

/* All that the body holds is taken, whatever the limits are. */
static enum auth_stat no_limits(const struct request *r)
{
    return is_sys(r) && !read_body(r).words.failed ? AUTH_STAT_OK : request_judge(r);
}

static enum auth_stat few_gids(const struct request *r)
{
    bool over = is_sys(r) && read_body(r).gids >= CALL_GIDS_MAX;

    return over ? AUTH_STAT_BADCRED : request_judge(r);
}

/* The count times four, in 32 bits, against what is left; and nothing else. */
static enum auth_stat multiply_gids(const struct request *r)
{
    struct words w = words_of(r->call.credential.body);

    words_u32(&w);
    words_opaque(&w, CALL_MACHINE_MAX);
    words_u32(&w);
    words_u32(&w);
    uint32_t octets = words_u32(&w) * 4;
    return is_sys(r) && !w.failed && octets <= words_rest(&w).len ? AUTH_STAT_OK : request_judge(r);
}

/* Groups are read as long as there are some; how many were told does not matter. */
static enum auth_stat gids_to_the_end(const struct request *r)
{
    struct words w = words_of(r->call.credential.body);

    words_u32(&w);
    words_opaque(&w, CALL_MACHINE_MAX);
    words_u32(&w);
    words_u32(&w);
    return is_sys(r) && !w.failed ? AUTH_STAT_OK : request_judge(r);
}

static enum auth_stat want_stamp(const struct request *r)
{
    return is_sys(r) && read_body(r).stamp == 0 ? AUTH_STAT_BADCRED : request_judge(r);
}

static void echo_verifier(struct request *r)
{
    if (!is_sys(r))
        return;
    r->reply.flavor = r->call.verifier.flavor;
    r->reply.verifier = r->call.verifier.body;
}

static enum auth_stat keep_credential(const struct request *r)
{
    enum auth_stat stat = request_judge(r);

    if (is_sys(r) && stat == AUTH_STAT_OK)
        *r->memo = 1;
    return is_sys(r) && r->call.credential.body.len == 0 && *r->memo ? AUTH_STAT_OK : stat;
}

static const struct twin twins[] = {
    {
        .name = "sys-name-of-254",
        .check = "rpc.auth.sys-name-limit",
        .what = "takes machine names of at most 254 octets",
        .fault.message.judge = short_name,
    },
    {
        .name = "sys-name-of-any-length",
        .check = "rpc.auth.sys-name-limit",
        .what = "takes machine names of more than 255 octets",
        .fault.message.judge = no_limits,
    },
    {
        .name = "sys-15-gids",
        .check = "rpc.auth.sys-gids-limit",
        .what = "takes at most 15 groups",
        .fault.message.judge = few_gids,
    },
    {
        .name = "sys-17-gids",
        .check = "rpc.auth.sys-gids-limit",
        .what = "takes any number of groups",
        .fault.message.judge = no_limits,
    },
    {
        .name = "sys-gids-multiplied",
        .check = "rpc.auth.sys-gids-limit",
        .what = "takes 2^30 groups, whose octets are none in 32 bits",
        .fault.message.judge = multiply_gids,
    },
    {
        .name = "sys-gids-to-the-end",
        .check = "rpc.auth.sys-truncated",
        .what = "takes a body that ends among its groups",
        .fault.message.judge = gids_to_the_end,
    },
    {
        .name = "sys-stamp-wanted",
        .check = "rpc.auth.sys-stamp",
        .what = "refuses the stamp 0",
        .fault.message.judge = want_stamp,
    },
    {
        .name = "sys-verifier-echoed",
        .check = "rpc.auth.sys-reply-verf",
        .transport = "rpc+udp",
        .what = "sends the verifier of the call back",
        .fault.message.spoil = echo_verifier,
    },
    {
        .name = "sys-credential-kept",
        .check = "rpc.auth.sys-not-kept",
        .what = "takes the last good credential of the connection for one without a body",
        .fault.message.judge = keep_credential,
    },
};

TWINS(sys);
