/* The report as JUnit XML, as Jenkins and GitLab read it. A run that ended early is an error of its
   own: such readers know nothing of exit statuses. */
#include "harness/report/reporters.h"

enum { US_PER_S = 1000000 };

/* Text for an attribute or element. XML 1.0 forbids most control characters even when escaped, and
   what is not UTF-8 is forbidden altogether: both become \xHH. */
static void write_escaped(FILE *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        switch (*at) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\n':
            fputs("&#10;", out);
            break;
        case '\t':
            fputs("&#9;", out);
            break;
        default:
            report_put_octet(out, *at);
        }
    }
}

static void write_attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    write_escaped(out, value);
    fputc('"', out);
}

/* The element that tells what is wrong, or NULL where nothing is or it is waived. */
static const char *trouble(const struct report *r, const struct report_check *c)
{
    if (c->waived)
        return NULL;
    if (c->verdict == VERDICT_FAIL || (c->verdict == VERDICT_WARN && r->strict))
        return "failure";
    return c->verdict == VERDICT_ERROR ? "error" : NULL;
}

static void write_evidence(FILE *out, const struct report_check *c)
{
    fputs("      <system-out>", out);
    for (size_t i = 0; i < c->cite_count; i++) {
        fputs("clause: ", out);
        write_escaped(out, c->cites[i]);
        fputs("&#10;", out);
    }
    for (size_t i = 0; i < c->event_count; i++) {
        const struct event *e = &c->events[i];
        struct buf octets;

        buf_init(&octets, 4096);
        if (e->length > 0)
            text_quote(&octets, slice_of(e->bytes, e->kept), EVENT_BYTES_MAX);
        fprintf(out, "%s %.6f %s ", (int)i == c->guilty ? "&gt;&gt;" : "  ",
                (double)e->t_us / US_PER_S, who_name(e->who));
        write_escaped(out, e->what);
        fputc(' ', out);
        write_escaped(out, buf_text(&octets));
        fputs("&#10;", out);
        buf_free(&octets);
    }
    fputs("again: ", out);
    write_escaped(out, c->reproduce);
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
        write_escaped(out, c->expected);
        fputs("&#10;actual: ", out);
        write_escaped(out, c->actual);
        fprintf(out, "</%s>\n", element);
    }
}

static void write_case(FILE *out, const struct report *r, const struct report_check *c)
{
    struct slice suite = report_suite(c->id);

    fprintf(out, "    <testcase classname=\"%.*s\"", (int)suite.len, (const char *)suite.data);
    write_attribute(out, "name", c->id);
    fprintf(out, " time=\"%.6f\">\n", (double)c->duration_us / US_PER_S);
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

static void write_counts(FILE *out, const struct counts *c)
{
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.6f\">\n",
            c->tests, c->failures, c->errors, c->skipped, (double)c->duration_us / US_PER_S);
}

static void write_suite(FILE *out, const struct report *r)
{
    struct counts counts = {0};
    char started[32] = "";
    struct tm tm;

    if (gmtime_r(&r->started, &tm))
        strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%S", &tm);
    add_counts(&counts, r);
    fputs("  <testsuite", out);
    write_attribute(out, "name", r->target);
    fprintf(out, " timestamp=\"%s\"", started);
    write_counts(out, &counts);
    fprintf(out, "    <properties>\n      <property name=\"seed\" value=\"%llu\"/>\n",
            (unsigned long long)r->seed);
    fputs("      <property name=\"speak\"", out);
    write_attribute(out, "value", r->speak);
    fputs("/>\n    </properties>\n", out);
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
        fputs("/>\n    </testcase>\n", out);
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
    write_counts(out, &counts);
    for (size_t i = 0; i < set->count; i++)
        write_suite(out, set->reports[i]);
    fputs("</testsuites>\n", out);
}

const struct reporter reporter_junit = {
    .name = "junit",
    .summary = "XML for CI systems",
    .write = write_junit,
};
