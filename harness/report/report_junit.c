/* The report as JUnit XML, as Jenkins and GitLab read it. A run that ended early is an error of its
   own: such readers know nothing of exit statuses. */
#include <inttypes.h>
#include <string.h>

#include "harness/report/reporters.h"

enum { US_PER_S = 1000000, LINE_MAX_LEN = 4096 };

static void write_attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    report_put_xml(out, value);
    fputc('"', out);
}

/* The element that tells what is wrong, or NULL. A warning is nothing that such a reader knows. */
static const char *trouble(const struct report *r, const struct report_check *c)
{
    switch (report_grade(r, c)) {
    case GRADE_FAILURE:
        return "failure";
    case GRADE_TROUBLE:
        return "error";
    case GRADE_NONE:
    case GRADE_WARNING:
        break;
    }
    return NULL;
}

static void write_property(FILE *out, const char *indent, const char *name, const char *value)
{
    fprintf(out, "%s<property name=\"%s\"", indent, name);
    write_attribute(out, "value", value);
    fputs("/>\n", out);
}

static void write_properties(FILE *out, const struct report_check *c)
{
    static const char indent[] = "        ";

    fputs("      <properties>\n", out);
    write_property(out, indent, "level", level_name(c->level));
    write_property(out, indent, "verdict", verdict_name(c->verdict));
    for (size_t i = 0; i < c->cite_count; i++)
        write_property(out, indent, "clause", c->cites[i]);
    if (c->waived)
        write_property(out, indent, "waiver", c->waiver ? c->waiver : "");
    fputs("      </properties>\n", out);
}

/* GitLab and Jenkins fetch the file that [[ATTACHMENT|FILE]] names: not at a stranger's word. */
static void write_output(FILE *out, const char *text)
{
    for (const char *at = strstr(text, "[["); at; at = strstr(text, "[[")) {
        for (; text <= at; text++)
            report_put_xml(out, (const char[]){*text, '\0'});
        fputs("\\x5b", out);
        text++;
    }
    report_put_xml(out, text);
}

static void write_evidence(FILE *out, const struct report_check *c)
{
    fputs("      <system-out>", out);
    for (size_t i = 0; i < c->event_count; i++) {
        struct buf line;

        buf_init(&line, LINE_MAX_LEN);
        report_event(c, i, &line);
        write_output(out, buf_text(&line));
        fputs("&#10;", out);
        buf_free(&line);
    }
    fputs("again: ", out);
    write_output(out, c->reproduce);
    fputs("</system-out>\n", out);
}

static void write_outcome(FILE *out, const struct report *r, const struct report_check *c)
{
    const char *element = trouble(r, c);

    if (c->verdict == VERDICT_SKIP) {
        fputs("      <skipped", out);
        write_attribute(out, "message", c->reason);
        fputs("/>\n", out);
    } else if (element) {
        fprintf(out, "      <%s", element);
        write_attribute(out, "message", c->reason);
        write_attribute(out, "type", level_name(c->level));
        fputs(">expected: ", out);
        report_put_xml(out, c->expected);
        fputs("&#10;actual: ", out);
        report_put_xml(out, c->actual);
        fprintf(out, "</%s>\n", element);
    }
}

static void write_case(FILE *out, const struct report *r, const struct report_check *c)
{
    struct slice suite = report_suite(c->id);

    fprintf(out, "    <testcase classname=\"%.*s\"", (int)suite.len, (const char *)suite.data);
    write_attribute(out, "name", c->id);
    fprintf(out, " time=\"%.6f\">\n", (double)c->duration_us / US_PER_S);
    write_properties(out, c);
    write_outcome(out, r, c);
    if (c->verdict != VERDICT_PASS && c->verdict != VERDICT_SKIP)
        write_evidence(out, c);
    fputs("    </testcase>\n", out);
}

/* What the attributes of a suite, or of all of them, count. */
struct counts {
    size_t tests, failures, errors, skipped;
    int64_t duration_us;
};

static void add_counts(struct counts *sum, const struct report *r)
{
    struct report_tally tally = report_tally(r);

    sum->tests += r->count + r->stale_count + (r->ending ? 1 : 0);
    sum->failures += tally.by_verdict[VERDICT_FAIL] + r->stale_count +
                     (r->strict ? tally.by_verdict[VERDICT_WARN] : 0);
    sum->errors += tally.by_verdict[VERDICT_ERROR] + (r->ending ? 1 : 0);
    sum->skipped += tally.by_verdict[VERDICT_SKIP];
    sum->duration_us += r->duration_us;
}

/* <testsuites> has no count of what was skipped: the form that Jenkins reads knows none there. */
static void write_counts(FILE *out, const struct counts *c, bool of_suite)
{
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", c->tests, c->failures,
            c->errors);
    if (of_suite)
        fprintf(out, " skipped=\"%zu\"", c->skipped);
    fprintf(out, " time=\"%.6f\">\n", (double)c->duration_us / US_PER_S);
}

static void write_suite(FILE *out, const struct report *r)
{
    static const char indent[] = "      ";
    struct counts counts = {0};
    char started[32] = "";
    char seed[32];
    struct tm tm;

    if (gmtime_r(&r->started, &tm))
        strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%S", &tm);
    add_counts(&counts, r);
    fputs("  <testsuite", out);
    write_attribute(out, "name", r->target);
    fprintf(out, " timestamp=\"%s\"", started);
    write_counts(out, &counts, true);
    text_format(seed, sizeof(seed), "%" PRIu64, r->seed);
    fputs("    <properties>\n", out);
    write_property(out, indent, "seed", seed);
    write_property(out, indent, "speak", r->speak);
    write_property(out, indent, "version", report_version(r));
    fputs("    </properties>\n", out);
    for (size_t i = 0; i < r->count; i++)
        write_case(out, r, &r->checks[i]);
    for (size_t i = 0; i < r->stale_count; i++) {
        fprintf(out, "    <testcase classname=\"waivers\" name=\"waiver %zu\">\n", i + 1);
        fputs("      <failure", out);
        write_attribute(out, "message", r->stale[i]);
        fputs(" type=\"stale\"/>\n    </testcase>\n", out);
    }
    if (r->ending) {
        fputs("    <testcase classname=\"run\" name=\"run\">\n      <error", out);
        write_attribute(out, "message", r->ending);
        fputs(" type=\"ending\"/>\n    </testcase>\n", out);
    }
    fputs("  </testsuite>\n", out);
}

static void write_junit(FILE *out, const struct report_set *set,
                        const struct report_style *style UNUSED)
{
    struct counts counts = {0};

    for (size_t i = 0; i < set->count; i++)
        add_counts(&counts, set->reports[i]);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
    write_attribute(out, "name", REPORT_TOOL);
    write_counts(out, &counts, false);
    for (size_t i = 0; i < set->count; i++)
        write_suite(out, set->reports[i]);
    fputs("</testsuites>\n", out);
}

const struct reporter reporter_junit = {
    .name = "junit",
    .summary = "XML for CI systems",
    .write = write_junit,
};
