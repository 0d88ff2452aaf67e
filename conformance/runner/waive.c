/* Waivers: reading with libyaml, judging, writing. */
#include "conformance/runner/waive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { WAIVERS_MAX = 1000, REASON_KEPT = 60, REASON_LEAST = 12 };

struct reading {
    const char *path;
    yaml_document_t *document;
    bool (*known)(const char *id);
    struct waivers *ret;
    struct problem *why;
};

static bool wrong(const struct reading *r, const yaml_node_t *at, const char *what)
{
    return problem_set(r->why, "%s:%zu:%zu: %s", r->path, at->start_mark.line + 1,
                       at->start_mark.column + 1, what);
}

static const char *scalar(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static bool parse_verdict(const char *word, enum verdict *ret)
{
    static const enum verdict allowed[] = {VERDICT_FAIL, VERDICT_WARN, VERDICT_ERROR};

    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        if (text_eq(word, verdict_name(allowed[i]))) {
            *ret = allowed[i];
            return true;
        }
    }
    return false;
}

static bool is_date(const char *text)
{
    return strlen(text) == 10 && strspn(text, "0123456789-") == 10 && text[4] == '-' &&
           text[7] == '-';
}

static bool take_field(const struct reading *r, struct waiver *w, const yaml_node_t *key,
                       const yaml_node_t *value)
{
    const char *name = scalar(key);
    const char *text = scalar(value);
    const struct {
        const char *name;
        char **field;
    } fields[] = {
        {"check", &w->check}, {"reason", &w->reason}, {"why", &w->why}, {"until", &w->until}};

    if (!name)
        return wrong(r, key, "expected a key");
    if (!text || !*text)
        return wrong(r, value, "expected a text");
    if (text_eq(name, "verdict"))
        return parse_verdict(text, &w->verdict) || wrong(r, value, "expected fail, warn or error");
    if (text_eq(name, "issue"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (!text_eq(name, fields[i].name))
            continue;
        if (*fields[i].field)
            return wrong(r, key, "this key is given twice");
        if (text_eq(name, "until") && !is_date(text))
            return wrong(r, value, "expected a date as 2027-06-30");
        if (text_eq(name, "check") && !r->known(text))
            return wrong(r, value, "no check has this id; `assay list` names them");
        *fields[i].field = strdup(text);
        return *fields[i].field != NULL || wrong(r, value, "out of memory");
    }
    return wrong(r, key, "unknown key; known are check, verdict, reason, why, until and issue");
}

static bool take_waiver(const struct reading *r, const yaml_node_t *node)
{
    struct waivers *all = r->ret;

    if (node->type != YAML_MAPPING_NODE)
        return wrong(r, node, "expected a waiver: check, verdict, reason, why");
    if (all->count == WAIVERS_MAX)
        return wrong(r, node, "too many waivers");
    struct waiver *w = &all->list[all->count++];
    w->line = (unsigned)node->start_mark.line + 1;
    w->verdict = VERDICTS;
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        if (!take_field(r, w, yaml_document_get_node(r->document, pair->key),
                        yaml_document_get_node(r->document, pair->value)))
            return false;
    }
    if (!w->check || w->verdict == VERDICTS || !w->reason || !w->why)
        return wrong(r, node, "a waiver needs check, verdict, reason and why");
    return true;
}

static bool take_document(const struct reading *r)
{
    yaml_node_t *root = yaml_document_get_root_node(r->document);
    yaml_node_t *list = NULL;

    if (!root)
        return problem_set(r->why, "%s:1:1: expected \"waivers:\" and a list", r->path);
    if (root->type == YAML_MAPPING_NODE &&
        root->data.mapping.pairs.top - root->data.mapping.pairs.start == 1) {
        yaml_node_pair_t *pair = root->data.mapping.pairs.start;
        const char *key = scalar(yaml_document_get_node(r->document, pair->key));

        if (key && text_eq(key, "waivers"))
            list = yaml_document_get_node(r->document, pair->value);
    }
    if (!list || list->type != YAML_SEQUENCE_NODE)
        return wrong(r, root, "expected \"waivers:\" and a list");
    for (yaml_node_item_t *item = list->data.sequence.items.start;
         item < list->data.sequence.items.top; item++) {
        if (!take_waiver(r, yaml_document_get_node(r->document, *item)))
            return false;
    }
    return true;
}

static bool parse_file(const char *path, FILE *file, yaml_document_t *ret, struct problem *why)
{
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser))
        return problem_set(why, "out of memory");
    yaml_parser_set_input_file(&parser, file);
    bool ok = yaml_parser_load(&parser, ret) != 0;
    if (!ok)
        problem_set(why, "%s:%zu:%zu: %s", path, parser.problem_mark.line + 1,
                    parser.problem_mark.column + 1, parser.problem ? parser.problem : "not YAML");
    yaml_parser_delete(&parser);
    return ok;
}

bool waivers_read(const char *path, bool (*known)(const char *id), struct waivers *ret,
                  struct problem *why)
{
    struct waivers all = {.path = strdup(path), .list = calloc(WAIVERS_MAX, sizeof(*all.list))};
    yaml_document_t document;
    FILE *file = fopen(path, "re");

    if (!file || !all.path || !all.list) {
        problem_set(why, "--waive %s: %s", path, strerror(errno));
        waivers_free(&all);
        if (file)
            fclose(file);
        return false;
    }
    struct reading r = {path, &document, known, &all, why};
    bool ok = parse_file(path, file, &document, why);
    if (ok) {
        ok = take_document(&r);
        yaml_document_delete(&document);
    }
    fclose(file);
    if (!ok) {
        waivers_free(&all);
        return false;
    }
    *ret = all;
    return true;
}

void waivers_free(struct waivers *w)
{
    for (size_t i = 0; i < w->count; i++) {
        free(w->list[i].check);
        free(w->list[i].reason);
        free(w->list[i].why);
        free(w->list[i].until);
    }
    free(w->list);
    free(w->path);
    *w = (struct waivers){0};
}

const struct waiver *waivers_find(const struct waivers *w, const char *check)
{
    for (size_t i = 0; w && i < w->count; i++) {
        if (text_eq(w->list[i].check, check))
            return &w->list[i];
    }
    return NULL;
}

enum waiver_state waiver_judge(const struct waiver *w, enum verdict verdict, const char *reason,
                               const char *today)
{
    if (w->until && strcmp(today, w->until) > 0)
        return WAIVER_EXPIRED;
    if (w->verdict != verdict || !strstr(reason, w->reason))
        return WAIVER_STALE;
    return WAIVER_HOLDS;
}

/* A double-quoted scalar of YAML: the escapes of text_quote are YAML's, too. */
static void write_scalar(FILE *out, const char *key, const char *text, size_t max)
{
    struct buf quoted;

    buf_init(&quoted, 1 << 14);
    text_quote(&quoted, slice_sub(slice_str(text), 0, max), SIZE_MAX);
    fprintf(out, "    %s: %s\n", key, buf_text(&quoted));
    buf_free(&quoted);
}

/* Numbers differ from run to run; what stands before the first is what should not change. */
static size_t steady_part(const char *reason)
{
    size_t len = strcspn(reason, "0123456789");

    return len >= REASON_LEAST ? size_min(len, REASON_KEPT) : REASON_KEPT;
}

bool waivers_write(const char *path, const struct report *r, struct problem *why)
{
    FILE *out = fopen(path, "we");

    if (!out)
        return problem_set(why, "--write-waivers %s: %s", path, strerror(errno));
    fprintf(out,
            "# Written by %s %s for %s. Shorten each reason to what must not change, and say\n"
            "# why it is accepted; add \"until: YYYY-MM-DD\" where it is to be mended.\n"
            "waivers:%s\n",
            REPORT_TOOL, REPORT_VERSION, r->target, r->count ? "" : " []");
    bool any = false;
    for (size_t i = 0; i < r->count; i++) {
        const struct report_check *c = &r->checks[i];

        if (c->verdict != VERDICT_FAIL && c->verdict != VERDICT_WARN && c->verdict != VERDICT_ERROR)
            continue;
        any = true;
        fprintf(out, "  - check: %s\n    verdict: %s\n", c->id, verdict_name(c->verdict));
        write_scalar(out, "reason", c->reason, steady_part(c->reason));
        write_scalar(out, "why", "not yet explained", SIZE_MAX);
    }
    if (!any && r->count)
        fputs("  []\n", out);
    if (fclose(out) != 0)
        return problem_set(why, "--write-waivers %s: %s", path, strerror(errno));
    return true;
}
