/* The metered allocator, and the streams that libraries should not write to. */
#include "fuzz/oracle/meter.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/text.h"

#if defined(__SANITIZE_ADDRESS__)
#define METER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define METER_ASAN 1
#endif
#endif

/* Whoever defines malloc calls the one that was there before: that of the sanitizer, or glibc's. */
#ifdef METER_ASAN
#define BENEATH(name) __interceptor_##name
#else
#define BENEATH(name) __libc_##name
#endif
extern void *BENEATH(malloc)(size_t size);
extern void *BENEATH(calloc)(size_t count, size_t size);
extern void *BENEATH(realloc)(void *block, size_t size);
extern void BENEATH(free)(void *block);

/* Leaks are the business of an oracle that knows the case. The freed blocks that are kept, and the
   stacks, are as much as a case needs: more of either costs a third of the speed. */
const char *__asan_default_options(void); /* NOLINT: the sanitizer's name */
const char *__asan_default_options(void)  /* NOLINT: the sanitizer's name */
{
    return "detect_leaks=0:quarantine_size_mb=8:malloc_context_size=8:allocator_may_return_null=1";
}

enum { ZEROED_MAX = 4096 }; /* of a block */

/* Engines have threads of their own, which the case is not to answer for. */
static _Thread_local bool on;

static struct {
    int64_t live; /* octets; below zero where blocks from before were freed */
    int64_t peak;
    size_t request, granted;
    const char *top;    /* of the stack, where the case began */
    const char *lowest; /* as far as it went */
    int descriptor;     /* the lowest free one */
    size_t output;
    char said[80];
} now;

/* Whether so much may be asked for. */
static bool admit(size_t size)
{
    const char *here = __builtin_frame_address(0);

    if (!on)
        return true;
    if (here < now.lowest)
        now.lowest = here;
    if (size > now.request)
        now.request = size;
    if (size <= METER_ONE_MAX)
        return true;
    errno = ENOMEM;
    return false;
}

static void *came(void *block)
{
    if (!on || !block)
        return block;
    now.live += (int64_t)malloc_usable_size(block);
    if (now.live > now.peak)
        now.peak = now.live;
    return block;
}

/* What is freed is zeroed: who still reads it finds something else, in every build alike. */
static void goes(void *block)
{
    if (!on || !block)
        return;
    size_t size = malloc_usable_size(block);
    now.live -= (int64_t)size;
    memset(block, 0, size_min(size, ZEROED_MAX));
}

void *malloc(size_t size)
{
    return admit(size) ? came(BENEATH(malloc)(size)) : NULL;
}

void *calloc(size_t nmemb, size_t size)
{
    size_t all = 0;

    if (__builtin_mul_overflow(nmemb, size, &all))
        all = SIZE_MAX;
    return admit(all) ? came(BENEATH(calloc)(nmemb, size)) : NULL;
}

void *realloc(void *ptr, size_t size)
{
    if (!admit(size))
        return NULL;
    size_t was = on && ptr ? malloc_usable_size(ptr) : 0;
    void *moved = BENEATH(realloc)(ptr, size);
    if (moved || size == 0)
        now.live -= (int64_t)was;
    return came(moved);
}

void free(void *ptr)
{
    goes(ptr);
    BENEATH(free)(ptr);
}

/* A sanitizer's own of these take memory that does not come by malloc, and is given back by free:
   each would hide as much of a leak. */
char *strndup(const char *string, size_t n)
{
    size_t len = strnlen(string, n);
    char *copy = malloc(len + 1);

    if (!copy)
        return NULL;
    memcpy(copy, string, len);
    copy[len] = '\0';
    return copy;
}

char *strdup(const char *s)
{
    return strndup(s, SIZE_MAX);
}

/* ---- what is written ---- */

static ssize_t take_output(void *cookie UNUSED, const char *text, size_t len)
{
    if (now.output < sizeof(now.said) - 1)
        text_format(now.said + now.output, sizeof(now.said) - now.output, "%.*s",
                    (int)size_min(len, sizeof(now.said)), text);
    now.output += len;
    return (ssize_t)len;
}

static struct {
    FILE *caught;
    FILE *standard_output, *standard_error; /* those of the process, while a case runs */
} streams;

void meter_open(void)
{
    if (streams.caught)
        return;
    streams.caught = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take_output});
    if (!streams.caught)
        abort();
    setvbuf(streams.caught, NULL, _IONBF, 0);
}

static void catch_streams(void)
{
    streams.standard_output = stdout;
    streams.standard_error = stderr;
    stdout = stderr = streams.caught;
}

static void release_streams(void)
{
    stdout = streams.standard_output;
    stderr = streams.standard_error;
}

size_t meter_output(void)
{
    return now.output;
}

/* ---- one case ---- */

static int lowest_descriptor(void)
{
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

    if (fd >= 0)
        close(fd);
    return fd;
}

void meter_descriptors(void)
{
    now.descriptor = lowest_descriptor();
}

int meter_fill_hole(void)
{
    int fd = lowest_descriptor();

    return fd < now.descriptor ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, fd) : -1;
}

void meter_begin(void)
{
    now.live = now.peak = 0;
    now.request = now.granted = now.output = 0;
    now.top = now.lowest = __builtin_frame_address(0);
    catch_streams();
    on = true;
}

void meter_end(struct meter *ret)
{
    on = false;
    release_streams();
    *ret = (struct meter){
        .peak = (size_t)now.peak,
        .request = now.request,
        .granted = now.granted,
        .live = now.live,
        .stack = (size_t)(now.top - now.lowest),
        .descriptors = lowest_descriptor() - now.descriptor,
        .output = now.output,
    };
    if (now.output)
        text_copy(ret->said, sizeof(ret->said), now.said);
}

void meter_grant(size_t octets)
{
    if (octets > now.granted)
        now.granted = octets;
}

void meter_pause(void)
{
    on = false;
}

void meter_resume(void)
{
    on = true;
}
