/* The target: its medium and the command that starts it. */
#include "conformance/runner/target.h"

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum exchange_medium target_medium(const struct endpoint *e)
{
    if (e->kind == ENDPOINT_UNIX_SEQPACKET)
        return EXCHANGE_OVER_RECORDS;
    return endpoint_is_datagram(e) ? EXCHANGE_OVER_DATAGRAMS : EXCHANGE_OVER_STREAM;
}

const char *target_default_speak(const struct endpoint *e)
{
    return e->rpc ? "rpc" : "echo";
}

/* An exchange file of ours by its name: they lie beside the installed program, or in the project
   above the build. Any path, and a file of the current folder, come first. */
static bool find_exchange_file(const char *name, char *ret, size_t cap)
{
    static const char *const folders[] = {"../share/assay/exchanges", "../../exchanges"};
    static const char *const ends[] = {"", ".exchange"};
    char self[PATH_MAX];

    if (!*name || strchr(name, '/') || access(name, F_OK) == 0)
        return false;
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (len < 0)
        return false;
    self[len] = '\0';
    const char *here = dirname(self);
    for (size_t i = 0; i < ARRAY_LEN(folders) * ARRAY_LEN(ends); i++) {
        text_format(ret, cap, "%s/%s/%s%s", here, folders[i / ARRAY_LEN(ends)], name,
                    ends[i % ARRAY_LEN(ends)]);
        if (access(ret, R_OK) == 0)
            return true;
    }
    return false;
}

bool target_open_exchange(const char *speak, const struct endpoint *e, struct exchange **ret,
                          struct problem *why)
{
    char path[PATH_MAX];
    char spec[40];

    if (find_exchange_file(speak, path, sizeof(path)))
        return exchange_open(path, target_medium(e), ret, why);
    if (!e->rpc || !text_eq(speak, "rpc"))
        return exchange_open(speak, target_medium(e), ret, why);
    text_format(spec, sizeof(spec), "rpc:%" PRIu32 "/%" PRIu32, e->program, e->version);
    return exchange_open(spec, target_medium(e), ret, why);
}

bool target_resolve(const struct endpoint *e, struct address *ret, size_t cap, size_t *ret_count,
                    struct problem *why)
{
    if (!address_resolve(e, ret, cap, ret_count, why))
        return false;
    for (size_t i = 0; i < *ret_count; i++) {
        if (address_is_wildcard(&ret[i]))
            address_loopback(&ret[i], address_family(&ret[i]), ret[i].socktype, 1, e->port);
    }
    return true;
}

static const struct target_word *find_word(const struct target_word *words, size_t count,
                                           struct slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_eq(slice_str(words[i].name), name) && words[i].value)
            return &words[i];
    }
    return NULL;
}

static bool refuse_word(const struct target_word *words, size_t count, struct slice name,
                        struct problem *why)
{
    struct buf known;
    const char *gap = "";

    buf_init(&known, sizeof(why->text));
    for (size_t i = 0; i < count; i++) {
        if (!words[i].value)
            continue;
        buf_printf(&known, "%s{%s}", gap, words[i].name);
        gap = i + 2 == count ? " and " : ", ";
    }
    problem_set(why, "{%.*s} does not go with this URL; it has %s", (int)name.len,
                (const char *)name.data, buf_text(&known));
    buf_free(&known);
    return false;
}

bool target_fill(const char *command, const struct target_word *words, size_t count,
                 struct buf *ret, struct problem *why)
{
    for (const char *at = command; *at; at++) {
        size_t len = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz");

        /* Braces that are not {word} belong to the shell. */
        if (*at != '{' || len == 0 || at[1 + len] != '}' || (at > command && at[-1] == '$')) {
            buf_put_byte(ret, (uint8_t)*at);
            continue;
        }
        struct slice name = slice_of(at + 1, len);
        const struct target_word *word = find_word(words, count, name);
        if (!word)
            return refuse_word(words, count, name, why);
        buf_put_str(ret, word->value);
        at += len + 1;
    }
    return !ret->failed || problem_buf(why, ret, "the command is too long");
}

bool target_command(const char *command, const struct endpoint *e, struct buf *ret,
                    struct problem *why)
{
    bool unix = endpoint_is_unix(e);
    char port[8];
    char path[ENDPOINT_TEXT_MAX];
    struct problem wrong;

    text_format(port, sizeof(port), "%u", e->port);
    text_format(path, sizeof(path), "%s%s", e->abstract ? "@" : "", e->path);
    const struct target_word words[] = {{"path", unix ? path : NULL},
                                        {"host", unix ? NULL : e->host},
                                        {"port", unix ? NULL : port}};
    if (target_fill(command, words, ARRAY_LEN(words), ret, &wrong))
        return true;
    return wrong.ours ? problem_ours(why, "%s", wrong.text)
                      : problem_set(why, "--spawn: %s", wrong.text);
}

bool target_command_moves(const char *command, const struct endpoint *e)
{
    const char *word = endpoint_is_unix(e) ? "{path}" : "{port}";
    const char *at = command ? strstr(command, word) : NULL;

    while (at && at > command && at[-1] == '$')
        at = strstr(at + 1, word);
    return at != NULL;
}
