/*
 * rpcbind from outside: rpc://HOST/PROG/VERS end to end, and the suite on the real thing. Each in
 * namespaces of its own (tests/with-rpcbind): port 111 of the machine is not ours.
 */
#include <jansson.h>
#include <string.h>

#include "tests/program.h"
#include "tests/unit.h"

enum { LIMIT_S = 180 };

/* The URLs of the targets in a JSON report, each behind a blank, ports as P. */
static void targets_of(const char *path, struct buf *out)
{
    json_t *root = json_load_file(path, 0, NULL);
    size_t i;
    json_t *part;

    assert_true(json_is_array(root));
    json_array_foreach(root, i, part)
    {
        const char *url = json_string_value(json_object_get(part, "target"));

        assert_non_null(url);
        buf_put_byte(out, ' ');
        for (; *url; url++) {
            size_t digits = *url == ':' ? strspn(url + 1, "0123456789") : 0;

            buf_put_byte(out, (uint8_t)*url);
            if (digits > 0 && url[1 + digits] == '/') {
                buf_put_byte(out, 'P');
                url += digits;
            }
        }
    }
    json_decref(root);
}

#define SERVE                                                                                      \
    "mkfifo %s/ready; @B/assay serve msgprog --own --register --listen tcp://127.0.0.1:0 "         \
    "--listen udp://127.0.0.1:0 --listen tcp://[::1]:0 --listen unix:%s/s >%s/ready & "            \
    "exec 3<%s/ready; read a <&3; read b <&3; read c <&3; read d <&3; "

/* Every transport that the host has is a target of its own, in every form of report. */
static void test_netpath(void **state UNUSED)
{
    static const struct {
        const char *host, *targets;
    } rows[] = {
        {"127.0.0.1", " rpc+tcp://127.0.0.1:P/345678/2 rpc+udp://127.0.0.1:P/345678/2"
                      " rpc+unix:%s/s/345678/2"},
        {"[::1]", " rpc+tcp://[::1]:P/345678/2 rpc+unix:%s/s/345678/2"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program_result r = program_run(
            LIMIT_S,
            "rm -f %s/ready; tests/with-rpcbind '" SERVE
            "@B/assay check rpc://%s/345678/2 --only \"*.echo.identity\" --seed 3 "
            "--report text --report json=%s/json --report junit=%s/xml --report tap=%s/tap'",
            program_folder, program_folder, program_folder, program_folder, program_folder,
            rows[i].host, program_folder, program_folder, program_folder);
        struct buf targets;
        char path[96];
        char due[400];

        if (r.status != 0)
            fail_msg("status %d, \"%s\", %s", r.status, r.out, r.err);
        buf_init(&targets, 4096);
        text_format(path, sizeof(path), "%s/json", program_folder);
        targets_of(path, &targets);
        text_format(due, sizeof(due), "%s", rows[i].targets);
        char *at = strstr(due, "%s");
        assert_non_null(at);
        char rest[100];
        text_copy(rest, sizeof(rest), at + 2);
        text_format(at, sizeof(due) - (size_t)(at - due), "%s%s", program_folder, rest);
        assert_string_equal(buf_text(&targets), due);
        assert_contains(r.out, "speaking rpc  seed 3");
        buf_free(&targets);
        program_free(&r);
        r = program_run(LIMIT_S, "grep -c '<testsuite ' %s/xml; prove -e cat %s/tap",
                        program_folder, program_folder);
        assert_int_equal(r.status, 0);
        assert_contains(r.out, i == 0 ? "3\n" : "2\n");
        program_free(&r);
    }
}

static void test_no_target(void **state UNUSED)
{
    static const struct {
        const char *with, *arguments;
        int status;
        const char *message;
    } rows[] = {
        {"-n", "rpc://127.0.0.1/345678/2", 3,
         "no rpcbind answers at 127.0.0.1: 127.0.0.1:111 (TCP): Connection refused"},
        {"", "rpc://127.0.0.1/345678/2", 3,
         "rpcbind at 127.0.0.1 has no registration of program 345678 version 2; it knows 100000"},
        {"", "rpc://127.0.0.1/portmapper/9", 3, "version 9; of this program it knows versions 4"},
        {"", "rpc://127.0.0.1/portmapper/4294967296", 2, "is no version"},
        {"", "rpc://127.0.0.1/nosuchprogram/1", 2, "nosuchprogram"},
        {"", "rpc://127.0.0.1/portmapper/4 --spawn ./x", 2, "--spawn does not go with"},
        {"", "rpc://host.invalid/portmapper/4", 3, "host.invalid"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program_result r =
            program_run(LIMIT_S, "tests/with-rpcbind %s '@B/assay check %s --report json=%s/none'",
                        rows[i].with, rows[i].arguments, program_folder);

        assert_row(i, r.status == rows[i].status);
        assert_contains(r.err, rows[i].message);
        program_free(&r);
    }
}

/* What rpcbind 1.2.6 is known to break; everything else holds, and nothing is left registered. */
static void test_suite_on_rpcbind(void **state UNUSED)
{
    static const struct {
        const char *url, *broken;
    } rows[] = {
        {"rpc+tcp://127.0.0.1:111/100000/2",
         "rpcbind.convert.ipv4-range rpcbind.set.empty-fields rpcbind.set.empty-netid "
         "rpcbind.set.unknown-netid rpcbind.unset.netid-case"},
        {"rpc+udp://127.0.0.1:111/100000/3 --expect remote-calls",
         "rpcbind.convert.ipv4-range rpcbind.set.empty-fields rpcbind.set.empty-netid "
         "rpcbind.set.unknown-netid rpcbind.unset.netid-case"},
        {"rpc+unix:/run/rpcbind.sock/100000/4",
         "rpcbind.getaddr.list rpcbind.set.empty-fields rpcbind.set.empty-netid "
         "rpcbind.set.unknown-netid rpcbind.unset.netid-case"},
        {"rpc+tcp://[::1]:111/100000/4",
         "rpcbind.set.empty-fields rpcbind.set.empty-netid rpcbind.set.unknown-netid "
         "rpcbind.unset.netid-case"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program_result r = program_run(
            LIMIT_S,
            "tests/with-rpcbind -o -r '@B/assay check %s --only rpcbind >%s/out; echo $?; "
            "grep -E \"^(fail|warn|error) \" %s/out | tr -s \" \" | cut -d\" \" -f3 | sort | tr "
            "\"\\n\" \" \"; "
            "echo; rpcinfo | grep -vc 100000'",
            rows[i].url, program_folder, program_folder);
        char due[600];

        text_format(due, sizeof(due), "1\n%s \n1\n", rows[i].broken);
        assert_string_equal(r.out, due);
        program_free(&r);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_netpath, program_open_folder, program_close_folder),
        cmocka_unit_test_setup_teardown(test_no_target, program_open_folder, program_close_folder),
        cmocka_unit_test_setup_teardown(test_suite_on_rpcbind, program_open_folder,
                                        program_close_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
