/* The URLs of RPC services, as far as MSGPROG needs them. */
#include <string.h>

#include "reference/setup/setup.h"
#include "reference/wire/call.h"

/* Takes one "/NUMBER" off the end of text[0 .. *len). False where there is none. */
static bool take_number(char *text, size_t *len, uint64_t *ret)
{
    char *slash;

    text[*len] = '\0';
    slash = strrchr(text, '/');
    if (!slash || !text_number(slash + 1, 0, UINT32_MAX, ret))
        return false;
    *len = (size_t)(slash - text);
    return true;
}

/* Cuts "/PROGRAM/VERSION" off. A path may end in one number of its own, but hardly in two. */
static bool strip_service(char *text, const char *url, struct problem *why)
{
    size_t len = strlen(text);
    size_t whole = len;
    uint64_t version;
    uint64_t program;

    if (!take_number(text, &len, &version) || !take_number(text, &len, &program)) {
        const char *original = text_starts(url, "rpc+") ? url + strlen("rpc+") : url;

        memcpy(text, original, whole + 1);
        return true;
    }
    text[len] = '\0';
    if (program != MSG_PROGRAM || version != MSG_VERSION)
        return problem_set(why, "\"%s\": this serves program %d, version %d alone", url,
                           MSG_PROGRAM, MSG_VERSION);
    return true;
}

bool setup_read_url(const char *url, struct endpoint *ret, struct problem *why)
{
    char text[ENDPOINT_TEXT_MAX + 32];

    if (strlen(url) >= sizeof(text))
        return problem_set(why, "the URL is longer than %zu octets", sizeof(text) - 1);
    text_copy(text, sizeof(text), text_starts(url, "rpc+") ? url + strlen("rpc+") : url);
    if (!strip_service(text, url, why) || !endpoint_parse(text, ret, why))
        return false;
    if (ret->kind != ENDPOINT_TCP && ret->kind != ENDPOINT_UDP && ret->kind != ENDPOINT_UNIX)
        return problem_set(why, "\"%s\": expected rpc+tcp://, rpc+udp:// or rpc+unix:", url);
    return true;
}
