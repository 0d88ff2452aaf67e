/* Reading a gate file: the keys, what each takes, and what they say together. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/gate/gate.h"
#include "harness/base/file.h"

enum {
    SPAWN_MAX = 65536,
    DESCRIPTORS_MAX = 1 << 20,
    TIME_MAX_S = 86400,
    MS_PER_S = 1000,
    KIB_MAX = 1 << 30,
    AT_ONCE_MAX = 64,
};

/* A target while it is read. */
struct draft {
    struct gate *gate;
    struct gate_target *target;
    struct buf before; /* shell commands that go in front of the spawned one */
    bool has_waivers;
};

/* ---- values ---- */

static bool take_text(const struct yaml *y, const yaml_node_t *at, const char *what,
                      const char **ret)
{
    *ret = yaml_text(at);
    return (*ret && **ret) || yaml_wrong(y, at, "expected %s", what);
}

static bool is_name(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    return len > 0 && len <= GATE_NAME_MAX && !text[len] && text[0] != '.';
}

/* What all targets may take together, each an equal part of it; those that run at a time share it.
 */
static void share_budget(struct gate *g)
{
    int64_t wanted = 0;
    int64_t beside = (int64_t)gate_at_once(g);

    for (size_t i = 0; i < g->count; i++)
        wanted += g->targets[i].wanted;
    for (size_t i = 0; i < g->count && g->budget_ms && wanted > 0; i++) {
        int64_t share = g->budget_ms * (beside < wanted ? beside : wanted) / wanted;

        g->targets[i].command.common.run.selection.budget_ms = share > 0 ? share : 1; /* 0: none */
    }
}

/* A number with a unit: those of a row, from the smallest to the largest, and what each is worth.
 */
struct unit {
    const char *name;
    uint64_t worth;
};

static const struct unit seconds[] = {{"", 1}, {"s", 1}, {"min", 60}, {"h", 3600}};
static const struct unit kibibytes[] = {{"KiB", 1}, {"MiB", 1 << 10}, {"GiB", 1 << 20}};

static bool read_amount(const char *text, const struct unit *units, size_t count, uint64_t max,
                        uint64_t *ret)
{
    char digits[16];
    size_t len = strspn(text, "0123456789");
    uint64_t number = 0;

    text_format(digits, sizeof(digits), "%.*s", (int)size_min(len, sizeof(digits)), text);
    for (size_t i = 0; i < count; i++) {
        const char *rest = text + len + strspn(text + len, " ");

        if (text_eq(rest, units[i].name) && text_number(digits, 1, max / units[i].worth, &number)) {
            *ret = number * units[i].worth;
            return true;
        }
    }
    return false;
}

/* ---- options of `assay check` as keys ---- */

static const struct option_row *row_among(const struct option_row *rows, size_t count,
                                          const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (text_eq(rows[i].name, key))
            return &rows[i];
    }
    return NULL;
}

/* Other words for options, and options that are no keys: they belong to the gate as a whole. */
static const struct {
    const char *key, *option;
} words[] = {{"suites", "only"}, {"levels", "level"}},
  others[] = {{"evidence", ""}, {"write-waivers", ""}, {"record", ""}, {"pid", ""}, {"shard", ""}};

static const struct option_row *row_of(const char *key)
{
    size_t count = run_command_row_count - RUN_COMMAND_REPORT_ROWS;

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        key = text_eq(key, words[i].key) ? words[i].option : key;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (text_eq(key, others[i].key))
            return NULL;
    }
    const struct option_row *row = row_among(check_command_rows, check_command_row_count, key);
    return row ? row : row_among(run_command_rows, count, key);
}

static bool may_repeat(const struct option_row *row)
{
    static const char *const names[] = {"only", "skip", "level", "expect"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (text_eq(row->name, names[i]))
            return true;
    }
    return false;
}

static bool give(struct draft *d, const struct option_row *row, const yaml_node_t *at)
{
    const struct yaml *y = &d->gate->yaml;
    const char *text = yaml_text(at);
    struct problem why;

    if (!text)
        return yaml_wrong(y, at, "expected %s",
                          may_repeat(row) ? "a text, or a list of texts" : "a text");
    if (!row->argument && text_eq(text, "false"))
        return true;
    if (!row->argument && !text_eq(text, "true"))
        return yaml_wrong(y, at, "expected true or false");
    if (text_eq(row->name, "seed") && text_eq(text, "random"))
        return true;
    return row->take(&d->target->command, row->argument ? text : "", &why) ||
           yaml_wrong(y, at, "%s", why.text);
}

static bool give_all(struct draft *d, const struct option_row *row, const yaml_node_t *at)
{
    const yaml_node_t *item;

    if (at->type != YAML_SEQUENCE_NODE || !may_repeat(row))
        return give(d, row, at);
    for (size_t i = 0; (item = yaml_item(&d->gate->yaml, at, i)); i++) {
        if (!give(d, row, item))
            return false;
    }
    return true;
}

/* ---- what goes in front of the command ---- */

static bool take_folder(struct draft *d, const yaml_node_t *at)
{
    const char *folder;

    if (!take_text(&d->gate->yaml, at, "a folder", &folder))
        return false;
    if (!file_folder_is_possible(folder))
        return yaml_wrong(&d->gate->yaml, at, "%s: %s", folder, strerror(errno));
    buf_put_str(&d->before, "cd ");
    text_shell_word(&d->before, folder);
    buf_put_str(&d->before, " || exit 126; ");
    return true;
}

static bool is_variable(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    return len > 0 && !text[len] && !isdigit((unsigned char)text[0]);
}

/* A key of a mapping that is there twice. */
static bool check_once(const struct yaml *y, const yaml_node_t *map, size_t number)
{
    struct yaml_pair own;
    struct yaml_pair first;

    if (!yaml_pair(y, map, number, &own) || !own.key)
        return true;
    for (size_t i = 0; i < number && yaml_pair(y, map, i, &first); i++) {
        if (first.key && text_eq(first.key, own.key))
            return yaml_wrong(y, own.key_at, "%.60s is said on line %u already", own.key,
                              yaml_line(first.key_at));
    }
    return true;
}

static bool take_environment(struct draft *d, const yaml_node_t *at)
{
    const struct yaml *y = &d->gate->yaml;
    struct yaml_pair pair;

    if (at->type != YAML_MAPPING_NODE)
        return yaml_wrong(y, at, "expected variables, as PATH: /usr/bin");
    for (size_t i = 0; yaml_pair(y, at, i, &pair); i++) {
        const char *value = yaml_text(pair.value);

        if (!pair.key || !is_variable(pair.key))
            return yaml_wrong(y, pair.key_at, "expected the name of a variable");
        if (!value)
            return yaml_wrong(y, pair.value, "expected a text");
        if (!check_once(y, at, i))
            return false;
        if (d->before.failed)
            return yaml_wrong(y, pair.value, "these are too many");
        buf_printf(&d->before, "export %s=", pair.key);
        text_shell_word(&d->before, value);
        buf_put_str(&d->before, "; ");
    }
    return true;
}

static bool take_limit(struct draft *d, const struct yaml_pair *pair)
{
    const struct yaml *y = &d->gate->yaml;
    const char *text = yaml_text(pair->value) ? yaml_text(pair->value) : "";
    uint64_t amount = 0;

    if (text_eq(pair->key, "start")) {
        if (!read_amount(text, seconds, ARRAY_LEN(seconds), CHECK_START_LIMIT_MAX_S, &amount))
            return yaml_wrong(y, pair->value, "expected a time as 30s or 5min, at most 1h");
        d->target->command.common.run.start_limit_ms = (int64_t)amount * MS_PER_S;
        return true;
    }
    if (text_eq(pair->key, "time")) {
        if (!read_amount(text, seconds, ARRAY_LEN(seconds), TIME_MAX_S, &amount))
            return yaml_wrong(y, pair->value, "expected a time as 30s or 5min, at most 24h");
        d->target->time_limit_ms = (int64_t)amount * MS_PER_S;
        return true;
    }
    if (text_eq(pair->key, "descriptors")) {
        if (!text_number(text, 1, DESCRIPTORS_MAX, &amount))
            return yaml_wrong(y, pair->value, "expected a number from 1 to %d", DESCRIPTORS_MAX);
        buf_printf(&d->before, "ulimit -n %llu || exit 126; ", (unsigned long long)amount);
        return true;
    }
    if (text_eq(pair->key, "memory")) {
        if (!read_amount(text, kibibytes, ARRAY_LEN(kibibytes), KIB_MAX, &amount))
            return yaml_wrong(y, pair->value, "expected an amount as 64MiB or 1GiB");
        buf_printf(&d->before, "ulimit -v %llu || exit 126; ", (unsigned long long)amount);
        return true;
    }
    return yaml_wrong(y, pair->key_at,
                      "unknown limit; known are start, time, descriptors and memory");
}

static bool take_limits(struct draft *d, const yaml_node_t *at)
{
    const struct yaml *y = &d->gate->yaml;
    struct yaml_pair pair;

    if (at->type != YAML_MAPPING_NODE)
        return yaml_wrong(y, at, "expected limits, as start: 10s");
    for (size_t i = 0; yaml_pair(y, at, i, &pair); i++) {
        if (!pair.key)
            return yaml_wrong(y, pair.key_at, "expected a key");
        if (!check_once(y, at, i) || !take_limit(d, &pair))
            return false;
    }
    return true;
}

static bool known_check(const char *id)
{
    return registry_find(id) != NULL;
}

static bool take_waivers(struct draft *d, const yaml_node_t *at)
{
    d->has_waivers = true;
    return waivers_take(&d->gate->yaml, at, known_check, &d->target->waivers);
}

/* ---- keys ---- */

/* Keys of a target that are no options. At the top of the file they hold for all targets. */
static const struct {
    const char *key;
    bool (*take)(struct draft *d, const yaml_node_t *at);
} target_keys[] = {
    {"folder", take_folder},
    {"environment", take_environment},
    {"limits", take_limits},
    {"waivers", take_waivers},
};

static bool is_option(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(target_keys); i++) {
        if (text_eq(key, target_keys[i].key))
            return true;
    }
    return row_of(key) != NULL;
}

static bool take_key(struct draft *d, const struct yaml_pair *pair)
{
    for (size_t i = 0; i < ARRAY_LEN(target_keys); i++) {
        if (text_eq(pair->key, target_keys[i].key))
            return target_keys[i].take(d, pair->value);
    }
    return give_all(d, row_of(pair->key), pair->value);
}

/* The pair of this key, by its option: `suites` is `only`. */
static bool find_key(const struct yaml *y, const yaml_node_t *map, const char *key,
                     struct yaml_pair *ret)
{
    for (size_t i = 0; yaml_pair(y, map, i, ret); i++) {
        bool same = row_of(key) && ret->key && row_of(ret->key) == row_of(key);

        if (ret->key && (text_eq(ret->key, key) || same))
            return true;
    }
    return false;
}

static bool check_keys(const struct yaml *y, const yaml_node_t *map, const char *const *own,
                       size_t own_count, const char *what)
{
    struct yaml_pair pair;
    struct yaml_pair first;

    for (size_t i = 0; yaml_pair(y, map, i, &pair); i++) {
        bool known = pair.key && is_option(pair.key);

        if (!pair.key)
            return yaml_wrong(y, pair.key_at, "expected a key");
        for (size_t k = 0; k < own_count; k++)
            known = known || text_eq(pair.key, own[k]);
        if (!known)
            return yaml_wrong(y, pair.key_at,
                              "unknown key \"%.60s\" %s; `assay gate --help` "
                              "names them",
                              pair.key, what);
        if (find_key(y, map, pair.key, &first) && first.key_at != pair.key_at)
            return yaml_wrong(y, pair.key_at, "%.60s is said on line %u already", pair.key,
                              yaml_line(first.key_at));
    }
    return true;
}

/* ---- targets ---- */

/* What the top of the file says holds where the target does not say otherwise; waivers add up. */
static bool take_keys(struct draft *d, const yaml_node_t *root, const yaml_node_t *at)
{
    const struct yaml *y = &d->gate->yaml;
    struct yaml_pair pair;
    struct yaml_pair own;

    for (size_t i = 0; yaml_pair(y, root, i, &pair); i++) {
        bool inherits = is_option(pair.key) &&
                        (text_eq(pair.key, "waivers") || !find_key(y, at, pair.key, &own));

        if (inherits && !take_key(d, &pair))
            return false;
    }
    for (size_t i = 0; yaml_pair(y, at, i, &pair); i++) {
        if (is_option(pair.key) && !take_key(d, &pair))
            return false;
    }
    return true;
}

static bool take_name(struct gate *g, struct gate_target *t)
{
    struct yaml_pair pair;

    if (!find_key(&g->yaml, t->at, "name", &pair))
        return yaml_wrong(&g->yaml, t->at, "a target needs a name");
    if (!take_text(&g->yaml, pair.value, "a name", &t->name))
        return false;
    if (!is_name(t->name))
        return yaml_wrong(&g->yaml, pair.value,
                          "expected a name of letters, digits, . _ and -, at most %d",
                          GATE_NAME_MAX);
    for (const struct gate_target *other = g->targets; other < t; other++) {
        if (text_eq(other->name, t->name))
            return yaml_wrong(&g->yaml, pair.value, "%s is the name of the target on line %u, too",
                              t->name, yaml_line(other->at));
    }
    if (!find_key(&g->yaml, t->at, "url", &pair))
        return yaml_wrong(&g->yaml, t->at, "the target %s needs a url", t->name);
    return take_text(&g->yaml, pair.value, "a URL", &t->url);
}

/* The command with what goes in front of it, which is in every command that repeats a check. */
static bool compose_spawn(struct draft *d)
{
    struct gate_target *t = d->target;
    struct run_options *r = &t->command.common.run;
    struct buf whole;

    if (!r->spawn && d->before.len > 0)
        return yaml_wrong(&d->gate->yaml, t->at,
                          "folder, environment, descriptors and memory need a spawn command");
    if (!r->spawn)
        return true;
    buf_init(&whole, SPAWN_MAX);
    buf_put(&whole, buf_slice(&d->before));
    buf_put_str(&whole, r->spawn);
    bool full = whole.failed && !whole.no_memory;
    bool ok = !whole.failed && !d->before.failed;
    t->spawn = ok ? keep_text(&d->gate->keep, buf_text(&whole)) : NULL;
    r->spawn = t->spawn;
    buf_free(&whole);
    if (full || (d->before.failed && !d->before.no_memory))
        return yaml_wrong(&d->gate->yaml, t->at, "the command is too long");
    return t->spawn || problem_ours(d->gate->yaml.why, "out of memory");
}

static bool settle_target(struct draft *d)
{
    struct gate *g = d->gate;
    struct gate_target *t = d->target;
    struct run_command *c = &t->command.common;
    struct problem why;

    if (d->has_waivers && c->waive)
        return yaml_wrong(&g->yaml, t->at, "waive and waivers exclude each other");
    c->quiet = true;
    c->run.strict = c->run.strict || g->strict;
    c->repeat = g->repeat ? g->repeat : c->repeat;
    c->run.selection.shard = g->shard;
    c->run.selection.shards = g->shards;
    if (g->common.seeded) {
        c->run.seed = g->common.run.seed;
        c->seeded = true;
    }
    if (!compose_spawn(d))
        return false;
    if (!check_command_settle(&t->command, t->url, &t->exchange, &t->waivers, &why))
        return why.ours ? problem_ours(g->yaml.why, "%s", why.text)
                        : yaml_wrong(&g->yaml, t->at, "%s: %.400s", t->name, why.text);
    if (t->waivers.count > 0)
        c->run.waivers = &t->waivers;
    if (g->common.evidence) {
        text_format(t->evidence, sizeof(t->evidence), "%.3900s/%s", g->common.evidence, t->name);
        c->evidence = t->evidence;
        c->run.exhibits = true;
    }
    return true;
}

static bool is_wanted(const struct gate *g, const char *name)
{
    for (size_t i = 0; i < g->only_count; i++) {
        if (text_eq(g->only[i], name))
            return true;
    }
    return g->only_count == 0;
}

static bool take_target(struct gate *g, const yaml_node_t *root, const yaml_node_t *at)
{
    static const char *const own[] = {"name", "url"};
    struct draft d = {.gate = g};

    if (at->type != YAML_MAPPING_NODE)
        return yaml_wrong(&g->yaml, at, "expected a target: name, url, ...");
    if (g->count == GATE_TARGETS_MAX)
        return yaml_wrong(&g->yaml, at, "more than %d targets", GATE_TARGETS_MAX);
    d.target = &g->targets[g->count++];
    d.target->at = at;
    d.target->status = -1;
    d.target->command.common.repeat = 1;
    buf_init(&d.before, SPAWN_MAX);
    bool ok = check_keys(&g->yaml, at, own, ARRAY_LEN(own), "of a target") &&
              take_name(g, d.target) && take_keys(&d, root, at) && settle_target(&d);
    buf_free(&d.before);
    return ok;
}

/* ---- the file ---- */

static bool take_reports(struct gate *g, const yaml_node_t *at)
{
    const struct option_row *row =
        row_among(run_command_report_rows, RUN_COMMAND_REPORT_ROWS, "report");
    struct yaml_pair pair;
    struct problem why;

    if (at->type != YAML_MAPPING_NODE)
        return yaml_wrong(&g->yaml, at, "expected forms and files, as junit: out.xml");
    for (size_t i = 0; yaml_pair(&g->yaml, at, i, &pair); i++) {
        const char *file = yaml_text(pair.value);
        struct buf text;

        if (!pair.key || !file || !*file)
            return yaml_wrong(&g->yaml, pair.key ? pair.value : pair.key_at,
                              "expected a form and its file, as junit: out.xml");
        buf_init(&text, GATE_PATH_MAX);
        buf_printf(&text, "%s=%s", pair.key, file);
        const char *kept = keep_text(&g->keep, buf_text(&text));
        buf_free(&text);
        if (!kept)
            return problem_ours(g->yaml.why, "out of memory");
        if (!row->take(&g->common, kept, &why))
            return yaml_wrong(&g->yaml, pair.key_at, "%s", why.text);
    }
    return true;
}

/* What the command line says of the same goes before. */
static bool take_top(struct gate *g, const yaml_node_t *root)
{
    struct yaml_pair pair;
    uint64_t number = 0;

    if (g->common.report_count == 0 && find_key(&g->yaml, root, "reports", &pair) &&
        !take_reports(g, pair.value))
        return false;
    if (!g->common.evidence && find_key(&g->yaml, root, "evidence", &pair) &&
        !take_text(&g->yaml, pair.value, "a folder", &g->common.evidence))
        return false;
    if (!find_key(&g->yaml, root, "parallel", &pair))
        return true;
    if (!yaml_text(pair.value) || !text_number(yaml_text(pair.value), 1, AT_ONCE_MAX, &number))
        return yaml_wrong(&g->yaml, pair.value, "expected a number from 1 to %d", AT_ONCE_MAX);
    g->at_once = (unsigned)number;
    return true;
}

static bool check_only(const struct gate *g, struct problem *why)
{
    for (size_t i = 0; i < g->only_count; i++) {
        bool found = false;

        for (size_t t = 0; t < g->count; t++)
            found = found || text_eq(g->only[i], g->targets[t].name);
        if (!found)
            return problem_set(why, "--only \"%.100s\": %s has no target of this name", g->only[i],
                               g->path);
    }
    return true;
}

static bool take_file(struct gate *g, struct problem *why)
{
    static const char *const own[] = {"targets", "reports", "evidence", "parallel"};
    const yaml_node_t *root = yaml_root(&g->yaml);
    const yaml_node_t *item;
    struct yaml_pair pair;

    if (!root)
        return problem_set(why, "%s:1:1: expected targets", g->path);
    if (root->type != YAML_MAPPING_NODE)
        return yaml_wrong(&g->yaml, root, "expected keys: targets, reports, ...");
    if (!check_keys(&g->yaml, root, own, ARRAY_LEN(own), "at the top of the file") ||
        !take_top(g, root))
        return false;
    if (!find_key(&g->yaml, root, "targets", &pair))
        return yaml_wrong(&g->yaml, root, "expected targets");
    if (!yaml_item(&g->yaml, pair.value, 0))
        return yaml_wrong(&g->yaml, pair.value, "expected a list of targets");
    for (size_t i = 0; (item = yaml_item(&g->yaml, pair.value, i)); i++) {
        if (!take_target(g, root, item))
            return false;
    }
    return check_only(g, why);
}

bool gate_open(struct gate *g, const char *path, struct problem *why)
{
    g->path = path;
    g->targets = keep_room(&g->keep, GATE_TARGETS_MAX, sizeof(*g->targets));
    if (!g->targets)
        return problem_ours(why, "out of memory");
    if (!yaml_open(&g->yaml, path, "", why))
        return false;
    g->open = true;
    if (!take_file(g, why))
        return false;
    /* All targets are read, also those that are not wanted: a file is right or wrong as a whole. */
    for (size_t i = 0; i < g->count; i++)
        g->targets[i].wanted = is_wanted(g, g->targets[i].name);
    share_budget(g);
    return run_command_settle_reports(&g->common, why);
}

void gate_close(struct gate *g)
{
    for (size_t i = 0; i < g->count; i++) {
        struct gate_target *t = &g->targets[i];

        exchange_close(t->exchange);
        waivers_free(&t->waivers);
        report_read_free(&t->read);
    }
    if (g->open)
        yaml_close(&g->yaml);
    keep_free(&g->keep);
}
