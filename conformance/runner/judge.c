/* From outcomes to verdicts, and from verdicts to the report and the exit status. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conformance/runner/run.h"
#include "harness/base/deadline.h"

enum { REPRODUCE_MAX = 16 << 20, SHOWN_WORDS = 220, NAMED_MAX = 4, NAMES_ROOM = 400 };

static bool is_expected(const struct run *run, const struct check *check)
{
    for (size_t i = 0; i < run->options->expectation_count; i++) {
        if (check->expects && text_eq(run->options->expectations[i].key, check->expects))
            return true;
    }
    return false;
}

/* The level at which this run judges the check: what the user expects is a must. */
static enum level judged_level(const struct run *run, const struct check *check)
{
    return is_expected(run, check) ? LEVEL_MUST : check_level(check);
}

static enum verdict broken_verdict(enum level level)
{
    static const enum verdict verdicts[LEVELS] = {
        [LEVEL_MUST] = VERDICT_FAIL,
        [LEVEL_SHOULD] = VERDICT_WARN,
        [LEVEL_ROBUST] = VERDICT_FAIL,
        [LEVEL_NOTE] = VERDICT_NOTE,
    };

    return verdicts[level];
}

static enum verdict outcome_verdict(const struct outcome *o, enum level level)
{
    switch (o->kind) {
    case OUTCOME_HELD:
        return level == LEVEL_NOTE ? VERDICT_NOTE : VERDICT_PASS;
    case OUTCOME_BROKEN:
        return broken_verdict(level);
    case OUTCOME_NOTED:
        return VERDICT_NOTE;
    case OUTCOME_SKIPPED:
        return VERDICT_SKIP;
    case OUTCOME_OPEN:
    case OUTCOME_TROUBLE:
        break;
    }
    return VERDICT_ERROR;
}

/* ---- one entry ---- */

static void judge_death(struct entry *e)
{
    struct event *last;

    e->verdict = VERDICT_FAIL;
    text_copy(e->expected, sizeof(e->expected), "the target lives through it and goes on serving");
    if (e->outcome->kind == OUTCOME_BROKEN && e->outcome->actual[0])
        text_format(e->actual, sizeof(e->actual), "%s (during the check: %.300s)", e->death,
                    e->outcome->actual);
    else
        text_copy(e->actual, sizeof(e->actual), e->death);
    text_format(e->reason, sizeof(e->reason), "%.500s", e->death);
    e->guilty = (int)e->event_count;
    last = &e->events[e->event_count++];
    *last = (struct event){.t_us = e->duration_us, .who = WHO_TARGET};
    text_format(last->what, sizeof(last->what), "%.190s", e->death);
    if (e->last_words.len == 0)
        return;
    struct slice words = slice_of(e->last_words.text, e->last_words.len);
    words = slice_from(words, words.len > SHOWN_WORDS ? words.len - SHOWN_WORDS : 0);
    last = &e->events[e->event_count++];
    *last = (struct event){.t_us = e->duration_us, .who = WHO_TARGET, .kept = words.len};
    last->length = words.len;
    text_copy(last->what, sizeof(last->what), "its standard error ends:");
    memcpy(last->bytes, words.data, words.len);
}

static void judge_outcome(struct run *run, struct entry *e)
{
    const struct outcome *o = e->outcome;

    e->verdict = outcome_verdict(o, judged_level(run, e->check));
    text_copy(e->reason, sizeof(e->reason), o->reason);
    text_copy(e->expected, sizeof(e->expected), o->expected);
    text_copy(e->actual, sizeof(e->actual), o->actual);
    if (o->kind == OUTCOME_HELD && e->verdict == VERDICT_NOTE && e->reason[0] == '\0')
        text_copy(e->reason, sizeof(e->reason), "as the claim says");
}

static void judge_not_run(const struct run *run, struct entry *e)
{
    e->verdict = VERDICT_SKIP;
    if (e->missing)
        text_copy(e->reason, sizeof(e->reason), e->missing);
    else if (e->not_run[0])
        text_copy(e->reason, sizeof(e->reason), e->not_run);
    else
        text_format(e->reason, sizeof(e->reason), "not run: %.400s", run->ending);
}

static void judge_entry(struct run *run, struct entry *e)
{
    const struct requirement_row *rows[CHECK_CITES_MAX];

    e->events = calloc(OUTCOME_HEAD + OUTCOME_TAIL + 2, sizeof(*e->events));
    e->guilty = -1;
    e->cite_count = check_cites(e->check, run->options->exchange, rows);
    for (size_t i = 0; i < e->cite_count; i++)
        e->cites[i] = rows[i]->cite;
    if (e->events && e->ran)
        e->event_count = outcome_events(e->outcome, e->events, &e->events_dropped, &e->guilty);
    if (!e->ran)
        judge_not_run(run, e);
    else if (e->death[0] && e->events)
        judge_death(e);
    else
        judge_outcome(run, e);
    if (e->verdict != VERDICT_FAIL && e->verdict != VERDICT_WARN && e->verdict != VERDICT_NOTE)
        e->guilty = -1;
}

void run_put_name(struct buf *out, size_t nth, const struct check *check)
{
    if (nth < NAMED_MAX)
        buf_printf(out, "%s%s", nth ? ", " : "", check->id);
}

void run_end_names(struct buf *out, size_t count)
{
    if (count > NAMED_MAX)
        buf_printf(out, " and %zu more", count - NAMED_MAX);
}

/* What broke side by side with others and held alone breaks the claim that the two are alike. */
static void judge_flips(struct run *run)
{
    struct entry *flips = NULL;
    struct buf names;
    const char *first = NULL;
    size_t count = 0;
    bool losses = endpoint_is_datagram(&run->target.endpoint); /* nothing but losses, so far */

    buf_init(&names, NAMES_ROOM);
    for (size_t i = 0; i < run->count; i++) {
        struct entry *e = &run->entries[i];

        if (e->check->flags & CHECK_FLIPS && e->ran)
            flips = e;
        if (!e->failed_beside)
            continue;
        first = first ? first : e->beside;
        losses = losses && e->silent_beside;
        run_put_name(&names, count++, e->check);
    }
    run_end_names(&names, count);
    if (flips && first && flips->verdict == VERDICT_PASS) {
        flips->verdict = losses ? VERDICT_NOTE : VERDICT_FAIL;
        text_copy(flips->expected, sizeof(flips->expected),
                  "conversations side by side go as they go alone");
        text_format(flips->actual, sizeof(flips->actual),
                    "beside others these broke, alone they held: %s; the first: %.400s",
                    buf_text(&names), first);
        text_format(flips->reason, sizeof(flips->reason), "expected %.200s, got %.700s",
                    flips->expected, flips->actual);
    }
    buf_free(&names);
}

/* ---- the command that repeats it ---- */

static void put_option(struct buf *out, const char *option, const char *value)
{
    buf_printf(out, " %s ", option);
    text_shell_word(out, value);
}

/* What flipped beside others is repeated with these others. */
static void put_only(const struct run *run, const struct entry *e, struct buf *out)
{
    bool beside = false;

    for (size_t i = 0; i < run->count && e->check->flags & CHECK_FLIPS; i++) {
        if (!run->entries[i].failed_beside)
            continue;
        put_option(out, "--only", run->entries[i].check->id);
        beside = true;
    }
    put_option(out, "--only", e->check->id);
    if (beside)
        buf_printf(out, " --jobs %u", run->jobs_begun);
}

static void put_client(const struct run *run, const struct entry *e, struct buf *out)
{
    const struct run_options *o = run->options;

    buf_printf(out, " client %s", e->check->id);
    put_option(out, "--listen", o->url);
    buf_put_str(out, o->client_options);
}

static char *reproduce(const struct run *run, const struct entry *e)
{
    const struct run_options *o = run->options;
    struct buf line;

    buf_init(&line, REPRODUCE_MAX);
    text_shell_word(&line, o->program);
    if (o->client) {
        put_client(run, e, &line);
    } else {
        buf_put_str(&line, " check ");
        text_shell_word(&line, o->url);
    }
    if (!text_eq(o->speak, target_default_speak(&o->endpoint)))
        put_option(&line, "--speak", o->speak);
    if (!o->client)
        put_only(run, e, &line);
    buf_printf(&line, " --seed %" PRIu64, o->seed);
    if (o->spawn)
        put_option(&line, "--spawn", o->spawn);
    if (o->ready)
        put_option(&line, "--ready", o->ready);
    if (o->start_limit_ms)
        buf_printf(&line, " --start-limit %" PRId64, o->start_limit_ms / 1000);
    if (o->pid)
        buf_printf(&line, " --pid %d", (int)o->pid);
    if (o->patience_ms)
        buf_printf(&line, " --patience %" PRId64, o->patience_ms);
    for (size_t i = 0; i < o->expectation_count; i++) {
        char text[256];

        text_format(text, sizeof(text), "%s%s%s", o->expectations[i].key,
                    *o->expectations[i].value ? "=" : "", o->expectations[i].value);
        put_option(&line, "--expect", text);
    }
    if (o->allow_remote)
        buf_put_str(&line, " --allow-remote");
    if (o->client)
        put_option(&line, "--", o->client_command);
    char *text = strdup(buf_text(&line));
    buf_free(&line);
    return text;
}

/* ---- waivers ---- */

static void add_stale(struct run *run, const char *format, const struct waiver *w,
                      const char *detail)
{
    char text[1024];
    size_t room = run->stale_count + 1;
    char **grown = realloc(run->stale, room * sizeof(*grown));

    if (!grown)
        return;
    run->stale = grown;
    const struct waiver **whose = realloc(run->stale_of, room * sizeof(*whose));
    if (!whose)
        return;
    run->stale_of = whose;
    run->stale_of[run->stale_count] = w;
    text_format(text, sizeof(text), "%s:%u: the waiver of %s %s%s", run->options->waivers->path,
                w->line, w->check, format, detail);
    run->stale[run->stale_count] = strdup(text);
    run->stale_count += run->stale[run->stale_count] != NULL;
}

static void judge_waivers(struct run *run)
{
    char today[16] = "";
    struct tm tm;

    if (gmtime_r(&run->started, &tm))
        strftime(today, sizeof(today), "%Y-%m-%d", &tm);
    for (size_t i = 0; i < run->count; i++) {
        struct entry *e = &run->entries[i];
        const struct waiver *w = waivers_find(run->options->waivers, e->check->id, run->target.url);

        if (!w || e->verdict == VERDICT_SKIP || e->too_flaky)
            continue;
        switch (waiver_judge(w, e->verdict, e->reason, today)) {
        case WAIVER_HOLDS:
            e->waiver = w;
            break;
        case WAIVER_RESTS:
            break;
        case WAIVER_STALE:
            if (e->verdict == w->verdict)
                add_stale(run, "no longer holds, its reason is now: ", w, e->reason);
            else
                add_stale(run, "no longer holds: the verdict is now ", w, verdict_name(e->verdict));
            break;
        case WAIVER_EXPIRED:
            add_stale(run, "has run out on ", w, w->until);
            break;
        }
    }
}

static bool holds_somewhere(struct run *const *runs, size_t count, const struct waiver *w)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t e = 0; e < runs[i]->count; e++) {
            if (runs[i]->entries[e].waiver == w)
                return true;
        }
    }
    return false;
}

void judge_together(struct run *const *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct run *run = runs[i];
        size_t kept = 0;

        for (size_t s = 0; s < run->stale_count; s++) {
            if (holds_somewhere(runs, count, run->stale_of[s])) {
                free(run->stale[s]);
                continue;
            }
            run->stale_of[kept] = run->stale_of[s];
            run->stale[kept++] = run->stale[s];
        }
        run->report.stale_count = run->stale_count = kept;
    }
}

/* ---- the report ---- */

static void fill_check(const struct run *run, struct entry *e, struct report_check *c)
{
    free(e->reproduce);
    e->reproduce = reproduce(run, e);
    *c = (struct report_check){
        .id = e->check->id,
        .level = judged_level(run, e->check),
        .claim = e->check->claim,
        .verdict = e->verdict,
        .reason = e->reason,
        .cites = e->cites,
        .cite_count = e->cite_count,
        .duration_us = e->duration_us,
        .waived = e->waiver != NULL,
        .waiver = e->waiver ? e->waiver->why : NULL,
        .expected = e->expected,
        .actual = e->actual,
        .reproduce = e->reproduce ? e->reproduce : "",
        .events = e->events,
        .event_count = e->event_count,
        .events_dropped = e->events_dropped,
        .events_head = OUTCOME_HEAD,
        .guilty = e->guilty,
        .exhibit = e->exhibit,
    };
}

static bool nothing_ran(const struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        if (run->entries[i].verdict != VERDICT_SKIP)
            return false;
    }
    return true;
}

static void forget_waivers(struct run *run)
{
    for (size_t i = 0; i < run->count; i++)
        run->entries[i].waiver = NULL;
    for (size_t i = 0; i < run->stale_count; i++)
        free(run->stale[i]);
    run->stale_count = 0;
}

/* With --spawn the port may be another one in each run, and the command is what is tried. */
static void give_origin(struct run *run)
{
    struct buf text;

    if (run->origin || !run->options->spawn)
        return;
    buf_init(&text, REPRODUCE_MAX);
    buf_printf(&text, "%s %s", run->options->url, run->options->spawn);
    run->origin = strdup(buf_text(&text));
    buf_free(&text);
}

void judge_again(struct run *run)
{
    forget_waivers(run);
    judge_waivers(run);
    give_origin(run);
    free(run->report_checks);
    run->report_checks = calloc(run->count + 1, sizeof(*run->report_checks));
    for (size_t i = 0; run->report_checks && i < run->count; i++)
        fill_check(run, &run->entries[i], &run->report_checks[i]);
    run->report = (struct report){
        .target = run->options->client ? run->options->client_command : run->target.url,
        .origin = run->origin,
        .speak = run->options->speak,
        .seed = run->options->seed,
        .started = run->started,
        .duration_us = deadline_now_us() - run->began_us,
        .strict = run->options->strict,
        .interrupted = run->interrupted,
        .trouble = run->trouble,
        .facts = run->facts,
        .ending = run->ending[0] ? run->ending : NULL,
        .checks = run->report_checks,
        .count = run->report_checks ? run->count : 0,
        .stale = (const char *const *)run->stale,
        .stale_count = run->stale_count,
    };
}

void judge(struct run *run)
{
    for (size_t i = 0; i < run->count; i++)
        judge_entry(run, &run->entries[i]);
    judge_flips(run);
    if (run->ending[0] == '\0' && nothing_ran(run))
        text_copy(run->ending, sizeof(run->ending), RUN_NOTHING_APPLIED);
    judge_again(run);
}

int run_status(const struct run *run)
{
    return report_status(&run->report);
}
