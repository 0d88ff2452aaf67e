/* The tables of parsers as one, and how a row is fed. */
#include "fuzz/parser/parser.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/oracle/finding.h"
#include "fuzz/parser/tables.h"

static const struct parser_table *const tables[] = {&parser_texts, &parser_exchanges,
                                                    &parser_octets};

const struct parser *parser_at(size_t number)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        if (number < tables[i]->count)
            return &tables[i]->rows[number];
        number -= tables[i]->count;
    }
    return NULL;
}

const struct parser *parser_find(const char *name)
{
    const struct parser *p;

    for (size_t i = 0; (p = parser_at(i)); i++) {
        if (text_eq(p->name, name))
            return p;
    }
    abort();
}

bool parser_seed(const struct parser *p, unsigned number, struct buf *out)
{
    if (p->seed)
        return p->seed(number, out);
    if (number >= PARSER_SEEDS_MAX || !p->texts[number])
        return false;
    buf_put_str(out, p->texts[number]);
    return true;
}

bool parser_claim(bool holds, const char *who, const char *condition)
{
    if (!holds)
        finding_tell(ORACLE_CLAIM, "%s: %s", who, condition);
    return holds;
}

int parser_file(struct slice octets, char path[PARSER_PATH_MAX])
{
    int fd = memfd_create("parser", MFD_CLOEXEC);

    if (fd < 0 || write(fd, octets.data, octets.len) != (ssize_t)octets.len)
        abort();
    text_format(path, PARSER_PATH_MAX, "/proc/self/fd/%d", fd);
    return fd;
}

static bool feed(const struct parser *p, struct slice input)
{
    struct problem why = {.text = ""};
    bool ok = p->take(input, &why);

    if (!ok && p->says && (!why.text[0] || strchr(why.text, '\n')))
        finding_tell(ORACLE_CLAIM, "%s does not say on one line why it refuses: \"%s\"", p->name,
                     why.text);
    return ok;
}

bool parser_case(const struct parser *p, struct slice input)
{
    size_t room = input.len + p->text;
    uint8_t *copy = malloc(size_max(room, 1));

    if (!copy)
        abort();
    if (input.len > 0)
        memcpy(copy, input.data, input.len);
    if (p->text)
        copy[input.len] = '\0';
    bool first = feed(p, slice_of(copy, input.len));
    if (feed(p, slice_of(copy, input.len)) != first)
        finding_tell(ORACLE_CLAIM, "%s decides now so, now so", p->name);
    free(copy);
    return first;
}
