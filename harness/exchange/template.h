/*
 * Templates of exchange files: literal octets with the number of the request in between, and in
 * replies also stretches that may be anything. Written as a quoted string with the escapes
 * \n \r \t \0 \\ \" \xHH and
 *
 *   %{seq}      the number in decimal            %{seq:08x}  hexadecimal, padded to 8 digits
 *   %{seq:u32}  four octets, big endian          %{any}      any octets, also none (reply only)
 *   %%          a percent sign
 */
#ifndef HARNESS_EXCHANGE_TEMPLATE_H
#define HARNESS_EXCHANGE_TEMPLATE_H

#include "harness/base/text.h"

enum { TEMPLATE_PARTS_MAX = 32, TEMPLATE_LITERAL_MAX = 4096 };

enum template_kind { TEMPLATE_LITERAL, TEMPLATE_NUMBER, TEMPLATE_OCTETS, TEMPLATE_ANY };

struct template_part {
    enum template_kind kind;
    size_t offset; /* literal: where in `literals` */
    size_t len;    /* literal: octets; number: least width */
    bool zeros;    /* number: padded with 0, not with spaces */
    char base;     /* number: 'd', 'x' or 'X' */
};

struct template
{
    struct template_part parts[TEMPLATE_PARTS_MAX];
    size_t count;
    struct buf literals;
};

/* Reads a quoted string at text. On success *ret_end is the offset behind its closing quote; on
   failure it is the offset of what is wrong. The caller frees the template in both cases. */
bool template_parse(const char *text, bool allow_any, struct template *ret, size_t *ret_end,
                    struct problem *why) MUST_USE;
void template_free(struct template *t);

/* True where the number of the request stands in it. */
bool template_is_numbered(const struct template *t);

/* How many octets it makes, over all numbers; stretches of anything count for none. */
void template_size(const struct template *t, size_t *ret_least, size_t *ret_most);
bool template_has_any(const struct template *t);

/* Appends the octets for this number; stretches of anything are left out. */
void template_expand(const struct template *t, uint32_t seq, struct buf *out);

/* True where `in` is the template for this number. Else *ret_offset is where it goes wrong and
   `due` holds what was expected there. */
bool template_match(const struct template *t, uint32_t seq, struct slice in, size_t *ret_offset,
                    struct buf *due);

#endif
