/*
 * The library: a run is the command `assay check`, carried out in a process of its own, and its
 * report in JSON read back. So there is one reader of options and one way through a run, and what
 * holds of the command holds here.
 */
#include "library/assay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/check_command.h"
#include "harness/base/keep.h"
#include "harness/report/report_read.h"
#include "harness/report/reporters.h"
#include "library/apart.h"

enum {
    WORDS_MAX = 2 * ASSAY_PATTERNS_MAX + ASSAY_EXPECTATIONS_MAX + 24,
    WORD_MAX = 1 << 16,
    MESSAGE_MAX = 2 * APART_SAID_MAX,
    NUMBER_LEN = 24,
    US_PER_MS = 1000,
    LINE_LEN = 4096,
};

#define TOO_LONG "--%s: the text is too long; %d octets are the limit"

/* What the header says is what the kit means. */
_Static_assert((int)ASSAY_MUST == LEVEL_MUST && (int)ASSAY_SHOULD == LEVEL_SHOULD &&
                   (int)ASSAY_ROBUST == LEVEL_ROBUST && (int)ASSAY_OBSERVATION == LEVEL_NOTE,
               "levels");
_Static_assert((int)ASSAY_PASS == VERDICT_PASS && (int)ASSAY_FAIL == VERDICT_FAIL &&
                   (int)ASSAY_WARN == VERDICT_WARN && (int)ASSAY_NOTE == VERDICT_NOTE &&
                   (int)ASSAY_SKIP == VERDICT_SKIP && (int)ASSAY_ERROR == VERDICT_ERROR,
               "verdicts");
_Static_assert((int)ASSAY_OK == STATUS_OK && (int)ASSAY_BROKEN == STATUS_FAIL &&
                   (int)ASSAY_USAGE == STATUS_USAGE && (int)ASSAY_NO_VERDICT == STATUS_NO_VERDICT &&
                   (int)ASSAY_TROUBLE == STATUS_KIT && (int)ASSAY_INTERRUPTED == STATUS_INTERRUPTED,
               "statuses");

struct assay_run {
    struct keep keep;       /* the words, and what was selected */
    struct keep texts;      /* of the results */
    char *words[WORDS_MAX]; /* the command line, ended by NULL */
    size_t word_count;
    bool starved;         /* something of these could not be kept */
    const char *too_long; /* the first option that is, or NULL */
    bool strict;
    struct assay_check *checks;

    bool performed;
    enum assay_status status;
    struct report_read read; /* of zeros where nothing was */
    struct assay_result *results;
    const struct report_check **checked; /* what they were made of */
    size_t count;
    struct buf message;
};

/* There is no program whose user could have called it otherwise. */
const char *command_called(void)
{
    return REPORT_TOOL;
}

/* ---- options as a command line ---- */

static void put_word(struct assay_run *run, const char *text)
{
    char *copy = keep_room(&run->keep, strlen(text) + 1, 1);

    if (!copy || run->word_count + 1 >= WORDS_MAX) {
        run->starved = true;
        return;
    }
    text_copy(copy, strlen(text) + 1, text);
    run->words[run->word_count++] = copy;
}

static void put_text(struct assay_run *run, const char *option, const char *value)
{
    struct buf word;

    if (!value)
        return;
    buf_init(&word, WORD_MAX);
    buf_printf(&word, "--%s=%s", option, value);
    if (word.failed && !word.no_memory && !run->too_long)
        run->too_long = option;
    run->starved = run->starved || word.no_memory;
    put_word(run, buf_text(&word));
    buf_free(&word);
}

static void put_number(struct assay_run *run, const char *option, int64_t value)
{
    char text[NUMBER_LEN];

    if (value == 0)
        return;
    text_format(text, sizeof(text), "%" PRId64, value);
    put_text(run, option, text);
}

static void put_flag(struct assay_run *run, const char *option, bool value)
{
    char text[NUMBER_LEN];

    if (!value)
        return;
    text_format(text, sizeof(text), "--%s", option);
    put_word(run, text);
}

static void put_list(struct assay_run *run, const char *option, const char *const *list, size_t max)
{
    for (size_t i = 0; i < max && list[i]; i++)
        put_text(run, option, list[i]);
}

static void put_options(struct assay_run *run, const struct assay_options *o)
{
    put_word(run, "check");
    put_text(run, "report", "json");
    put_text(run, "speak", o->speak);
    put_text(run, "spawn", o->spawn);
    put_text(run, "ready", o->ready);
    put_number(run, "start-limit", o->start_limit_s);
    put_number(run, "pid", o->pid);
    put_list(run, "only", o->only, ASSAY_PATTERNS_MAX);
    put_list(run, "skip", o->skip, ASSAY_PATTERNS_MAX);
    for (unsigned level = 0; level < LEVELS; level++) {
        if (o->levels & 1U << level)
            put_text(run, "level", level_name((enum level)level));
    }
    put_flag(run, "load", o->load);
    put_list(run, "expect", o->expect, ASSAY_EXPECTATIONS_MAX);
    put_text(run, "waive", o->waive);
    put_flag(run, "strict", o->strict);
    put_number(run, "jobs", o->jobs);
    put_number(run, "seed", (int64_t)size_min(o->seed, INT64_MAX));
    put_number(run, "patience", (int64_t)size_min(o->patience_ms, INT64_MAX));
    put_flag(run, "allow-remote", o->allow_remote);
    put_text(run, "evidence", o->evidence);
    put_text(run, "record", o->record);
    put_word(run, "--");
    if (o->url)
        put_word(run, o->url);
}

struct assay_run *assay_open(const struct assay_options *options)
{
    struct assay_run *run = calloc(1, sizeof(*run));

    if (!run)
        return NULL;
    buf_init(&run->message, MESSAGE_MAX);
    run->strict = options->strict;
    put_options(run, options);
    if (!run->starved)
        return run;
    assay_close(run);
    return NULL;
}

/* ---- what is selected ---- */

struct choosing {
    const struct check *list[RUN_CHECKS_MAX];
    size_t count;
};

static bool is_chosen(const struct choosing *c, const struct check *check)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->list[i] == check)
            return true;
    }
    return false;
}

static bool choose(struct choosing *c, const struct selection *s, const struct endpoint *e,
                   struct problem *why)
{
    const struct check *selected[RUN_CHECKS_MAX];
    size_t count = 0;

    if (!select_checks(s, e, selected, RUN_CHECKS_MAX, &count, why))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!is_chosen(c, selected[i]))
            c->list[c->count++] = selected[i];
    }
    return true;
}

/* Over which transports rpcbind knows a program nobody has asked yet: what any of them has. */
static bool choose_netpath(struct choosing *c, const struct selection *s, struct endpoint e,
                           struct problem *why)
{
    static const enum endpoint_kind kinds[] = {ENDPOINT_TCP, ENDPOINT_UDP, ENDPOINT_UNIX};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        e.kind = kinds[i];
        if (!choose(c, s, &e, why) && c->count == 0 && i + 1 == ARRAY_LEN(kinds))
            return false;
    }
    return true;
}

static bool read_words(struct assay_run *run, struct choosing *c, struct problem *why)
{
    struct check_command o = {.common = {.repeat = 1}};
    struct endpoint endpoint;
    const char *words[2];
    struct option_set set = {.rows = check_command_rows,
                             .count = check_command_row_count,
                             .into = &o,
                             .words = words,
                             .words_cap = ARRAY_LEN(words),
                             .common = run_command_rows,
                             .common_count = run_command_row_count};

    if (run->too_long)
        return problem_set(why, TOO_LONG, run->too_long, WORD_MAX);
    if (!options_read(&set, (int)run->word_count, run->words, why))
        return false;
    if (!words[0])
        return problem_set(why, "which target? The URL is missing");
    if (!endpoint_parse(words[0], &endpoint, why))
        return false;
    if (endpoint.netpath)
        return choose_netpath(c, &o.common.run.selection, endpoint, why);
    return choose(c, &o.common.run.selection, &endpoint, why);
}

size_t assay_select(struct assay_run *run, const struct assay_check **ret)
{
    struct choosing chosen = {.count = 0};
    struct problem why;

    buf_reset(&run->message);
    if (!read_words(run, &chosen, &why)) {
        buf_printf(&run->message, "%s\n", why.text);
        return 0;
    }
    run->checks = keep_room(&run->keep, chosen.count, sizeof(*run->checks));
    if (!run->checks) {
        buf_put_str(&run->message, "out of memory\n");
        return 0;
    }
    for (size_t i = 0; i < chosen.count; i++) {
        const struct check *check = chosen.list[i];

        run->checks[i] = (struct assay_check){.id = check->id,
                                              .level = (enum assay_level)check_level(check),
                                              .claim = check->claim,
                                              .why = check->why,
                                              .how = check->how};
    }
    *ret = run->checks;
    return chosen.count;
}

/* ---- performing ---- */

static void forget(struct assay_run *run)
{
    if (run->read.root)
        report_read_free(&run->read);
    run->read = (struct report_read){.root = NULL};
    keep_free(&run->texts);
    free(run->results);
    free(run->checked);
    run->results = NULL;
    run->checked = NULL;
    run->count = 0;
    run->starved = false;
    run->performed = false;
    buf_reset(&run->message);
}

/* Appends a text as one line of printable ASCII. */
static void put_plain(struct buf *out, const char *text)
{
    report_plain(out, text, SIZE_MAX, "");
}

/* The same as a text of the results'. NULL without memory. */
static const char *plain(struct assay_run *run, const char *text)
{
    struct buf line;

    buf_init(&line, WORD_MAX);
    put_plain(&line, text);
    const char *kept = line.failed ? NULL : keep_text(&run->texts, buf_text(&line));
    buf_free(&line);
    run->starved = run->starved || !kept;
    return kept;
}

static struct assay_result make_result(struct assay_run *run, const struct report *r,
                                       const struct report_check *c)
{
    const char **cites = keep_room(&run->texts, c->cite_count, sizeof(*cites));

    run->starved = run->starved || !cites;
    for (size_t i = 0; cites && i < c->cite_count; i++)
        cites[i] = plain(run, c->cites[i]);
    return (struct assay_result){
        .target = plain(run, r->target),
        .id = plain(run, c->id),
        .level = (enum assay_level)c->level,
        .claim = plain(run, c->claim),
        .verdict = (enum assay_verdict)c->verdict,
        .reason = plain(run, c->reason),
        .expected = plain(run, c->expected),
        .actual = plain(run, c->actual),
        .reproduce = plain(run, c->reproduce),
        .cites = cites,
        .cite_count = c->cite_count,
        .waived = c->waived,
        .waiver = c->waiver ? plain(run, c->waiver) : NULL,
        .duration_ms = c->duration_us / US_PER_MS,
    };
}

static bool make_results(struct assay_run *run)
{
    const struct report_set *set = &run->read.set;
    size_t count = 0;

    for (size_t i = 0; i < set->count; i++)
        count += set->reports[i]->count;
    run->results = calloc(count + 1, sizeof(*run->results));
    run->checked = calloc(count + 1, sizeof(*run->checked));
    if (!run->results || !run->checked)
        return false;
    for (size_t i = 0; i < set->count; i++) {
        const struct report *r = set->reports[i];

        for (size_t j = 0; j < r->count; j++) {
            run->checked[run->count] = &r->checks[j];
            run->results[run->count++] = make_result(run, r, &r->checks[j]);
        }
    }
    return !run->starved;
}

/* The command writes to standard error why a run ended early; waivers stand in the report alone. */
static void put_message(struct assay_run *run, struct apart *a)
{
    const struct report_set *set = &run->read.set;
    struct buf *out = &run->message;
    const char *end;

    for (const char *at = buf_text(&a->said); *at; at = *end ? end + 1 : end) {
        char line[LINE_LEN];

        end = at + strcspn(at, "\n");
        text_format(line, sizeof(line), "%.*s", (int)(end - at), at);
        put_plain(out, line);
        buf_put_byte(out, '\n');
    }
    if (a->death[0])
        buf_printf(out, "assay: the process of the run %s\n", a->death);
    for (size_t i = 0; i < set->count; i++) {
        for (size_t j = 0; j < set->reports[i]->stale_count; j++) {
            buf_put_str(out, "assay: ");
            put_plain(out, set->reports[i]->stale[j]);
            buf_put_byte(out, '\n');
        }
    }
}

enum assay_status assay_perform(struct assay_run *run)
{
    struct problem why;
    struct apart apart;

    forget(run);
    run->status = ASSAY_TROUBLE;
    if (run->too_long) {
        buf_printf(&run->message, "assay: " TOO_LONG "\n", run->too_long, WORD_MAX);
        return run->status = ASSAY_USAGE;
    }
    if (!apart_perform(&apart, command_check, run->words, REPORT_READ_OCTETS_MAX, &why)) {
        buf_printf(&run->message, "assay: %s\n", why.text);
        apart_free(&apart);
        return run->status;
    }
    struct slice out = buf_slice(&apart.out);
    bool readable = out.len == 0 || report_read_text(&run->read, "the report", out, &why);
    bool made = readable && make_results(run);
    if (!made)
        run->count = 0; /* texts of some may be missing */
    put_message(run, &apart);
    if (!readable)
        buf_printf(&run->message, "assay: %s\n", why.text);
    else if (!made)
        buf_put_str(&run->message, "assay: out of memory\n");
    if (made && apart.status >= 0) {
        run->status = (enum assay_status)apart.status;
        run->performed = true;
    }
    apart_free(&apart);
    return run->status;
}

void assay_close(struct assay_run *run)
{
    if (!run)
        return;
    forget(run);
    buf_free(&run->message);
    keep_free(&run->keep);
    free(run);
}

/* ---- results ---- */

const char *assay_message(struct assay_run *run)
{
    return buf_text(&run->message);
}

bool assay_is_whole(const struct assay_run *run)
{
    const struct report_set *set = &run->read.set;
    bool whole = run->performed && set->count > 0 && run->status != ASSAY_INTERRUPTED;

    for (size_t i = 0; i < set->count && whole; i++)
        whole = !set->reports[i]->ending && set->reports[i]->stale_count == 0;
    return whole;
}

size_t assay_count(const struct assay_run *run)
{
    return run->count;
}

const struct assay_result *assay_result(const struct assay_run *run, size_t i)
{
    return i < run->count ? &run->results[i] : NULL;
}

bool assay_is_broken(const struct assay_run *run, const struct assay_result *result)
{
    return !result->waived && (result->verdict == ASSAY_FAIL || result->verdict == ASSAY_ERROR ||
                               (result->verdict == ASSAY_WARN && run->strict));
}

char *assay_explain(struct assay_run *run, const char *check)
{
    struct report_style style = {.quiet = false};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    for (size_t i = 0; i < run->count; i++) {
        const struct assay_result *r = &run->results[i];

        if (assay_is_broken(run, r) && (!check || text_eq(check, r->id)))
            report_put_check(out, run->checked[i], &style);
    }
    if (!check && !assay_is_whole(run))
        fputs(assay_message(run), out);
    bool failed = ferror(out) != 0;
    if (fclose(out) == 0 && !failed)
        return text;
    free(text);
    return NULL;
}

char *assay_transcript(const struct assay_run *run, size_t i)
{
    const struct report_check *c = i < run->count ? run->checked[i] : NULL;
    struct buf text;

    buf_init(&text, SIZE_MAX);
    for (size_t event = 0; c && event < c->event_count; event++) {
        report_event(c, event, &text);
        buf_put_byte(&text, '\n');
    }
    char *copy = text.failed ? NULL : strdup(buf_text(&text));
    buf_free(&text);
    return copy;
}

bool assay_write(struct assay_run *run, const char *form, const char *path)
{
    const struct reporter *reporter = reporter_find(form);
    struct report_style style = {.colour = false};
    struct problem why;
    char names[160];
    bool ok = true;

    buf_reset(&run->message);
    reporter_names(names, sizeof(names));
    if (!reporter)
        ok = problem_set(&why, "\"%.100s\": unknown form; known are %s", form, names);
    else if (run->count == 0)
        ok = problem_set(&why, "there is nothing to report");
    else
        ok = report_write(reporter, &run->read.set, &style, path, &why);
    if (!ok)
        buf_printf(&run->message, "assay: %s\n", why.text);
    return ok;
}

/* ---- words ---- */

const char *assay_verdict_name(enum assay_verdict verdict)
{
    return (unsigned)verdict < VERDICTS ? verdict_name((enum verdict)verdict) : "?";
}

const char *assay_level_name(enum assay_level level)
{
    return (unsigned)level < LEVELS ? level_name((enum level)level) : "?";
}

const char *assay_version(void)
{
    return REPORT_VERSION;
}
