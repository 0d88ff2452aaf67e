/* The fields of a case. */
#include "fuzz/engine/show.h"

#include <stdio.h>

#include "harness/base/text.h"
#include "harness/rpc/onc_fields.h"
#include "harness/rpc/record.h"

enum { ROW = 16, SHOWN = 8, LINE_MAX_OCTETS = 512 };

struct view {
    size_t base; /* of the record in the case */
    bool colour;
    json_t *fields;
    char missing[RECORD_TEXT_MAX]; /* of the last record, or "" */
};

/* ---- records ---- */

/* Each record of a stream by itself, so that none is too far behind to be looked at. */
static void each_record(struct slice octets, struct view *view,
                        void (*visit)(void *into, const struct onc_field *field),
                        void (*begin)(const struct view *view, size_t number, struct slice record))
{
    static const struct record_limits no_limits = {SIZE_MAX, SIZE_MAX, SIZE_MAX};
    const struct onc_visitor visitor = {visit, view};
    struct record_in record;
    struct buf missing;
    size_t at = 0;

    record_open(&record, &no_limits);
    for (size_t number = 1; at < octets.len; number++) {
        size_t used = 0;

        record_feed(&record, slice_from(octets, at), &used);
        struct slice part = slice_sub(octets, at, used);
        view->base = at;
        if (begin)
            begin(view, number, part);
        onc_fields(slice_sub(part, 0, ONC_FIELDS_OCTETS_MAX), part.len, ONC_IN_STREAM, &visitor);
        at += used;
    }
    buf_init(&missing, RECORD_TEXT_MAX);
    record_may_end(&record, &missing);
    text_copy(view->missing, sizeof(view->missing), buf_text(&missing));
    buf_free(&missing);
    record_close(&record);
}

static void each_field(struct slice octets, enum fuzz_form form, struct view *view,
                       void (*visit)(void *into, const struct onc_field *field),
                       void (*begin)(const struct view *view, size_t number, struct slice record))
{
    const struct onc_visitor visitor = {visit, view};

    if (form == FUZZ_MESSAGE)
        onc_fields(slice_sub(octets, 0, ONC_FIELDS_OCTETS_MAX), octets.len, ONC_IN_DATAGRAM,
                   &visitor);
    else
        each_record(octets, view, visit, begin);
}

static bool has_fields(enum fuzz_form form)
{
    return form == FUZZ_MESSAGE || form == FUZZ_CALLS || form == FUZZ_REPLIES;
}

/* ---- as text ---- */

static void print_field(void *into, const struct onc_field *f)
{
    const struct view *view = into;
    struct buf hex;

    buf_init(&hex, LINE_MAX_OCTETS);
    text_hex(&hex, slice_sub(f->octets, 0, SHOWN));
    if (f->octets.len > SHOWN)
        buf_put_str(&hex, "..");
    printf("%s%8zu  %-18s  %-24s  %s%s%s\n", view->colour && f->wrong ? "\033[31m" : "",
           view->base + f->offset, buf_text(&hex), f->name, f->wrong ? "wrong: " : "", f->meaning,
           view->colour && f->wrong ? "\033[0m" : "");
    buf_free(&hex);
}

static void print_record(const struct view *view, size_t number, struct slice record)
{
    printf("  record %zu: %zu octets from octet %zu on%s\n", number, record.len, view->base,
           record.len > ONC_FIELDS_OCTETS_MAX ? ", of which the first are shown" : "");
}

static void print_octets(struct slice octets)
{
    for (size_t at = 0; at < octets.len; at += ROW) {
        struct slice row = slice_sub(octets, at, ROW);
        struct buf line;

        buf_init(&line, LINE_MAX_OCTETS);
        text_hex(&line, row);
        buf_printf(&line, "%*s  ", (int)(2 * (ROW - row.len)), "");
        for (size_t i = 0; i < row.len; i++)
            buf_put_byte(&line, row.data[i] > ' ' && row.data[i] < 0x7f ? row.data[i] : '.');
        printf("%8zu  %s\n", at, buf_text(&line));
        buf_free(&line);
    }
}

void show_text(struct slice octets, enum fuzz_form form, bool colour)
{
    struct view view = {.colour = colour};

    if (has_fields(form))
        each_field(octets, form, &view, print_field, print_record);
    else
        print_octets(octets);
    if (view.missing[0])
        printf("  it ends within a record: %s\n", view.missing);
}

/* ---- as JSON ---- */

static void add_field(void *into, const struct onc_field *f)
{
    struct view *view = into;

    json_array_append_new(view->fields,
                          json_pack("{s:I, s:I, s:s, s:s, s:b}", "offset",
                                    (json_int_t)view->base + (json_int_t)f->offset, "length",
                                    (json_int_t)f->octets.len, "name", f->name, "meaning",
                                    f->meaning, "wrong", (int)f->wrong));
}

json_t *show_json(struct slice octets, enum fuzz_form form)
{
    struct view view = {.base = 0};

    if (!has_fields(form))
        return NULL;
    view.fields = json_array();
    if (view.fields)
        each_field(octets, form, &view, add_field, NULL);
    return view.fields;
}
