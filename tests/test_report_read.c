/*
 * Tests of reading reports back from JSON and of joining them: what was written comes back to the
 * last octet, every cut and broken file is refused or read but never harms, and the schema that
 * people are given says the same as the code.
 */
#include "harness/report/report_read.h"

#include <stdlib.h>
#include <string.h>

#include "conformance/report_merge.h"
#include "harness/base/rng.h"
#include "tests/program.h"
#include "tests/reports.h"
#include "tests/unit.h"

enum { LIMIT_S = 60, MUTATIONS = 2000 };

static const struct report_style plain = {.colour = false};

static bool read_text(struct report_read *ret, const char *text, struct problem *why)
{
    return report_read_text(ret, "x.json", slice_str(text), why);
}

/* Reads what must be readable. */
static struct report_read read_good(const char *text)
{
    struct report_read read;
    struct problem why;

    if (!read_text(&read, text, &why))
        fail_msg("%s", why.text);
    return read;
}

static void assert_round_trip(const struct report_set *set)
{
    char *text = form_of_set(set, "json", plain);
    struct report_read read = read_good(text);
    char *again = form_of_set(&read.set, "json", plain);

    assert_string_equal(again, text);
    report_read_free(&read);
    free(text);
    free(again);
}

/* ---- what was written comes back ---- */

static void test_round_trip(void **state UNUSED)
{
    struct report one = whole_report();
    struct report other = whole_report();
    const struct report *list[] = {&one, &other};

    assert_round_trip(&(struct report_set){.reports = list, .count = 1});
    assert_round_trip(&(struct report_set){.reports = list, .count = 1, .several = true});
    assert_round_trip(&(struct report_set){.reports = list, .count = 0, .several = true});
    other.target = other.origin = other.speak = other.facts = other.ending = hostile;
    other.version = "0.0.9";
    other.strict = other.interrupted = other.trouble = true;
    other.seed = 0;
    other.started = 0;
    assert_round_trip(&(struct report_set){.reports = list, .count = 2, .several = true});
    other.count = other.stale_count = 0;
    other.ending = NULL;
    assert_round_trip(&(struct report_set){.reports = &list[1], .count = 1});
}

/* Whatever is written of a report is the same when it comes from a file: the file holds all. */
static void test_every_form_is_the_same(void **state UNUSED)
{
    struct report whole = whole_report();
    const struct report *one = &whole;
    struct report_set set = {.reports = &one, .count = 1};

    /* The file has milliseconds, and texts that are UTF-8. */
    whole.duration_us = 61234000;
    whole.count = 8;
    whole.stale_count = 1;
    for (size_t i = 0; i < whole.count; i++)
        checks[i].duration_us -= checks[i].duration_us % 1000;
    text_copy(events[2].what, sizeof(events[2].what), "plain \x1b[31m <&> words");
    char *json = form_of_set(&set, "json", plain);
    struct report_read read = read_good(json);
    for (size_t i = 0; reporter_at(i); i++) {
        const char *form = reporter_at(i)->name;
        char *due = form_of_set(&set, form, (struct report_style){.verbose = true});
        char *text = form_of_set(&read.set, form, (struct report_style){.verbose = true});

        assert_string_equal(text, due);
        free(text);
        free(due);
    }
    report_read_free(&read);
    free(json);
}

/* Members that came later may be missing, and those that are unknown mean nothing. */
static void test_older_and_newer_reports(void **state UNUSED)
{
    static const char text[] =
        "{\"tool\":\"assay\",\"version\":\"0.0.1\",\"target\":\"tcp://127.0.0.1:7\","
        "\"speak\":\"echo\",\"seed\":7,\"started\":\"2024-02-29T23:59:60Z\",\"duration_ms\":1,"
        "\"summary\":{\"pass\":1,\"fail\":0,\"warn\":0,\"note\":0,\"skip\":0,\"error\":0,"
        "\"waived\":0,\"new\":1},\"stale_waivers\":[],\"newer\":{\"a\":[1,2]},"
        "\"checks\":[{\"id\":\"a.b\",\"level\":\"must\",\"claim\":\"c\",\"verdict\":\"pass\","
        "\"reason\":\"\",\"cites\":[],\"duration_ms\":0,\"waived\":false,\"expected\":\"\","
        "\"actual\":\"\",\"reproduce\":\"\",\"newer\":null,\"evidence\":[{\"t_us\":1,"
        "\"who\":\"us\",\"what\":\"w\",\"bytes\":\"00ff\",\"length\":2}]}]}";
    struct problem why;
    struct report_read read;
    char *good = strdup(text);

    assert_non_null(good);
    assert_false(read_text(&read, good, &why)); /* no such second in our clocks */
    assert_contains(why.text, "x.json: started: expected a time");
    strstr(good, "59:60")[3] = '5';
    read = read_good(good);
    const struct report *r = read.set.reports[0];
    assert_string_equal(r->version, "0.0.1");
    assert_string_equal(report_origin(r), "tcp://127.0.0.1:7");
    assert_null(r->ending);
    assert_false(r->strict);
    assert_int_equal(r->checks[0].guilty, -1);
    assert_int_equal(r->checks[0].events[0].kind, EVENT_WORDS);
    assert_octets(slice_of(r->checks[0].events[0].bytes, r->checks[0].events[0].kept),
                  slice_of("\0\xff", 2));
    report_read_free(&read);
    free(good);
}

/* ---- what is refused ---- */

static char *replaced(const char *text, const char *part, const char *by)
{
    const char *at = strstr(text, part);
    struct buf out;

    if (!at)
        fail_msg("\"%s\" is not in the report", part);
    buf_init(&out, 1 << 20);
    buf_put(&out, slice_of(text, (size_t)(at - text)));
    buf_put_str(&out, by);
    buf_put_str(&out, at + strlen(part));
    char *copy = strdup(buf_text(&out));
    buf_free(&out);
    assert_non_null(copy);
    return copy;
}

static void test_faults_have_a_place(void **state UNUSED)
{
    static const struct {
        const char *part, *by, *said;
        bool schema_knows; /* the schema refuses it, too */
    } rows[] = {
        {"\"assay\"", "\"other\"", "x.json: tool: expected \"assay\"", true},
        {"urn:assay:report:1", "urn:assay:report:2", "schema: expected \"urn:assay:report:1\"",
         true},
        {"\"version\": \"0.1.0\"", "\"version\": 1", "version: expected a text", true},
        {"\"target\": ", "\"Target\": ", "target: expected a text", true},
        {"\"seed\": 9", "\"seed\": -9", "seed: expected a whole number from 0 to 92233", true},
        {"\"seed\": 9223372036854775807", "\"seed\": 1e3", "seed: expected", false},
        {"2025-06-15", "2025-06-31", "started: expected a time as 2030-12-31T23:59:59Z", false},
        {"2025-06-15T", "2025-06-15 ", "started: expected a time", true},
        {"\"strict\": false", "\"strict\": 0", "strict: expected true or false", true},
        {"\"pass\": 1", "\"pass\": 2", "summary: expected the counts of the checks", false},
        {"\"summary\"", "\"sum\"", "summary: expected the counts", true},
        {"stream.eof.fin", "stream eof", "checks[1].id: expected the id of a check", true},
        {"stream.eof.fin", "", "checks[1].id: expected the id of a check", true},
        {"stream.eof.fin", "stream.echo.identity", "checks: expected every check once", false},
        {"\"robust\"", "\"rigid\"", "checks[1].level: expected must, should, robust or note", true},
        {"\"verdict\": \"warn\"", "\"verdict\": \"Warn\"",
         "checks[2].verdict: expected pass, fail, warn, note, skip or error", true},
        {"\"waived\": true", "\"waived\": null", "checks[7].waived: expected true or false", true},
        {"\"who\": \"target\"", "\"who\": \"them\"",
         "checks[1].evidence[1].who: expected us, target, proxy or kit", true},
        {"\"kind\": \"octets\"", "\"kind\": \"bits\"",
         "checks[1].evidence[0].kind: expected words, opened, octets, ended, reset or closed",
         true},
        {"70696e67", "70696E67", "checks[1].evidence[0].bytes: expected pairs of lower", true},
        {"70696e67", "70696e6", "checks[1].evidence[0].bytes: expected pairs", true},
        {"70696e67", "70696e6700", "bytes: expected pairs", false},
        {"\"length\": 300", "\"length\": -1", "evidence[1].length: expected", true},
        {"\"guilty\": 1", "\"guilty\": 4", "checks[1].guilty: expected a whole number from -1 to 3",
         false},
        {"\"cites\": [", "\"cites\": [1,", "checks[0].cites: expected nothing but texts", true},
        {"\"evidence\": []", "\"evidence\": {}", "checks[0].evidence: expected an array", true},
        {"\"stale_waivers\": [", "\"stale_waivers\": [[],", "stale_waivers: expected nothing",
         true},
        {"\"seed\"", "\"tool\"", "x.json:8:8: expected a report as JSON: duplicate", false},
        {"the connection is reset", "\\u0000", "expected a report as JSON", false},
    };
    struct report r = whole_report();
    char *text = plain_form(&r, "json");

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *bad = replaced(text, rows[i].part, rows[i].by);
        struct report_read read;
        struct problem why = {.text = ""};

        assert_row(i, !read_text(&read, bad, &why));
        assert_contains(why.text, rows[i].said);
        if (rows[i].schema_knows) {
            char path[96];

            text_format(path, sizeof(path), "%s/bad.json", program_folder);
            program_write_file(path, bad);
            struct program_result p = program_run(
                LIMIT_S, "/usr/bin/python3 -W ignore -m jsonschema -i %s docs/report.schema.json",
                path);
            assert_row(i, p.status == 1);
            program_free(&p);
        }
        free(bad);
    }
    free(text);
}

static void test_faults_in_arrays(void **state UNUSED)
{
    static const struct {
        const char *text, *said;
    } rows[] = {
        {"", "x.json:1:0: expected a report as JSON"},
        {"7", "expected a report as JSON"},
        {"null", "expected a report as JSON"},
        {"{}", "x.json: tool: expected a text"},
        {"[{}]", "x.json: [0].tool: expected a text"},
        {"[[]]", "x.json: [0].tool: expected a text"},
        {"[1]", "x.json: [0].tool: expected a text"},
        {"{} {}", "expected a report as JSON: end of file expected"},
    };
    struct problem why;
    struct report_read read;
    struct buf many;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_row(i, !read_text(&read, rows[i].text, &why));
        assert_contains(why.text, rows[i].said);
    }
    buf_init(&many, 1 << 20);
    for (size_t i = 0; i <= REPORT_READ_REPORTS_MAX; i++)
        buf_put_str(&many, i ? ",{}" : "[{}");
    buf_put_str(&many, "]");
    assert_false(read_text(&read, buf_text(&many), &why));
    assert_contains(why.text, "an array of at most 256 reports");
    buf_reset(&many);
    for (size_t i = 0; i < 100000; i++)
        buf_put_byte(&many, '[');
    assert_false(read_text(&read, buf_text(&many), &why));
    buf_free(&many);
}

static void test_limits(void **state UNUSED)
{
    struct problem why;
    struct report_read read;
    size_t len = (size_t)REPORT_READ_OCTETS_MAX + 1;
    char *blanks = malloc(len);

    assert_non_null(blanks);
    memset(blanks, ' ', len);
    assert_false(report_read_text(&read, "x", slice_of(blanks, len), &why));
    assert_contains(why.text, "x: expected at most 64 MiB");
    free(blanks);
    assert_false(report_read_file(&read, "/dev/zero", &why));
    assert_contains(why.text, "/dev/zero: expected at most 64 MiB");
    assert_false(report_read_file(&read, program_folder, &why));
    assert_contains(why.text, "Is a directory");
    assert_false(report_read_file(&read, "/no/such/file", &why));
    assert_contains(why.text, "/no/such/file: No such file");
    assert_false(report_read_file(&read, "/dev/null", &why));
}

/* Every prefix ends at the end of a piece of memory of just its size, for the sanitizer to see. */
static void test_every_prefix(void **state UNUSED)
{
    struct report r = single_report(&checks[1]);
    char *text = plain_form(&r, "json");
    size_t len = strlen(text) - 1; /* the newline may be missing */

    for (size_t cut = 0; cut <= len; cut++) {
        struct problem why = {.text = ""};
        struct report_read read;
        char *piece = malloc(cut + 1);

        assert_non_null(piece);
        memcpy(piece + 1, text, cut);
        bool ok = report_read_text(&read, "x", slice_of(piece + 1, cut), &why);
        assert_row(cut, ok == (cut == len));
        assert_row(cut, ok || why.text[0]);
        if (ok)
            report_read_free(&read);
        free(piece);
    }
    free(text);
}

/* One to four octets are other ones, are gone, or are there twice; parts of it are there twice. */
static void mutate(struct rng *rng, struct buf *text)
{
    static const char likely[] = "{}[]\",:0123456789-eE\\u truefalsn.\xff";
    uint64_t times = 1 + rng_below(rng, 4);

    for (uint64_t i = 0; i < times && text->len > 0; i++) {
        size_t at = (size_t)rng_below(rng, text->len);
        size_t len = size_min((size_t)rng_below(rng, 40), text->len - at);

        switch (rng_below(rng, 4)) {
        case 0:
            text->data[at] = (uint8_t)likely[rng_below(rng, sizeof(likely) - 1)];
            break;
        case 1:
            text->data[at] ^= (uint8_t)(1U << rng_below(rng, 8));
            break;
        case 2:
            memmove(text->data + at, text->data + at + len, text->len - at - len);
            text->len -= len;
            break;
        default:
            memmove(text->data + at, text->data + rng_below(rng, text->len - len + 1), len);
        }
    }
}

static void test_mutations(void **state UNUSED)
{
    struct report whole = whole_report();
    const struct report *one = &whole;
    struct report_set set = {.reports = &one, .count = 1, .several = true};
    char *text = form_of_set(&set, "json", plain);
    unsigned good = 0;

    for (unsigned seed = 0; seed < MUTATIONS; seed++) {
        struct problem why = {.text = ""};
        struct report_read read;
        struct buf broken;
        struct rng rng;

        rng_seed(&rng, seed, "mutations");
        buf_init(&broken, 1 << 20);
        buf_put_str(&broken, text);
        mutate(&rng, &broken);
        if (report_read_text(&read, "x", buf_slice(&broken), &why)) {
            good++;
            const struct reporter *form = reporter_at(good % 32);
            if (form) /* what was believed can be written */
                free(form_of_set(&read.set, form->name, plain));
            report_read_free(&read);
        } else {
            assert_row(seed, why.text[0] != '\0');
        }
        buf_free(&broken);
    }
    assert_true(good > MUTATIONS / 20 && good < MUTATIONS);
    free(text);
}

/* ---- the schema ---- */

static void assert_valid(const char *form, const struct report_set *set, const char *schema)
{
    free(form_of_set(set, form, plain));
    struct program_result p =
        program_run(LIMIT_S, "/usr/bin/python3 -W ignore -m jsonschema -i %s/report %s",
                    program_folder, schema);
    if (p.status != 0)
        fail_msg("%s: %s%s", schema, p.out, p.err);
    program_free(&p);
}

static void test_schema(void **state UNUSED)
{
    struct report one = whole_report();
    struct report other = {.target = "", .speak = "", .facts = "", .version = "9"};
    const struct report *list[] = {&one, &other};

    assert_valid("json", &(struct report_set){.reports = list, .count = 1},
                 "docs/report.schema.json");
    assert_valid("json", &(struct report_set){.reports = list, .count = 2, .several = true},
                 "docs/report.schema.json");
    assert_valid("json", &(struct report_set){.reports = list, .several = true},
                 "docs/report.schema.json");
}

/* ---- joining ---- */

/* The reports as if each stood in a file of its own: a.json, b.json, ... */
struct files {
    struct merge_part parts[4];
    size_t count;
    struct merge merge;
};

static void join(struct files *f, const struct report *reports, size_t count)
{
    static const char *const names[] = {"a.json", "b.json", "c.json", "d.json"};
    struct problem why;

    *f = (struct files){.count = count};
    for (size_t i = 0; i < count; i++) {
        char *text = plain_form(&reports[i], "json");

        f->parts[i] = (struct merge_part){.name = names[i], .read = read_good(text)};
        free(text);
    }
    assert_true(report_merge(f->parts, count, &f->merge, &why));
}

static void close_files(struct files *f)
{
    report_merge_free(&f->merge);
    for (size_t i = 0; i < f->count; i++)
        report_read_free(&f->parts[i].read);
}

/* A check of the registry, or not, with this verdict. */
static struct report_check check_of(const char *id, enum verdict verdict, const char *reason)
{
    struct report_check c = checks[0];

    c.id = id;
    c.verdict = verdict;
    c.reason = reason;
    return c;
}

static void test_shards_become_one(void **state UNUSED)
{
    struct report_check first[] = {check_of("stream.reset.mid-request", VERDICT_PASS, ""),
                                   check_of("zz.unknown", VERDICT_SKIP, "no")};
    struct report_check second[] = {check_of("aa.unknown", VERDICT_PASS, ""),
                                    check_of("stream.echo.identity", VERDICT_FAIL, "bad")};
    struct report parts[] = {single_report(first), single_report(second), single_report(second)};
    struct files f;

    parts[0].count = parts[1].count = 2;
    parts[1].started -= 5;
    parts[1].strict = true;
    parts[1].stale = parts[0].stale = stale;
    parts[1].stale_count = parts[0].stale_count = 1;
    parts[0].ending = "no check applied to this target";
    parts[2].seed = 8; /* another run */
    parts[2].count = 1;
    join(&f, parts, 3);
    assert_int_equal(f.merge.set.count, 2);
    assert_true(f.merge.set.several);
    const struct report *r = f.merge.set.reports[0];
    static const char *const ids[] = {"stream.echo.identity", "stream.reset.mid-request",
                                      "aa.unknown", "zz.unknown"};
    assert_int_equal(r->count, ARRAY_LEN(ids));
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        assert_string_equal(r->checks[i].id, ids[i]);
    assert_string_equal(r->checks[0].reason, "bad");
    assert_true(r->started == parts[1].started);
    assert_true(r->duration_us == 2 * 61234000);
    assert_true(r->strict);
    assert_int_equal(r->stale_count, 1);
    assert_null(r->ending); /* others ran */
    assert_int_equal(f.merge.set.reports[1]->seed, 8);
    close_files(&f);
}

static void test_one_shard_stays_alone(void **state UNUSED)
{
    struct report r = whole_report();
    struct files f;

    join(&f, &r, 1);
    assert_false(f.merge.set.several);
    assert_int_equal(f.merge.set.reports[0]->count, r.count);
    close_files(&f);
}

static void test_what_keeps_reports_apart(void **state UNUSED)
{
    struct report base = single_report(&checks[0]);
    struct report others[] = {base, base, base, base, base};
    struct files f;

    others[0].target = "udp://127.0.0.1:7";
    others[1].speak = "line";
    others[2].seed++;
    others[2].seed &= INT64_MAX;
    others[3].version = "0.0.1";
    others[4].origin = "tcp://127.0.0.1:0 ./server {port}";
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct report parts[] = {base, others[i], base};

        join(&f, parts, 3);
        assert_row(i, f.merge.set.count == 2);
        close_files(&f);
    }
    /* The port may be another one where it was not asked for. */
    struct report parts[] = {others[4], others[4]};
    parts[1].target = "tcp://127.0.0.1:8";
    join(&f, parts, 2);
    assert_int_equal(f.merge.set.count, 1);
    close_files(&f);
}

static void test_the_worse_verdict_counts(void **state UNUSED)
{
    static const struct {
        enum verdict a, b, due;
        bool a_waived, b_waived, due_waived;
        const char *reason;
    } rows[] = {
        {VERDICT_PASS, VERDICT_FAIL, VERDICT_FAIL, 0, 0, 0, "2 reports: 1 pass, 1 fail; b"},
        {VERDICT_FAIL, VERDICT_PASS, VERDICT_FAIL, 0, 0, 0, "2 reports: 1 pass, 1 fail; a"},
        {VERDICT_SKIP, VERDICT_PASS, VERDICT_PASS, 0, 0, 0, "2 reports: 1 pass, 1 skip; b"},
        {VERDICT_ERROR, VERDICT_WARN, VERDICT_ERROR, 0, 0, 0, "2 reports: 1 warn, 1 error; a"},
        {VERDICT_FAIL, VERDICT_FAIL, VERDICT_FAIL, 0, 0, 0, "a"},
        {VERDICT_FAIL, VERDICT_FAIL, VERDICT_FAIL, 1, 0, 0, "b"},
        {VERDICT_FAIL, VERDICT_FAIL, VERDICT_FAIL, 0, 1, 0, "a"},
        {VERDICT_FAIL, VERDICT_WARN, VERDICT_WARN, 1, 0, 0, "2 reports: 1 fail, 1 warn; b"},
        {VERDICT_FAIL, VERDICT_PASS, VERDICT_FAIL, 1, 0, 1, "2 reports: 1 pass, 1 fail; a"},
        {VERDICT_PASS, VERDICT_FAIL, VERDICT_FAIL, 0, 1, 1, "2 reports: 1 pass, 1 fail; b"},
        {VERDICT_NOTE, VERDICT_FAIL, VERDICT_FAIL, 0, 1, 1, "2 reports: 1 fail, 1 note; b"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct report_check a = check_of("stream.echo.identity", rows[i].a, "a");
        struct report_check b = check_of("stream.echo.identity", rows[i].b, "b");
        struct report parts[] = {single_report(&a), single_report(&b)};
        struct files f;

        a.waived = rows[i].a_waived;
        b.waived = rows[i].b_waived;
        a.waiver = b.waiver = "known";
        join(&f, parts, 2);
        const struct report_check *c = &f.merge.set.reports[0]->checks[0];
        assert_row(i, f.merge.set.count == 1 && f.merge.set.reports[0]->count == 1);
        assert_row(i, c->verdict == rows[i].due && c->waived == rows[i].due_waived);
        assert_string_equal(c->reason, rows[i].reason);
        close_files(&f);
    }
}

static void test_endings_are_joined(void **state UNUSED)
{
    struct report parts[] = {single_report(&checks[4]), single_report(&checks[5]),
                             single_report(&checks[6])};
    struct files f;

    parts[0].ending = parts[1].ending = "no check applied to this target";
    join(&f, parts, 2);
    assert_string_equal(f.merge.set.reports[0]->ending, "no check applied to this target");
    close_files(&f);
    parts[0].ending = parts[2].ending = "it is gone";
    parts[1].ending = "interrupted; the rest was not run";
    parts[1].interrupted = parts[2].trouble = true;
    join(&f, parts, 3);
    assert_string_equal(f.merge.set.reports[0]->ending,
                        "it is gone; interrupted; the rest was not run");
    assert_true(f.merge.set.reports[0]->interrupted && f.merge.set.reports[0]->trouble);
    close_files(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_form_is_the_same),
        cmocka_unit_test(test_older_and_newer_reports),
        cmocka_unit_test(test_faults_have_a_place),
        cmocka_unit_test(test_faults_in_arrays),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_shards_become_one),
        cmocka_unit_test(test_one_shard_stays_alone),
        cmocka_unit_test(test_what_keeps_reports_apart),
        cmocka_unit_test(test_the_worse_verdict_counts),
        cmocka_unit_test(test_endings_are_joined),
    };

    return cmocka_run_group_tests(tests, reports_begin, program_close_folder);
}
