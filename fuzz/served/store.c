/*
 * Messages in memory, with the contract of reference/store: the real one waits for the disk with
 * each message, which would make a case a thousand times slower.
 */
#include "fuzz/served/store.h"

#include <string.h>

#include "fuzz/oracle/model.h"
#include "reference/setup/setup.h"

struct store {
    size_t count;
    size_t lengths[MODEL_MESSAGES_MAX];
    uint8_t texts[MODEL_MESSAGES_MAX][MODEL_TEXT_MAX];
};

static struct store only;

struct store *served_store(void)
{
    return &only;
}

void served_store_clear(struct store *s)
{
    s->count = 0;
}

uint32_t store_save(struct store *s, struct slice text, struct problem *why)
{
    if (s->count == MODEL_MESSAGES_MAX || text.len > MODEL_TEXT_MAX) {
        problem_set(why, "the store is full");
        return 0;
    }
    if (text.len > 0)
        memcpy(s->texts[s->count], text.data, text.len);
    s->lengths[s->count] = text.len;
    return (uint32_t)++s->count;
}

static bool is_given(const struct store *s, int64_t number)
{
    return number > 0 && (uint64_t)number <= s->count;
}

bool store_read(struct store *s, int64_t number, struct buf *out, struct problem *why)
{
    why->text[0] = '\0';
    if (!is_given(s, number))
        return false;
    buf_put(out, slice_of(s->texts[number - 1], s->lengths[number - 1]));
    if (out->failed)
        return problem_set(why, "message %lld is too long", (long long)number);
    return true;
}

size_t store_length(const struct store *s, int64_t number)
{
    return is_given(s, number) ? s->lengths[number - 1] : 0;
}

/* The server's log is nobody's business here, and output would be a finding. */
void setup_complain(const char *what UNUSED, const struct problem *why UNUSED)
{
}
