/* Seeds of parsers, from the rows that test them, and of items of XDR. */
#include <string.h>

#include "fuzz/parser/parser.h"
#include "fuzz/seed/sets.h"
#include "harness/rpc/wire.h"

enum { NAME_LEN = 80, ITEM_KINDS = 32 };

/* The row's name as one of a file. */
static void name_seed(const struct parser *p, unsigned number, char *ret)
{
    text_format(ret, NAME_LEN, "%s-%u", p->name, number);
    for (char *at = ret; *at; at++) {
        if (*at == ' ' || *at == '*' || *at == '_')
            *at = '-';
    }
}

/* The seeds of a row, with the octet in front that chooses it where that is asked for. */
static void visit_row(const struct seed_visitor *v, const struct parser *p, const uint8_t *choice)
{
    char name[NAME_LEN];
    struct buf out;

    buf_init(&out, SEED_OCTETS_MAX);
    for (unsigned i = 0;; i++) {
        buf_reset(&out);
        if (choice)
            buf_put_byte(&out, *choice);
        if (!parser_seed(p, i, &out))
            break;
        name_seed(p, i, name);
        v->visit(v->into, name, buf_slice(&out));
    }
    buf_free(&out);
}

void seed_parsers(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    const struct parser *p;

    for (uint8_t i = 0; (p = parser_at(i)); i++)
        visit_row(v, p, &i);
}

void seed_endpoint(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    visit_row(v, parser_find("endpoint_parse"), NULL);
}

void seed_exchange_file(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    visit_row(v, parser_find("exchange_file_parse"), NULL);
}

void seed_schedule(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    visit_row(v, parser_find("fault_parse"), NULL);
}

void seed_report(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    visit_row(v, parser_find("report_read_text"), NULL);
}

void seed_texts(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    v->visit(v->into, "word", slice_str("word"));
    v->visit(v->into, "lines", slice_str("one = 1\ntwo = \"2\" # why\n"));
}

/* Four items of each kind, and what stands for them (target/wire.c). */
void seed_wire(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    static const uint8_t numbers[] = {0, 1, 2, 3}, words[] = {4, 5, 6, 7},
                         octets[] = {74, 75, 188, 189}, nested[] = {189, 14, 191, 8};
    static const struct {
        const char *name;
        const uint8_t *chosen;
    } sets[] = {{"numbers", numbers}, {"words", words}, {"octets", octets}, {"nested", nested}};
    struct buf out;

    buf_init(&out, SEED_OCTETS_MAX);
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        buf_reset(&out);
        buf_put(&out, slice_of(sets[i].chosen, 4));
        for (unsigned times = 0; times < 4; times++) {
            wire_put_uint(&out, 3);
            wire_put_uint(&out, 1);
            wire_put_uhyper(&out, 0);
            wire_put_opaque(&out, slice_str("octets"));
        }
        v->visit(v->into, sets[i].name, buf_slice(&out));
    }
    buf_free(&out);
}

/* The first octet chooses what the rest is: some of everything for each. */
void seed_octets(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    char name[NAME_LEN];
    struct buf out;

    buf_init(&out, SEED_OCTETS_MAX);
    for (uint8_t kind = 0; kind < ITEM_KINDS; kind++) {
        buf_reset(&out);
        buf_put_byte(&out, kind);
        wire_put_uint(&out, 1);
        wire_put_string(&out, slice_str("text"));
        wire_put_uint(&out, 2);
        wire_put_uhyper(&out, 1);
        wire_put_bool(&out, false);
        text_format(name, sizeof(name), "kind-%u", kind);
        v->visit(v->into, name, buf_slice(&out));
    }
    buf_free(&out);
}
