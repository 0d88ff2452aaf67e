/* The procedures beyond READMSG (plant_args.h), as they should be. */
#include "fuzz/planted/plant_model.h"

#include <string.h>

#include "fuzz/planted/plant_service.h"

/* Results, as far as they have room. */
struct results {
    uint8_t *octets;
    size_t len;
};

static void put(struct results *r, struct slice octets)
{
    size_t len = size_min(octets.len, MODEL_MORE_MAX - r->len);

    if (len)
        memcpy(r->octets + r->len, octets.data, len);
    r->len += len;
}

static void put_word(struct results *r, uint32_t value)
{
    const uint8_t octets[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                              (uint8_t)value};

    put(r, slice_of(octets, sizeof(octets)));
}

static void put_string(struct results *r, struct slice text)
{
    static const uint8_t zeros[3];

    put_word(r, (uint32_t)text.len);
    put(r, text);
    put(r, slice_of(zeros, wire_padding(text.len)));
}

static void put_summary(struct results *r, uint32_t count, uint32_t sum)
{
    put_word(r, count);
    put_word(r, sum);
}

static void call_list(struct wire_in *in, struct results *r)
{
    uint32_t count = 0;
    uint32_t sum = 0;

    while (wire_optional(in, "next")) {
        sum += wire_uint(in, "value");
        count++;
    }
    put_summary(r, count, sum);
}

static void call_array(struct wire_in *in, struct results *r)
{
    uint32_t count = wire_count(in, "entries", PLANT_ENTRIES_MAX, 16);
    uint32_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        sum += wire_uint(in, "id");
        sum += (uint32_t)wire_uhyper(in, "size");
        wire_fixed(in, "key", 4);
    }
    put_summary(r, count, sum);
}

static void call_attrs(struct wire_in *in, struct results *r)
{
    struct slice owner = {NULL, 0};
    struct slice group = {NULL, 0};
    uint32_t mode = 0;
    uint64_t size = 0;
    struct wire_in body;

    wire_open(&body, wire_opaque(in, "attrs", PLANT_ATTRS_MAX));
    body.forgives = true;
    while (wire_left(&body)) {
        uint32_t attr = wire_uint(&body, "attr");

        if (attr == PLANT_ATTR_MODE)
            mode = wire_uint(&body, "mode");
        else if (attr == PLANT_ATTR_SIZE)
            size = wire_uhyper(&body, "size");
        else if (attr == PLANT_ATTR_OWNER)
            owner = wire_string(&body, "owner", WIRE_NO_LIMIT);
        else if (attr == PLANT_ATTR_GROUP)
            group = wire_string(&body, "group", WIRE_NO_LIMIT);
        else
            wire_refuse(&body, WIRE_UNION, 0, "attr", "%u is no attribute", attr);
    }
    if (!wire_ok(&body))
        wire_refuse(in, body.fault, 0, "attrs", "%s", body.text);
    put_word(r, mode);
    put_word(r, (uint32_t)(size >> 32));
    put_word(r, (uint32_t)size);
    put_word(r, (uint32_t)slice_find(owner, slice_str("@")));
    put_string(r, owner);
    put_string(r, group);
}

static void call_notify(struct wire_in *in, struct results *r)
{
    put_word(r, wire_uint(in, "events"));
}

static void call_keys(struct wire_in *in, struct results *r)
{
    uint32_t total = wire_uint(in, "total");
    uint32_t count = wire_count(in, "keys", PLANT_KEYS_MAX, 4);
    uint32_t sum = 0;

    if (total != count)
        wire_refuse(in, WIRE_VALUE, 0, "total", "%u, and there are %u keys", total, count);
    for (uint32_t i = 0; i < count; i++)
        sum += (uint32_t)wire_opaque(in, "key", PLANT_KEY_MAX).len;
    put_summary(r, count, sum);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): what it holds is written to */
static size_t call_more(uint32_t proc, struct wire_in *in, uint8_t *results)
{
    static void (*const calls[])(struct wire_in * in, struct results * r) = {
        [PLANT_LIST] = call_list,     [PLANT_ARRAY] = call_array, [PLANT_ATTRS] = call_attrs,
        [PLANT_NOTIFY] = call_notify, [PLANT_KEYS] = call_keys,
    };
    struct results r = {results, 0};

    calls[proc](in, &r);
    return r.len;
}

const struct model_rules plant_rules = {
    .prog = PLANT_PROGRAM,
    .vers = PLANT_VERSION,
    .msgprog = true,
    .strict = true,
    .text_max = WIRE_NO_LIMIT,
    .last_proc = PLANT_KEYS,
    .more = call_more,
};
