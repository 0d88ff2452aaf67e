/* Walking the tree that libyaml makes of a file. */
#include "conformance/runner/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool load(struct yaml *y, FILE *file, const char *name)
{
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser))
        return problem_ours(y->why, "out of memory");
    yaml_parser_set_input_file(&parser, file);
    bool ok = yaml_parser_load(&parser, &y->document) != 0;
    if (!ok && ferror(file)) /* a folder, for one, opens well */
        problem_set(y->why, "%s%s: %s", name, y->path, strerror(errno));
    else if (!ok && parser.error == YAML_MEMORY_ERROR)
        problem_ours(y->why, "out of memory");
    else if (!ok)
        problem_set(y->why, "%s:%zu:%zu: %s", y->path, parser.problem_mark.line + 1,
                    parser.problem_mark.column + 1, parser.problem ? parser.problem : "not YAML");
    yaml_parser_delete(&parser);
    return ok;
}

bool yaml_open(struct yaml *y, const char *path, const char *name, struct problem *why)
{
    FILE *file = fopen(path, "re");

    *y = (struct yaml){.path = path, .why = why};
    if (!file)
        return errno == ENOMEM ? problem_ours(why, "out of memory")
                               : problem_set(why, "%s%s: %s", name, path, strerror(errno));
    bool ok = load(y, file, name);
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
