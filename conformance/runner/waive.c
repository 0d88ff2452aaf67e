/* Waivers: reading with libyaml, judging, writing. */
#include "conformance/runner/waive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/runner/yaml.h"
#include "harness/base/file.h"

enum {
    WAIVERS_MAX = 1000,
    REASON_KEPT = 60,
    REASON_LEAST = 12,
    WHY_MAX = 1 << 16,
    FLAKY_RUNS_MAX = 1000
};

enum key {
    KEY_CHECK,
    KEY_VERDICT,
    KEY_REASON,
    KEY_WHY,
    KEY_OVER,
    KEY_UNTIL,
    KEY_ISSUE,
    KEY_FLAKY,
    KEYS
};

static const char *const keys[KEYS] = {
    [KEY_CHECK] = "check", [KEY_VERDICT] = "verdict", [KEY_REASON] = "reason",
    [KEY_OVER] = "over",   [KEY_WHY] = "why",         [KEY_UNTIL] = "until",
    [KEY_ISSUE] = "issue", [KEY_FLAKY] = "flaky",
};

enum { KEYS_NEEDED = 1 << KEY_CHECK | 1 << KEY_VERDICT | 1 << KEY_REASON | 1 << KEY_WHY };

struct reading {
    const struct yaml *yaml;
    bool (*known)(const char *id);
    struct waivers *ret;
};

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

static bool is_kind(const char *text)
{
    static const char *const kinds[] = {"tcp", "udp", "unix", "unix-dgram", "unix-seqpacket"};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (text_eq(text, kinds[i]))
            return true;
    }
    return false;
}

static bool is_date(const char *text)
{
    static const char form[] = "dddd-dd-dd";

    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';

        if (form[i] == 'd' ? !digit : text[i] != form[i])
            return false;
    }
    /* Two digits compare as their number does. */
    return !text[10] && strncmp(text + 5, "01", 2) >= 0 && strncmp(text + 5, "12", 2) <= 0 &&
           strncmp(text + 8, "01", 2) >= 0 && strncmp(text + 8, "31", 2) <= 0;
}

/* Where the text of a key goes; NULL for one that is not kept. */
static char **field_of(struct waiver *w, enum key key)
{
    switch (key) {
    case KEY_CHECK:
        return &w->check;
    case KEY_REASON:
        return &w->reason;
    case KEY_WHY:
        return &w->why;
    case KEY_UNTIL:
        return &w->until;
    case KEY_OVER:
        return &w->over;
    case KEY_ISSUE:
        return &w->issue;
    case KEY_VERDICT:
    case KEY_FLAKY:
    case KEYS:
        break;
    }
    return NULL;
}

/* N/M as in 1/20: less than always. */
static bool parse_flaky(const char *text, unsigned *ret_most, unsigned *ret_runs)
{
    size_t len = strcspn(text, "/");
    uint64_t most = 0;
    uint64_t runs = 0;
    char first[8];

    text_format(first, sizeof(first), "%.*s", (int)size_min(len, sizeof(first)), text);
    if (!text[len] || !text_number(text + len + 1, 2, FLAKY_RUNS_MAX, &runs) ||
        !text_number(first, 1, runs - 1, &most))
        return false;
    *ret_most = (unsigned)most;
    *ret_runs = (unsigned)runs;
    return true;
}

/* What is wrong with the value, or NULL. */
static const char *judge_value(const struct reading *r, enum key key, const char *text)
{
    enum verdict verdict;

    if (key == KEY_CHECK && !r->known(text))
        return "no check has this id; `assay list` names them";
    if (key == KEY_VERDICT && !parse_verdict(text, &verdict))
        return "expected fail, warn or error";
    if (key == KEY_OVER && !is_kind(text))
        return "expected tcp, udp, unix, unix-dgram or unix-seqpacket";
    if (key == KEY_UNTIL && !is_date(text))
        return "expected a date as 2027-06-30";
    unsigned most;
    unsigned runs;
    if (key == KEY_FLAKY && !parse_flaky(text, &most, &runs))
        return "expected N/M as in 1/20: it may break in N of M runs, at most 1000";
    return NULL;
}

static bool take_field(const struct reading *r, struct waiver *w, unsigned *seen,
                       const struct yaml_pair *pair)
{
    const char *text = yaml_text(pair->value);
    unsigned key = 0;

    if (!pair->key)
        return yaml_wrong(r->yaml, pair->key_at, "expected a key");
    while (key < KEYS && !text_eq(pair->key, keys[key]))
        key++;
    if (key == KEYS)
        return yaml_wrong(r->yaml, pair->key_at,
                          "unknown key; known are check, verdict, reason, why, over, until, "
                          "flaky and issue");
    if (*seen & 1U << key)
        return yaml_wrong(r->yaml, pair->key_at, "this key is given twice");
    *seen |= 1U << key;
    if (!text || !*text)
        return yaml_wrong(r->yaml, pair->value, "expected a text");
    const char *fault = judge_value(r, (enum key)key, text);
    if (fault)
        return yaml_wrong(r->yaml, pair->value, "%s", fault);
    if (key == KEY_VERDICT)
        return parse_verdict(text, &w->verdict);
    if (key == KEY_FLAKY)
        return parse_flaky(text, &w->flaky_most, &w->flaky_runs);
    char **field = field_of(w, (enum key)key);
    if (field)
        *field = strdup(text);
    return !field || *field || problem_ours(r->yaml->why, "out of memory");
}

static bool take_waiver(const struct reading *r, const yaml_node_t *node)
{
    struct waivers *all = r->ret;
    struct yaml_pair pair;
    unsigned seen = 0;

    if (node->type != YAML_MAPPING_NODE)
        return yaml_wrong(r->yaml, node, "expected a waiver: check, verdict, reason, why");
    if (all->count == WAIVERS_MAX)
        return yaml_wrong(r->yaml, node, "too many waivers");
    struct waiver *w = &all->list[all->count++];
    w->line = yaml_line(node);
    for (size_t i = 0; yaml_pair(r->yaml, node, i, &pair); i++) {
        if (!take_field(r, w, &seen, &pair))
            return false;
    }
    for (size_t key = 0; key < KEYS; key++) {
        if (KEYS_NEEDED & ~seen & 1U << key)
            return yaml_wrong(r->yaml, node,
                              "a waiver needs check, verdict, reason and why; this one has no %s",
                              keys[key]);
    }
    for (const struct waiver *first = all->list; first < w; first++) {
        bool both = !first->over || !w->over || text_eq(first->over, w->over);

        if (text_eq(first->check, w->check) && both)
            return yaml_wrong(r->yaml, node, "%s is waived on line %u already", w->check,
                              first->line);
    }
    return true;
}

bool waivers_take(const struct yaml *yaml, const yaml_node_t *list, bool (*known)(const char *id),
                  struct waivers *ret)
{
    struct reading r = {.yaml = yaml, .known = known, .ret = ret};
    const yaml_node_t *item;

    if (!ret->list)
        ret->list = calloc(WAIVERS_MAX, sizeof(*ret->list));
    if (!ret->path)
        ret->path = strdup(yaml->path);
    if (!ret->list || !ret->path)
        return problem_ours(yaml->why, "out of memory");
    if (list->type != YAML_SEQUENCE_NODE)
        return yaml_wrong(yaml, list, "expected a list of waivers");
    for (size_t i = 0; (item = yaml_item(yaml, list, i)); i++) {
        if (!take_waiver(&r, item))
            return false;
    }
    return true;
}

/* The list under the one key of the file. */
static bool take_document(struct yaml *yaml, bool (*known)(const char *id), struct waivers *ret)
{
    const yaml_node_t *root = yaml_root(yaml);
    struct yaml_pair first;
    struct yaml_pair second;

    if (!root)
        return problem_set(yaml->why, "%s:1:1: expected \"waivers:\" and a list", yaml->path);
    if (!yaml_pair(yaml, root, 0, &first) || yaml_pair(yaml, root, 1, &second) || !first.key ||
        !text_eq(first.key, "waivers") || first.value->type != YAML_SEQUENCE_NODE)
        return yaml_wrong(yaml, root, "expected \"waivers:\" and a list");
    return waivers_take(yaml, first.value, known, ret);
}

bool waivers_read(const char *path, bool (*known)(const char *id), struct waivers *ret,
                  struct problem *why)
{
    struct waivers all = {0};
    struct yaml yaml;

    if (!yaml_open(&yaml, path, "--waive ", why))
        return false;
    bool ok = take_document(&yaml, known, &all);
    yaml_close(&yaml);
    if (ok)
        *ret = all;
    else
        waivers_free(&all);
    return ok;
}

void waivers_free(struct waivers *w)
{
    for (size_t i = 0; i < w->count; i++) {
        free(w->list[i].check);
        free(w->list[i].reason);
        free(w->list[i].why);
        free(w->list[i].over);
        free(w->list[i].until);
        free(w->list[i].issue);
    }
    free(w->list);
    free(w->path);
    *w = (struct waivers){0};
}

bool waiver_is_for(const struct waiver *w, const char *target)
{
    const char *kind = target;
    size_t name = strcspn(kind, ":(");

    if (kind[name] == '(')
        kind += name + 1;
    if (text_starts(kind, "rpc+"))
        kind += strlen("rpc+");
    size_t len = strcspn(kind, ":");

    return !w->over || (strlen(w->over) == len && text_starts(kind, w->over));
}

const struct waiver *waivers_find(const struct waivers *w, const char *check, const char *target)
{
    for (size_t i = 0; w && i < w->count; i++) {
        if (text_eq(w->list[i].check, check) && waiver_is_for(&w->list[i], target))
            return &w->list[i];
    }
    return NULL;
}

enum waiver_state waiver_judge(const struct waiver *w, enum verdict verdict, const char *reason,
                               const char *today)
{
    if (w->until && strcmp(today, w->until) > 0)
        return WAIVER_EXPIRED;
    if (w->flaky_runs && (verdict == VERDICT_PASS || verdict == VERDICT_NOTE))
        return WAIVER_RESTS;
    if (w->verdict != verdict || !strstr(reason, w->reason))
        return WAIVER_STALE;
    return WAIVER_HOLDS;
}

static bool is_plain(char octet)
{
    return octet >= 0x20 && octet < 0x7f;
}

/* Cuts off the word that was broken, where enough is left. */
static size_t whole_words(const char *text, size_t len)
{
    size_t end = len;

    while (end > 0 && text[len] != ' ' && text[end - 1] != ' ')
        end--;
    while (end > 0 && text[end - 1] == ' ')
        end--;
    return end >= REASON_LEAST ? end : len;
}

/* Numbers differ from run to run; what stands before the first is what should not change. Other
   octets than printable ASCII would have to be UTF-8 in a YAML file, and need not be here. */
static void steady_part(const char *reason, char ret[REASON_KEPT + 1])
{
    size_t len = 0;

    while (*reason && !is_plain(*reason))
        reason++;
    while (is_plain(reason[len]) && len < REASON_KEPT)
        len++;
    size_t unnumbered = strcspn(reason, "0123456789");
    if (unnumbered >= REASON_LEAST)
        len = size_min(len, unnumbered);
    if (reason[len])
        len = whole_words(reason, len);
    text_format(ret, REASON_KEPT + 1, "%.*s", (int)len, reason);
}

static bool is_broken(const struct report_check *c)
{
    return c->verdict == VERDICT_FAIL || c->verdict == VERDICT_WARN || c->verdict == VERDICT_ERROR;
}

static void write_kept(FILE *out, const struct waiver *w)
{
    fprintf(out, "  - check: %s\n    verdict: %s\n", w->check, verdict_name(w->verdict));
    yaml_put(out, "reason", w->reason);
    yaml_put(out, "why", w->why);
    if (w->over)
        fprintf(out, "    over: %s\n", w->over);
    if (w->until)
        fprintf(out, "    until: %s\n", w->until);
    if (w->issue)
        yaml_put(out, "issue", w->issue);
    if (w->flaky_runs)
        fprintf(out, "    flaky: %u/%u\n", w->flaky_most, w->flaky_runs);
}

static bool write_new(FILE *out, const struct report_check *c, const struct waiver *expired)
{
    char reason[REASON_KEPT + 1];
    struct buf why;

    steady_part(c->reason, reason);
    if (!*reason)
        return false;
    buf_init(&why, WHY_MAX);
    if (expired)
        buf_printf(&why, "ran out on %s: %s", expired->until, expired->why);
    else
        buf_put_str(&why, "not yet explained");
    fprintf(out, "  - check: %s\n    verdict: %s\n", c->id, verdict_name(c->verdict));
    yaml_put(out, "reason", reason);
    yaml_put(out, "why", buf_text(&why));
    buf_free(&why);
    return true;
}

static const struct report_check *find_tried(const struct report *r, const char *id)
{
    for (size_t i = 0; i < r->count; i++) {
        if (text_eq(r->checks[i].id, id) && r->checks[i].verdict != VERDICT_SKIP)
            return &r->checks[i];
    }
    return NULL;
}

/* True where the waiver holds for one of the reports, or its check was tried in none of them. */
static bool is_kept(const struct waiver *w, const struct report_set *set, const char *today)
{
    bool tried = false;

    for (size_t i = 0; i < set->count; i++) {
        const struct report_check *c = waiver_is_for(w, set->reports[i]->target)
                                           ? find_tried(set->reports[i], w->check)
                                           : NULL;

        if (c && waiver_judge(w, c->verdict, c->reason, today) <= WAIVER_RESTS)
            return true;
        tried |= c != NULL;
    }
    return !tried;
}

/* True where one of the first reports has brought a waiver for the check already. */
static bool is_written(const struct report_set *set, size_t first, const char *id)
{
    for (size_t i = 0; i < first; i++) {
        const struct report_check *c = find_tried(set->reports[i], id);

        if (c && is_broken(c))
            return true;
    }
    return false;
}

/* The new ones of one of the reports; returns how many. */
static size_t write_report(FILE *out, const struct report_set *set, size_t which,
                           const struct waivers *before, const char *today)
{
    const struct report *r = set->reports[which];
    size_t written = 0;

    for (size_t i = 0; i < r->count; i++) {
        const struct report_check *c = &r->checks[i];
        const struct waiver *w = waivers_find(before, c->id, r->target);

        if (!is_broken(c) || is_written(set, which, c->id) || (w && is_kept(w, set, today)))
            continue;
        if (c->waived && !w) /* by a waiver that stands elsewhere, with its why */
            continue;
        bool expired = w && waiver_judge(w, c->verdict, c->reason, today) == WAIVER_EXPIRED;
        written += write_new(out, c, expired ? w : NULL);
    }
    return written;
}

/* Returns how many it wrote. */
static size_t write_all(FILE *out, const struct report_set *set, const struct waivers *before)
{
    char today[16] = "";
    struct tm tm;
    size_t written = 0;

    if (set->count > 0 && gmtime_r(&set->reports[0]->started, &tm))
        strftime(today, sizeof(today), "%Y-%m-%d", &tm);
    for (size_t i = 0; before && i < before->count; i++) {
        if (!is_kept(&before->list[i], set, today))
            continue;
        write_kept(out, &before->list[i]);
        written++;
    }
    for (size_t i = 0; i < set->count; i++)
        written += write_report(out, set, i, before, today);
    return written;
}

bool waivers_write(const char *path, const struct report_set *set, const struct waivers *before,
                   struct problem *why)
{
    struct file_draft draft;

    if (!file_begin(&draft, path))
        return problem_set(why, "--write-waivers %s: %s", path, strerror(errno));
    fprintf(draft.out, "# Written by %s %s for", REPORT_TOOL, REPORT_VERSION);
    for (size_t i = 0; i < set->count; i++)
        fprintf(draft.out, " %s", set->reports[i]->target);
    fputs(".\n# Shorten each reason to what must not change, and say why it is accepted; add\n"
          "# \"until: YYYY-MM-DD\" where it is to be mended.\nwaivers:\n",
          draft.out);
    if (write_all(draft.out, set, before) == 0)
        fputs("  []\n", draft.out);
    return file_end(&draft) || problem_set(why, "--write-waivers %s: %s", path, strerror(errno));
}
