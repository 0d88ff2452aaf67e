/* Reads reports back from JSON; the form is that of docs/report.schema.json. */
#include "harness/report/report_read.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/file.h"

enum { US_PER_MS = 1000, WORD_MAX = 80, ID_MAX = 200, NONE = -1 };

/* Where in the file the reader is, and the first fault that it has found. What is read behind a
   fault is empty, and asked for by nobody. */
struct reader {
    struct report_read *into;
    const char *name;
    struct problem *why;
    bool failed;
    int report, check, event; /* their numbers, or NONE */
};

/* ---- faults ---- */

static void put_place(const struct reader *r, char *out, size_t cap)
{
    struct buf place;

    buf_init(&place, cap);
    if (r->report != NONE)
        buf_printf(&place, "[%d].", r->report);
    if (r->check != NONE)
        buf_printf(&place, "checks[%d].", r->check);
    if (r->event != NONE)
        buf_printf(&place, "evidence[%d].", r->event);
    text_copy(out, cap, buf_text(&place));
    buf_free(&place);
}

static void fault(struct reader *r, const char *member, const char *expected)
{
    char place[WORD_MAX];

    if (r->failed)
        return;
    r->failed = true;
    put_place(r, place, sizeof(place));
    problem_set(r->why, "%.200s: %s%s: expected %s", r->name, place, member, expected);
}

static void *room(struct reader *r, size_t count, size_t size)
{
    void *got = keep_room(&r->into->keep, count, size);

    if (!got && !r->failed) {
        r->failed = true;
        problem_set(r->why, "out of memory");
    }
    return got;
}

/* ---- members ---- */

/* The text of a member; without one, `otherwise`, or a fault where that is NULL. */
static const char *take_text(struct reader *r, const json_t *object, const char *member,
                             const char *otherwise)
{
    const json_t *value = json_object_get(object, member);

    if (json_is_string(value))
        return json_string_value(value);
    if (value || !otherwise)
        fault(r, member, "a text");
    return otherwise ? otherwise : "";
}

static int64_t take_number(struct reader *r, const json_t *object, const char *member, int64_t min,
                           int64_t max)
{
    const json_t *value = json_object_get(object, member);
    char expected[WORD_MAX];

    if (json_is_integer(value) && json_integer_value(value) >= min &&
        json_integer_value(value) <= max)
        return json_integer_value(value);
    text_format(expected, sizeof(expected), "a whole number from %" PRId64 " to %" PRId64, min,
                max);
    fault(r, member, expected);
    return min;
}

/* A number that older reports do not have. */
static int64_t take_later_number(struct reader *r, const json_t *object, const char *member,
                                 int64_t min, int64_t max)
{
    return json_object_get(object, member) ? take_number(r, object, member, min, max) : min;
}

static bool take_flag(struct reader *r, const json_t *object, const char *member, bool due)
{
    const json_t *value = json_object_get(object, member);

    if (!json_is_boolean(value) && (value || due))
        fault(r, member, "true or false");
    return json_is_true(value);
}

struct words {
    size_t count;
    const char *(*name)(unsigned number);
};

static const char *verdict_word(unsigned number)
{
    return verdict_name((enum verdict)number);
}

static const char *level_word(unsigned number)
{
    return level_name((enum level)number);
}

static const char *who_word(unsigned number)
{
    return who_name((enum who)number);
}

static const char *kind_word(unsigned number)
{
    return event_kind_name((enum event_kind)number);
}

static const struct words verdict_words = {VERDICTS, verdict_word};
static const struct words level_words = {LEVELS, level_word};
static const struct words who_words = {WHOS, who_word};
static const struct words kind_words = {EVENT_KINDS, kind_word};

/* The number of a word; without one, that of `otherwise`. */
static unsigned take_word(struct reader *r, const json_t *object, const char *member,
                          const struct words *words, const char *otherwise)
{
    const char *word = take_text(r, object, member, otherwise);
    struct buf known;

    for (unsigned i = 0; i < words->count; i++) {
        if (text_eq(word, words->name(i)))
            return i;
    }
    buf_init(&known, WORD_MAX);
    for (unsigned i = 0; i < words->count; i++)
        buf_printf(&known, "%s%s",
                   i == 0                 ? ""
                   : i + 1 < words->count ? ", "
                                          : " or ",
                   words->name(i));
    fault(r, member, buf_text(&known));
    buf_free(&known);
    return 0;
}

/* The array of a member, with at most so many entries. */
static const json_t *take_array(struct reader *r, const json_t *object, const char *member,
                                size_t max)
{
    const json_t *value = json_object_get(object, member);
    char expected[WORD_MAX];

    if (json_is_array(value) && json_array_size(value) <= max)
        return value;
    text_format(expected, sizeof(expected), "an array of at most %zu", max);
    fault(r, member, expected);
    return NULL;
}

static const char *const *take_texts(struct reader *r, const json_t *object, const char *member,
                                     size_t *ret_count)
{
    const json_t *array = take_array(r, object, member, REPORT_READ_TEXTS_MAX);
    const char **texts = room(r, json_array_size(array), sizeof(*texts));

    for (size_t i = 0; texts && i < json_array_size(array); i++) {
        texts[i] = json_string_value(json_array_get(array, i));
        if (!texts[i])
            fault(r, member, "nothing but texts");
    }
    *ret_count = texts ? json_array_size(array) : 0;
    return texts;
}

/* ---- evidence ---- */

static int digit_of(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = digit ? strchr(digits, digit) : NULL;

    return at ? (int)(at - digits) : NONE;
}

static void read_octets(struct reader *r, const json_t *object, struct event *e)
{
    const char *hex = take_text(r, object, "bytes", NULL);
    size_t len = strlen(hex);
    bool good = len % 2 == 0 && len <= sizeof(e->bytes) * 2 && len / 2 <= e->length;

    for (size_t i = 0; good && i < len; i += 2) {
        int high = digit_of(hex[i]);
        int low = digit_of(hex[i + 1]);

        good = high != NONE && low != NONE;
        if (good)
            e->bytes[e->kept++] = (uint8_t)(high << 4 | low);
    }
    if (!good)
        fault(r, "bytes", "pairs of lower case hex digits, at most 256 and not more than `length`");
}

static void read_event(struct reader *r, const json_t *object, struct event *e)
{
    const char *what = take_text(r, object, "what", NULL);

    e->t_us = take_number(r, object, "t_us", 0, INT64_MAX);
    e->who = (enum who)take_word(r, object, "who", &who_words, NULL);
    e->kind =
        (enum event_kind)take_word(r, object, "kind", &kind_words, event_kind_name(EVENT_WORDS));
    e->connection = (unsigned)take_later_number(r, object, "connection", 0, INT32_MAX);
    e->length = (size_t)take_number(r, object, "length", 0, INT64_MAX);
    read_octets(r, object, e);
    if (strlen(what) >= sizeof(e->what))
        fault(r, "what", "a text of at most 199 octets");
    text_copy(e->what, sizeof(e->what), what);
}

static void read_events(struct reader *r, const json_t *object, struct report_check *c)
{
    const json_t *array = take_array(r, object, "evidence", REPORT_READ_EVENTS_MAX);
    size_t count = json_array_size(array);
    struct event *events = room(r, count, sizeof(*events));

    for (size_t i = 0; events && i < count && !r->failed; i++) {
        r->event = (int)i;
        read_event(r, json_array_get(array, i), &events[i]);
    }
    r->event = NONE;
    c->events = events;
    c->event_count = events ? count : 0;
}

/* ---- a check ---- */

/* Ids are trusted wherever a report is written. */
static bool is_id(const char *text)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    size_t len = strlen(text);

    return len > 0 && len <= ID_MAX && strspn(text, known) == len;
}

static void read_check(struct reader *r, const json_t *object, struct report_check *c)
{
    c->id = take_text(r, object, "id", NULL);
    c->level = (enum level)take_word(r, object, "level", &level_words, NULL);
    c->claim = take_text(r, object, "claim", NULL);
    c->verdict = (enum verdict)take_word(r, object, "verdict", &verdict_words, NULL);
    c->reason = take_text(r, object, "reason", NULL);
    c->cites = take_texts(r, object, "cites", &c->cite_count);
    c->duration_us = take_number(r, object, "duration_ms", 0, INT64_MAX / US_PER_MS) * US_PER_MS;
    c->waived = take_flag(r, object, "waived", true);
    c->waiver = take_text(r, object, "waiver", "");
    c->expected = take_text(r, object, "expected", NULL);
    c->actual = take_text(r, object, "actual", NULL);
    c->reproduce = take_text(r, object, "reproduce", NULL);
    read_events(r, object, c);
    c->events_dropped = (size_t)take_later_number(r, object, "evidence_dropped", 0, INT64_MAX);
    c->guilty = NONE;
    if (json_object_get(object, "guilty"))
        c->guilty = (int)take_number(r, object, "guilty", NONE, (int64_t)c->event_count - 1);
    if (!is_id(c->id))
        fault(r, "id", "the id of a check: letters, digits, dots and dashes");
}

static int by_id(const void *a, const void *b)
{
    const struct report_check *const *x = a;
    const struct report_check *const *y = b;

    return strcmp((*x)->id, (*y)->id);
}

/* A check has one verdict in a report. */
static void refuse_twice(struct reader *r, const struct report *report)
{
    const struct report_check **sorted = room(r, report->count, sizeof(const void *));

    for (size_t i = 0; sorted && i < report->count; i++)
        sorted[i] = &report->checks[i];
    if (sorted && report->count > 0)
        qsort(sorted, report->count, sizeof(const void *), by_id);
    for (size_t i = 1; sorted && i < report->count; i++) {
        if (by_id(&sorted[i - 1], &sorted[i]) == 0)
            fault(r, "checks", "every check once");
    }
}

static void read_checks(struct reader *r, const json_t *object, struct report *report)
{
    const json_t *array = take_array(r, object, "checks", REPORT_READ_CHECKS_MAX);
    size_t count = json_array_size(array);
    struct report_check *checks = room(r, count, sizeof(*checks));

    for (size_t i = 0; checks && i < count && !r->failed; i++) {
        r->check = (int)i;
        read_check(r, json_array_get(array, i), &checks[i]);
    }
    r->check = NONE;
    report->checks = checks;
    report->count = checks ? count : 0;
    if (!r->failed)
        refuse_twice(r, report);
}

/* ---- a report ---- */

static time_t read_time(struct reader *r, const json_t *object)
{
    const char *text = take_text(r, object, "started", NULL);
    struct tm tm = {0};
    char again[WORD_MAX] = "";
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    time_t when = timegm(&tm);

    /* strptime forgives signs, blanks and the 31st of June. */
    if (end && *end == '\0' && gmtime_r(&when, &tm))
        strftime(again, sizeof(again), "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (!text_eq(text, again) || *text == '\0')
        fault(r, "started", "a time as 2030-12-31T23:59:59Z");
    return when;
}

/* The counts are made anew from the checks, so others would get lost. */
static void compare_summary(struct reader *r, const json_t *object, const struct report *report)
{
    const json_t *summary = json_object_get(object, "summary");
    struct report_tally tally = report_tally(report);
    bool same = json_integer_value(json_object_get(summary, "waived")) == tally.waived;

    for (unsigned v = 0; v < VERDICTS; v++)
        same = same &&
               json_integer_value(json_object_get(summary, verdict_word(v))) == tally.by_verdict[v];
    if (!json_is_object(summary) || !same)
        fault(r, "summary", "the counts of the checks that stand there");
}

static void read_report(struct reader *r, const json_t *object, struct report *report)
{
    if (!text_eq(take_text(r, object, "tool", NULL), REPORT_TOOL))
        fault(r, "tool", "\"" REPORT_TOOL "\"");
    if (!text_eq(take_text(r, object, "schema", REPORT_SCHEMA), REPORT_SCHEMA))
        fault(r, "schema", "\"" REPORT_SCHEMA "\"");
    report->version = take_text(r, object, "version", NULL);
    report->target = take_text(r, object, "target", NULL);
    report->origin = take_text(r, object, "origin", report->target);
    report->speak = take_text(r, object, "speak", NULL);
    report->seed = (uint64_t)take_number(r, object, "seed", 0, INT64_MAX);
    report->started = read_time(r, object);
    report->duration_us =
        take_number(r, object, "duration_ms", 0, INT64_MAX / US_PER_MS) * US_PER_MS;
    report->strict = take_flag(r, object, "strict", false);
    report->interrupted = take_flag(r, object, "interrupted", false);
    report->trouble = take_flag(r, object, "trouble", false);
    report->facts = take_text(r, object, "facts", "");
    report->stale = take_texts(r, object, "stale_waivers", &report->stale_count);
    const char *ending = take_text(r, object, "ending", "");
    report->ending = *ending ? ending : NULL;
    if (!r->failed)
        read_checks(r, object, report);
    if (!r->failed)
        compare_summary(r, object, report);
}

static void read_reports(struct reader *r)
{
    const json_t *root = r->into->root;
    bool several = json_is_array(root);
    size_t count = several ? json_array_size(root) : 1;

    if ((!several && !json_is_object(root)) || count > REPORT_READ_REPORTS_MAX) {
        fault(r, "the file", "a report, or an array of at most 256 reports");
        return;
    }
    struct report *reports = room(r, count, sizeof(*reports));
    const struct report **list = room(r, count, sizeof(*list));
    for (size_t i = 0; reports && list && i < count && !r->failed; i++) {
        r->report = several ? (int)i : NONE;
        read_report(r, several ? json_array_get(root, i) : root, &reports[i]);
        list[i] = &reports[i];
    }
    r->into->set = (struct report_set){.reports = list, .count = count, .several = several};
}

static bool too_long(const char *name, struct problem *why)
{
    return problem_set(why, "%.200s: expected at most %d MiB", name, REPORT_READ_OCTETS_MAX >> 20);
}

bool report_read_text(struct report_read *ret, const char *name, struct slice text,
                      struct problem *why)
{
    json_error_t error;
    struct reader r = {
        .into = ret, .name = name, .why = why, .report = NONE, .check = NONE, .event = NONE};

    *ret = (struct report_read){0};
    if (text.len > REPORT_READ_OCTETS_MAX)
        return too_long(name, why);
    ret->root = json_loadb(text.data ? (const char *)text.data : "", text.len,
                           JSON_REJECT_DUPLICATES, &error);
    if (!ret->root)
        return problem_set(why, "%.200s:%d:%d: expected a report as JSON: %.160s", name, error.line,
                           error.column, error.text);
    read_reports(&r);
    if (r.failed)
        report_read_free(ret);
    return !r.failed;
}

bool report_read_file(struct report_read *ret, const char *path, struct problem *why)
{
    const char *name = text_eq(path, "-") ? "standard input" : path;
    struct buf text;

    *ret = (struct report_read){0};
    buf_init(&text, REPORT_READ_OCTETS_MAX);
    bool ok = file_read(path, &text, why);
    if (ok && text.no_memory)
        ok = problem_ours(why, "%.300s: no memory", name);
    else if (ok)
        ok = text.failed ? too_long(name, why) : report_read_text(ret, name, buf_slice(&text), why);
    buf_free(&text);
    return ok;
}

void report_read_free(struct report_read *r)
{
    keep_free(&r->keep);
    json_decref(r->root);
    *r = (struct report_read){0};
}
