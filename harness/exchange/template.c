/* Templates of exchange files: reading, expanding, matching. */
#include "harness/exchange/template.h"

#include <inttypes.h>
#include <string.h>

struct reader {
    const char *text;
    size_t at;
    bool allow_any;
    struct template *t;
    struct problem *why;
};

static struct template_part *add_part(struct reader *r, enum template_kind kind)
{
    struct template *t = r->t;

    if (t->count == TEMPLATE_PARTS_MAX) {
        problem_set(r->why, "more than %d parts in one template", TEMPLATE_PARTS_MAX);
        return NULL;
    }
    struct template_part *part = &t->parts[t->count++];
    *part = (struct template_part){.kind = kind, .offset = t->literals.len, .base = 'd'};
    return part;
}

static bool add_octet(struct reader *r, uint8_t octet)
{
    struct template *t = r->t;

    if (t->count == 0 || t->parts[t->count - 1].kind != TEMPLATE_LITERAL) {
        if (!add_part(r, TEMPLATE_LITERAL))
            return false;
    }
    buf_put_byte(&t->literals, octet);
    if (t->literals.failed)
        return problem_set(r->why, "more than %d octets in one template", TEMPLATE_LITERAL_MAX);
    t->parts[t->count - 1].len++;
    return true;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *lower = c ? strchr(digits, c | 0x20) : NULL;
    const char *exact = c ? strchr(digits, c) : NULL;

    if (exact)
        return (int)(exact - digits);
    return lower && c >= 'A' && c <= 'F' ? (int)(lower - digits) : -1;
}

static bool read_escape(struct reader *r)
{
    static const struct {
        char letter;
        uint8_t octet;
    } escapes[] = {{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'0', 0}, {'\\', '\\'}, {'"', '"'}};
    char letter = r->text[r->at + 1];

    for (size_t i = 0; i < ARRAY_LEN(escapes); i++) {
        if (escapes[i].letter == letter) {
            r->at += 2;
            return add_octet(r, escapes[i].octet);
        }
    }
    if (letter == 'x') {
        int high = hex_digit(r->text[r->at + 2]);
        int low = high < 0 ? -1 : hex_digit(r->text[r->at + 3]);

        if (low < 0)
            return problem_set(r->why, "expected two hex digits after \\x");
        r->at += 4;
        return add_octet(r, (uint8_t)(high * 16 + low));
    }
    return problem_set(r->why, "unknown escape; known are \\n \\r \\t \\0 \\\\ \\\" \\xHH");
}

/* The format behind "seq": empty, ":u32" or ":[0][WIDTH](d|x|X)". */
static bool read_number_format(struct reader *r, const char *format, size_t len)
{
    struct template_part *part = add_part(r, TEMPLATE_NUMBER);
    size_t i = 0;

    if (!part)
        return false;
    if (len == 0)
        return true;
    if (len == 4 && text_starts(format, ":u32")) {
        part->kind = TEMPLATE_OCTETS;
        return true;
    }
    if (format[i++] != ':')
        return problem_set(r->why, "expected %%{seq}, %%{seq:u32} or a format as in %%{seq:08x}");
    if (i < len && format[i] == '0') {
        part->zeros = true;
        i++;
    }
    while (i < len && format[i] >= '0' && format[i] <= '9' && part->len <= 20)
        part->len = part->len * 10 + (size_t)(format[i++] - '0');
    if (i + 1 != len || !strchr("dxX", format[i]) || part->len > 20)
        return problem_set(r->why, "expected a format as in %%{seq:08x}: 0, a width up to 20, and "
                                   "d, x or X");
    part->base = format[i];
    return true;
}

static bool read_percent(struct reader *r)
{
    const char *at = r->text + r->at;

    if (at[1] == '%') {
        r->at += 2;
        return add_octet(r, '%');
    }
    const char *end = at[1] == '{' ? strchr(at, '}') : NULL;
    if (!end)
        return problem_set(r->why, "expected %%{seq}, %%{any} or %%%%");
    const char *name = at + 2;
    size_t len = (size_t)(end - name);
    bool ok;
    if (len == 3 && text_starts(name, "any")) {
        ok = r->allow_any ? add_part(r, TEMPLATE_ANY) != NULL
                          : problem_set(r->why, "%%{any} may stand in a reply only");
    } else if (len >= 3 && text_starts(name, "seq")) {
        ok = read_number_format(r, name + 3, len - 3);
    } else {
        ok = problem_set(r->why, "expected %%{seq}, %%{any} or %%%%");
    }
    if (ok)
        r->at += (size_t)(end - at) + 1;
    return ok;
}

bool template_parse(const char *text, bool allow_any, struct template *ret, size_t *ret_end,
                    struct problem *why)
{
    struct reader r = {.text = text, .allow_any = allow_any, .t = ret, .why = why};
    bool ok = true;

    *ret = (struct template){0};
    buf_init(&ret->literals, TEMPLATE_LITERAL_MAX);
    if (text[0] != '"') {
        *ret_end = 0;
        return problem_set(why, "expected a string in double quotes");
    }
    r.at = 1;
    while (ok && text[r.at] != '"') {
        if (text[r.at] == '\0' || text[r.at] == '\n')
            ok = problem_set(why, "the string has no closing quote");
        else if (text[r.at] == '\\')
            ok = read_escape(&r);
        else if (text[r.at] == '%')
            ok = read_percent(&r);
        else
            ok = add_octet(&r, (uint8_t)text[r.at++]);
    }
    *ret_end = ok ? r.at + 1 : r.at;
    return ok;
}

void template_free(struct template *t)
{
    buf_free(&t->literals);
}

bool template_is_numbered(const struct template *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->parts[i].kind == TEMPLATE_NUMBER || t->parts[i].kind == TEMPLATE_OCTETS)
            return true;
    }
    return false;
}

bool template_has_any(const struct template *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->parts[i].kind == TEMPLATE_ANY)
            return true;
    }
    return false;
}

void template_size(const struct template *t, size_t *ret_least, size_t *ret_most)
{
    enum { DECIMAL = 10, HEXADECIMAL = 8, OCTETS = 4 }; /* digits, octets of the largest number */

    *ret_least = *ret_most = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct template_part *part = &t->parts[i];

        switch (part->kind) {
        case TEMPLATE_LITERAL:
            *ret_least += part->len;
            *ret_most += part->len;
            break;
        case TEMPLATE_NUMBER:
            *ret_least += size_max(part->len, 1);
            *ret_most += size_max(part->len, part->base == 'd' ? DECIMAL : HEXADECIMAL);
            break;
        case TEMPLATE_OCTETS:
            *ret_least += OCTETS;
            *ret_most += OCTETS;
            break;
        case TEMPLATE_ANY:
            break;
        }
    }
}

static void expand_number(const struct template_part *part, uint32_t seq, struct buf *out)
{
    char digits[24];

    if (part->base == 'd')
        text_format(digits, sizeof(digits), "%" PRIu32, seq);
    else if (part->base == 'x')
        text_format(digits, sizeof(digits), "%" PRIx32, seq);
    else
        text_format(digits, sizeof(digits), "%" PRIX32, seq);
    for (size_t len = strlen(digits); len < part->len; len++)
        buf_put_byte(out, part->zeros ? '0' : ' ');
    buf_put_str(out, digits);
}

static void expand_part(const struct template *t, const struct template_part *part, uint32_t seq,
                        struct buf *out)
{
    switch (part->kind) {
    case TEMPLATE_LITERAL:
        buf_put(out, slice_sub(buf_slice(&t->literals), part->offset, part->len));
        break;
    case TEMPLATE_NUMBER:
        expand_number(part, seq, out);
        break;
    case TEMPLATE_OCTETS:
        buf_put_u32(out, seq);
        break;
    case TEMPLATE_ANY:
        break;
    }
}

void template_expand(const struct template *t, uint32_t seq, struct buf *out)
{
    for (size_t i = 0; i < t->count; i++)
        expand_part(t, &t->parts[i], seq, out);
}

/* Expands parts from *i up to the next stretch of anything (or the end) into `segment`. */
static void next_segment(const struct template *t, uint32_t seq, size_t *i, struct buf *segment)
{
    buf_reset(segment);
    while (*i < t->count && t->parts[*i].kind != TEMPLATE_ANY)
        expand_part(t, &t->parts[(*i)++], seq, segment);
}

bool template_match(const struct template *t, uint32_t seq, struct slice in, size_t *ret_offset,
                    struct buf *due)
{
    size_t at = 0;
    size_t i = 0;
    bool floating = false; /* the segment may begin anywhere from `at` on */

    for (;;) {
        next_segment(t, seq, &i, due);
        struct slice segment = buf_slice(due);
        struct slice rest = slice_from(in, at);
        bool last = i == t->count;
        size_t skip = 0;

        if (floating && last)
            skip = rest.len >= segment.len ? rest.len - segment.len : 0;
        else if (floating)
            skip = slice_find(rest, segment);
        rest = slice_from(rest, skip);
        if (!slice_starts(rest, segment)) {
            *ret_offset = at + skip + slice_common(rest, segment);
            return false;
        }
        at += skip + segment.len;
        if (last) {
            *ret_offset = at;
            buf_reset(due);
            return at == in.len;
        }
        i++;
        floating = true;
    }
}
