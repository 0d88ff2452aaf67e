/* What a fuzzer tells of itself. */
#include "fuzz/engine/examine.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/engine/provoke.h"
#include "fuzz/target.h"
#include "harness/base/file.h"
#include "harness/base/text.h"

/* The counters that the compiler has put in, and those that somebody else offers libFuzzer. Either
   may be missing. */
extern uint8_t counters_begin[] __asm__("__start___sancov_cntrs") __attribute__((weak));
extern uint8_t counters_end[] __asm__("__stop___sancov_cntrs") __attribute__((weak));
extern uint8_t extra_begin[] __asm__("__start___libfuzzer_extra_counters") __attribute__((weak));
extern uint8_t extra_end[] __asm__("__stop___libfuzzer_extra_counters") __attribute__((weak));

enum { CASE_ROOM = 1 << 20 };

static const struct area {
    uint8_t *begin, *end;
} areas[] = {{counters_begin, counters_end}, {extra_begin, extra_end}};

/* Our words go to the descriptor: the streams belong to the meter once a case has run. */
static void say(const char *format, ...) PRINTF_LIKE(1, 2);
static void say(const char *format, ...)
{
    char line[PATH_MAX + 64];
    va_list args;

    va_start(args, format);
    text_vformat(line, sizeof(line), format, args);
    va_end(args);
    if (write(STDERR_FILENO, line, strlen(line)) < 0)
        _exit(EXIT_FAILURE);
}

static size_t all_blocks(void)
{
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(areas); i++)
        count += (size_t)(areas[i].end - areas[i].begin);
    return count;
}

/* Runs it on fresh counters, which are copied to *ret. */
static void run(struct slice input, uint8_t *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(areas); i++) {
        if (areas[i].begin)
            memset(areas[i].begin, 0, (size_t)(areas[i].end - areas[i].begin));
    }
    fuzz_one(fuzz_target_this, input);
    for (size_t i = 0; i < ARRAY_LEN(areas); i++) {
        size_t len = (size_t)(areas[i].end - areas[i].begin);

        if (len)
            memcpy(ret, areas[i].begin, len);
        ret += len;
    }
}

/* The first run may fill caches. What differs after it depends on something that is no input. */
static void examine_file(const char *path, uint8_t *seen, uint8_t *once, uint8_t *twice)
{
    struct problem why;
    struct buf input;
    size_t blocks = all_blocks();

    buf_init(&input, CASE_ROOM);
    if (!file_read(path, &input, &why)) {
        say("examine: unreadable %s\n", why.text);
    } else {
        run(buf_slice(&input), once);
        run(buf_slice(&input), once);
        run(buf_slice(&input), twice);
        if (!slice_eq(slice_of(once, blocks), slice_of(twice, blocks)))
            say("examine: unstable %s\n", path);
        for (size_t i = 0; i < blocks; i++)
            seen[i] |= once[i];
    }
    buf_free(&input);
}

static void examine_cover(int argc, char **argv)
{
    size_t blocks = all_blocks();
    uint8_t *room = calloc(3, blocks + 1);
    size_t reached = 0;

    if (!room)
        abort();
    run((struct slice){NULL, 0}, room);
    say("examine: empty fine\nexamine: blocks %zu\n", blocks);
    for (int i = 1; i < argc; i++)
        examine_file(argv[i], room, room + blocks, room + 2 * blocks);
    for (size_t i = 0; i < blocks; i++)
        reached += room[i] != 0;
    say("examine: reached %zu\n", reached);
    free(room);
}

void examine_if_asked(int argc, char **argv)
{
    const char *what = getenv("ASSAY_FUZZ_EXAMINE");

    if (!what)
        return;
    if (text_eq(what, "cover"))
        examine_cover(argc, argv);
    else if (text_eq(what, "overflow"))
        say("examine: read %d\n", provoke_overflow());
    else if (text_eq(what, "undefined"))
        say("examine: sum %d\n", provoke_undefined());
    else
        say("examine: unknown %s\n", what);
    _exit(EXIT_SUCCESS); /* what an engine does at the end of a process is not wanted */
}
