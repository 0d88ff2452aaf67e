/* Arguments: a list, an array, attributes in an opaque, keys with a count that stands twice. */
#include "fuzz/planted/plant_args.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/planted/plant.h"

/* ---- LIST ---- */

static bool read_more(struct plant_take *t)
{
    uint32_t more = plant_take_u32(t);

    t->failed |= more > 1;
    return more && !t->failed;
}

static struct plant_node *new_node(struct plant_take *t)
{
    struct plant_node *node = malloc(sizeof(*node));

    t->failed |= !node;
    if (node)
        *node = (struct plant_node){.value = plant_take_u32(t)};
    return node;
}

/* As stubs do that are made by a program. */
static void read_recursively(struct plant_take *t, struct plant_node **ret) /* NOLINT: planted */
{
    struct plant_take here = *t;

    if (!read_more(&here)) {
        *t = here;
        return;
    }
    *ret = new_node(&here);
    if (*ret && !here.failed)
        read_recursively(&here, &(*ret)->next);
    *t = here;
}

bool plant_read_list(struct plant_take *t, struct plant_node **ret)
{
    struct plant_node *first = NULL;
    struct plant_node **end = &first;

    if (planted(PLANT_LIST_RECURSION)) {
        read_recursively(t, &first);
    } else {
        while (read_more(t)) {
            *end = new_node(t);
            if (!*end)
                break;
            end = &(*end)->next;
        }
    }
    if (t->failed) {
        plant_free_list(first);
        return false;
    }
    *ret = first;
    return true;
}

void plant_free_list(struct plant_node *list)
{
    while (list) {
        struct plant_node *next = list->next;

        free(list);
        list = next;
    }
}

/* ---- ARRAY ---- */

/* Octets of memory for so many entries; 0 and a failure where there are too many. */
static size_t array_room(struct plant_take *t, uint32_t count)
{
    if (planted(PLANT_ARRAY_MULTIPLY)) {
        uint32_t octets = count * (uint32_t)sizeof(struct plant_entry);

        t->failed |= octets > PLANT_ENTRIES_MAX * sizeof(struct plant_entry);
        return octets;
    }
    if (planted(PLANT_ARRAY_UNBOUNDED))
        t->failed |= count > (t->size - t->at) / sizeof(struct plant_entry);
    else
        t->failed |= count > PLANT_ENTRIES_MAX;
    return count * sizeof(struct plant_entry);
}

static void read_entry(struct plant_take *t, struct plant_entry *ret)
{
    ret->id = plant_take_u32(t);
    ret->size = plant_take_u64(t);
    uint32_t key = plant_take_u32(t);
    for (unsigned i = 0; i < sizeof(ret->key); i++)
        ret->key[i] = (uint8_t)(key >> (24 - 8 * i));
}

bool plant_read_array(struct plant_take *t, struct plant_array *ret)
{
    if (planted(PLANT_ARRAY_OFF_BY_FOUR))
        t->size += 4;
    uint32_t count = plant_take_u32(t);
    size_t room = array_room(t, count);
    struct plant_entry *entries = t->failed ? NULL : malloc(room);
    t->failed |= !entries;
    for (uint32_t i = 0; i < count && !t->failed; i++)
        read_entry(t, &entries[i]);
    if (t->failed) {
        free(entries);
        return false;
    }
    *ret = (struct plant_array){count, entries};
    return true;
}

void plant_free_array(struct plant_array *array)
{
    free(array->entries);
}

/* ---- ATTRS ---- */

static uint32_t find_at(struct slice text)
{
    uint32_t i = 0;

    while (i < text.len && text.data[i] != '@')
        i++;
    return i;
}

/* The view of a string within the attributes. */
static struct slice attr_octets(struct plant_take *t)
{
    if (!planted(PLANT_ATTR_WRAP))
        return plant_take_opaque(t, PLANT_NO_LIMIT);
    uint32_t len = plant_take_u32(t);
    t->failed |= (uint32_t)t->at + len + plant_padding(len) > t->size;
    if (t->failed)
        return slice_of(NULL, 0);
    struct slice octets = slice_of(t->data + t->at, len);
    t->at += (size_t)len + plant_padding(len);
    return octets;
}

/* A length whose room for a NUL wraps to nothing. */
PLANT_UNDEFINED static void read_string_plus_one(struct plant_take *t, struct plant_string *ret)
{
    struct plant_take ahead = *t;
    uint32_t len = plant_take_u32(&ahead);
    volatile uint32_t room = len + 1; /* else gcc sees it coming */

    if (ahead.failed || room != 0)
        return;
    ret->text = malloc(room); /* NOLINT: planted */
    if (ret->text)
        ((volatile char *)ret->text)[len] = 0;
}

static void read_string(struct plant_take *t, struct plant_string *ret, uint32_t *ret_at)
{
    if (planted(PLANT_STRING_PLUS_ONE))
        read_string_plus_one(t, ret);
    struct slice octets = attr_octets(t);
    uint32_t at = find_at(octets);
    char *text = t->failed ? NULL : malloc(octets.len + 1);

    t->failed |= !text;
    if (!text)
        return;
    if (octets.len)
        memcpy(text, octets.data, octets.len);
    text[octets.len] = 0;
    free(ret->text);
    *ret = (struct plant_string){text, (uint32_t)octets.len};
    *ret_at = at;
    if (planted(PLANT_ATTR_DRIFT))
        t->size += octets.len;
}

static void read_attr(struct plant_take *t, struct plant_attrs *attrs)
{
    uint32_t at = 0;

    switch (plant_take_u32(t)) {
    case PLANT_ATTR_MODE:
        attrs->mode = plant_take_u32(t);
        break;
    case PLANT_ATTR_SIZE:
        attrs->size = plant_take_u64(t);
        break;
    case PLANT_ATTR_OWNER:
        read_string(t, &attrs->owner, &attrs->at);
        break;
    case PLANT_ATTR_GROUP:
        read_string(t, &attrs->group, &at);
        break;
    default:
        t->failed = true;
    }
}

bool plant_read_attrs(struct plant_take *t, struct plant_attrs *ret)
{
    struct slice octets = plant_take_opaque(t, PLANT_ATTRS_MAX);
    uint8_t *block = t->failed ? NULL : plant_copy(octets);
    struct plant_take body = plant_take_of(slice_of(block, octets.len));
    struct plant_attrs attrs = {0};

    body.failed = !block;
    while (!body.failed && body.at < body.size)
        read_attr(&body, &attrs);
    free(block);
    t->failed |= body.failed;
    if (!t->failed) {
        *ret = attrs;
        return true;
    }
    plant_free_attrs(&attrs);
    if (planted(PLANT_FREED_TWICE))
        *ret = attrs; /* the caller frees what it was given */
    return false;
}

void plant_free_attrs(struct plant_attrs *attrs)
{
    free(attrs->owner.text);
    free(attrs->group.text);
}

static void write_string(struct buf *out, enum plant_attr attr, const struct plant_string *string)
{
    static const uint8_t zeros[3];

    if (!string->text)
        return;
    buf_put_u32(out, attr);
    buf_put_u32(out, string->len);
    buf_put(out, slice_of(string->text, string->len));
    buf_put(out, slice_of(zeros, plant_padding(string->len)));
}

void plant_write_attrs(struct buf *out, const struct plant_attrs *attrs)
{
    buf_put_u32(out, PLANT_ATTR_MODE);
    buf_put_u32(out, attrs->mode);
    buf_put_u32(out, PLANT_ATTR_SIZE);
    buf_put_u32(out, planted(PLANT_SIZE_HALF) ? 0 : (uint32_t)(attrs->size >> 32));
    buf_put_u32(out, (uint32_t)attrs->size);
    write_string(out, PLANT_ATTR_OWNER, &attrs->owner);
    write_string(out, PLANT_ATTR_GROUP, &attrs->group);
}

/* ---- KEYS ---- */

static void read_key(struct plant_take *t, struct plant_keys *keys)
{
    struct slice octets = plant_take_opaque(t, PLANT_KEY_MAX);
    uint8_t *block = t->failed ? NULL : plant_copy(octets);

    t->failed |= !block;
    if (block)
        keys->keys[keys->count++] = (struct plant_key){block, (uint32_t)octets.len};
}

bool plant_read_keys(struct plant_take *t, struct plant_keys *ret)
{
    struct plant_keys keys = {.total = plant_take_u32(t)};
    uint32_t count = plant_take_u32(t);

    t->failed |= count > PLANT_KEYS_MAX;
    t->failed |= planted(PLANT_COUNT_TWICE) ? keys.total < count : keys.total != count;
    keys.keys = t->failed ? NULL : malloc(count * sizeof(*keys.keys));
    t->failed |= !keys.keys;
    while (keys.count < count && !t->failed)
        read_key(t, &keys);
    if (!t->failed) {
        *ret = keys;
        return true;
    }
    if (planted(PLANT_ERROR_LEAK))
        return false; /* NOLINT: planted */
    keys.total = keys.count;
    plant_free_keys(&keys);
    if (planted(PLANT_PARTIAL_KEPT))
        *ret = keys; /* the caller keeps it until the next one */
    return false;
}

void plant_free_keys(struct plant_keys *keys)
{
    uint32_t count = planted(PLANT_COUNT_TWICE) ? keys->total : keys->count;

    for (uint32_t i = 0; keys->keys && i < count; i++)
        free(keys->keys[i].octets);
    free(keys->keys);
}
