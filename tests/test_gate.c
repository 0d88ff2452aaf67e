/*
 * Tests of `assay gate`: what is wrong in a file is told with its place; targets that cannot be
 * tried, die or hang cost themselves alone; waivers cannot rot; whatever happens is reported.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { LIMIT_S = 120, TEXT_MAX = 1 << 16 };

/* @B in the text is the folder of the build, @D that of the test. */
static void write_gate(const char *text)
{
    struct buf out;
    char path[96];

    buf_init(&out, TEXT_MAX);
    for (const char *at = text; *at; at++) {
        bool build = text_starts(at, "@B");

        if (!build && !text_starts(at, "@D")) {
            buf_put_byte(&out, (uint8_t)*at);
            continue;
        }
        if (build) {
            const char *program = program_path("");
            buf_put(&out, slice_of(program, strlen(program) - 1));
        } else {
            buf_put_str(&out, program_folder);
        }
        at++;
    }
    text_format(path, sizeof(path), "%s/gate.yaml", program_folder);
    program_write_file(path, buf_text(&out));
    buf_free(&out);
}

static struct program_result run_gate(const char *options)
{
    return program_run(LIMIT_S, "@B/assay gate %s/gate.yaml %s", program_folder, options);
}

/* The report of all targets; the caller releases it. */
static json_t *read_json(const char *name)
{
    char path[96];

    text_format(path, sizeof(path), "%s/%s", program_folder, name);
    return json_load_file(path, 0, NULL);
}

static void assert_status(const struct program_result *r, int status)
{
    if (r->status != status)
        fail_msg("status %d, not %d: %s%s", r->status, status, r->out, r->err);
}

#define GOOD                                                                                       \
    "  - name: good\n    url: tcp://127.0.0.1:0\n"                                                 \
    "    spawn: exec @B/assay-echo --listen tcp://127.0.0.1:{port}\n    only: stream.echo\n"
#define FAULTY                                                                                     \
    "  - name: faulty\n    url: tcp://127.0.0.1:0\n"                                               \
    "    spawn: exec @B/assay-twins --fault plus-decoded --listen tcp://127.0.0.1:{port}\n"        \
    "    only: [stream.echo]\n"

/* ---- the file ---- */

static void test_bad_files(void **state UNUSED)
{
    static const struct {
        const char *text, *said;
    } rows[] = {
        {"", "gate.yaml:1:1: expected targets"},
        {"targets\n", "gate.yaml:1:1: expected keys"},
        {"reports: {json: x}\n", "gate.yaml:1:1: expected targets"},
        {"targets: []\n", "gate.yaml:1:10: expected a list of targets"},
        {"targets:\n  - x\n", "gate.yaml:2:5: expected a target"},
        {"tarrgets: []\n", "gate.yaml:1:1: unknown key \"tarrgets\" at the top of the file"},
        {"targets:\n" GOOD "    colour: red\n",
         "gate.yaml:6:5: unknown key \"colour\" of a target"},
        {"targets:\n  - url: tcp://h:7\n", "gate.yaml:2:5: a target needs a name"},
        {"targets:\n  - name: a\n", "gate.yaml:2:5: the target a needs a url"},
        {"targets:\n  - name: a/b\n    url: tcp://h:7\n", "gate.yaml:2:11: expected a name of"},
        {"targets:\n" GOOD GOOD, "gate.yaml:6:11: good is the name of the target on line 2, too"},
        {"targets:\n" GOOD "    suites: unix\n", "gate.yaml:6:5: suites is said on line 5 already"},
        {"targets:\n  - name: a\n    url: ftp://h\n", "gate.yaml:2:5: a: "},
        {"targets:\n  - name: a\n    url: tcp://127.0.0.1:0\n", "port 0 (choose one) goes with"},
        {"targets:\n" GOOD "    jobs: many\n", "gate.yaml:6:11: --jobs"},
        {"targets:\n" GOOD "    jobs: [1]\n", "gate.yaml:6:11: expected a text"},
        {"targets:\n" GOOD "    strict: maybe\n", "gate.yaml:6:13: expected true or false"},
        {"targets:\n" GOOD "    skip: stream.nothing\n", "gate.yaml:2:5: good: --skip"},
        {"targets:\n" GOOD "    limits: {start: soon}\n", "gate.yaml:6:21: expected a time as 30s"},
        {"targets:\n" GOOD "    limits: {start: 2h}\n", "gate.yaml:6:21: expected a time as 30s"},
        {"targets:\n" GOOD "    limits: {heat: 1}\n", "gate.yaml:6:14: unknown limit"},
        {"targets:\n" GOOD "    limits: {memory: 1}\n", "gate.yaml:6:22: expected an amount"},
        {"targets:\n" GOOD "    environment: {1A: b}\n", "gate.yaml:6:19: expected the name of a"},
        {"targets:\n" GOOD "    folder: /no/such/place\n", "gate.yaml:6:13: /no/such/place: "},
        {"targets:\n  - name: a\n    url: tcp://h:7\n    limits: {memory: 1GiB}\n",
         "gate.yaml:2:5: folder, environment, descriptors and memory need a spawn command"},
        {"targets:\n" GOOD "    waivers:\n      - check: stream.no\n",
         "gate.yaml:7:16: no check has this id"},
        {"targets:\n" GOOD "    waivers: []\n    waive: w\n",
         "waive and waivers exclude each other"},
        {"targets:\n" GOOD "    evidence: d\n", "gate.yaml:6:5: unknown key \"evidence\""},
        {"reports: {pdf: x}\ntargets:\n" GOOD, "gate.yaml:1:11: --report \"pdf\": unknown form"},
        {"reports: [json]\ntargets:\n" GOOD, "gate.yaml:1:10: expected forms and files"},
        {"targets:\n" GOOD "    limits: {start: 1s, start: 2s}\n",
         "gate.yaml:6:25: start is said on line 6 already"},
        {"targets:\n" GOOD "    environment:\n      A: b\n      A: c\n",
         "gate.yaml:8:7: A is said on line 7 already"},
        {"targets:\n" GOOD "---\ntargets: []\n", "gate.yaml:6:1: expected the end of the file"},
        {"parallel: 0\ntargets:\n" GOOD, "gate.yaml:1:11: expected a number from 1 to"},
        {"targets: [\n", "gate.yaml:2:1: did not find expected node content"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        write_gate(rows[i].text);
        struct program_result r = run_gate("");

        assert_status(&r, 2);
        assert_contains(r.err, rows[i].said);
        program_free(&r);
    }
}

static void test_usage(void **state UNUSED)
{
    static const struct {
        const char *options;
        int status;
        const char *said;
    } rows[] = {
        {"--only nobody", 2, "has no target of this name"},
        {"--shard 3/2", 2, "expected I/N"},
        {"--spawn x", 2, "--spawn and --speak go with --init only"},
        {"--report json=/no/such/folder/x", 2, "No such"},
        {"--repeat 0", 2, "--repeat"},
        {"another", 2, "one word too many"},
        {"--help", 0, ""},
    };

    write_gate("targets:\n" GOOD);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program_result r = run_gate(rows[i].options);

        assert_status(&r, rows[i].status);
        assert_contains(r.err, rows[i].said);
        program_free(&r);
    }
    struct program_result r = program_run(LIMIT_S, "@B/assay gate");
    assert_status(&r, 2);
    assert_contains(r.err, "which gate file?");
    program_free(&r);
}

/* What --init prints is a gate file, with the target at hand in it. */
static void test_init(void **state UNUSED)
{
    struct program_result r =
        program_run(LIMIT_S,
                    "cd %s && @B/assay gate --init tcp://127.0.0.1:0 --speak line "
                    "--spawn './my \"server\" {port}' > gate.yaml && @B/assay gate gate.yaml "
                    "--dry-run && @B/assay gate --init > gate.yaml && @B/assay gate gate.yaml "
                    "--dry-run && @B/assay gate --init ftp://x",
                    program_folder);

    assert_status(&r, 2);
    assert_contains(r.out, "speak:   line\n  spawn:   ./my \"server\" {port}\n");
    assert_contains(r.out, "speak:   echo\n  spawn:   ./server {port}\n");
    assert_contains(r.out, "nothing was run");
    assert_contains(r.err, "ftp://x");
    program_free(&r);
    r = program_run(LIMIT_S,
                    "cd %s && @B/assay gate --init udp://127.0.0.1:0 --spawn './s {port}' "
                    "> gate.yaml; cat gate.yaml; grep -c stream gate.yaml",
                    program_folder);
    assert_contains(r.out, "suites: [datagram] ");
    assert_contains(r.out, "check: datagram.size.max-65507\n");
    assert_contains(r.out, "\n0\n");
    program_free(&r);
}

/* What the top says holds for all targets that do not say otherwise. */
static void test_defaults(void **state UNUSED)
{
    write_gate("only: stream.echo\nseed: 7\nexpect: [concurrent]\nspeak: line\ntargets:\n"
               "  - name: a\n    url: tcp://127.0.0.1:7\n"
               "  - name: b\n    url: tcp://127.0.0.1:7\n    speak: echo\n    only: stream.eof\n"
               "    seed: random\n");
    struct program_result r = run_gate("--dry-run");

    assert_status(&r, 0);
    assert_contains(r.out, "a\n  url:     tcp://127.0.0.1:7\n  speak:   line\n");
    assert_contains(r.out, "seed:    7\nb\n  url:     tcp://127.0.0.1:7\n  speak:   echo\n");
    program_free(&r);
    r = run_gate("--dry-run --seed 9 --only b");
    assert_lacks(r.out, "a\n  url");
    assert_contains(r.out, "seed:    9\n");
    program_free(&r);
}

/* A budget that leaves each target less than a millisecond is still one. */
static void test_small_budget(void **state UNUSED)
{
    write_gate("parallel: 1\ntargets:\n  - {name: a, url: \"tcp://127.0.0.1:7\"}\n"
               "  - {name: b, url: \"tcp://127.0.0.1:7\"}\n");
    struct program_result r = run_gate("--dry-run --budget 1ms");

    assert_status(&r, 0);
    assert_contains(r.out, "\n2 checks; nothing was run\n");
    program_free(&r);
}

/* ---- runs ---- */

static void test_verdicts(void **state UNUSED)
{
    write_gate("reports: {json: \"@D/r.json\", junit: \"@D/r.xml\"}\nevidence: \"@D/evidence\"\n"
               "targets:\n" GOOD FAULTY);
    struct program_result r = run_gate("");
    char path[128];

    assert_status(&r, 1);
    assert_contains(r.out, "ok          good ");
    assert_contains(r.out, "FAIL        faulty ");
    assert_contains(r.out, "gate: closed, 1 of 2 targets well (status 1)");
    program_free(&r);

    json_t *root = read_json("r.json");
    assert_int_equal(json_array_size(root), 2);
    const char *target = json_string_value(json_object_get(json_array_get(root, 1), "target"));
    assert_contains(target, "faulty (tcp://127.0.0.1:");
    json_decref(root);
    text_format(path, sizeof(path), "%s/evidence/faulty/stream.echo.all-octets/again.sh",
                program_folder);
    assert_int_equal(access(path, X_OK), 0);
    r = run_gate("--only good");
    assert_status(&r, 0);
    assert_contains(r.out, "gate: open, 1 of 1 target well (status 0)");
    program_free(&r);
}

/* One that does not start, one that dies, one that never gets ready, one that prints rubbish: the
   others are judged all the same, and all of them are in the report. */
static void test_bad_targets(void **state UNUSED)
{
    write_gate(
        "reports: {json: \"@D/r.json\"}\ntargets:\n"
        "  - name: missing\n    url: tcp://127.0.0.1:0\n    spawn: ./no-such {port}\n"
        "  - name: dies\n    url: tcp://127.0.0.1:0\n    spawn: 'echo {port} bye >&2; exit 3'\n"
        "  - name: sleeps\n    url: tcp://127.0.0.1:0\n    spawn: echo waking; exec sleep 100 "
        "{port}\n"
        "    limits: {start: 2s}\n"
        "  - name: prints\n    url: tcp://127.0.0.1:0\n"
        "    spawn: 'head -c 1000000 /dev/urandom; head -c 100000 /dev/urandom >&2; "
        "exec @B/assay-echo --listen tcp://127.0.0.1:{port}'\n    only: stream.echo.identity\n"
        "  - name: unreachable\n    url: unix:@D/nobody\n" GOOD);
    struct program_result r = run_gate("");

    assert_status(&r, 3);
    assert_contains(r.out, "no verdict  missing ");
    assert_contains(r.out, "no verdict  dies ");
    assert_contains(r.out, "bye\"");
    program_free(&r);
    r = run_gate("--only dies --only sleeps --only prints --only unreachable --only good");
    assert_contains(r.out, " skip: the target was started but tcp://127.0.0.1:");
    assert_contains(r.out, "is not reachable after 2 s (--start-limit, in a gate limits: {start: "
                           "...}); its last line: \"waking\"\n");
    assert_contains(r.err, "assay: dies: the target exited with status 3");
    assert_contains(r.out, "ok          prints ");
    program_free(&r);
}

/* Ready once it says so, on either stream; one that serves and never says so is not waited for
   longer than its limit. */
static void test_ready(void **state UNUSED)
{
    static const char spawn[] =
        "    url: tcp://127.0.0.1:0\n    only: stream.echo.identity\n    limits: {start: 3s}\n"
        "    spawn: 'sleep 1; echo now it serves >&2; exec @B/assay-echo --listen "
        "tcp://127.0.0.1:{port}'\n";
    char text[2048];

    text_format(text, sizeof(text),
                "targets:\n  - name: says-so\n    ready: it serves\n%s  - name: silent\n"
                "    ready: it is done\n%s",
                spawn, spawn);
    write_gate(text);
    struct program_result r = run_gate("");

    assert_status(&r, 3);
    assert_contains(r.out, "ok          says-so ");
    assert_contains(r.out, "no verdict  silent ");
    assert_contains(r.out, "has not written \"it is done\" after 3 s");
    program_free(&r);
}

/* A target that dies in one check is started again, and the other verdicts stay. */
static void test_crash(void **state UNUSED)
{
    write_gate("reports: {json: \"@D/r.json\"}\ntargets:\n  - name: fragile\n"
               "    url: tcp://127.0.0.1:0\n    only: [stream.reset.mid-request, stream.echo]\n"
               "    spawn: exec @B/assay-twins --fault partial-messages-counted --listen "
               "tcp://127.0.0.1:{port}\n" GOOD);
    struct program_result r = run_gate("");

    assert_status(&r, 1);
    program_free(&r);
    json_t *root = read_json("r.json");
    json_t *one = json_array_get(root, 0);
    json_t *other = json_array_get(root, 1);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(one, "summary"), "fail")),
                     1);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(one, "summary"), "pass")),
        json_integer_value(json_object_get(json_object_get(other, "summary"), "pass")));
    json_decref(root);
}

static void test_time_limit(void **state UNUSED)
{
    write_gate(
        "targets:\n  - name: slow\n    url: tcp://127.0.0.1:0\n    limits: {time: 2s}\n"
        "    spawn: exec @B/assay-twins --fault none-slow --listen tcp://127.0.0.1:{port}\n" GOOD);
    struct program_result r = run_gate("");

    assert_status(&r, 3);
    assert_contains(r.out, "its time limit of 2 s is over");
    assert_contains(r.err, "assay: slow: its time limit of 2 s is over\n");
    assert_contains(r.out, "no verdict  slow ");
    assert_contains(r.out, "ok          good ");
    program_free(&r);
}

/* Targets that stop or kill the process that tries them cost themselves alone, and leave nothing.
 */
static void test_hostile_targets(void **state UNUSED)
{
    write_gate(
        "reports: {json: \"@D/r.json\"}\ntargets:\n"
        "  - name: stops\n    url: tcp://127.0.0.1:0\n    only: stream.echo.identity\n"
        "    spawn: 'kill -STOP $PPID; exec @B/assay-echo --listen tcp://127.0.0.1:{port}'\n"
        "  - name: interrupts\n    url: tcp://127.0.0.1:0\n"
        "    spawn: 'kill -TERM $PPID; sleep 1; sleep {port}'\n"
        "  - name: kills\n    url: tcp://127.0.0.1:0\n    only: stream.echo.identity\n"
        "    spawn: 'setsid sleep 1234.5 & sleep 0.2; kill -KILL $PPID; sleep {port}'\n" GOOD);
    struct program_result r =
        program_run(LIMIT_S,
                    "D=%s; mkdir -p $D/own; TMPDIR=$D/own @B/assay gate $D/gate.yaml; S=$?; pgrep "
                    "-f '^sleep 1234[.]5' && exit 9; exit $S",
                    program_folder);

    assert_status(&r, 4);
    assert_contains(r.out, "ok          stops ");
    assert_contains(r.out, "trouble     kills ");
    assert_contains(r.out, "trouble     interrupts ");
    assert_contains(r.out, "told to end, and not by the gate");
    assert_contains(r.out, "died of signal 9");
    assert_contains(r.out, "ok          good ");
    program_free(&r);
}

/* Who ignores SIGCHLD makes its children ignore it, too, and then nobody waits for anybody. */
static void test_ignored_children(void **state UNUSED)
{
    write_gate("targets:\n" GOOD);
    struct program_result r =
        program_run(LIMIT_S, "trap '' CHLD; exec @B/assay gate %s/gate.yaml", program_folder);

    assert_status(&r, 0);
    program_free(&r);
}

static void test_deep_file(void **state UNUSED)
{
    struct program_result r =
        program_run(LIMIT_S,
                    "(printf targets:\\ ; head -c 300000 /dev/zero | tr '\\0' '[') > %s/gate.yaml; "
                    "@B/assay gate %s/gate.yaml; S=$?; @B/assay gate /dev/zero; yes '# x' | "
                    "@B/assay gate /dev/stdin; exit $S",
                    program_folder, program_folder);

    assert_status(&r, 2);
    assert_contains(r.err, "gate.yaml:1:73: lists and mappings lie too deep in each other");
    assert_contains(r.err, "/dev/zero: expected at most 16 MiB");
    assert_contains(r.err, "/dev/stdin: expected at most 16 MiB");
    program_free(&r);
}

/* ---- waivers ---- */

#define WAIVER(check, more)                                                                        \
    "      - {check: " check ", verdict: fail, reason: \"expected\", why: known" more "}\n"

static void test_waivers(void **state UNUSED)
{
    static const struct {
        const char *text;
        int status;
        const char *said;
    } rows[] = {
        {"targets:\n" FAULTY "    waivers:\n" WAIVER("stream.echo.all-octets", ""), 0, "1 waived"},
        {"targets:\n" FAULTY "    waivers:\n" WAIVER("stream.echo.identity", ""), 1,
         "the waiver of stream.echo.identity no longer holds: the verdict is now pass"},
        /* It breaks, but not as the waiver says. */
        {"targets:\n" FAULTY "    waivers:\n"
         "      - {check: stream.echo.all-octets, verdict: fail, reason: silent, why: known}\n",
         1, "the waiver of stream.echo.all-octets no longer holds, its reason is now: expected \""},
        {"targets:\n" FAULTY
         "    waivers:\n" WAIVER("stream.echo.all-octets", ", until: 2020-01-01"),
         1, "has run out on 2020-01-01"},
        {"targets:\n" FAULTY "    waivers:\n" WAIVER("stream.echo.all-octets", "")
             WAIVER("stream.shutdown.half-close-drains", ""),
         1, "gate.yaml:8: the waiver of stream.shutdown.half-close-drains matches nothing"},
        /* With a budget some checks are left out, and their waivers say nothing. */
        {"targets:\n" FAULTY "    budget: 1ms\n    waivers:\n" WAIVER("stream.echo.all-octets", "")
             WAIVER("stream.shutdown.half-close-drains", ""),
         0, "gate: open"},
        /* One for both: it holds for one of them, and is needed. */
        {"waivers:\n" WAIVER("stream.echo.all-octets", "") "targets:\n" FAULTY GOOD, 0, "1 waived"},
        {"waivers:\n" WAIVER("stream.echo.all-octets", "") "targets:\n" GOOD, 1,
         "gate.yaml:2: the waiver of stream.echo.all-octets no longer holds"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        write_gate(rows[i].text);
        struct program_result r = run_gate("");

        assert_status(&r, rows[i].status);
        assert_contains(r.out, rows[i].said);
        program_free(&r);
    }
}

/* What a person has written into the file stays; what is no file of waivers is not written over. */
static void test_written_waivers_stay(void **state UNUSED)
{
    char path[96];

    text_format(path, sizeof(path), "%s/w.yaml", program_folder);
    unlink(path);
    write_gate("targets:\n" FAULTY);
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && @B/assay gate gate.yaml --quiet --write-waivers w.yaml; sed -i 's/not yet "
        "explained/ours\"\\n    over: \"tcp/' w.yaml; @B/assay gate gate.yaml --quiet "
        "--write-waivers w.yaml; cat w.yaml; echo rubbish > w.yaml; @B/assay gate gate.yaml "
        "--write-waivers w.yaml; echo status $?; cat w.yaml",
        program_folder);

    assert_contains(r.out, "why: \"ours\"\n");
    assert_null(strstr(r.out, "not yet explained"));
    assert_contains(r.out, "status 2\nrubbish\n");
    program_free(&r);
    /* What the gate file waives is explained there, and not written again. */
    unlink(path);
    write_gate("targets:\n" FAULTY "    waivers:\n" WAIVER("stream.echo.all-octets", ""));
    r = program_run(LIMIT_S,
                    "cd %s && @B/assay gate gate.yaml --quiet --write-waivers w.yaml; "
                    "cat w.yaml",
                    program_folder);
    assert_contains(r.out, "waivers:\n  []\n");
    program_free(&r);
}

/* A server that is right, or wrong, by how often it was started before. */
#define MOODY(when) MOODY_OR(when, "")
#define MOODY_OR(when, otherwise)                                                                  \
    "  - name: moody\n    url: tcp://127.0.0.1:0\n    only: stream.echo.all-octets\n"              \
    "    spawn: 'echo >> @D/count; if [ $(($(wc -l < @D/count) " when ") -ne 1 ]; then " otherwise \
    "exec "                                                                                        \
    "@B/assay-echo --listen tcp://127.0.0.1:{port}; fi; exec @B/assay-twins --fault "              \
    "plus-decoded --listen tcp://127.0.0.1:{port}'\n    waivers:\n"

static void test_flaky(void **state UNUSED)
{
    static const struct {
        const char *text;
        int status;
        const char *said;
    } rows[] = {
        /* Broken in the first of ten runs alone. */
        {"targets:\n" MOODY("% 10)") WAIVER("stream.echo.all-octets", ", flaky: 1/10"), 0,
         "1 waived"},
        /* In every second one. */
        {"targets:\n" MOODY("% 2)") WAIVER("stream.echo.all-octets", ", flaky: 1/10"), 1,
         "broke in 5 of 10 runs, 1 of 10 are allowed"},
        /* Broken at first, and from then on it does not even start: that is no run that held. */
        {"targets:\n" MOODY_OR("+ 0)", "exit 1; ")
             WAIVER("stream.echo.all-octets", ", flaky: 1/10"),
         1, "broke in 1 of 1 runs, 1 of 10 are allowed"},
        /* Never: that is fine, too. */
        {"targets:\n" MOODY("% 100 + 2)") WAIVER("stream.echo.all-octets", ", flaky: 1/10"), 0,
         "1 pass, 0 fail"},
    };
    char path[96];

    text_format(path, sizeof(path), "%s/count", program_folder);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unlink(path);
        write_gate(rows[i].text);
        struct program_result r = run_gate("--verbose");

        assert_status(&r, rows[i].status);
        assert_contains(r.out, rows[i].said);
        program_free(&r);
    }
}

/* ---- parts, runs before, ends ---- */

/* The parts of a gate, joined, are the whole. */
static void test_shards(void **state UNUSED)
{
    write_gate("seed: 7\ntargets:\n" FAULTY);
    struct program_result r = program_run(
        LIMIT_S,
        "D=%s; for i in 1 2 3; do @B/assay gate $D/gate.yaml --shard $i/3 --report "
        "json=$D/$i.json; done >/dev/null; @B/assay gate $D/gate.yaml --report json=$D/all.json "
        ">/dev/null; @B/assay report merge $D/1.json $D/2.json $D/3.json --report json > "
        "$D/joined.json; grep -E '\"(id|verdict)\"' $D/joined.json > $D/a; grep -E "
        "'\"(id|verdict)\"' $D/all.json > $D/b; cmp $D/a $D/b && wc -l < $D/a",
        program_folder);

    assert_status(&r, 0);
    assert_true(strlen(r.out) > 2); /* a number of two digits and more */
    program_free(&r);
    r = run_gate("--before nowhere.json");
    assert_contains(r.err, "there is nothing to compare with");
    program_free(&r);
}

/* Interrupted, it reports what was decided, and nothing of it stays. */
static void test_interrupt(void **state UNUSED)
{
    write_gate(
        "reports: {json: \"@D/r.json\"}\ntargets:\n" GOOD
        "  - name: slow\n    url: tcp://127.0.0.1:0\n"
        "    spawn: exec @B/assay-twins --fault none-slow --listen tcp://127.0.0.1:{port}\n");
    struct program_result r =
        program_run(LIMIT_S,
                    "D=%s; mkdir $D/own; TMPDIR=$D/own @B/assay gate $D/gate.yaml & P=$!; sleep 3; "
                    "kill -INT $P; kill -TERM $P; wait $P; S=$?; ls $D/own; exit $S",
                    program_folder);

    assert_status(&r, 130);
    assert_contains(r.out, "interrupted slow ");
    assert_contains(r.out, "ok          good ");
    program_free(&r);
    json_t *root = read_json("r.json");
    assert_int_equal(json_array_size(root), 2);
    assert_true(json_is_true(json_object_get(json_array_get(root, 1), "interrupted")));
    json_decref(root);
}

/* The process of a target that is killed: the gate says so in its report, judges the others, and
   ends what that process had started. */
static void test_killed(void **state UNUSED)
{
    write_gate("parallel: 2\nreports: {json: \"@D/r.json\", html: \"@D/r.html\"}\ntargets:\n" GOOD
               "  - name: slow\n    url: tcp://127.0.0.1:0\n"
               "    spawn: 'echo $PPID > @D/runner; @B/assay-twins --fault none-slow --listen "
               "tcp://127.0.0.1:{port} & echo $! > @D/twin; wait'\n");
    struct program_result r =
        program_run(LIMIT_S,
                    "cd %s; mkdir own; TMPDIR=$PWD/own timeout 60 @B/assay gate gate.yaml & G=$!; "
                    "while ! [ -s twin ]; do sleep 0.1; done; sleep 1; kill -KILL $(cat runner); "
                    "wait $G; S=$?; kill -0 $(cat twin) && echo orphan; exit $S",
                    program_folder);

    assert_status(&r, 4);
    assert_contains(r.out, "ok          good ");
    assert_contains(r.out, "trouble     slow ");
    assert_contains(r.err, "died of signal 9");
    assert_lacks(r.out, "orphan");
    program_free(&r);
    json_t *root = read_json("r.json");
    assert_int_equal(json_array_size(root), 2);
    assert_true(json_is_true(json_object_get(json_array_get(root, 1), "trouble")));
    json_decref(root);
}

/* A target of which nothing is found to try is in the reports, too. */
static void test_nothing_found(void **state UNUSED)
{
    write_gate("reports: {json: \"@D/r.json\"}\ntargets:\n" GOOD
               "  - {name: unknown, url: \"rpc://localhost/345678/77\"}\n");
    struct program_result r = run_gate("");

    assert_status(&r, 3);
    assert_contains(r.out, "no verdict  unknown ");
    program_free(&r);
    json_t *root = read_json("r.json");
    assert_int_equal(json_array_size(root), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(root, 1), "ending")),
                        "it could not be tried");
    json_decref(root);
}

/* Two targets that differ in nothing but their checks are not joined into one. */
static void test_alike(void **state UNUSED)
{
    write_gate("seed: 7\nreports: {json: \"@D/r.json\"}\ntargets:\n" GOOD
               "  - name: other\n    url: tcp://127.0.0.1:0\n    only: stream.echo.identity\n"
               "    spawn: exec @B/assay-echo --listen tcp://127.0.0.1:{port}\n");
    struct program_result r = run_gate("");

    assert_status(&r, 0);
    program_free(&r);
    r = program_run(LIMIT_S, "@B/assay report merge %s/r.json --report json=%s/m.json",
                    program_folder, program_folder);
    assert_status(&r, 0);
    program_free(&r);
    json_t *root = read_json("m.json");
    assert_int_equal(json_array_size(root), 2);
    json_decref(root);
}

static void test_full_disk(void **state UNUSED)
{
    write_gate("targets:\n" GOOD);
    struct program_result r = run_gate("--report json=/dev/full --report text");

    assert_status(&r, 4);
    assert_contains(r.err, "No space left");
    assert_contains(r.out, "ok          good ");
    program_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_small_budget),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_bad_targets),
        cmocka_unit_test(test_ready),
        cmocka_unit_test(test_crash),
        cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_hostile_targets),
        cmocka_unit_test(test_ignored_children),
        cmocka_unit_test(test_deep_file),
        cmocka_unit_test(test_waivers),
        cmocka_unit_test(test_written_waivers_stay),
        cmocka_unit_test(test_flaky),
        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_nothing_found),
        cmocka_unit_test(test_alike),
        cmocka_unit_test(test_full_disk),
    };

    return cmocka_run_group_tests_name("gate", tests, program_open_folder, program_close_folder);
}
