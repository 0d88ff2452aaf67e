/*
 * The waivers that come along hold on the very servers that they are for, as Debian has them: every
 * deviation is known, and none that is known is gone. rpcbind runs in namespaces of its own.
 */
#include <string.h>

#include "harness/net/endpoint.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { LIMIT_S = 200 };

/* What is left of a report without the lines of what is waived. */
static void print_rest(char *report)
{
    char *save = NULL;

    for (char *line = strtok_r(report, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (!strstr(line, "(waived"))
            print_message("%s\n", line);
    }
}

static void assert_waived(struct program_result *r, const char *what)
{
    if (r->status != 0 || !strstr(r->out, " waived")) {
        print_rest(r->out);
        fail_msg("%s: status %d\n%s", what, r->status, r->err);
    }
    program_free(r);
}

static void test_libtirpc(void **state UNUSED)
{
    static const struct {
        const char *url, *listen;
    } rows[] = {
        {"rpc+tcp://127.0.0.1:0/345678/2", "rpc+tcp://127.0.0.1:{port}"},
        {"rpc+udp://127.0.0.1:0/345678/2", "rpc+udp://127.0.0.1:{port}"},
        {"rpc+unix:%s/socket/345678/2", "rpc+unix:{path}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char url[ENDPOINT_TEXT_MAX];

        text_copy(url, sizeof(url), rows[i].url);
        if (strchr(url, '%'))
            text_format(url, sizeof(url), "rpc+unix:%s/socket/345678/2", program_folder);
        struct program_result r = program_run(
            LIMIT_S,
            "@B/assay check %s --only rpc --only msgprog --jobs 1 --patience 1500 --quiet "
            "--waive ci/waivers/libtirpc.yaml --spawn 'exec @B/assay-msgprog --listen %s'",
            url, rows[i].listen);

        assert_waived(&r, rows[i].url);
    }
}

/* rpcbind lets everybody wait for up to 2 s before it gives up a client that does not read. */
static void test_rpcbind(void **state UNUSED)
{
    static const char *const urls[] = {"rpc+tcp://127.0.0.1:111/100000/4",
                                       "rpc+udp://127.0.0.1:111/100000/4",
                                       "rpc+unix:/run/rpcbind.sock/100000/4"};

    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct program_result r = program_run(
            LIMIT_S,
            "tests/with-rpcbind '@B/assay check %s --only rpc --only rpcbind --jobs 1 --patience "
            "3000 --quiet --strict "
            "--waive ci/waivers/rpcbind.yaml'",
            urls[i]);

        assert_waived(&r, urls[i]);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_libtirpc, program_open_folder, program_close_folder),
        cmocka_unit_test(test_rpcbind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
