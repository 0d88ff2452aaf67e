/* The built program from outside: its contract, its references, hostile targets, interrupts. */
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/base/deadline.h"
#include "tests/hostile.h"
#include "tests/program.h"

enum { LIMIT_S = 120, GROWTH_KIB = 65536 };

/* ---- bad input ---- */

/* Each names the thing and what would be right, on one line, with the status of the contract. */
static const struct {
    const char *arguments;
    int status;
    const char *message; /* a part of standard error */
} bad_input[] = {
    {"", 2, NULL},
    {"frobnicate", 2, "\"frobnicate\" is no command"},
    {"check", 2, "which target?"},
    {"check tcp:/x", 2, "\"tcp:/x\" is no endpoint"},
    {"check http://x:1", 2, "is no endpoint"},
    {"check tcp://127.0.0.1:65536", 2, "out of range"},
    {"check tcp://127.0.0.1", 2, "expected tcp://HOST:PORT"},
    {"check tcp://127.0.0.1:0", 2, "port 0"},
    {"check tcp://127.0.0.1:nosuchservice", 2, "neither a port number nor a tcp service"},
    {"check unix:", 2, "the path is missing"},
    {"check tcp://127.0.0.1:7 --frob", 2, "unknown option --frob"},
    {"check tcp://127.0.0.1:7 -x", 2, "unknown option -x"},
    {"check tcp://127.0.0.1:7 --jobs", 2, "--jobs needs a value"},
    {"check tcp://127.0.0.1:7 --expect foo", 2, "no check heeds this key; known are"},
    {"check tcp://127.0.0.1:7 --expect connections=x", 2, "needs a number from 1 to 60000"},
    {"check tcp://127.0.0.1:7 --expect concurrent=3", 2, "--expect concurrent takes no value"},
    {"check tcp://127.0.0.1:7 --jobs 0", 2, "--jobs \"0\": expected a number from 1"},
    {"check tcp://127.0.0.1:7 --jobs many", 2, "--jobs \"many\""},
    {"check tcp://127.0.0.1:7 --seed -1", 2, "--seed \"-1\""},
    {"check tcp://127.0.0.1:7 --strict=yes", 2, "--strict takes no value"},
    {"check tcp://127.0.0.1:7 --level high", 2, "expected must, should, robust or note"},
    {"check tcp://127.0.0.1:7 --only nothing.like.this", 2,
     "--only \"nothing.like.this\" matches no check"},
    {"check tcp://127.0.0.1:7 --skip zzz", 2, "--skip \"zzz\" matches no check"},
    {"check tcp://127.0.0.1:7 --skip stream --only stream", 2, "select no check"},
    {"check tcp://127.0.0.1:7 --shard 5/4", 2, "expected I/N"},
    {"check tcp://127.0.0.1:7 --only stream.echo.identity --shard 2/2", 2, "is empty"},
    {"check tcp://127.0.0.1:7 --expect telepathy", 2, "no check heeds this key"},
    {"check tcp://127.0.0.1:7 --report gold", 2, "known are text, json, junit, tap"},
    {"check tcp://127.0.0.1:7 --report json=", 2, "the file is missing"},
    {"check tcp://127.0.0.1:7 --report json --report tap", 2, "only one --report"},
    {"check tcp://127.0.0.1:7 --report json=/tmp/x --report tap=/tmp/../tmp/x", 2, "to one file"},
    {"check tcp://127.0.0.1:7 --report json=/no/such/x", 2, "--report json=/no/such/x: No such"},
    {"check tcp://127.0.0.1:7 --report json=/tmp", 2, "--report json=/tmp: Is a directory"},
    {"check tcp://127.0.0.1:7 --write-waivers /no/x", 2, "--write-waivers /no/x: No such file"},
    {"check tcp://127.0.0.1:7 --evidence /dev/null", 2, "--evidence /dev/null: Not a directory"},
    {"check tcp://127.0.0.1:7 --record README.md", 2, "--record README.md: Not a directory"},
    {"check tcp://127.0.0.1:7 --quiet --verbose", 2, "--quiet and --verbose exclude each other"},
    {"list >/dev/full", 4, "cannot write to standard output: No space left on device"},
    {"explain stream.echo.identity >/dev/full", 4, "cannot write to standard output"},
    {"--help >/dev/full", 4, "cannot write to standard output"},
    {"check --help >&-", 4, "cannot write to standard output: Bad file descriptor"},
    {"check tcp://127.0.0.1:7 --speak nosuchfile", 2, "neither echo, echo:PREFIX"},
    {"check tcp://127.0.0.1:7 --speak rpc", 2, "which program? Write rpc:PROG/VERS"},
    {"check tcp://127.0.0.1:7 --speak rpc:1/x", 2, "which program? Write rpc:PROG/VERS"},
    {"check rpc+tcp://127.0.0.1:7", 2, "expected rpc+tcp://HOST:PORT/PROG/VERS"},
    {"check rpc+tcp://127.0.0.1:0/1/2", 2, "port 0 (choose one) goes with --spawn only"},
    {"check rpc+tcp://127.0.0.1:1/1/2", 3, "is not reachable: Connection refused"},
    {"check rpc://127.0.0.1/345678/2 --spawn ./x", 2, "--spawn does not go with"},
    {"check tcp://127.0.0.1:7 --pid 1 --spawn x", 2, "exclude each other"},
    {"check tcp://127.0.0.1:7 --pid 999999999", 2, "no such process"},
    {"check tcp://127.0.0.1:0 --spawn 'server {path}'", 2, "{path} does not go with this URL"},
    {"check tcp://127.0.0.1:0 --spawn 'server'", 2, "needs a --spawn command with {port}"},
    {"check tcp://127.0.0.1:7 --waive /nonexistent", 2, "--waive /nonexistent"},
    {"check tcp://127.0.0.1:7 --waive /tmp", 2, "--waive /tmp: Is a directory"},
    {"check tcp://127.0.0.1:7 tcp://127.0.0.1:8", 2, "one word too many"},
    {"check tcp://nosuchhost.invalid:7", 3, "\"nosuchhost.invalid\" does not resolve"},
    {"check tcp://127.0.0.1:1", 3, "is not reachable: Connection refused"},
    {"check udp://127.0.0.1:1", 3, "nobody takes datagrams there"},
    {"check unix:/nonexistent/socket", 3, "No such file"},
    {"check tcp://127.0.0.1:0 --spawn 'exit 7; # {port}'", 3, "exited with status 7"},
    {"list nothing.at.all", 2, "matches no check"},
    {"requirements NOTHING-*", 2, "matches no requirement"},
    {"explain", 2, "which check?"},
    {"explain nothing", 2, "no check has the id \"nothing\""},
    {"check tcp://127.0.0.1:1 --speak redis-ping", 3, "is not reachable"},
    {"check tcp://127.0.0.1:1 --speak redis-pong", 2, "neither echo, echo:PREFIX"},
    {"serve", 2, NULL},
    {"serve telepathy", 2, "no server of the kind \"telepathy\""},
    {"serve echo --listen tcp://127.0.0.1:99999", 2, "out of range"},
    {"serve echo --listen rpc+tcp://127.0.0.1:0/1/2", 2, "has no RPC program"},
    {"serve echo", 2, "Usage: assay serve echo --listen URL"},
    {"serve echo --fault none", 2, "Usage: assay serve echo --fault NAME"},
    {"serve msgprog --frob", 2, "unknown option --frob"},
};

static void test_bad_input(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad_input); i++) {
        struct program_result r = program_run(LIMIT_S, "@B/assay %s", bad_input[i].arguments);

        if (r.status != bad_input[i].status ||
            (bad_input[i].message && !strstr(r.err, bad_input[i].message)))
            fail_msg("assay %s: status %d, expected %d with \"%s\"; said: %s",
                     bad_input[i].arguments, r.status, bad_input[i].status,
                     bad_input[i].message ? bad_input[i].message : "", r.err);
        assert_null(strstr(r.err, "Sanitizer"));
        program_free(&r);
    }
}

static void test_bad_exchange_file(void **state)
{
    char path[128];

    (void)state;
    text_format(path, sizeof(path), "%s/bad.exchange", program_folder);
    program_write_file(path, "framing = line\nrequest = \"x\"\nreply = \"y\\q\"\n");
    struct program_result r =
        program_run(LIMIT_S, "@B/assay check tcp://127.0.0.1:7 --speak %s", path);
    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.err, "bad.exchange:3:11: unknown escape"));
    program_free(&r);
}

static void test_no_half_written_report(void **state)
{
    char path[128];

    (void)state;
    text_format(path, sizeof(path), "%s/none.json", program_folder);
    struct program_result r =
        program_run(LIMIT_S, "@B/assay check tcp://127.0.0.1:7x --report json=%s", path);
    assert_int_equal(r.status, 2);
    assert_int_not_equal(access(path, F_OK), 0);
    program_free(&r);
    /* Not reachable is no verdict, but it is a report: whole, and nothing ran. */
    r = program_run(LIMIT_S, "@B/assay check tcp://127.0.0.1:1 --report json=%s", path);
    assert_int_equal(r.status, 3);
    json_t *root = json_load_file(path, 0, NULL);
    assert_non_null(root);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "summary"), "pass")),
                     0);
    json_decref(root);
    program_free(&r);
}

/* ---- help ---- */

static void test_help(void **state)
{
    static const char *const commands[] = {"",       "check", "list", "explain", "requirements",
                                           "report", "serve", "proxy"};
    static const char *const kinds[] = {"echo", "echo --fault x", "msgprog", "msgprog --own",
                                        "msgprog --fault x"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        struct program_result r = program_run(LIMIT_S, "@B/assay %s --help", commands[i]);

        assert_int_equal(r.status, 0);
        assert_non_null(strstr(r.out, "Usage: assay"));
        assert_non_null(strstr(r.out, "xample"));
        assert_string_equal(r.err, "");
        program_free(&r);
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct program_result r = program_run(LIMIT_S, "@B/assay serve %s --help", kinds[i]);

        assert_int_equal(r.status, 0);
        assert_non_null(strstr(r.out, "Usage: assay serve "));
        assert_string_equal(r.err, "");
        program_free(&r);
    }
}

/* Every option of the help stands in the man page and in the completion, too. */
static void assert_documented(const char *command, unsigned least)
{
    struct program_result r = program_run(LIMIT_S, "@B/assay %s --help", command);
    char *man = program_read_file("docs/assay.1");
    char *completion = program_read_file("docs/assay.bash");
    unsigned options = 0;

    assert_non_null(man);
    assert_non_null(completion);
    for (char *at = strstr(r.out, "\n  --"); at; at = strstr(at + 1, "\n  --")) {
        char plain[64];
        char roff[64];
        size_t len = strcspn(at + 5, " \n");

        text_format(plain, sizeof(plain), "--%.*s", (int)len, at + 5);
        text_format(roff, sizeof(roff), "\\-\\-%.*s", (int)len, at + 5);
        for (char *dash = strchr(roff + 4, '-'); dash; dash = NULL) {
            /* In roff every dash of an option is escaped. */
            char tail[64];

            text_copy(tail, sizeof(tail), dash);
            text_format(dash, sizeof(roff) - (size_t)(dash - roff), "\\%s", tail);
        }
        if (!strstr(man, roff) || !strstr(completion, plain))
            fail_msg("%s is missing in docs/assay.1 or docs/assay.bash", plain);
        options++;
    }
    assert_true(options >= least);
    free(man);
    free(completion);
    program_free(&r);
}

static void test_options_are_documented(void **state UNUSED)
{
    assert_documented("check", 20);
    assert_documented("proxy", 17);
}

/* What the completion answers to a line: readline replaces what follows the last : or =. */
static void test_completion(void **state)
{
    static const struct {
        const char *line, *due;
    } rows[] = {
        {"assay ch", "check"},
        {"assay check --wai", "--waive"},
        {"assay check unix:README.m", "README.md"},
        {"assay check rpc+unix:README.m", "README.md"},
        {"assay check rpc+tc", "rpc+tcp://"},
        {"assay check rpc+tcp:", "//"},
        {"assay check x --report js", "json"},
        {"assay check x --report json=README.m", "README.md"},
        {"assay check x --level=mu", "must"},
        {"assay check x --record=README.m", "README.md"},
        {"assay check x --speak redis", "redis-ping"},
        {"assay check x --only stream.echo.ident", "stream.echo.identity"},
        {"assay explain stream.echo.ident", "stream.echo.identity"},
        {"assay list --ma", "--markdown"},
        {"assay list stream.echo.ident", "stream.echo.identity"},
        {"assay serve msg", "msgprog"},
        {"assay serve echo --fault fin-is-h", "fin-is-hang-up"},
        {"assay serve echo --pre", "--prefix"},
        {"assay pro", "proxy"},
        {"assay repo", "report"},
        {"assay fuzz doc", "doctor"},
        {"assay fuzz doctor tirpc-disp", "tirpc-dispatch"},
        {"assay replay x --via pa", "pair"},
        {"assay replay READ", "README.md"},
        {"assay report me", "merge"},
        {"assay report show READ", "README.md"},
        {"assay report show x --bef", "--before"},
        {"assay report show x --report sa", "sarif"},
        {"assay proxy --sched", "--schedule --schedule-file"},
        {"assay proxy --schedule-file README.m", "README.md"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program_result r = program_run(
            LIMIT_S,
            "PATH=@B:$PATH bash -c '. docs/assay.bash; COMP_LINE=\"%s\"; COMP_POINT=${#COMP_LINE}; "
            "_assay; echo \"${COMPREPLY[*]}\"'",
            rows[i].line);
        char due[64];

        text_format(due, sizeof(due), "%s\n", rows[i].due);
        if (!text_eq(r.out, due))
            fail_msg("%s: \"%s\" instead of \"%s\"; %s", rows[i].line, r.out, rows[i].due, r.err);
        program_free(&r);
    }
    struct program_result r = program_run(
        LIMIT_S, "PATH=@B:$PATH bash -c '. docs/assay.bash; COMP_LINE=\"assay list --\"; "
                 "COMP_POINT=13; _assay; echo \"${COMPREPLY[*]}\"'");
    assert_string_equal(r.out, "--json --markdown --help\n");
    program_free(&r);
}

static void test_list_and_explain(void **state)
{
    struct program_result r = program_run(LIMIT_S, "@B/assay list --json");
    json_t *list = json_loads(r.out, 0, NULL);
    size_t i;
    json_t *check;

    (void)state;
    assert_int_equal(r.status, 0);
    assert_true(json_array_size(list) >= 100);
    program_free(&r);
    json_array_foreach(list, i, check)
    {
        const char *id = json_string_value(json_object_get(check, "id"));

        if (i % 10)
            continue;
        r = program_run(LIMIT_S, "@B/assay explain %s", id);
        assert_int_equal(r.status, 0);
        assert_non_null(strstr(r.out, "how it is tried:"));
        program_free(&r);
    }
    json_decref(list);
    r = program_run(LIMIT_S, "@B/assay list 'stream.shutdown.*'");
    assert_int_equal(r.status, 0);
    assert_null(strstr(r.out, "stream.eof"));
    program_free(&r);
}

/* Of each kind one: cited by a check, in place of another, with a reason, and of a silent role. */
static void test_requirements(void **state UNUSED)
{
    static const struct {
        const char *id, *part;
    } rows[] = {
        {"RPC-5531-9-07", "rpc.xid.echo"},
        {"EXCH-03", "datagram.echo.identity"},
        {"XDR-4506-4.8-01", "not tried from outside:"},
        {"TIRPC-SVC-svc_run-01", "which no peer of it sees"},
    };
    struct program_result r;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        r = program_run(LIMIT_S, "@B/assay requirements '%s'", rows[i].id);
        if (r.status != 0 || !strstr(r.out, rows[i].id) || !strstr(r.out, rows[i].part))
            fail_msg("%s: %s", rows[i].id, r.out);
        program_free(&r);
    }
    r = program_run(LIMIT_S, "@B/assay requirements --uncovered --json");
    json_t *list = json_loads(r.out, 0, NULL);
    size_t i;
    json_t *row;

    assert_int_equal(r.status, 0);
    assert_true(json_array_size(list) > 100);
    json_array_foreach(list, i, row)
        assert_int_equal(json_array_size(json_object_get(row, "checks")), 0);
    json_decref(list);
    program_free(&r);
}

/* docs/checks.md is what `make docs` makes of the tables. */
static void assert_page(const char *path, struct program_result r)
{
    char *page = program_read_file(path);

    assert_int_equal(r.status, 0);
    assert_non_null(page);
    if (!text_eq(page, r.out))
        fail_msg("%s is not what would be written today; run make docs", path);
    free(page);
    program_free(&r);
}

static void test_generated_pages(void **state UNUSED)
{
    assert_page("docs/checks.md", program_run(LIMIT_S, "@B/assay list --markdown"));
    assert_page("docs/fuzz-targets.md", program_run(LIMIT_S, "@B/assay fuzz list --markdown"));
    assert_page("docs/proof.md", program_run(LIMIT_S, "@B/tests/prove @B --page"));
}

/* Every fault and every check that the README names is there; a first part of an id will do. */
static void test_names_in_readme(void **state)
{
    static const char *const suites[] = {"stream.", "datagram.", "unix.",
                                         "rpc.",    "rpcbind.",  "msgprog."};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    char *readme = program_read_file("README.md");
    struct program_result faults = program_run(
        LIMIT_S, "@B/assay serve echo --fault list; @B/assay serve msgprog --fault list");
    unsigned named = 0;
    unsigned checks = 0;

    (void)state;
    for (const char *at = strstr(readme, "--fault "); at; at = strstr(at + 1, "--fault ")) {
        const char *name = at + strlen("--fault ");
        char line[96];

        text_format(line, sizeof(line), "\n%.*s\t", (int)strspn(name, letters), name);
        if (!strstr(faults.out, line) && !text_starts(faults.out, line + 1))
            fail_msg("the README names a fault that is none: %s", line);
        named++;
    }
    for (const char *at = readme; *at; at += strspn(at, letters), at += strcspn(at, letters)) {
        char id[96];
        bool is_id = false;

        text_format(id, sizeof(id), "%.*s", (int)strspn(at, letters), at);
        if (*id && id[strlen(id) - 1] == '.')
            id[strlen(id) - 1] = '\0';
        for (size_t i = 0; i < ARRAY_LEN(suites); i++)
            is_id = is_id || text_starts(id, suites[i]);
        if (!is_id || (at > readme && at[-1] == '/')) /* docs/msgprog.md is a path */
            continue;
        struct program_result r = program_run(LIMIT_S, "@B/assay list %s", id);
        if (r.status != 0)
            fail_msg("the README names a check that is none: %s", id);
        program_free(&r);
        checks++;
    }
    assert_true(named > 0 && checks > 2);
    free(readme);
    program_free(&faults);
}

/* What was installed works from where it is, and uninstalling leaves nothing. */
static void test_install(void **state)
{
    struct program_result r;

    (void)state;
    r = program_run(LIMIT_S, "make -s install V=$(basename @B) DESTDIR=%s PREFIX=/usr",
                    program_folder);
    assert_int_equal(r.status, 0);
    program_free(&r);
    r = program_run(LIMIT_S,
                    "cd / && D=%s/usr && $D/bin/assay check unix:%s/e --spawn "
                    "\"$D/bin/assay serve echo --listen unix:{path}\" --only unix.*",
                    program_folder, program_folder);
    if (r.status != 0)
        fail_msg("%s%s", r.out, r.err);
    program_free(&r);
    r = program_run(LIMIT_S, "cd / && %s/usr/bin/assay check tcp://127.0.0.1:1 --speak redis-ping",
                    program_folder);
    assert_int_equal(r.status, 3); /* the file was found, the target was not */
    program_free(&r);
    r = program_run(LIMIT_S,
                    "cd %s/usr/share && test -s man/man1/assay.1 && "
                    "test -s assay/report.schema.json",
                    program_folder);
    assert_int_equal(r.status, 0);
    program_free(&r);
    r = program_run(LIMIT_S,
                    "make -s uninstall V=$(basename @B) DESTDIR=%s PREFIX=/usr && "
                    "find %s/usr -type f",
                    program_folder, program_folder);
    assert_int_equal(r.status, 0);
    assert_string_equal(r.out, "");
    program_free(&r);
}

/* ---- the references ---- */

static json_t *load_report(const char *path)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);

    if (!root)
        fail_msg("%s: %s", path, error.text);
    return root;
}

static int count_of(json_t *root, const char *verdict)
{
    return (int)json_integer_value(json_object_get(json_object_get(root, "summary"), verdict));
}

/* Every reference passes in full over each transport: no fail, no warn, no error. */
static void test_references_pass(void **state)
{
    static const struct {
        const char *url; /* %s: the folder */
        const char *listen;
        const char *speak;
        const char *prefix;
        int least; /* checks that must have passed, so that nothing falls away unseen */
    } cases[] = {
        {"tcp://127.0.0.1:0", "tcp://127.0.0.1:{port}", "echo", "", 70},
        {"tcp://127.0.0.1:0", "tcp://[::]:{port}", "echo", "", 72},
        {"tcp://[::1]:0", "tcp://[::]:{port}", "echo", "", 72},
        {"udp://127.0.0.1:0", "udp://0.0.0.0:{port}", "echo", "", 30},
        {"udp://127.0.0.1:0", "udp://[::]:{port}", "echo", "", 32},
        {"udp://[::1]:0", "udp://[::1]:{port}", "echo", "", 28},
        {"unix:%s/s", "unix:{path}", "echo", "", 68},
        {"unix-dgram:%s/d", "unix-dgram:{path}", "echo", "", 33},
        {"unix-seqpacket:%s/q", "unix-seqpacket:{path}", "echo", "", 60},
        {"unix:%s/p", "unix:{path}", "echo:Echoed msg: ", "Echoed msg: ", 40},
        {"udp://127.0.0.1:0", "udp://0.0.0.0:{port}",
         "echo:echoed string: ", "echoed string: ", 28},
    };
    char path[128];
    char url[160];

    (void)state;
    text_format(path, sizeof(path), "%s/reference.json", program_folder);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *hole = strstr(cases[i].url, "%s");

        text_format(url, sizeof(url), "%.*s%s%s", (int)(hole ? hole - cases[i].url : 99),
                    cases[i].url, hole ? program_folder : "", hole ? hole + 2 : "");
        struct program_result r =
            program_run(LIMIT_S,
                        "@B/assay check '%s' --speak '%s' --report json=%s --spawn "
                        "\"@B/assay serve echo --listen '%s' --prefix '%s'\"",
                        url, cases[i].speak, path, cases[i].listen, cases[i].prefix);
        json_t *root = load_report(path);

        if (r.status != 0 || count_of(root, "warn") || count_of(root, "pass") < cases[i].least)
            fail_msg("%s at %s: status %d\n%s%s", cases[i].url, cases[i].listen, r.status, r.out,
                     r.err);
        json_decref(root);
        program_free(&r);
    }
}

/* ---- reports and options of a run ---- */

static void test_reports_of_a_run(void **state)
{
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && @B/assay check tcp://127.0.0.1:0 --spawn '@B/assay-echo --listen "
        "tcp://127.0.0.1:{port}' --only 'stream.echo*' --seed 7 --report json=r.json --report "
        "junit=r.xml --report tap=r.tap --report text=r.txt && prove -e cat r.tap",
        program_folder);
    char path[128];

    (void)state;
    if (r.status != 0)
        fail_msg("%s%s", r.out, r.err);
    assert_non_null(strstr(r.out, "All tests successful"));
    text_format(path, sizeof(path), "%s/r.json", program_folder);
    json_t *root = load_report(path);
    assert_int_equal(json_integer_value(json_object_get(root, "seed")), 7);
    assert_string_equal(json_string_value(json_object_get(root, "tool")), "assay");
    json_t *first = json_array_get(json_object_get(root, "checks"), 0);
    assert_non_null(strstr(json_string_value(json_object_get(first, "reproduce")), "--seed 7"));
    json_decref(root);
    program_free(&r);
}

static void test_shards_and_levels(void **state)
{
    char path[128];
    int sum = 0;

    (void)state;
    text_format(path, sizeof(path), "%s/shard.json", program_folder);
    for (int i = 1; i <= 3; i++) {
        struct program_result r =
            program_run(LIMIT_S,
                        "@B/assay check tcp://127.0.0.1:0 --spawn '@B/assay-echo --listen "
                        "tcp://127.0.0.1:{port}' --only stream.echo --only stream.octets "
                        "--level must --level robust --shard %d/3 --report json=%s",
                        i, path);
        json_t *root = load_report(path);

        assert_int_equal(r.status, 0);
        sum += (int)json_array_size(json_object_get(root, "checks"));
        json_decref(root);
        program_free(&r);
    }
    assert_int_equal(sum, 9);
}

/* A waiver covers a failure; without the failure it is one. */
static void test_waivers(void **state)
{
    char waivers[128];

    (void)state;
    text_format(waivers, sizeof(waivers), "%s/w.yaml", program_folder);
    struct program_result r = program_run(
        LIMIT_S,
        "@B/assay check tcp://127.0.0.1:0 --only stream.discard --only stream.echo.identity "
        "--speak discard --patience 500 --write-waivers %s --spawn '@B/assay-echo --listen "
        "tcp://127.0.0.1:{port}'",
        waivers);
    assert_int_equal(r.status, 1);
    program_free(&r);
    r = program_run(LIMIT_S,
                    "@B/assay check tcp://127.0.0.1:0 --only stream.discard --speak discard "
                    "--patience 500 --waive %s --spawn '@B/assay-echo --listen "
                    "tcp://127.0.0.1:{port}'",
                    waivers);
    if (r.status != 0)
        fail_msg("%s%s", r.out, r.err);
    assert_non_null(strstr(r.out, "1 waived"));
    program_free(&r);
    program_write_file(waivers, "waivers:\n  - check: stream.echo.identity\n    verdict: fail\n"
                                "    reason: x\n    why: y\n");
    r = program_run(LIMIT_S,
                    "@B/assay check tcp://127.0.0.1:0 --only stream.echo.identity --waive %s "
                    "--spawn '@B/assay-echo --listen tcp://127.0.0.1:{port}'",
                    waivers);
    assert_int_equal(r.status, 1);
    assert_non_null(strstr(r.out, "no longer holds"));
    program_free(&r);
    program_write_file(waivers, "waivers:\n  - check: stream.echo.nonsense\n");
    r = program_run(LIMIT_S, "@B/assay check tcp://127.0.0.1:7 --waive %s", waivers);
    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.err, "w.yaml:2:12: no check has this id"));
    program_free(&r);
}

static void test_evidence_and_record(void **state)
{
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && @B/assay check tcp://127.0.0.1:0 --only stream.discard --speak discard "
        "--patience 500 --evidence ev --record rec --quiet --spawn '@B/assay-echo --listen "
        "tcp://127.0.0.1:{port}'; cat ev/stream.discard.silent/transcript.txt; test -x "
        "ev/stream.discard.silent/again.sh && sh -n ev/stream.discard.silent/again.sh && ls rec",
        program_folder);

    (void)state;
    assert_non_null(strstr(r.out, "claim:    a discard server sends nothing"));
    assert_non_null(strstr(r.out, "/assay check tcp://127.0.0.1:0 --speak discard"));
    assert_non_null(strstr(r.out, "stream.discard.silent.1"));
    program_free(&r);
}

/* A wrong command line makes no folder; a second run does not add to what the first recorded. */
static void test_record_begins_anew(void **state)
{
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && @B/assay check tcp://127.0.0.1:7 --record early --seed x; test ! -e early && "
        "for i in 1 2; do @B/assay check udp://127.0.0.1:0 --only datagram.echo.identity "
        "--seed 1 "
        "--record anew --spawn '@B/assay-echo --listen udp://127.0.0.1:{port}' || exit; "
        "stat -c 'size %%s' anew/*; done",
        program_folder);
    char *first = strstr(r.out, "size ");
    char *second = first ? strstr(first + 1, "size ") : NULL;

    (void)state;
    assert_int_equal(r.status, 0);
    unsigned long once = first ? strtoul(first + 5, NULL, 10) : 0;
    assert_true(once > 0 && second && strtoul(second + 5, NULL, 10) == once);
    program_free(&r);
}

/* A report goes through a link, and the ending is told once where both streams are one. */
static void test_where_things_are_written(void **state)
{
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && touch real && ln -s real link && @B/assay check tcp://127.0.0.1:1 --report "
        "json=link >/dev/null; test -L link && test -s real && @B/assay check "
        "tcp://127.0.0.1:1 "
        "2>&1",
        program_folder);

    (void)state;
    assert_int_equal(r.status, 3);
    const char *told = strstr(r.out, "assay 0");
    told = told ? strstr(told, "is not reachable") : NULL;
    assert_true(told && !strstr(told + 1, "is not reachable"));
    program_free(&r);
}

/* What is ignored on entry, as under nohup, stays ignored. */
static void test_ignored_signals(void **state)
{
    struct program_result r = program_run(
        LIMIT_S, "trap '' HUP INT; @B/assay check tcp://127.0.0.1:0 --only stream.echo --spawn "
                 "'kill -HUP $PPID; kill -INT $PPID; exec @B/assay-echo --listen "
                 "tcp://127.0.0.1:{port}'");

    (void)state;
    if (r.status != 0)
        fail_msg("status %d\n%s%s", r.status, r.out, r.err);
    program_free(&r);
}

/* A place that is taken is left alone: neither judged in the target's stead nor taken away. */
/* A helper of the target that has lost its parent is a child of assay, and tells its parent by
   signals what assay does not know. */
static void test_signals_of_orphans(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S, "@B/assay check tcp://127.0.0.1:0 --only stream.flow --patience 1500 --spawn "
                 "'(sh -c \"for s in USR1 USR2 ALRM IO; do sleep 0.1; "
                 "kill -\\$s \\$(cut -d\\  -f4 /proc/\\$\\$/stat); done; echo told >&2\" &) ; "
                 "exec @B/assay-echo --listen tcp://{host}:{port}'");

    if (r.status != 0 || !strstr(r.out, " pass, 0 fail"))
        fail_msg("status %d\n%s%s", r.status, r.out, r.err);
    program_free(&r);
}

static void test_taken_places(void **state)
{
    struct program_result r;

    (void)state;
    r = program_run(LIMIT_S,
                    "cd %s && echo keep >precious && @B/assay check unix:precious --spawn "
                    "'true {path}'; echo $?; cat precious",
                    program_folder);
    assert_non_null(strstr(r.out, "\n3\nkeep\n"));
    program_free(&r);
    r = program_run(LIMIT_S,
                    "cd %s && { @B/assay-echo --listen unix:served & } >/dev/null && sleep 0.3; "
                    "@B/assay check unix:served --spawn 'sleep 9 # {path}'; echo $?; "
                    "test -S served; echo $?; kill $!",
                    program_folder);
    assert_non_null(strstr(r.err, "somebody serves at unix:served already"));
    assert_non_null(strstr(r.out, "\n3\n0\n"));
    program_free(&r);
}

static void test_repeat(void **state)
{
    struct program_result r = program_run(
        LIMIT_S, "@B/assay check tcp://127.0.0.1:0 --only stream.echo.identity --repeat 3 --spawn "
                 "'@B/assay-echo --listen tcp://127.0.0.1:{port}'");

    (void)state;
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.err, "run 3 of 3: status 0"));
    program_free(&r);
}

/* Verdicts that differ are told with their counts, and the worst is what counts: the second of
   three starts of this server gives wrong answers. */
static void test_repeat_tells_what_differs(void **state)
{
    static const char server[] =
        "import os, socket, sys, threading\n"
        "path = sys.argv[2]\n"
        "starts = int(open(path).read()) + 1 if os.path.exists(path) else 1\n"
        "open(path, 'w').write(str(starts))\n"
        "s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "def serve(c):\n"
        "    while d := c.recv(65536):\n"
        "        c.sendall(b'?' * len(d) if starts == 2 else d)\n"
        "    c.close()\n"
        "while True:\n"
        "    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()\n";
    char script[128];
    char path[128];

    (void)state;
    text_format(script, sizeof(script), "%s/flaky.py", program_folder);
    text_format(path, sizeof(path), "%s/flaky.json", program_folder);
    program_write_file(script, server);
    struct program_result r =
        program_run(LIMIT_S,
                    "@B/assay check tcp://127.0.0.1:0 --only stream.echo.identity --repeat 3 "
                    "--patience 500 --report json=%s --spawn 'exec python3 %s {port} %s/starts'",
                    path, script, program_folder);
    json_t *root = load_report(path);
    const json_t *check = json_array_get(json_object_get(root, "checks"), 0);
    const char *reason = json_string_value(json_object_get(check, "reason"));
    if (r.status != 1 || count_of(root, "fail") != 1)
        fail_msg("status %d\n%s%s", r.status, r.out, r.err);
    assert_true(text_starts(reason, "3 runs: 2 pass, 1 fail; "));
    assert_non_null(strstr(json_string_value(json_object_get(check, "actual")), "?"));
    assert_non_null(
        strstr(json_string_value(json_object_get(check, "actual")), "(3 runs: 2 pass, 1 fail)"));
    json_decref(root);
    program_free(&r);
}

/* ---- hostile targets ---- */

static long largest_child_kib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_CHILDREN, &usage);
    return usage.ru_maxrss;
}

static void assert_withstands(const char *kind, bool rpc, const char *options)
{
    char url[ENDPOINT_TEXT_MAX];
    char path[128];

    text_format(path, sizeof(path), "%s/hostile.json", program_folder);
    pid_t pid = hostile_start(kind, url, sizeof(url));
    assert_true(pid > 0);
    struct program_result r =
        program_run(LIMIT_S, "@B/assay check %s%s%s %s --patience 700 --report json=%s",
                    rpc ? "rpc+" : "", url, rpc ? "/345678/2" : "", options, path);
    hostile_stop(pid);
    json_t *root = load_report(path);

    if (r.status != 1 || count_of(root, "error") != 0)
        fail_msg("%s: status %d\n%s%s", kind, r.status, r.out, r.err);
    assert_null(strstr(r.err, "Sanitizer"));
    json_decref(root);
    program_free(&r);
    if (strstr(program_path(""), "release"))
        assert_true(largest_child_kib() < GROWTH_KIB);
}

/* Who cannot have the port that was chosen for it, and ends, is started at another one. */
static void test_port_lost_before_bind(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S,
        "@B/assay check tcp://127.0.0.1:0 --only stream.echo.identity --quiet --spawn "
        "'test -e %s/lost || { echo {port} >%s/lost; exit 1; }; "
        "test $(cat %s/lost) != {port} && exec @B/assay-echo --listen tcp://{host}:{port}'",
        program_folder, program_folder, program_folder);

    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, "1 pass, 0 fail"));
    program_free(&r);
}

static void test_hostile_targets(void **state)
{
    static const char *const kinds[] = {"flood",   "silent", "garbage", "reset",
                                        "trickle", "close",  "banner",  "half"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        assert_withstands(kinds[i], false, "");
        assert_withstands(kinds[i], true, "");
    }
}

/* These pass for an RPC server at first, so that the checks themselves meet them. */
static void test_hostile_rpc_targets(void **state)
{
    static const char *const kinds[] = {"empty-fragments", "endless-record",  "huge-record",
                                        "many-replies",    "foreign-replies", "lying-verifier"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        assert_withstands(kinds[i], true,
                          "--jobs 8 --only rpc.xid --only rpc.reply.one-per-call --only "
                          "rpc.rm.fragments --only rpc.pipeline --only msgprog.savemsg.wire");
}

/* ---- deaths and interrupts ---- */

/* Where /proc tells nothing, no server of ours is found; that is said, and nothing waits for ever.
 */
static void test_without_proc(void **state UNUSED)
{
    struct program_result r =
        program_run(LIMIT_S,
                    "unshare %s -m sh -c 'mount -t tmpfs none /proc && exec @B/assay check "
                    "tcp://127.0.0.1:0 --spawn \"@B/assay serve echo --listen "
                    "tcp://127.0.0.1:{port}\"'",
                    geteuid() == 0 ? "" : "-r");

    if (strstr(r.err, "unshare") || !strstr(program_path(""), "release")) {
        program_free(&r);
        skip();
    }
    assert_int_equal(r.status, 3);
    assert_non_null(strstr(r.err, "the program assay-echo is not there"));
    program_free(&r);
}

/* A target that dies in one check changes that one verdict, and the run goes on. */
static void test_a_death_costs_one_verdict(void **state)
{
    static const char server[] =
        "import socket, threading, os, sys\n"
        "s = socket.create_server(('127.0.0.1', int(sys.argv[1])), backlog=512)\n"
        "def serve(c):\n"
        "    try:\n"
        "        while True:\n"
        "            d = c.recv(65536)\n"
        "            if not d: break\n"
        "            if d == b'\\x1a': os.abort()\n"
        "            c.sendall(d)\n"
        "    except OSError: pass\n"
        "    c.close()\n"
        "while True:\n"
        "    c, _ = s.accept()\n"
        "    threading.Thread(target=serve, args=(c,), daemon=True).start()\n";
    char script[128];
    char path[128];
    size_t i;
    json_t *check;

    (void)state;
    text_format(script, sizeof(script), "%s/dies.py", program_folder);
    text_format(path, sizeof(path), "%s/dies.json", program_folder);
    program_write_file(script, server);
    struct program_result r =
        program_run(LIMIT_S,
                    "@B/assay check tcp://127.0.0.1:0 --only stream.echo --only stream.octets "
                    "--only stream.order --report json=%s --spawn 'exec python3 %s {port}'",
                    path, script);
    json_t *root = load_report(path);
    if (r.status != 1 || count_of(root, "fail") != 1)
        fail_msg("status %d\n%s%s", r.status, r.out, r.err);
    json_array_foreach(json_object_get(root, "checks"), i, check)
    {
        const char *verdict = json_string_value(json_object_get(check, "verdict"));
        const char *reason = json_string_value(json_object_get(check, "reason"));

        if (!text_eq(verdict, "fail"))
            continue;
        assert_string_equal(json_string_value(json_object_get(check, "id")),
                            "stream.octets.control-bytes");
        assert_non_null(strstr(reason, "signal 6"));
    }
    json_decref(root);
    program_free(&r);
}

/* Whether any process has this in its command line; the asking shell and its tools apart. */
static bool is_running(const char *needle)
{
    struct program_result r =
        program_run(10, "ps -e -o pid=,args= | grep -F -- '%s' | grep -v grep", needle);
    bool found = r.status == 0;

    program_free(&r);
    return found;
}

/* An interrupt ends the run with a whole report and nothing left behind. */
static void test_interrupt(void **state)
{
    static struct process p;
    char command[1024];
    char path[128];
    char socket_path[128];

    (void)state;
    text_format(path, sizeof(path), "%s/interrupted.json", program_folder);
    text_format(socket_path, sizeof(socket_path), "%s/interrupted.sock", program_folder);
    text_format(command, sizeof(command),
                "exec %s check unix:%s --repeat 50 --report json=%s --spawn 'exec \"$ECHO\" "
                "--listen unix:{path}'",
                program_path("assay"), socket_path, path);
    setenv("ECHO", program_path("assay-echo"), 1);
    struct process_options o = {.command = command, .umask = -1};
    assert_true(process_start(&p, &o, NULL));
    deadline_wait(deadline_in_ms(1500));
    kill(p.pid, SIGINT);
    assert_true(process_wait(&p, deadline_in_ms(20000)));
    assert_true(WIFEXITED(p.status));
    assert_int_equal(WEXITSTATUS(p.status), 130);
    process_stop(&p, 0);
    json_t *root = load_report(path);
    assert_true(json_array_size(json_object_get(root, "checks")) > 50);
    assert_non_null(strstr(json_string_value(json_object_get(root, "ending")), "interrupted"));
    json_decref(root);
    assert_int_not_equal(access(socket_path, F_OK), 0);
    assert_false(is_running(socket_path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_bad_exchange_file),
        cmocka_unit_test(test_no_half_written_report),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_options_are_documented),
        cmocka_unit_test(test_completion),
        cmocka_unit_test(test_list_and_explain),
        cmocka_unit_test(test_requirements),
        cmocka_unit_test(test_generated_pages),
        cmocka_unit_test(test_names_in_readme),
        cmocka_unit_test(test_install),
        cmocka_unit_test(test_references_pass),
        cmocka_unit_test(test_reports_of_a_run),
        cmocka_unit_test(test_shards_and_levels),
        cmocka_unit_test(test_waivers),
        cmocka_unit_test(test_evidence_and_record),
        cmocka_unit_test(test_record_begins_anew),
        cmocka_unit_test(test_where_things_are_written),
        cmocka_unit_test(test_ignored_signals),
        cmocka_unit_test(test_signals_of_orphans),
        cmocka_unit_test(test_repeat),
        cmocka_unit_test(test_repeat_tells_what_differs),
        cmocka_unit_test(test_taken_places),
        cmocka_unit_test(test_port_lost_before_bind),
        cmocka_unit_test(test_hostile_targets),
        cmocka_unit_test(test_hostile_rpc_targets),
        cmocka_unit_test(test_without_proc),
        cmocka_unit_test(test_a_death_costs_one_verdict),
        cmocka_unit_test(test_interrupt),
    };

    return cmocka_run_group_tests_name("cli", tests, program_open_folder, program_close_folder);
}
