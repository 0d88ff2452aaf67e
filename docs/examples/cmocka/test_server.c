/* Tests of the server with cmocka: what assay knows of echo servers, and tests of one's own. */
#include <assay_cmocka.h>

/* SERVER names another command to try, with {port} where its port goes. */
static const char *command(void)
{
    const char *other = getenv("SERVER");

    return other ? other : "./server {port}";
}

/* An assertion in a test of one's own, at the line that it stands in. */
static void test_answers_behind_a_half_close(void **state)
{
    const struct assay_options options = {.url = "tcp://127.0.0.1:0", .spawn = command()};

    (void)state;
    assert_assay_options(&options, "stream.shutdown.half-close-drains");
}

/* A run by hand, where more is asked than whether it holds: recommendations count, and the
   transcript of what is broken is shown. */
static void test_ends_connections_in_order(void **state)
{
    const struct assay_options options = {.url = "tcp://127.0.0.1:0",
                                          .spawn = command(),
                                          .only = {"stream.eof", "stream.shutdown"},
                                          .strict = true};
    struct assay_run *run = assay_open(&options);
    enum assay_status status;

    (void)state;
    assert_non_null(run);
    status = assay_perform(run);
    for (size_t i = 0; i < assay_count(run); i++) {
        if (assay_is_broken(run, assay_result(run, i))) {
            char *transcript = assay_transcript(run, i);

            print_error("%s\n%s", assay_result(run, i)->id, transcript ? transcript : "");
            free(transcript);
        }
    }
    print_error("%s", assay_message(run));
    assay_close(run);
    assert_int_equal(status, ASSAY_OK);
}

int main(void)
{
    const struct CMUnitTest own[] = {
        cmocka_unit_test(test_answers_behind_a_half_close),
        cmocka_unit_test(test_ends_connections_in_order),
    };
    const struct assay_options options = {.url = "tcp://127.0.0.1:0",
                                          .spawn = command(),
                                          .only = {"stream.echo", "stream.eof", "stream.octets"}};
    int failed = cmocka_run_group_tests(own, NULL, NULL);

    failed += assay_cmocka_run("server", &options, NULL, NULL);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
