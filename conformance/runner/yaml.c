/* Walking the tree that libyaml makes of a file. */
#include "conformance/runner/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { OCTETS_MAX = 16 << 20, DEPTH_MAX = 64 };

static bool start(yaml_parser_t *parser, const struct buf *text)
{
    if (!yaml_parser_initialize(parser))
        return false;
    yaml_parser_set_input_string(parser, text->data ? text->data : (const yaml_char_t *)"",
                                 text->len);
    return true;
}

static bool refuse(const struct yaml *y, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return problem_ours(y->why, "out of memory");
    return problem_set(y->why, "%s:%zu:%zu: %s", y->path, parser->problem_mark.line + 1,
                       parser->problem_mark.column + 1,
                       parser->problem ? parser->problem : "not YAML");
}

/* What may stand at this place: how deep lists and mappings are, and how many documents. */
static const char *fault_of(const yaml_event_t *event, unsigned *depth, unsigned *documents)
{
    bool begins =
        event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT;
    bool ends = event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT;

    *depth = *depth + begins - ends;
    *documents += event->type == YAML_DOCUMENT_START_EVENT;
    if (*depth > DEPTH_MAX)
        return "lists and mappings lie too deep in each other";
    return *documents > 1 ? "expected the end of the file, not another document" : NULL;
}

/* Goes over the whole file before a tree is made of it: libyaml takes time by the square of the
   depth, and leaves off behind the first document. */
static bool look_over(const struct yaml *y, const struct buf *text)
{
    yaml_parser_t parser;
    unsigned depth = 0;
    unsigned documents = 0;
    bool ok = true;

    if (!start(&parser, text))
        return problem_ours(y->why, "out of memory");
    for (bool more = true; ok && more;) {
        yaml_event_t event;

        if (!yaml_parser_parse(&parser, &event)) {
            ok = refuse(y, &parser);
            break;
        }
        const char *fault = fault_of(&event, &depth, &documents);
        if (fault)
            ok = problem_set(y->why, "%s:%zu:%zu: %s", y->path, event.start_mark.line + 1,
                             event.start_mark.column + 1, fault);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return ok;
}

static bool load(struct yaml *y, const struct buf *text)
{
    yaml_parser_t parser;

    if (!look_over(y, text))
        return false;
    if (!start(&parser, text))
        return problem_ours(y->why, "out of memory");
    bool ok = yaml_parser_load(&parser, &y->document) != 0 || refuse(y, &parser);
    yaml_parser_delete(&parser);
    return ok;
}

static bool read_all(const struct yaml *y, FILE *file, const char *name, struct buf *ret)
{
    uint8_t piece[16384];
    size_t len;

    while (ret->len <= OCTETS_MAX && (len = fread(piece, 1, sizeof(piece), file)) > 0)
        buf_put(ret, slice_of(piece, len));
    if (ferror(file)) /* a folder, for one, opens well */
        return problem_set(y->why, "%s%s: %s", name, y->path, strerror(errno));
    if (ret->no_memory)
        return problem_ours(y->why, "out of memory");
    return ret->len <= OCTETS_MAX ||
           problem_set(y->why, "%s%s: expected at most %d MiB", name, y->path, OCTETS_MAX >> 20);
}

bool yaml_open(struct yaml *y, const char *path, const char *name, struct problem *why)
{
    FILE *file = fopen(path, "re");
    struct buf text;

    *y = (struct yaml){.path = path, .why = why};
    if (!file)
        return errno == ENOMEM ? problem_ours(why, "out of memory")
                               : problem_set(why, "%s%s: %s", name, path, strerror(errno));
    buf_init(&text, OCTETS_MAX + (1 << 16));
    bool ok = read_all(y, file, name, &text) && load(y, &text);
    buf_free(&text);
    fclose(file);
    return ok;
}

void yaml_close(struct yaml *y)
{
    yaml_document_delete(&y->document);
}

const yaml_node_t *yaml_root(struct yaml *y)
{
    return yaml_document_get_root_node(&y->document);
}

bool yaml_wrong(const struct yaml *y, const yaml_node_t *at, const char *format, ...)
{
    struct problem text;
    va_list args;

    va_start(args, format);
    text_vformat(text.text, sizeof(text.text), format, args);
    va_end(args);
    return problem_set(y->why, "%s:%zu:%zu: %s", y->path, at->start_mark.line + 1,
                       at->start_mark.column + 1, text.text);
}

const char *yaml_text(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

/* The functions of libyaml take what they only read as if they wrote to it. */
static const yaml_node_t *node_of(const struct yaml *y, int index)
{
    const yaml_node_t *first = y->document.nodes.start;

    return first + index - 1;
}

bool yaml_pair(const struct yaml *y, const yaml_node_t *node, size_t number, struct yaml_pair *ret)
{
    if (node->type != YAML_MAPPING_NODE)
        return false;
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start + number;
    if (pair >= node->data.mapping.pairs.top)
        return false;
    ret->key_at = node_of(y, pair->key);
    ret->key = yaml_text(ret->key_at);
    ret->value = node_of(y, pair->value);
    return true;
}

const yaml_node_t *yaml_item(const struct yaml *y, const yaml_node_t *node, size_t number)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return NULL;
    const yaml_node_item_t *item = node->data.sequence.items.start + number;
    return item < node->data.sequence.items.top ? node_of(y, *item) : NULL;
}

unsigned yaml_line(const yaml_node_t *node)
{
    return (unsigned)node->start_mark.line + 1;
}

void yaml_put(FILE *out, const char *key, const char *text)
{
    fprintf(out, "    %s: \"", key);
    for (; *text; text++) {
        uint8_t octet = (uint8_t)*text;

        if (octet < 0x20 || octet == 0x7f)
            fprintf(out, "\\x%02x", octet);
        else
            fprintf(out, "%s%c", octet == '"' || octet == '\\' ? "\\" : "", octet);
    }
    fputs("\"\n", out);
}
