/* Text in a page: whatever a stranger has written stays text, and is seen. */
#include <inttypes.h>
#include <string.h>

#include "harness/report/report_html.h"
#include "harness/report/reporters.h"

enum { ELLIPSIS_LEN = 3, MS_PER_S = 1000, US_PER_MS = 1000, GROUP = 4 };

/* Characters that are valid and yet not shown, or that turn the direction of others: whoever reads
   must see that they are there. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x34f, 0x34f},   {0x61c, 0x61c},
    {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},   {0x200b, 0x200f}, {0x2028, 0x202e},
    {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},   {0xfeff, 0xfeff}, {0xffa0, 0xffa0},
    {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff},
};

static bool is_seen(uint32_t character)
{
    for (size_t i = 0; i < ARRAY_LEN(unseen); i++) {
        if (character >= unseen[i].first && character <= unseen[i].last)
            return false;
    }
    return (character & 0xfffe) != 0xfffe;
}

/* The octets of the character that begins here, or 0 where none does (RFC 3629 4). A NUL ends every
   sequence, since it continues none. */
static size_t character_at(const char *text, uint32_t *ret)
{
    static const struct {
        uint8_t mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    uint8_t first = (uint8_t)text[0];

    for (size_t more = 0; more < ARRAY_LEN(forms); more++) {
        if ((first & forms[more].mask) != forms[more].lead)
            continue;
        uint32_t value = first & (uint8_t)~forms[more].mask;
        for (size_t i = 1; i <= more; i++) {
            if (((uint8_t)text[i] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | ((uint8_t)text[i] & 0x3f);
        }
        *ret = value;
        bool half = value >= 0xd800 && value <= 0xdfff;
        return value >= forms[more].least && value <= 0x10ffff && !half ? more + 1 : 0;
    }
    return 0;
}

static void put_ascii(FILE *out, char octet)
{
    const char *entity = octet == '\'' ? "&#39;" : report_entity(octet);

    if (entity)
        fputs(entity, out);
    else
        fputc(octet, out);
}

/* Writes the character that begins here, and returns how many octets it took. */
static size_t put_character(FILE *out, const char *text)
{
    uint32_t character = 0;
    size_t len = character_at(text, &character);
    bool seen = len > 0 && is_seen(character);

    if (len == 0)
        len = 1;
    for (size_t i = 0; i < len; i++) {
        if (!seen)
            fprintf(out, "\\x%02x", (unsigned char)text[i]);
        else if (len > 1)
            fputc(text[i], out);
        else
            put_ascii(out, text[i]);
    }
    return len;
}

void html_put(FILE *out, const char *text)
{
    while (text && *text)
        text += put_character(out, text);
}

void html_put_short(FILE *out, const char *text, size_t characters)
{
    for (size_t i = 0; text && *text && i < characters; i++)
        text += put_character(out, text);
    if (text && *text)
        fputs("&#8230;", out);
}

void html_put_name(FILE *out, const char *id)
{
    while (*id) {
        bool dot = *id == '.';

        id += put_character(out, id);
        if (dot)
            fputs("<wbr>", out);
    }
}

static bool is_mostly_text(struct slice octets)
{
    size_t printable = 0;

    for (size_t i = 0; i < octets.len; i++) {
        uint8_t o = octets.data[i];

        printable += (o >= 0x20 && o < 0x7f) || o == '\n' || o == '\r' || o == '\t';
    }
    return printable * 4 >= octets.len * 3;
}

void html_put_octets(FILE *out, struct slice octets, size_t length, size_t max)
{
    struct slice shown = slice_sub(octets, 0, max);
    struct buf text;

    buf_init(&text, 4096);
    if (is_mostly_text(shown)) {
        text_quote(&text, shown, SIZE_MAX);
        html_put(out, buf_text(&text));
    } else {
        for (size_t i = 0; i < shown.len; i += GROUP) {
            buf_reset(&text);
            text_hex(&text, slice_sub(shown, i, GROUP));
            fprintf(out, "%s%s", i ? " " : "", buf_text(&text));
        }
    }
    if (shown.len < length)
        fputs("&#8230;", out);
    buf_free(&text);
}

void html_put_id(FILE *out, size_t target, const char *id)
{
    fprintf(out, "t%zu-", target + 1);
    for (; *id; id++) {
        bool plain = (*id >= 'a' && *id <= 'z') || (*id >= 'A' && *id <= 'Z') ||
                     (*id >= '0' && *id <= '9') || *id == '.' || *id == '-';

        if (plain)
            fputc(*id, out);
        else
            fprintf(out, "_%02x", (unsigned char)*id);
    }
}

void html_put_duration(FILE *out, int64_t us)
{
    double ms = (double)us / US_PER_MS;

    if (ms >= MS_PER_S)
        fprintf(out, "%.1f s", ms / MS_PER_S);
    else
        fprintf(out, ms >= 10 ? "%.0f ms" : "%.2f ms", ms);
}

void html_put_time(FILE *out, time_t time)
{
    char text[32] = "";
    struct tm tm;

    if (gmtime_r(&time, &tm))
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
    fputs(text, out);
}
