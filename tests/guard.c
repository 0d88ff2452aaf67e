/* Pages for guard.h. */
#include "tests/guard.h"

#include <string.h>
#include <sys/mman.h>

#include "tests/unit.h"

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

void guard_open(struct guard *g, size_t room)
{
    size_t page = page_size();

    g->room = (room + page - 1) / page * page;
    g->pages =
        mmap(NULL, g->room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g->pages != MAP_FAILED);
    assert_int_equal(mprotect(g->pages + g->room, page, PROT_NONE), 0);
}

void guard_close(struct guard *g)
{
    munmap(g->pages, g->room + page_size());
    *g = (struct guard){0};
}

uint8_t *guard_room(struct guard *g, size_t len)
{
    assert_true(len <= g->room);
    return g->pages + g->room - len;
}

struct slice guard_put(struct guard *g, struct slice octets)
{
    uint8_t *at = guard_room(g, octets.len);

    if (octets.len > 0)
        memmove(at, octets.data, octets.len);
    return slice_of(at, octets.len);
}

const char *guard_text(struct guard *g, struct slice octets)
{
    uint8_t *at = guard_room(g, octets.len + 1);

    if (octets.len > 0)
        memmove(at, octets.data, octets.len);
    at[octets.len] = '\0';
    return (const char *)at;
}
