/* A report as one JSON object, several as an array of them; the shape is part of the tool's outside
 * (docs/report.schema.json). It holds all that any other form shows: report_read.c reads it back.
 */
#include <jansson.h>

#include "harness/report/reporters.h"

enum { US_PER_MS = 1000 };

/* Text that is not UTF-8 (a path, a message of a target) is shown with its octets escaped, in less
   than cap octets. */
static json_t *json_short_text(const char *text, size_t cap)
{
    json_t *plain = json_string(text);
    struct buf quoted;

    if (plain)
        return plain;
    buf_init(&quoted, 1 << 16);
    text_quote(&quoted, slice_str(text), SIZE_MAX);
    json_t *escaped = json_stringn(buf_text(&quoted), size_min(quoted.len, cap - 1));
    buf_free(&quoted);
    return escaped;
}

json_t *report_json_text(const char *text)
{
    return json_short_text(text, SIZE_MAX);
}

static json_t *json_event(const struct event *e)
{
    struct buf hex;

    buf_init(&hex, EVENT_BYTES_MAX * 2);
    text_hex(&hex, slice_of(e->bytes, e->kept));
    json_t *object =
        json_pack("{s:I, s:s, s:s, s:I, s:o, s:s, s:I}", "t_us", (json_int_t)e->t_us, "who",
                  who_name(e->who), "kind", event_kind_name(e->kind), "connection",
                  (json_int_t)e->connection, "what", json_short_text(e->what, sizeof(e->what)),
                  "bytes", buf_text(&hex), "length", (json_int_t)e->length);
    buf_free(&hex);
    return object;
}

static json_t *json_check(const struct report_check *c)
{
    json_t *cites = json_array();
    json_t *evidence = json_array();

    for (size_t i = 0; i < c->cite_count; i++)
        json_array_append_new(cites, report_json_text(c->cites[i]));
    for (size_t i = 0; i < c->event_count; i++)
        json_array_append_new(evidence, json_event(&c->events[i]));
    return json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:I, s:b, s:o, s:o, s:o, s:o, s:o, s:I, s:i}",
                     "id", c->id, "level", level_name(c->level), "claim",
                     report_json_text(c->claim), "verdict", verdict_name(c->verdict), "reason",
                     report_json_text(c->reason), "cites", cites, "duration_ms",
                     (json_int_t)(c->duration_us / US_PER_MS), "waived", c->waived, "waiver",
                     report_json_text(c->waived && c->waiver ? c->waiver : ""), "expected",
                     report_json_text(c->expected), "actual", report_json_text(c->actual),
                     "reproduce", report_json_text(c->reproduce), "evidence", evidence,
                     "evidence_dropped", (json_int_t)c->events_dropped, "guilty", c->guilty);
}

bool report_write_check(FILE *out, const struct report *r, const struct report_check *c)
{
    json_t *root = json_check(c);
    bool ok = root && json_object_set_new(root, "target", report_json_text(r->target)) == 0 &&
              json_object_set_new(root, "speak", report_json_text(r->speak)) == 0 &&
              json_object_set_new(root, "seed", json_integer((json_int_t)r->seed)) == 0;

    if (ok && json_dumpf(root, out, JSON_INDENT(2)) == 0)
        fputc('\n', out);
    json_decref(root);
    return ok;
}

static json_t *json_summary(const struct report *r)
{
    struct report_tally tally = report_tally(r);
    json_t *summary = json_object();

    for (size_t v = 0; v < VERDICTS; v++)
        json_object_set_new(summary, verdict_name((enum verdict)v),
                            json_integer(tally.by_verdict[v]));
    json_object_set_new(summary, "waived", json_integer(tally.waived));
    return summary;
}

static json_t *json_report(const struct report *r)
{
    char started[32] = "";
    struct tm tm;
    json_t *checks = json_array();
    json_t *stale = json_array();

    if (gmtime_r(&r->started, &tm))
        strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", &tm);
    for (size_t i = 0; i < r->count; i++)
        json_array_append_new(checks, json_check(&r->checks[i]));
    for (size_t i = 0; i < r->stale_count; i++)
        json_array_append_new(stale, report_json_text(r->stale[i]));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:s, s:I, s:b, s:b, s:b, s:o, s:o, s:o, "
                     "s:o, s:o}",
                     "schema", REPORT_SCHEMA, "tool", REPORT_TOOL, "version",
                     report_json_text(report_version(r)), "target", report_json_text(r->target),
                     "origin", report_json_text(report_origin(r)), "speak",
                     report_json_text(r->speak), "seed", (json_int_t)r->seed, "started", started,
                     "duration_ms", (json_int_t)(r->duration_us / US_PER_MS), "strict", r->strict,
                     "interrupted", r->interrupted, "trouble", r->trouble, "facts",
                     report_json_text(r->facts), "summary", json_summary(r), "checks", checks,
                     "stale_waivers", stale, "ending",
                     report_json_text(r->ending ? r->ending : ""));
}

static void write_json(FILE *out, const struct report_set *set,
                       const struct report_style *style UNUSED)
{
    json_t *root = set->several ? json_array() : json_report(set->reports[0]);

    for (size_t i = 0; set->several && i < set->count; i++)
        json_array_append_new(root, json_report(set->reports[i]));
    json_dumpf(root, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(root);
}

const struct reporter reporter_json = {
    .name = "json",
    .summary = "one object, for scripts",
    .write = write_json,
};
