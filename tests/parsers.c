/* The parsers of the runner: how each is fed. */
#include "tests/parsers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conformance/runner/expect.h"
#include "conformance/runner/select.h"
#include "conformance/runner/target.h"
#include "conformance/runner/waive.h"
#include "tests/unit.h"

static const char *text_of(struct slice input)
{
    return (const char *)input.data;
}

static bool any_check(const char *id UNUSED)
{
    return true;
}

static bool take_waivers(struct slice input, struct problem *why)
{
    struct waivers w = {0};
    char path[32];
    int fd = memfd_create("waivers", MFD_CLOEXEC);

    assert_true(fd >= 0 && write(fd, input.data, input.len) == (ssize_t)input.len);
    text_format(path, sizeof(path), "/proc/self/fd/%d", fd);
    bool ok = waivers_read(path, any_check, &w, why);
    waivers_free(&w);
    close(fd);
    return ok;
}

static bool take_pattern(struct slice input, struct problem *why)
{
    static const struct check *found[1024];
    struct selection s = {.only = {text_of(input)}, .only_count = 1};
    struct endpoint e = {.kind = ENDPOINT_TCP, .port = 7};
    size_t count = 0;

    return select_checks(&s, &e, found, ARRAY_LEN(found), &count, why) && count > 0;
}

static bool take_expectation(struct slice input, struct problem *why)
{
    char text[256];

    text_copy(text, sizeof(text), text_of(input));
    size_t len = strcspn(text, "=");
    char *value = text + len + (text[len] == '=');
    text[len] = '\0';
    return expect_allows(&(struct expectation){.key = text, .value = value}, why);
}

static bool take_command(struct slice input, struct problem *why)
{
    static const struct target_word words[] = {
        {"host", "127.0.0.1"}, {"port", "7"}, {"path", NULL}};
    struct buf out;

    buf_init(&out, 1 << 14);
    bool ok = target_fill(text_of(input), words, ARRAY_LEN(words), &out, why);
    buf_free(&out);
    return ok;
}

/* ---- the table ---- */

static const char waivers[] = "waivers:\n  - check: stream.eof\n    verdict: fail\n"
                              "    reason: \"nothing\"\n    why: it\n    until: 2027-06-30\n";

static const struct parser parsers[] = {
    {"waivers_read", take_waivers, .text = true, .says = true, .texts = {waivers}},
    {"select_checks", take_pattern, .text = true, .says = true,
     .texts = {"stream", "stream.echo.identity", "*echo*", "stream.re?et.*"}},
    {"expect_allows", take_expectation, .text = true, .says = true,
     .texts = {"concurrent", "connections=64"}},
    {"target_fill", take_command, .text = true, .says = true,
     .texts = {"exec server {host} {port}", "a ${port} {a b} { {port}"}},
};

const struct parser *runner_parser_at(size_t number)
{
    return number < ARRAY_LEN(parsers) ? &parsers[number] : NULL;
}
