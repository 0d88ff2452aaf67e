/* The library as it is installed: the header and pkg-config alone, the example that is built with
   them, and what its tests say of a sound server and of a broken one. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { LIMIT_S = 120, LINE_LEN = 600, FAILURES_MAX = 8 };

/* The compilers that this build's libassay.a can be linked by, with what they need. */
static const struct compiler {
    const char *build;
    const char *cc;
    const char *flags;
} compilers[] = {
    {"release", "gcc", "-O2"},
    {"release", "clang", "-O2"},
    {"asan", "clang", "-O1 -g -fsanitize=address,undefined"},
};

static bool is_of_this_build(const struct compiler *c)
{
    char end[32];

    text_format(end, sizeof(end), "/%s/", c->build);
    return strstr(program_path(""), end) != NULL;
}

static const struct compiler *compiler(void)
{
    const struct compiler *c = compilers;

    while (!is_of_this_build(c) && c + 1 < compilers + ARRAY_LEN(compilers))
        c++;
    return c;
}

/* Runs a command line with D for the test's folder, in which P is the prefix. make gets none of the
   options of a make that runs the tests. */
static struct program_result sh(const char *line)
{
    return program_run(LIMIT_S,
                       "unset MAKEFLAGS MFLAGS MAKELEVEL CMOCKA_MESSAGE_OUTPUT; D=%s; P=$D/p; "
                       "V=$(basename @B); export PKG_CONFIG_PATH=$P/lib/pkgconfig; %s",
                       program_folder, line);
}

static void assert_done(const char *line)
{
    struct program_result r = sh(line);

    if (r.status != 0)
        fail_msg("%s: status %d: %s%s", line, r.status, r.out, r.err);
    program_free(&r);
}

static void assert_prints(const char *line, const char *out)
{
    struct program_result r = sh(line);

    if (r.status != 0 || !text_eq(r.out, out))
        fail_msg("%s: status %d: %s%s", line, r.status, r.out, r.err);
    program_free(&r);
}

static int install(void **state)
{
    int failed = program_open_folder(state);

    if (!failed)
        assert_done("make -s install V=$V PREFIX=$P && cp -r docs/examples/cmocka $D/example");
    return failed;
}

static int uninstall(void **state)
{
    assert_prints("make -s uninstall V=$V PREFIX=$P && find $P -type f", "");
    return program_close_folder(state);
}

/* ---- what is installed ---- */

static void test_pkg_config(void **state UNUSED)
{
    static const char *const forms[] = {"", "--static"};
    char line[LINE_LEN];

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        text_format(line, sizeof(line), "pkg-config %s --cflags --libs assay", forms[i]);
        struct program_result r = sh(line);
        assert_int_equal(r.status, 0);
        assert_contains(r.out, "/p/include");
        assert_contains(r.out, "/p/lib -lassay -ljansson -lyaml");
        program_free(&r);
    }
    assert_done("test \"$(pkg-config --modversion assay)\" = "
                "\"$($P/bin/assay --version | cut -d' ' -f2)\"");
}

/* Under DESTDIR the file still names the place that it is made for. */
static void test_destdir(void **state UNUSED)
{
    assert_prints("make -s install V=$V DESTDIR=$D/staged PREFIX=/opt/assay && "
                  "head -n 1 $D/staged/opt/assay/lib/pkgconfig/assay.pc",
                  "prefix=/opt/assay\n");
}

/* No name of ours but those of the header can clash with one of the program's. */
static void test_exported_names(void **state UNUSED)
{
    assert_prints("nm -g --defined-only $P/lib/libassay.a | awk 'NF == 3 && $3 !~ /^assay_/'", "");
    assert_done("nm -g --defined-only $P/lib/libassay.a | grep -q ' T assay_perform$'");
    assert_prints("nm -g --undefined-only $P/lib/libassay.a | "
                  "grep -E ' (assay|buf|check|command|report|run|suite)_' | cat",
                  "");
}

/* Each header compiles alone, in either language and with more warnings than most have. */
static void test_headers(void **state UNUSED)
{
    static const char *const compilers_of[] = {
        "gcc -x c -std=c11 -Wpedantic -Wstrict-prototypes", "clang -x c -std=c11 -Wpedantic",
        "clang++ -x c++ -std=c++11 -Wpedantic", "clang++ -x c++ -std=c++20 -Wpedantic"};
    static const char *const headers[] = {"assay.h", "assay_cmocka.h"};
    char line[LINE_LEN];

    for (size_t i = 0; i < ARRAY_LEN(compilers_of); i++) {
        for (size_t j = 0; j < ARRAY_LEN(headers); j++) {
            text_format(line, sizeof(line),
                        "printf '#include <%s>\\nint main(void) { return 0; }\\n' > $D/one && "
                        "%s -Wall -Wextra -Wshadow -Wconversion -Werror -fsyntax-only "
                        "$(pkg-config --cflags assay) $D/one",
                        headers[j], compilers_of[i]);
            assert_done(line);
        }
    }
}

/* ---- the example ---- */

static void build_example(const struct compiler *c)
{
    char line[LINE_LEN];

    text_format(
        line, sizeof(line),
        "make -s -C $D/example clean all CC=%s CFLAGS='-Wall -Wextra -Wpedantic -Werror %s'", c->cc,
        c->flags);
    assert_done(line);
}

/* How many tests of the TAP output failed; the last of their names. */
static unsigned count_failures(const char *tap, char *ret_name, size_t cap)
{
    unsigned failures = 0;

    for (const char *at = tap; at; at = strchr(at, '\n')) {
        size_t len;

        at += *at == '\n';
        len = strcspn(at, "\n");
        char line[LINE_LEN];
        text_format(line, sizeof(line), "%.*s", (int)len, at);
        if (!text_starts(line, "not ok ") || strstr(line, "# SKIP"))
            continue;
        failures++;
        text_copy(ret_name, cap, strrchr(line, ' ') + 1);
    }
    return failures;
}

static void assert_one_failure(const struct program_result *r, const char *check)
{
    char name[LINE_LEN] = "";

    if (r->status != 1 || count_failures(r->out, name, sizeof(name)) != 1 || !text_eq(name, check))
        fail_msg("status %d: %s%s", r->status, r->out, r->err);
}

static void try_sound_server(void)
{
    struct program_result r = sh("cd $D/example && CMOCKA_MESSAGE_OUTPUT=TAP ./test_server");
    char name[LINE_LEN] = "";

    if (r.status != 0 || count_failures(r.out, name, sizeof(name)) != 0)
        fail_msg("status %d: %s%s", r.status, r.out, r.err);
    assert_contains(r.out, "stream.echo.identity");
    assert_contains(r.out, " - assay.run");
    /* Only what was not tried is told beside the results. */
    for (const char *at = r.err; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        assert_true(text_starts(at, "[     skip ] stream."));
    program_free(&r);
}

/* Faults of the group's checks; the tests that the example has of its own pass. */
static void try_broken_servers(void)
{
    static const struct {
        const char *fault;
        const char *check;
    } rows[] = {
        {"plus-decoded", "stream.echo.all-octets"},
        {"ctrl-d-obeyed", "stream.octets.control-bytes"},
    };
    char line[LINE_LEN];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        text_format(line, sizeof(line),
                    "cd $D/example && CMOCKA_MESSAGE_OUTPUT=TAP SERVER='exec @B/assay-twins "
                    "--fault %s --listen tcp://127.0.0.1:{port}' ./test_server",
                    rows[i].fault);
        struct program_result r = sh(line);
        assert_one_failure(&r, rows[i].check);
        static const char *const told[] = {"claim:",
                                           "clause:",
                                           "expected:",
                                           "actual:",
                                           ">>",
                                           "test_server",
                                           "again:    assay check"};
        for (size_t j = 0; j < ARRAY_LEN(told); j++) {
            if (!strstr(r.out, told[j]))
                fail_msg("%s: no %s: %s%s", rows[i].fault, told[j], r.out, r.err);
        }
        program_free(&r);
    }
}

static void test_example(void **state UNUSED)
{
    for (const struct compiler *c = compilers; c < compilers + ARRAY_LEN(compilers); c++) {
        if (!is_of_this_build(c))
            continue;
        build_example(c);
        try_sound_server();
        try_broken_servers();
    }
}

/* Beside TAP: the form for CI, which has to stay well-formed. */
static void test_example_as_xml(void **state UNUSED)
{
    struct program_result r =
        sh("cd $D/example && CMOCKA_MESSAGE_OUTPUT=XML CMOCKA_XML_FILE=$D/%g.xml "
           "SERVER='exec @B/assay-twins --fault plus-decoded --listen tcp://127.0.0.1:{port}' "
           "./test_server; cat $D/server.xml");

    assert_contains(r.out, "<testcase name=\"stream.echo.all-octets\"");
    assert_contains(r.out, "failures=\"1\"");
    program_free(&r);
    assert_done("xmllint --noout $D/server.xml");
}

/* The place of a server may be known behind the group's fixture only; and a URL alone will do for
   an assertion. */
static void test_fixture(void **state UNUSED)
{
    static const char program[] =
        "#include <assay_cmocka.h>\n"
        "static char url[64] = \"tcp://127.0.0.1:1\";\n"
        "static int setup(void **state)\n"
        "{ snprintf(url, sizeof(url), \"%s\", getenv(\"URL\")); *state = url; return 0; }\n"
        "static int teardown(void **state) { return *state == url ? 0 : 1; }\n"
        "static void test_one(void **state)\n"
        "{ (void)state; assert_assay(url, \"stream.echo.identity\"); }\n"
        "static void test_none(void **state)\n"
        "{ (void)state; assert_assay(url, \"stream.echo.nothing\"); }\n"
        "int main(void)\n"
        "{\n"
        "    const struct CMUnitTest own[] = {cmocka_unit_test(test_one),\n"
        "                                     cmocka_unit_test(test_none)};\n"
        "    const struct assay_options o = {.url = url, .only = {\"stream.echo\"}};\n"
        "    if (assay_cmocka_run(\"group\", &o, setup, teardown) != 0)\n"
        "        return 9;\n"
        "    return cmocka_run_group_tests(own, NULL, NULL);\n"
        "}\n";
    char path[LINE_LEN];
    char line[LINE_LEN];
    char url[LINE_LEN];
    struct process server;

    text_format(path, sizeof(path), "%s/fixture.c", program_folder);
    program_write_file(path, program);
    text_format(line, sizeof(line),
                "%s %s -std=c11 -Wall -Wextra -Werror -o $D/fixture $D/fixture.c "
                "$(pkg-config --cflags --libs assay cmocka)",
                compiler()->cc, compiler()->flags);
    assert_done(line);
    assert_true(
        program_serve(&server, url, sizeof(url), "@B/assay-echo --listen tcp://127.0.0.1:0"));
    text_format(line, sizeof(line), "URL=%s CMOCKA_MESSAGE_OUTPUT=TAP $D/fixture", url);
    struct program_result r = sh(line);
    process_stop(&server, deadline_in_ms(LIMIT_S * 1000));
    assert_one_failure(&r, "test_none");
    assert_contains(r.out, "--only \"stream.echo.nothing\" matches no check");
    assert_contains(r.out, "/fixture.c:9: error: Failure!");
    program_free(&r);
}

/* A server that is not there, and one that answers nobody: no test passes, and the last says why.
 */
static void test_example_without_a_server(void **state UNUSED)
{
    struct program_result r =
        sh("cd $D/example && CMOCKA_MESSAGE_OUTPUT=TAP SERVER='exit 7 # {port}' ./test_server");
    char name[LINE_LEN] = "";

    assert_int_equal(r.status, 1);
    assert_true(count_failures(r.out, name, sizeof(name)) > 0);
    assert_string_equal(name, "assay.run");
    assert_contains(r.out, "exited with status 7");
    program_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pkg_config),     cmocka_unit_test(test_destdir),
        cmocka_unit_test(test_exported_names), cmocka_unit_test(test_headers),
        cmocka_unit_test(test_example),        cmocka_unit_test(test_example_as_xml),
        cmocka_unit_test(test_fixture),        cmocka_unit_test(test_example_without_a_server),
    };

    return cmocka_run_group_tests(tests, install, uninstall);
}
