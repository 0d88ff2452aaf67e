/* Seeds of parsers, from the rows that test them, and of items of XDR. */
#include <string.h>

#include "fuzz/parser/parser.h"
#include "fuzz/seed/sets.h"
#include "harness/rpc/wire.h"

#define OCTETS(text)                                                                               \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

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

/* The first four octets choose the items that the rest is read as, and their limits
   (target/wire.c). */
void seed_wire(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    static const struct {
        const char *name;
        struct slice octets;
    } sets[] = {
        {"numbers", OCTETS("\0\1\2\3"
                           "\377\377\377\377"
                           "\0\0\0\1"
                           "\200\0\0\0\0\0\0\0"
                           "\0\0\0\0\0\0\0\1")},
        {"floats", OCTETS("\4\5\4\5"
                          "\77\200\0\0"
                          "\77\360\0\0\0\0\0\0"
                          "\177\240\0\1"
                          "\177\364\0\0\0\0\0\1")},
        {"bools", OCTETS("\6\6\6\6"
                         "\0\0\0\0"
                         "\0\0\0\1"
                         "\0\0\0\3")},
        {"quadruple", OCTETS("\7\7\7\7"
                             "0123456789abcdef")},
        {"enums", OCTETS("\10\11\31\51"
                         "\0\0\0\7"
                         "\0\0\0\0"
                         "\0\0\0\1"
                         "\0\0\0\3")},
        {"octets", OCTETS("\132\273\274\275"
                          "fixed\0\0\0"
                          "\0\0\0\6"
                          "opaque\0\0"
                          "\0\0\0\4"
                          "text"
                          "\0\0\0\2"
                          "\0\0\0\1"
                          "\0\0\0\2")},
        {"limits", OCTETS("\113\113\113\113"
                          "\0\0\0\4"
                          "four"
                          "\0\0\0\5"
                          "fives\0\0\0")},
        {"padding", OCTETS("\273\274\273\274"
                           "\0\0\0\1"
                           "a\0\0\0"
                           "\0\0\0\1"
                           "a\0\0\1"
                           "\0\0\0\2"
                           "ab\1\0")},
        {"list", OCTETS("\16\16\16\16"
                        "\0\0\0\1"
                        "\0\0\0\1"
                        "\0\0\0\0"
                        "\0\0\0\0")},
        {"part", OCTETS("\277\277\277\277"
                        "\0\0\0\14"
                        "\0\0\0\1"
                        "\0\0\0\0"
                        "more"
                        "\0\0\0\10"
                        "\0\0\0\1"
                        "\0\0\0\7")},
    };

    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        v->visit(v->into, sets[i].name, sets[i].octets);
}

#undef OCTETS

/* The first octet chooses what the rest is: some of everything for each. */
void seed_octets(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    char name[NAME_LEN];
    struct buf out;

    buf_init(&out, SEED_OCTETS_MAX);
    for (unsigned kind = 0; kind < ITEM_KINDS; kind++) {
        buf_reset(&out);
        buf_put_byte(&out, (uint8_t)kind);
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
