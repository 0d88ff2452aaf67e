/* Tests of processes: what they say, how they end, and that nothing of them is left. */
#include "harness/process/process.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "harness/base/deadline.h"
#include "harness/process/procview.h"
#include "tests/unit.h"

enum { LONG_MS = 20000, SHORT_MS = 50, STEP_MS = 2 };

static struct process the_process; /* too big for a stack that also holds cmocka */

static struct process *start(const char *command)
{
    struct process_options o = {.command = command, .umask = -1};
    struct problem why = {.text = ""};

    if (!process_start(&the_process, &o, &why))
        fail_msg("%s", why.text);
    return &the_process;
}

static void finish(struct process *p)
{
    assert_true(process_wait(p, deadline_in_ms(LONG_MS)));
}

/* Waits until it has said something. */
static void await_words(struct process *p)
{
    int64_t deadline = deadline_in_ms(LONG_MS);

    while (p->said.len == 0 && !deadline_passed(deadline)) {
        process_read(p);
        deadline_wait(deadline_in_ms(STEP_MS));
    }
    assert_true(p->said.len > 0);
}

static void test_words_and_status(void **state UNUSED)
{
    struct process *p = start("printf out; printf err >&2");

    finish(p);
    assert_string_equal(p->said.text, "out");
    assert_string_equal(p->complained.text, "err");
    assert_true(process_ended(p));
    assert_true(process_ended_well(p));
    assert_int_equal(p->said.total, 3);
    process_stop(p, 0);
    assert_int_equal(p->pid, 0);
    assert_string_equal(p->said.text, "out"); /* tails are kept */
}

static void test_runs_until_it_ends(void **state UNUSED)
{
    char how[100];
    struct process *p = start("echo up; read line; cat");

    finish(p); /* its standard input is empty */
    process_stop(p, 0);
    p = start("echo up; exec sleep 1000");
    await_words(p);
    assert_false(process_ended(p));
    assert_false(process_ended_well(p));
    assert_false(process_wait(p, deadline_in_ms(SHORT_MS)));
    process_end_text(p, how, sizeof(how));
    assert_string_equal(how, "is running");
    process_stop(p, deadline_in_ms(LONG_MS));
    assert_true(WIFSIGNALED(p->status) && WTERMSIG(p->status) == SIGTERM);
}

static void test_how_it_ended(void **state UNUSED)
{
    static const struct {
        const char *command, *text;
        bool well;
    } rows[] = {
        {"true", "exited with status 0", true},
        {"exit 3", "exited with status 3", false},
        {"exit 127", "exited with status 127", false},
        {"exit 128", "exited with status 128", false},
        {"exit 139", "was killed by signal 11 (Segmentation fault)", false},
        {"exit 134", "was killed by signal 6 (Aborted)", false},
        {"exit 255", "exited with status 255", false},
        {"kill -SEGV $$", "was killed by signal 11 (Segmentation fault)", false},
        {"kill -KILL $$", "was killed by signal 9 (Killed)", false},
        {"sh -c 'kill -BUS $$'; exit $?", "was killed by signal 7 (Bus error)", false},
        {"no-such-command-at-all 2>/dev/null", "exited with status 127", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct process *p = start(rows[i].command);
        char how[100];

        finish(p);
        process_end_text(p, how, sizeof(how));
        assert_string_equal(how, rows[i].text);
        assert_row(i, process_ended_well(p) == rows[i].well);
        process_stop(p, 0);
    }
}

/* Far more than a pipe holds: the program is not held up, and the end of it is kept. */
static void test_much_output(void **state UNUSED)
{
    struct process *p = start("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo line $i; done");
    static const char last[] = "line 19999\nline 20000\n";

    finish(p);
    assert_true(p->said.total > 200000);
    assert_int_equal(p->said.len, PROCESS_TAIL_MAX);
    assert_string_equal(p->said.text + p->said.len - strlen(last), last);
    process_stop(p, 0);
}

static void test_options(void **state UNUSED)
{
    static const struct {
        struct process_options options;
        const char *said;
    } rows[] = {
        {{.command = "umask", .umask = 027}, "0027\n"},
        {{.command = "umask", .umask = 0}, "0000\n"},
        {{.command = "trap", .umask = -1}, ""}, /* no signal is ignored */
        {{.command = "cat", .umask = -1}, ""},  /* nothing on standard input */
    };

    signal(SIGUSR1, SIG_IGN);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_row(i, process_start(&the_process, &rows[i].options, NULL));
        finish(&the_process);
        assert_string_equal(the_process.said.text, rows[i].said);
        process_stop(&the_process, 0);
    }
    signal(SIGUSR1, SIG_DFL);
}

static void test_input(void **state UNUSED)
{
    static const char said[] = "from a pipe\n";
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct process_options o = {.command = "cat", .umask = -1, .input = ends[0]};
    assert_true(process_start(&the_process, &o, NULL));
    close(ends[0]);
    assert_int_equal(write(ends[1], said, sizeof(said) - 1), (int)sizeof(said) - 1);
    assert_false(process_wait(&the_process, deadline_in_ms(50)));
    close(ends[1]);
    finish(&the_process);
    assert_string_equal(the_process.said.text, said);
    process_stop(&the_process, 0);
}

/* Who writes faster than anybody reads does not keep the reader: each look ends. */
static void test_flood(void **state UNUSED)
{
    struct process_options o = {.command = "exec yes", .umask = -1};

    assert_true(process_start(&the_process, &o, NULL));
    while (the_process.said.total < 1 << 22)
        process_read(&the_process);
    process_stop(&the_process, deadline_in_ms(1000));
    assert_true(process_ended(&the_process));
}

/* Descriptors that whoever started this test has left open; a program gets them, too. */
static unsigned inherited(void)
{
    unsigned count = 0;

    for (int fd = STDERR_FILENO + 1; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);

        count += flags >= 0 && !(flags & FD_CLOEXEC);
    }
    return count;
}

/* The program gets standard input, output and error, and none of our own descriptors. */
static void test_inherits_nothing(void **state UNUSED)
{
    unsigned due = inherited() + 4; /* the fourth is the folder that ls reads */
    uint64_t seen = 0;
    int ours[2];

    assert_int_equal(pipe2(ours, O_CLOEXEC), 0);
    struct process *p = start("ls /proc/self/fd | wc -l | tr -d '\\n'");
    finish(p);
    assert_true(text_number(p->said.text, 0, 1024, &seen));
    assert_int_equal(seen, due);
    process_stop(p, 0);
    close(ours[0]);
    close(ours[1]);
}

static void test_session_of_its_own(void **state UNUSED)
{
    struct process *p = start("echo up; exec sleep 1000");

    await_words(p);
    assert_int_equal(getsid(p->pid), p->pid);
    assert_int_equal(getpgid(p->pid), p->pid);
    process_stop(p, 0);
}

static void test_our_machine_cannot(void **state UNUSED)
{
    struct process_options o = {.command = "never run", .umask = -1};
    struct problem why = {.text = ""};
    struct rlimit before;
    struct rlimit none;
    unsigned descriptors = unit_descriptors();

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    for (rlim_t limit = 0; limit < descriptors + 4; limit++) {
        none.rlim_cur = limit;
        setrlimit(RLIMIT_NOFILE, &none);
        bool ok = process_start(&the_process, &o, &why);
        setrlimit(RLIMIT_NOFILE, &before);
        if (ok) {
            finish(&the_process);
            process_stop(&the_process, 0);
            continue;
        }
        assert_string_equal(why.text, "cannot start \"never run\": Too many open files");
        assert_int_equal(the_process.pid, 0);
        assert_int_equal(unit_descriptors(), descriptors);
    }
    process_stop(&the_process, 0); /* harmless on one that never started */
}

/* ---- stopping ---- */

static void test_stop_by_force(void **state UNUSED)
{
    struct process *p = start("trap '' TERM; echo up; while :; do sleep 0.01; done");
    int64_t begun = deadline_now_us();

    await_words(p);
    process_stop(p, deadline_in_ms(SHORT_MS));
    assert_true(deadline_now_us() - begun >= (int64_t)SHORT_MS * 1000);
    assert_true(WIFSIGNALED(p->status) && WTERMSIG(p->status) == SIGKILL);
    assert_int_equal(p->pid, 0);
}

static void test_stop_takes_the_last_words(void **state UNUSED)
{
    struct process *p =
        start("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done");

    await_words(p);
    process_stop(p, deadline_in_ms(LONG_MS));
    assert_string_equal(p->said.text, "up\nbye\n");
    assert_true(WIFEXITED(p->status));
}

static void test_stop_gives_descriptors_back(void **state UNUSED)
{
    unsigned before = unit_descriptors();

    for (unsigned i = 0; i < 3; i++) {
        struct process *p = start("echo up; exec sleep 1000");

        await_words(p);
        process_stop(p, deadline_in_ms(LONG_MS));
        process_stop(p, 0); /* a second time is harmless */
    }
    assert_int_equal(unit_descriptors(), before);
}

/* True once our adopted child has ended, by a signal. */
static bool reaped(pid_t pid)
{
    int64_t deadline = deadline_in_ms(LONG_MS);
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) != pid) {
        if (deadline_passed(deadline))
            return false;
        deadline_wait(deadline_in_ms(STEP_MS));
    }
    return WIFSIGNALED(status);
}

/* Children in its group, one that ignores SIGTERM, and one that has left for a session of its own.
   As their subreaper we become their parent and can see each of them end. */
static void test_stop_ends_grandchildren(void **state UNUSED)
{
    static const char *const commands[] = {
        "sleep 1000 & echo $!; wait",
        "sleep 1000 & echo $!; exit 0",
        "(trap '' TERM; exec sleep 1000) & echo $!; wait",
        "(sh -c 'sleep 1000 & echo $!; wait') & wait",
        "setsid sh -c 'echo $$; exec sleep 1000' & wait",
    };

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        struct process *p = start(commands[i]);
        uint64_t pid = 0;

        await_words(p);
        p->said.text[strcspn(p->said.text, "\n")] = '\0';
        assert_row(i, text_number(p->said.text, 2, INT32_MAX, &pid));
        process_stop(p, deadline_in_ms(LONG_MS));
        assert_row(i, reaped((pid_t)pid));
    }
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* ---- tails ---- */

static void test_tail_overflows(void **state UNUSED)
{
    static const size_t steps[] = {1,
                                   7,
                                   1000,
                                   PROCESS_TAIL_MAX - 1,
                                   PROCESS_TAIL_MAX,
                                   PROCESS_TAIL_MAX + 1,
                                   3 * PROCESS_TAIL_MAX + 5};
    static uint8_t octets[4 * PROCESS_TAIL_MAX];
    static struct tail t;

    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)('A' + i % 57);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        size_t done = 0;

        t = (struct tail){.len = 0};
        while (done < sizeof(octets)) {
            size_t part = size_min(steps[i], sizeof(octets) - done);
            size_t due;

            tail_add(&t, slice_of(octets + done, part));
            done += part;
            due = size_min(done, PROCESS_TAIL_MAX);
            assert_row(i, t.len == due && t.total == done && t.text[due] == '\0');
            if (steps[i] > 100)
                assert_row(i, slice_eq(slice_of(t.text, due), slice_of(octets + done - due, due)));
        }
        assert_row(
            i, slice_eq(slice_of(t.text, t.len), slice_of(octets + sizeof(octets) - t.len, t.len)));
        tail_add(&t, slice_of(NULL, 0));
        assert_row(i, t.total == sizeof(octets) && t.len == PROCESS_TAIL_MAX);
    }
}

/* ---- sanitizers ---- */

static void test_sanitizer_lines(void **state UNUSED)
{
    static const struct {
        const char *text, *line; /* NULL: none */
    } rows[] = {
        {"", NULL},
        {"READY tcp://127.0.0.1:7\n", NULL},
        {"SUMMARY: 3 clients served\n", NULL},
        {"ERROR: cannot bind\n", NULL},
        {"runtime error\n", NULL},
        {"==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x1\n#0 0x2 in f\n"
         "SUMMARY: AddressSanitizer: heap-use-after-free a.c:3 in f\n",
         "SUMMARY: AddressSanitizer: heap-use-after-free a.c:3 in f"},
        {"==1==ERROR: AddressSanitizer: SEGV on unknown address\n#0 0x2 in f\n",
         "==1==ERROR: AddressSanitizer: SEGV on unknown address"},
        {"==9==ERROR: LeakSanitizer: detected memory leaks\n",
         "==9==ERROR: LeakSanitizer: detected memory leaks"},
        {"WARNING: ThreadSanitizer: data race (pid=9)\n",
         "WARNING: ThreadSanitizer: data race (pid=9)"},
        {"==9==WARNING: MemorySanitizer: use-of-uninitialized-value\n",
         "==9==WARNING: MemorySanitizer: use-of-uninitialized-value"},
        {"up\na.c:3:7: runtime error: signed integer overflow: 1 + 2\nmore\n",
         "a.c:3:7: runtime error: signed integer overflow: 1 + 2"},
        {"a.c:3:7: runtime error: index 9 out of bounds\r\n",
         "a.c:3:7: runtime error: index 9 out of bounds"},
        {"SUMMARY: UndefinedBehaviorSanitizer: undefined-behavior a.c:3:7 in ",
         "SUMMARY: UndefinedBehaviorSanitizer: undefined-behavior a.c:3:7 in "},
        /* A summary of the program's own in front of the sanitizer's. */
        {"SUMMARY: 3 clients served\n==1==ERROR: AddressSanitizer: SEGV on unknown address\n",
         "==1==ERROR: AddressSanitizer: SEGV on unknown address"},
        {"SUMMARY: all well\nbuilt without any Sanitizer\n", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char line[200] = "untouched";
        bool found = process_sanitizer_line(rows[i].text, line, sizeof(line));

        assert_row(i, found == (rows[i].line != NULL));
        assert_string_equal(line, rows[i].line ? rows[i].line : "untouched");
    }
}

/* A NUL among what the program writes hides nothing behind it. */
static void test_sanitizer_line_behind_nul(void **state UNUSED)
{
    struct process *p = start("printf 'a\\000b\\nx.c:1:2: runtime error: overflow\\n' >&2");
    char line[200] = "";

    finish(p);
    assert_true(process_sanitizer_line(p->complained.text, line, sizeof(line)));
    assert_string_equal(line, "x.c:1:2: runtime error: overflow");
    process_stop(p, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_and_status),
        cmocka_unit_test(test_runs_until_it_ends),
        cmocka_unit_test(test_how_it_ended),
        cmocka_unit_test(test_much_output),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_inherits_nothing),
        cmocka_unit_test(test_session_of_its_own),
        cmocka_unit_test(test_our_machine_cannot),
        cmocka_unit_test(test_stop_by_force),
        cmocka_unit_test(test_stop_takes_the_last_words),
        cmocka_unit_test(test_stop_gives_descriptors_back),
        cmocka_unit_test(test_stop_ends_grandchildren),
        cmocka_unit_test(test_tail_overflows),
        cmocka_unit_test(test_sanitizer_lines),
        cmocka_unit_test(test_sanitizer_line_behind_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
