/* A case in a process of its own. */
#include "fuzz/planted/plant_try.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/oracle/watch.h"
#include "fuzz/planted/plant_take.h"
#include "fuzz/target.h"

/* A tenth of the time that a case has else: a spin is one after that, too. */
enum { TICK_MS = 100 };

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

bool plant_is_sanitized(void)
{
    return SANITIZED;
}

/* ---- what was said ---- */

static uint32_t named_oracles(const char *said)
{
    static const char word[] = "oracle ";
    uint32_t oracles = 0;

    for (const char *at = strstr(said, word); at; at = strstr(at, word)) {
        char id[32];
        enum oracle oracle;

        at += sizeof(word) - 1;
        text_format(id, sizeof(id), "%.*s", (int)strcspn(at, ":\n"), at);
        if (oracle_find(id, &oracle))
            oracles |= 1U << oracle;
    }
    return oracles;
}

uint32_t plant_heard(const char *said, bool died)
{
    static const char *const signals[] = {
        "Sanitizer: SEGV", "Sanitizer: BUS",  "Sanitizer: FPE",   "Sanitizer: ILL",
        "Sanitizer: ABRT", "Sanitizer: TRAP", "DEADLYSIGNAL\n==",
    };
    uint32_t oracles = named_oracles(said);

    if (oracles)
        return oracles;
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        if (strstr(said, signals[i]))
            return 1U << ORACLE_CRASH;
    }
    if (strstr(said, "ERROR: AddressSanitizer") || strstr(said, "runtime error: "))
        return 1U << ORACLE_SANITIZER;
    return died ? 1U << ORACLE_CRASH : 0;
}

/* ---- the process ---- */

static _Noreturn void run_child(enum plant fault, struct slice octets, int out)
{
    uint8_t *block = plant_copy(octets);
    char line[FINDING_TEXT_MAX + 80];

    dup2(out, STDERR_FILENO);
    if (!block)
        _exit(EXIT_FAILURE);
    watch_tick(TICK_MS);
    finding_open(fuzz_target_planted.name, FINDING_KEEP);
    plant_choose(fault);
    fuzz_one(&fuzz_target_planted, slice_of(block, octets.len));
    for (size_t i = 0; i < finding_count(); i++) {
        const struct finding *f = finding_at(i);

        text_format(line, sizeof(line), "oracle %s: %s\n", oracle_id(f->oracle), f->text);
        if (write(out, line, strlen(line)) < 0)
            _exit(EXIT_FAILURE);
    }
    _exit(EXIT_SUCCESS);
}

/* All of it is read, so that nobody waits for us; the begin is kept. */
static void read_all(int from, char *ret)
{
    char part[4096];
    size_t len = 0;

    for (;;) {
        ssize_t got = read(from, part, sizeof(part));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        size_t kept = size_min((size_t)got, PLANT_SAID_MAX - len);
        memcpy(ret + len, part, kept);
        len += kept;
    }
    ret[len] = 0;
}

static int64_t microseconds(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

bool plant_try(enum plant fault, struct slice octets, struct plant_tried *ret)
{
    struct rusage used = {0};
    int ends[2];
    int status = 0;

    if (pipe(ends) < 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        run_child(fault, octets, ends[1]);
    }
    close(ends[1]);
    if (child > 0) {
        read_all(ends[0], ret->said);
        while (wait4(child, &status, 0, &used) < 0 && errno == EINTR)
            continue;
    }
    close(ends[0]);
    if (child < 0)
        return false;
    ret->oracles = plant_heard(ret->said, WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
    ret->cpu_us = microseconds(used.ru_utime) + microseconds(used.ru_stime);
    return true;
}
