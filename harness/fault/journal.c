/* The decision log in memory, and sorted on its way out. */
#include "harness/fault/journal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    uint64_t client;
    uint64_t number;
    size_t offset;
    uint32_t len;
    uint32_t way;
};

void fault_journal_open(struct fault_journal *j, size_t max_bytes)
{
    *j = (struct fault_journal){0};
    buf_init(&j->lines, max_bytes);
    buf_init(&j->entries, max_bytes);
}

void fault_journal_free(struct fault_journal *j)
{
    buf_free(&j->lines);
    buf_free(&j->entries);
}

void fault_journal_add(const struct fault_decision *d, void *journal)
{
    struct fault_journal *j = journal;
    char line[FAULT_LINE_MAX];
    size_t before = j->lines.len;

    if (j->left_out) {
        j->left_out++;
        return;
    }
    fault_decision_text(d, line, sizeof(line));
    buf_put_str(&j->lines, line);
    buf_put_byte(&j->lines, '\n');
    struct entry e = {.client = d->client,
                      .number = d->number,
                      .offset = before,
                      .len = (uint32_t)(j->lines.len - before),
                      .way = d->way};
    if (!j->lines.failed)
        buf_put(&j->entries, slice_of(&e, sizeof(e)));
    if (j->lines.failed || j->entries.failed)
        j->left_out = 1;
}

static int compare(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;

    if (x->client != y->client)
        return x->client < y->client ? -1 : 1;
    if (x->way != y->way)
        return x->way < y->way ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

void fault_journal_write(struct fault_journal *j, FILE *out)
{
    size_t count = j->entries.len / sizeof(struct entry);

    if (count > 1)
        qsort(j->entries.data, count, sizeof(struct entry), compare);
    for (size_t i = 0; i < count; i++) {
        struct entry e;

        memcpy(&e, j->entries.data + i * sizeof(e), sizeof(e));
        fwrite(j->lines.data + e.offset, 1, e.len, out);
    }
    if (j->left_out)
        fprintf(out, "# %" PRIu64 " more decision%s, for which there was no room\n", j->left_out,
                text_s(j->left_out));
}
