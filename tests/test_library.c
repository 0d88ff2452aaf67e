/* Tests of the library from within one process: what runs tell, and that their caller stays as it
   was. What is installed is tried in test_library_installed.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "library/assay.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { COMMAND_LEN = 1200, PATH_LEN = 128, RUNS_MAX = 2, CLEAN_MS = 60000, STEP_MS = 10 };

#define AT_ANY_PORT "tcp://127.0.0.1:0"

/* The command that starts a server of the echo server with this fault, or NULL: the sound one. */
static const char *server(char ret[COMMAND_LEN], const char *fault)
{
    text_format(ret, COMMAND_LEN, "exec %s %s %s --listen tcp://127.0.0.1:{port}",
                program_path(fault ? "assay-twins" : "assay-echo"), fault ? "--fault" : "",
                fault ? fault : "");
    return ret;
}

static const struct assay_result *find(const struct assay_run *run, const char *id)
{
    for (size_t i = 0; i < assay_count(run); i++) {
        if (text_eq(assay_result(run, i)->id, id))
            return assay_result(run, i);
    }
    return NULL;
}

/* ---- what a run tells ---- */

static void test_sound_server(void **state UNUSED)
{
    char command[COMMAND_LEN];
    const struct assay_options options = {.url = AT_ANY_PORT,
                                          .spawn = server(command, NULL),
                                          .only = {"stream.echo", "stream.eof"},
                                          .skip = {"*.until-client-closes"},
                                          .jobs = 2,
                                          .seed = 7};
    struct assay_run *run = assay_open(&options);
    const struct assay_check *checks = NULL;
    size_t count = assay_select(run, &checks);

    assert_true(count > 5);
    for (unsigned times = 0; times < RUNS_MAX; times++) {
        if (assay_perform(run) != ASSAY_OK)
            fail_msg("%s", assay_message(run));
        assert_true(assay_is_whole(run));
        assert_string_equal(assay_message(run), "");
        assert_int_equal(assay_count(run), count);
        for (size_t i = 0; i < count; i++) {
            const struct assay_result *r = assay_result(run, i);

            assert_string_equal(r->id, checks[i].id);
            assert_string_equal(r->claim, checks[i].claim);
            assert_int_equal(r->level, checks[i].level);
            assert_row(i, !assay_is_broken(run, r));
            assert_row(i, *checks[i].why && *checks[i].how && r->cite_count > 0);
            assert_row(i, text_starts(r->target, "tcp://127.0.0.1:"));
        }
        assert_null(assay_result(run, count));
        assert_null(find(run, "stream.echo.until-client-closes"));
        assert_int_equal(find(run, "stream.echo.identity")->verdict, ASSAY_PASS);
    }
    assay_close(run);
}

/* What is broken is told as in the text report; of a check that holds there is nothing. */
static void assert_told(struct assay_run *run)
{
    static const char *const parts[] = {"fail  must   stream.echo.all-octets\n",
                                        "claim:",
                                        "clause:",
                                        "expected:",
                                        "actual:",
                                        ">>",
                                        "again:    assay check "};
    char *all = assay_explain(run, NULL);
    char *one = assay_explain(run, "stream.echo.all-octets");
    char *other = assay_explain(run, "stream.echo.identity");

    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        assert_contains(one, parts[i]);
    assert_string_equal(all, one);
    assert_string_equal(other, "");
    free(all);
    free(one);
    free(other);
}

static void test_broken_claim(void **state UNUSED)
{
    char command[COMMAND_LEN];
    char path[PATH_LEN];
    const struct assay_options options = {
        .url = AT_ANY_PORT, .spawn = server(command, "plus-decoded"), .only = {"stream.echo"}};
    struct assay_run *run = assay_open(&options);

    assert_int_equal(assay_perform(run), ASSAY_BROKEN);
    assert_true(assay_is_whole(run));
    for (size_t i = 0; i < assay_count(run); i++) {
        const struct assay_result *r = assay_result(run, i);
        bool planted = text_eq(r->id, "stream.echo.all-octets");

        assert_int_equal(assay_is_broken(run, r), planted);
        if (!planted)
            continue;
        assert_int_equal(r->verdict, ASSAY_FAIL);
        assert_true(*r->expected && *r->actual && r->duration_ms >= 0);
        assert_true(text_starts(r->reproduce, "assay check tcp://127.0.0.1:0 --only"));
        char *transcript = assay_transcript(run, i);
        assert_contains(transcript, ">>");
        free(transcript);
    }
    assert_told(run);
    text_format(path, sizeof(path), "%s/report.xml", program_folder);
    assert_true(assay_write(run, "junit", path));
    char *report = program_read_file(path);
    assert_contains(report, "stream.echo.all-octets");
    free(report);
    assert_false(assay_write(run, "pdf", path));
    assert_contains(assay_message(run), "\"pdf\": unknown form; known are text, json");
    assert_false(assay_write(run, "json", "/no/such/folder/x"));
    assert_contains(assay_message(run), "/no/such/folder/x");
    assay_close(run);
}

/* The same server with the fault accepted; then with one accepted that is not there. */
static void test_waivers(void **state UNUSED)
{
    static const char form[] = "waivers:\n  - check: stream.echo.%s\n    verdict: fail\n    "
                               "reason: octet\n    why: known\n";
    static const struct {
        const char *check;
        enum assay_status status;
        bool whole;
    } rows[] = {{"all-octets", ASSAY_OK, true}, {"identity", ASSAY_BROKEN, false}};
    char command[COMMAND_LEN];
    char path[PATH_LEN];
    char text[256];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct assay_options options = {
            .url = AT_ANY_PORT,
            .spawn = server(command, "plus-decoded"),
            .only = {"stream.echo.all-octets", "stream.echo.identity"},
            .waive = path};
        text_format(path, sizeof(path), "%s/waivers", program_folder);
        text_format(text, sizeof(text), form, rows[i].check);
        program_write_file(path, text);
        struct assay_run *run = assay_open(&options);
        assert_row(i, assay_perform(run) == rows[i].status);
        assert_row(i, assay_is_whole(run) == rows[i].whole);
        const struct assay_result *r = find(run, "stream.echo.all-octets");
        assert_row(i, r->verdict == ASSAY_FAIL && r->waived == rows[i].whole);
        assert_row(i, assay_is_broken(run, r) != rows[i].whole);
        assert_row(i, !r->waived || text_eq(r->waiver, "known"));
        assert_row(i, rows[i].whole || strstr(assay_message(run), "no longer holds"));
        assay_close(run);
    }
}

static void test_what_cannot_be_tried(void **state UNUSED)
{
    static const struct {
        struct assay_options options;
        enum assay_status status;
        bool selects;
        const char *said;
    } rows[] = {
        {{.url = NULL}, ASSAY_USAGE, false, "which target?"},
        {{.url = "http://x"}, ASSAY_USAGE, false, "http"},
        {{.url = "--help"}, ASSAY_USAGE, false, "--help"},
        {{.url = AT_ANY_PORT}, ASSAY_USAGE, true, "port 0"},
        {{.url = "udp://127.0.0.1:1", .only = {"no.such"}}, ASSAY_USAGE, false, "\"no.such\""},
        {{.url = "tcp://127.0.0.1:1", .skip = {"*"}}, ASSAY_USAGE, false, "select no check"},
        {{.url = "tcp://127.0.0.1:1", .jobs = 10000}, ASSAY_USAGE, false, "--jobs \"10000\""},
        {{.url = "tcp://127.0.0.1:1", .levels = 1U << ASSAY_SHOULD, .only = {"stream.echo"}},
         ASSAY_USAGE,
         false,
         "--level"},
        {{.url = "tcp://127.0.0.1:1", .expect = {"nonsense"}}, ASSAY_USAGE, true, "nonsense"},
        {{.url = "tcp://127.0.0.1:1", .speak = "/no/such"}, ASSAY_USAGE, true, "/no/such"},
        {{.url = "tcp://127.0.0.1:1", .waive = "/no/such"}, ASSAY_USAGE, true, "/no/such"},
        {{.url = "tcp://127.0.0.1:1"}, ASSAY_NO_VERDICT, true, "refused"},
        {{.url = AT_ANY_PORT, .spawn = "exit 3 # {port}"}, ASSAY_NO_VERDICT, true, "status 3"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_run *run = assay_open(&rows[i].options);
        const struct assay_check *checks = NULL;

        assert_row(i, (assay_select(run, &checks) > 0) == rows[i].selects);
        assert_row(i, rows[i].selects || strstr(assay_message(run), rows[i].said));
        assert_row(i, assay_perform(run) == rows[i].status);
        assert_contains(assay_message(run), rows[i].said);
        assert_row(i, !assay_is_whole(run));
        assay_close(run);
    }
    assay_close(NULL);
}

/* Over which transports a program is served is known to rpcbind alone. */
/* What is wrong with an option is said when it is used, also where it is its length. */
static void test_long_option(void **state UNUSED)
{
    enum { LEN = 1 << 20 };
    char *text = test_calloc(LEN, 1);
    const struct assay_check *checks = NULL;

    for (size_t i = 0; i + 1 < LEN; i++)
        text[i] = 'a';
    struct assay_options options = {.url = "tcp://127.0.0.1:1", .speak = text};
    struct assay_run *run = assay_open(&options);
    assert_non_null(run);
    assert_int_equal(assay_select(run, &checks), 0);
    assert_contains(assay_message(run), "--speak: the text is too long");
    assert_int_equal(assay_perform(run), ASSAY_USAGE);
    assert_contains(assay_message(run), "--speak: the text is too long");
    assert_int_equal(assay_count(run), 0);
    assay_close(run);
    test_free(text);
}

static void test_selection_of_a_netpath(void **state UNUSED)
{
    const struct assay_options options = {.url = "rpc://localhost/345678/2"};
    struct assay_run *run = assay_open(&options);
    const struct assay_check *checks = NULL;
    size_t count = assay_select(run, &checks);
    bool stream = false;
    bool datagram = false;

    for (size_t i = 0; i < count; i++) {
        stream = stream || text_starts(checks[i].id, "stream.");
        datagram = datagram || text_starts(checks[i].id, "datagram.");
    }
    assert_true(stream && datagram);
    assay_close(run);
}

static void test_words(void **state UNUSED)
{
    assert_string_equal(assay_verdict_name(ASSAY_NOTE), "note");
    assert_string_equal(assay_level_name(ASSAY_ROBUST), "robust");
    assert_string_equal(assay_verdict_name((enum assay_verdict)99), "?");
    assert_string_equal(assay_level_name((enum assay_level)99), "?");
    assert_true(*assay_version());
}

/* ---- what a run leaves as it was ---- */

static void perform_one(const char *fault, enum assay_status expected)
{
    char command[COMMAND_LEN];
    const struct assay_options options = {
        .url = AT_ANY_PORT, .spawn = server(command, fault), .only = {"stream.echo.all-octets"}};
    struct assay_run *run = assay_open(&options);

    enum assay_status status = assay_perform(run);
    if (status != expected)
        fail_msg("%d: %s", (int)status, assay_message(run));
    assay_close(run);
}

static void on_signal(int number UNUSED)
{
}

static bool is_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    unsigned entries = 0;

    if (!dir)
        return false;
    while (readdir(dir))
        entries++;
    closedir(dir);
    return entries == 2; /* . and .. */
}

/* The caller's handlers, mask and children are not those of the run; and it has no other children
   afterwards. */
static void test_caller_is_as_before(void **state UNUSED)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGPIPE, SIGUSR1, SIGALRM};
    struct sigaction mine = {.sa_handler = on_signal};
    struct sigaction before[ARRAY_LEN(numbers)];
    char folder[64];
    int reaps = -1;
    int ended = 0;
    pid_t child = fork();

    if (child == 0) {
        pause();
        _exit(1);
    }
    program_make_folder(folder, sizeof(folder));
    setenv("TMPDIR", folder, 1);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        sigaction(numbers[i], &mine, &before[i]);
    unsigned descriptors = unit_descriptors();
    perform_one("plus-decoded", ASSAY_BROKEN);
    perform_one(NULL, ASSAY_OK);
    assert_int_equal(unit_descriptors(), descriptors);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        struct sigaction now;

        sigaction(numbers[i], &before[i], &now);
        assert_row(i, now.sa_handler == on_signal);
    }
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_false(sigismember(&mask, SIGTERM));
    prctl(PR_GET_CHILD_SUBREAPER, &reaps);
    assert_int_equal(reaps, 0);
    assert_int_equal(waitpid(child, &ended, WNOHANG), 0);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(waitpid(-1, &ended, 0), -1);
    assert_int_equal(errno, ECHILD);
    assert_true(is_empty(folder));
    unsetenv("TMPDIR");
    program_remove_folder(folder);
}

/* Nothing is printed, and what the caller had in its buffer is printed once. */
static void test_standard_streams(void **state UNUSED)
{
    char path[PATH_LEN];

    fflush(stdout);
    fflush(stderr);
    text_format(path, sizeof(path), "%s/printed", program_folder);
    int out = dup(STDOUT_FILENO);
    int err = dup(STDERR_FILENO);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    printf("before ");
    perform_one(NULL, ASSAY_OK);
    perform_one("plus-decoded", ASSAY_BROKEN);
    printf("after");
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    close(file);
    char *printed = program_read_file(path);
    assert_string_equal(printed, "before after");
    free(printed);
}

/* Also where the exit status of the run's process is nobody's to have, and with no streams. */
static void test_odd_callers(void **state UNUSED)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    int ended = -1;

    sigaction(SIGCHLD, &ignore, &before);
    perform_one("plus-decoded", ASSAY_BROKEN);
    sigaction(SIGCHLD, &before, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        for (int fd = 0; fd <= STDERR_FILENO; fd++)
            close(fd);
        perform_one(NULL, ASSAY_OK);
        _exit(EXIT_SUCCESS);
    }
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    assert_int_equal(ended, 0);
}

struct side {
    char command[COMMAND_LEN];
    enum assay_status status;
    char said[512];
};

static void *perform_side(void *closure)
{
    struct side *side = closure;
    const struct assay_options options = {
        .url = AT_ANY_PORT, .spawn = side->command, .only = {"stream.echo"}};
    struct assay_run *run = assay_open(&options);

    side->status = assay_perform(run);
    text_copy(side->said, sizeof(side->said), assay_message(run));
    assay_close(run);
    return NULL;
}

static void test_side_by_side(void **state UNUSED)
{
    static struct side sides[RUNS_MAX];
    pthread_t threads[RUNS_MAX];

    server(sides[0].command, NULL);
    server(sides[1].command, "plus-decoded");
    for (size_t i = 0; i < RUNS_MAX; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, perform_side, &sides[i]), 0);
    for (size_t i = 0; i < RUNS_MAX; i++)
        pthread_join(threads[i], NULL);
    if (sides[0].status != ASSAY_OK || sides[1].status != ASSAY_BROKEN)
        fail_msg("%d: %s%d: %s", (int)sides[0].status, sides[0].said, (int)sides[1].status,
                 sides[1].said);
}

static void pause_a_step(void)
{
    deadline_wait(deadline_in_ms(STEP_MS));
}

/* A caller that is killed in the middle of a run: the server is ended and the folder removed. */
static void test_killed_caller(void **state UNUSED)
{
    char command[COMMAND_LEN + 100];
    char started[PATH_LEN];
    char folder[64];
    char plain[COMMAND_LEN];
    int64_t deadline = deadline_in_ms(CLEAN_MS);
    int ended = 0;

    program_make_folder(folder, sizeof(folder));
    text_format(started, sizeof(started), "%s/started", program_folder);
    text_format(command, sizeof(command), "echo $$ > %s; %s", started, server(plain, NULL));
    pid_t caller = fork();
    if (caller == 0) {
        const struct assay_options options = {.url = AT_ANY_PORT, .spawn = command};

        setenv("TMPDIR", folder, 1);
        assay_perform(assay_open(&options));
        _exit(EXIT_SUCCESS);
    }
    char *number = NULL;
    while (!number || !strchr(number, '\n')) {
        assert_false(deadline_passed(deadline));
        pause_a_step();
        free(number);
        number = program_read_file(started);
    }
    pid_t server = (pid_t)strtol(number, NULL, 10);
    free(number);
    kill(caller, SIGKILL);
    assert_int_equal(waitpid(caller, &ended, 0), caller);
    assert_true(WIFSIGNALED(ended));
    while (kill(server, 0) == 0 || !is_empty(folder)) {
        assert_false(deadline_passed(deadline));
        pause_a_step();
    }
    program_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound_server),
        cmocka_unit_test(test_broken_claim),
        cmocka_unit_test(test_waivers),
        cmocka_unit_test(test_what_cannot_be_tried),
        cmocka_unit_test(test_long_option),
        cmocka_unit_test(test_selection_of_a_netpath),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_caller_is_as_before),
        cmocka_unit_test(test_standard_streams),
        cmocka_unit_test(test_odd_callers),
        cmocka_unit_test(test_side_by_side),
        cmocka_unit_test(test_killed_caller),
    };

    return cmocka_run_group_tests(tests, program_open_folder, program_close_folder);
}
