/* Memory that is given back all at once. */
#include "harness/base/keep.h"

#include <stdlib.h>
#include <string.h>

struct keep_block {
    struct keep_block *next;
    max_align_t room[];
};

void *keep_room(struct keep *k, size_t count, size_t size)
{
    struct keep_block *block = NULL;

    if (size == 0 || count <= (SIZE_MAX - sizeof(*block)) / size)
        block = calloc(1, sizeof(*block) + count * size);
    if (!block)
        return NULL;
    block->next = k->blocks;
    k->blocks = block;
    return block->room;
}

const char *keep_text(struct keep *k, const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = keep_room(k, len, 1);

    return copy ? memcpy(copy, text, len) : NULL;
}

void keep_free(struct keep *k)
{
    while (k->blocks) {
        struct keep_block *next = k->blocks->next;

        free(k->blocks);
        k->blocks = next;
    }
}
