/*
 * The report as SARIF 2.1.0, for code scanning: a rule for each check, a result for each that is
 * broken. What passed or was left open is no result, since readers such as GitHub show every result
 * as an alert, whatever its kind; what the kit could not decide is a notification about the tool.
 */
#include <jansson.h>

#include "harness/report/reporters.h"
#include "harness/report/status.h"

enum { TEXT_MAX = 4000, CITES_MAX = 16, ROOM = 1 << 17, US_PER_S = 1000000 };

/* Brackets make links in a message, and braces stand for its arguments. */
static json_t *text_of(const char *text)
{
    struct buf plain;

    buf_init(&plain, ROOM);
    report_plain(&plain, text, TEXT_MAX, "[]{}");
    json_t *value = json_string(buf_text(&plain));
    buf_free(&plain);
    return value;
}

static json_t *message_of(const char *text)
{
    return json_pack("{s:o}", "text", text_of(text));
}

/* ---- rules ---- */

static const char *level_of(enum level level)
{
    static const char *const levels[LEVELS] = {
        [LEVEL_MUST] = "error",
        [LEVEL_SHOULD] = "warning",
        [LEVEL_ROBUST] = "error",
        [LEVEL_NOTE] = "note",
    };

    return levels[level];
}

static json_t *texts_of(const char *const *texts, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, report_json_text(texts[i]));
    return array;
}

static json_t *rule_of(const struct report_check *c)
{
    struct slice suite = report_suite(c->id);
    struct buf help;

    buf_init(&help, ROOM);
    buf_printf(&help, "%s: ", level_name(c->level));
    report_plain(&help, c->claim, TEXT_MAX, "");
    for (size_t i = 0; i < size_min(c->cite_count, CITES_MAX); i++) {
        buf_put_str(&help, i ? "; " : ". Clauses: ");
        report_plain(&help, c->cites[i], TEXT_MAX / 8, "");
    }
    buf_printf(&help, ". More: %s explain %s", REPORT_TOOL, c->id);
    json_t *rule =
        json_pack("{s:s, s:o, s:o, s:o, s:{s:s}, s:{s:[s%, s], s:o}}", "id", c->id,
                  "shortDescription", message_of(c->claim), "fullDescription", message_of(c->claim),
                  "help", message_of(buf_text(&help)), "defaultConfiguration", "level",
                  level_of(c->level), "properties", "tags", (const char *)suite.data, suite.len,
                  level_name(c->level), "clauses", texts_of(c->cites, c->cite_count));
    buf_free(&help);
    return rule;
}

/* A waiver that is no longer needed breaks a rule of its own, behind those of the checks. */
static json_t *rule_of_waivers(void)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:{s:s}}", "id", "waiver.stale", "shortDescription",
                     message_of("every waiver is still needed"), "fullDescription",
                     message_of("every waiver still holds, and has not run out"), "help",
                     message_of("Take the waiver out of its file, or write it anew."),
                     "defaultConfiguration", "level", "error");
}

static json_t *tool_of(const struct report *r)
{
    json_t *rules = json_array();

    for (size_t i = 0; i < r->count; i++)
        json_array_append_new(rules, rule_of(&r->checks[i]));
    if (r->stale_count > 0)
        json_array_append_new(rules, rule_of_waivers());
    return json_pack("{s:{s:s, s:o, s:o}}", "driver", "name", REPORT_TOOL, "version",
                     report_json_text(report_version(r)), "rules", rules);
}

/* ---- results ---- */

/* There is no line of source, but readers insist on one: the target stands for the file. */
static json_t *locations_of(const struct report *r)
{
    struct buf path;

    buf_init(&path, ROOM);
    report_path(r, &path);
    json_t *locations = json_pack("[{s:{s:{s:s}, s:{s:i}}, s:[{s:o, s:s}]}]", "physicalLocation",
                                  "artifactLocation", "uri", buf_text(&path), "region", "startLine",
                                  1, "logicalLocations", "fullyQualifiedName",
                                  report_json_text(r->target), "kind", "resource");
    buf_free(&path);
    return locations;
}

static json_t *fingerprints_of(const struct report *r, const char *what)
{
    char fingerprint[FINGERPRINT_LEN];

    report_fingerprint(r, what, fingerprint);
    return json_pack("{s:s, s:s+}", "assay/v1", fingerprint, "primaryLocationLineHash", fingerprint,
                     ":1");
}

static json_t *transcript_of(const struct report_check *c)
{
    json_t *lines = json_array();

    for (size_t i = 0; i < c->event_count; i++) {
        struct buf line;

        buf_init(&line, ROOM);
        report_event(c, i, &line);
        json_array_append_new(lines, json_string(buf_text(&line)));
        buf_free(&line);
    }
    return lines;
}

static json_t *result_of(const struct report *r, const struct report_check *c, size_t rule)
{
    struct buf text;

    buf_init(&text, ROOM);
    report_plain(&text, c->claim, TEXT_MAX, "");
    buf_put_str(&text, "; ");
    report_plain(&text, c->reason, TEXT_MAX, "");
    json_t *result =
        json_pack("{s:s, s:I, s:s, s:s, s:o, s:o, s:o, s:{s:s, s:s, s:o, s:o, s:o, s:o}}", "ruleId",
                  c->id, "ruleIndex", (json_int_t)rule, "kind", "fail", "level",
                  c->verdict == VERDICT_FAIL || r->strict ? "error" : "warning", "message",
                  message_of(buf_text(&text)), "locations", locations_of(r), "partialFingerprints",
                  fingerprints_of(r, c->id), "properties", "verdict", verdict_name(c->verdict),
                  "level", level_name(c->level), "expected", report_json_text(c->expected),
                  "actual", report_json_text(c->actual), "reproduce",
                  report_json_text(c->reproduce), "transcript", transcript_of(c));
    if (c->waived)
        json_object_set_new(result, "suppressions",
                            json_pack("[{s:s, s:o}]", "kind", "external", "justification",
                                      text_of(c->waiver ? c->waiver : "")));
    buf_free(&text);
    return result;
}

static json_t *results_of(const struct report *r)
{
    json_t *results = json_array();

    for (size_t i = 0; i < r->count; i++) {
        const struct report_check *c = &r->checks[i];

        if (c->verdict == VERDICT_FAIL || c->verdict == VERDICT_WARN)
            json_array_append_new(results, result_of(r, c, i));
    }
    for (size_t i = 0; i < r->stale_count; i++)
        json_array_append_new(
            results, json_pack("{s:s, s:I, s:s, s:s, s:o, s:o, s:o}", "ruleId", "waiver.stale",
                               "ruleIndex", (json_int_t)r->count, "kind", "fail", "level", "error",
                               "message", message_of(r->stale[i]), "locations", locations_of(r),
                               "partialFingerprints", fingerprints_of(r, r->stale[i])));
    return results;
}

/* ---- the run ---- */

static json_t *notifications_of(const struct report *r)
{
    json_t *all = json_array();

    for (size_t i = 0; i < r->count; i++) {
        const struct report_check *c = &r->checks[i];

        if (report_grade(r, c) == GRADE_TROUBLE)
            json_array_append_new(all, json_pack("{s:s, s:o, s:{s:s, s:I}}", "level", "error",
                                                 "message", message_of(c->reason), "associatedRule",
                                                 "id", c->id, "index", (json_int_t)i));
    }
    if (r->ending)
        json_array_append_new(
            all, json_pack("{s:s, s:o}", "level", "error", "message", message_of(r->ending)));
    return all;
}

static void put_time(char *out, size_t cap, time_t when)
{
    struct tm tm;

    *out = '\0';
    if (gmtime_r(&when, &tm))
        strftime(out, cap, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static json_t *invocation_of(const struct report *r)
{
    char started[32];
    char ended[32];
    int status = report_status(r);

    put_time(started, sizeof(started), r->started);
    put_time(ended, sizeof(ended), r->started + r->duration_us / US_PER_S);
    return json_pack("{s:b, s:i, s:o, s:s, s:s, s:o}", "executionSuccessful",
                     status == STATUS_OK || status == STATUS_FAIL, "exitCode", status,
                     "exitCodeDescription",
                     text_of(r->ending               ? r->ending
                             : status == STATUS_OK   ? "all well"
                             : status == STATUS_FAIL ? "something is broken"
                                                     : "the kit could not decide"),
                     "startTimeUtc", started, "endTimeUtc", ended, "toolExecutionNotifications",
                     notifications_of(r));
}

static json_t *run_of(const struct report *r)
{
    struct buf id;

    buf_init(&id, ROOM);
    report_path(r, &id);
    buf_put_str(&id, "/");
    json_t *run =
        json_pack("{s:o, s:{s:s}, s:[o], s:o, s:{s:o, s:o, s:I}}", "tool", tool_of(r),
                  "automationDetails", "id", buf_text(&id), "invocations", invocation_of(r),
                  "results", results_of(r), "properties", "target", report_json_text(r->target),
                  "speak", report_json_text(r->speak), "seed", (json_int_t)r->seed);
    buf_free(&id);
    return run;
}

static void write_sarif(FILE *out, const struct report_set *set,
                        const struct report_style *style UNUSED)
{
    json_t *runs = json_array();

    for (size_t i = 0; i < set->count; i++)
        json_array_append_new(runs, run_of(set->reports[i]));
    json_t *root =
        json_pack("{s:s, s:s, s:o}", "$schema", "https://json.schemastore.org/sarif-2.1.0.json",
                  "version", "2.1.0", "runs", runs);
    json_dumpf(root, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(root);
}

const struct reporter reporter_sarif = {
    .name = "sarif",
    .summary = "SARIF 2.1.0, for code scanning",
    .write = write_sarif,
};
