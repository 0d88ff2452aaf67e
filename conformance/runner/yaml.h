/*
 * Files in YAML, read by libyaml into a tree; here is how the tree is walked, and how it is told
 * where in the file something is wrong: FILE:LINE:COLUMN and what was expected there. Texts are
 * valid as long as the file is open.
 */
#ifndef CONFORMANCE_RUNNER_YAML_H
#define CONFORMANCE_RUNNER_YAML_H

#include <stdio.h>
#include <yaml.h>

#include "harness/base/text.h"

struct yaml {
    const char *path; /* as messages name it; the caller's */
    yaml_document_t document;
    struct problem *why; /* what is wrong is told here */
};

/* A key of a mapping and its value. */
struct yaml_pair {
    const char *key; /* NULL: it is no scalar */
    const yaml_node_t *key_at;
    const yaml_node_t *value;
};

/* Reads the file: one document, of 16 MiB at most. False with the reason; `name` stands in front of
   what opening it came to. */
bool yaml_open(struct yaml *y, const char *path, const char *name, struct problem *why) MUST_USE;
void yaml_close(struct yaml *y);

/* The top of the tree, or NULL in an empty file. */
const yaml_node_t *yaml_root(struct yaml *y);

/* Sets the problem: the place of the node, and the text. Always false. */
bool yaml_wrong(const struct yaml *y, const yaml_node_t *at, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The text of a scalar; NULL for lists and mappings. */
const char *yaml_text(const yaml_node_t *node);

/* The pair, or item, of that number, from 0; false, or NULL, behind the last, and where the node is
   no mapping, or no list. */
bool yaml_pair(const struct yaml *y, const yaml_node_t *node, size_t number,
               struct yaml_pair *ret) MUST_USE;
const yaml_node_t *yaml_item(const struct yaml *y, const yaml_node_t *node, size_t number);

unsigned yaml_line(const yaml_node_t *node);

/* Writes a line of a mapping four columns in: the key, and the text as a double-quoted scalar. What
   is above ASCII is taken for UTF-8, and stays readable. */
void yaml_put(FILE *out, const char *key, const char *text);

#endif
