/* The URLs of RPC services, as far as MSGPROG needs them. */
#include "reference/setup/setup.h"
#include "reference/wire/call.h"

/* Without program and version those of msg.x are meant. */
static bool read_any(const char *url, struct endpoint *ret, struct problem *why)
{
    char whole[ENDPOINT_TEXT_MAX + 32];

    text_format(whole, sizeof(whole), "%s/%d/%d", url, MSG_PROGRAM, MSG_VERSION);
    return endpoint_parse(url, ret, why) ||
           (text_starts(url, "rpc+") && endpoint_parse(whole, ret, NULL));
}

bool setup_read_url(const char *url, struct endpoint *ret, struct problem *why)
{
    struct endpoint at;

    if (!read_any(url, &at, why))
        return false;
    if (at.netpath ||
        (at.kind != ENDPOINT_TCP && at.kind != ENDPOINT_UDP && at.kind != ENDPOINT_UNIX))
        return problem_set(why, "\"%.200s\": expected rpc+tcp://, rpc+udp:// or rpc+unix:", url);
    if (at.rpc && (at.program != MSG_PROGRAM || at.version != MSG_VERSION))
        return problem_set(why, "\"%.200s\": this serves program %d, version %d alone", url,
                           MSG_PROGRAM, MSG_VERSION);
    at.rpc = true;
    at.program = MSG_PROGRAM;
    at.version = MSG_VERSION;
    *ret = at;
    return true;
}
