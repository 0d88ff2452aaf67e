/* Tests of what /proc tells, on this process and on children made for it. */
#include "harness/process/procview.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "tests/unit.h"

enum { LONG_MS = 20000, SPIN_MS = 5, PID_NOBODY = INT32_MAX };

static struct procview view(pid_t pid)
{
    struct procview v;

    assert_true(procview_take(pid, &v));
    return v;
}

/* A child that waits for its end, and one that has ended and is not waited for. */
static pid_t fork_sleeper(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        pause();
        _exit(0);
    }
    return pid;
}

static pid_t fork_zombie(void)
{
    siginfo_t info;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_descriptors(void **state UNUSED)
{
    struct procview before = view(getpid());
    int fds[] = {open("/dev/null", O_RDONLY), open("/dev/null", O_RDONLY)};

    assert_int_equal(view(getpid()).fds, before.fds + 2);
    assert_int_equal(view(getpid()).fds_main, before.fds_main + 2);
    close(fds[0]);
    assert_int_equal(view(getpid()).fds, before.fds + 1);
    close(fds[1]);
    assert_int_equal(view(getpid()).fds, before.fds);
}

static void test_itself(void **state UNUSED)
{
    struct procview v = view(getpid());

    assert_int_equal(v.processes, 1);
    assert_int_equal(v.zombies, 0);
    assert_in_range(v.threads, 1, 4); /* a sanitizer may have one of its own */
    assert_true(v.rss_bytes > 100000);
}

static void test_memory_grows(void **state UNUSED)
{
    enum { SIZE = 8 << 20 };
    struct procview before = view(getpid());
    volatile uint8_t *memory = malloc(SIZE);

    assert_non_null((const void *)(uintptr_t)memory);
    for (size_t i = 0; i < SIZE; i += 4096)
        memory[i] = 1;
    assert_true(view(getpid()).rss_bytes >= before.rss_bytes + SIZE / 2);
    free((void *)(uintptr_t)memory);
}

static bool contains(const pid_t *members, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++) {
        if (members[i] == pid)
            return true;
    }
    return false;
}

static void test_tree(void **state UNUSED)
{
    pid_t members[PROCVIEW_TREE_MAX];
    pid_t children[] = {fork_sleeper(), fork_sleeper()};
    struct procview v = view(getpid());

    assert_int_equal(v.processes, 3);
    size_t count = procview_tree(getpid(), members, ARRAY_LEN(members));
    assert_int_equal(count, 3);
    assert_int_equal(members[0], getpid());
    assert_true(contains(members, count, children[0]) && contains(members, count, children[1]));
    assert_int_equal(procview_tree(children[0], members, ARRAY_LEN(members)), 1);
    assert_int_equal(procview_tree(getpid(), members, 2), 2); /* no more than there is room for */
    assert_int_equal(procview_tree(getpid(), members, 0), 0);
    assert_int_equal(procview_tree(PID_NOBODY, members, 2), 0);
    end(children[0]);
    end(children[1]);
    assert_int_equal(view(getpid()).processes, 1);
}

/* A grandchild belongs to the tree, and is no child of ours. */
static void test_grandchild(void **state UNUSED)
{
    pid_t members[PROCVIEW_TREE_MAX];
    pid_t grandchild = 0;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        pid_t pid = fork_sleeper();

        if (write(ends[1], &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
            _exit(1);
        waitpid(pid, NULL, 0);
        _exit(0);
    }
    assert_int_equal(read(ends[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
    size_t count = procview_tree(getpid(), members, ARRAY_LEN(members));
    assert_int_equal(count, 3);
    assert_int_equal(members[2], grandchild); /* breadth first */
    assert_true(procview_is_ours(child, 0));
    kill(grandchild, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ends[0]);
    close(ends[1]);
}

static void test_zombies(void **state UNUSED)
{
    pid_t zombie = fork_zombie();
    struct procview v = view(getpid());

    assert_int_equal(v.processes, 2);
    assert_int_equal(v.zombies, 1);
    assert_true(procview_exists(zombie));
    assert_int_equal(waitpid(zombie, NULL, 0), zombie);
    assert_int_equal(view(getpid()).zombies, 0);
    assert_false(procview_exists(zombie));
}

static void test_busy(void **state UNUSED)
{
    int64_t deadline = deadline_in_ms(LONG_MS);
    uint64_t before = view(getpid()).busy_ns;
    uint64_t least = (uint64_t)SPIN_MS * 1000000;

    while (view(getpid()).busy_ns < before + least)
        assert_false(deadline_passed(deadline));
}

/* Spins until our own time has grown by so much. */
static void spin(void)
{
    uint64_t before = view(getpid()).busy_ns;

    while (view(getpid()).busy_ns < before + (uint64_t)SPIN_MS * 1000000)
        continue;
}

/* One that sleeps wants no processor: once it is asleep its time stands still. */
static void test_idle(void **state UNUSED)
{
    int64_t deadline = deadline_in_ms(LONG_MS);
    pid_t child = fork_sleeper();
    uint64_t before;

    do {
        assert_false(deadline_passed(deadline));
        before = view(child).busy_ns;
        spin();
    } while (view(child).busy_ns != before);
    spin();
    assert_int_equal(view(child).busy_ns, before);
    end(child);
}

static pid_t fork_spinner(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    for (volatile bool on = pid == 0; on;)
        continue;
    return pid;
}

/* Whoever spins is busy however little it gets, and who sleeps is idle. */
static void test_watch(void **state UNUSED)
{
    static const struct {
        pid_t (*start)(void);
        enum procview_busy busy;
    } rows[] = {{fork_spinner, PROCVIEW_BUSY}, {fork_sleeper, PROCVIEW_IDLE}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct procview_watch w;
        int64_t deadline = deadline_in_ms(LONG_MS);
        pid_t child = rows[i].start();
        enum procview_busy busy;

        do { /* a sleeper first has to fall asleep */
            assert_true(procview_watch(child, &w));
            do
                deadline_wait(deadline_in_ms(SPIN_MS));
            while ((busy = procview_busy(&w)) == PROCVIEW_OPEN && !deadline_passed(deadline));
        } while (busy != rows[i].busy && !deadline_passed(deadline));
        assert_row(i, busy == rows[i].busy);
        assert_row(i, (w.ran_ms > w.took_ms / 2) == (busy == PROCVIEW_BUSY));
        end(child);
        assert_row(i, procview_busy(&w) == PROCVIEW_GONE && !procview_watch(child, &w));
    }
}

/* Who is on a processor while it is looked at may have waited for it all the time. */
static void test_watch_open(void **state UNUSED)
{
    struct procview_watch w;
    int64_t deadline = deadline_in_ms(LONG_MS);

    do {
        assert_true(procview_watch(getpid(), &w));
        deadline_wait(deadline_in_ms(5 * SPIN_MS));
        assert_false(deadline_passed(deadline));
    } while (procview_busy(&w) != PROCVIEW_OPEN);
}

static uint64_t inode_of(int fd)
{
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    return status.st_ino;
}

static void test_sockets_held(void **state UNUSED)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    uint64_t inode = inode_of(fds[0]);
    pid_t child = fork_sleeper();
    assert_true(procview_holds_socket(getpid(), inode));
    assert_true(procview_holds_socket(child, inode));
    close(fds[0]);
    assert_true(procview_holds_socket(getpid(), inode)); /* the child still does */
    end(child);
    assert_false(procview_holds_socket(getpid(), inode));
    assert_false(procview_holds_socket(getpid(), 0));
    assert_false(procview_holds_socket(PID_NOBODY, inode));
    close(fds[1]);
}

static void test_nobody(void **state UNUSED)
{
    struct procview v = {.processes = 4711};
    pid_t gone = fork_sleeper();

    end(gone);
    assert_false(procview_take(gone, &v));
    assert_int_equal(v.processes, 4711);
    assert_false(procview_exists(gone));
    assert_false(procview_is_ours(gone, gone));
    assert_true(procview_exists(getpid()));
    assert_true(procview_exists(1)); /* also where we may not signal it */
}

static void test_ours(void **state UNUSED)
{
    pid_t child = fork_sleeper();

    assert_true(procview_is_ours(child, 0));
    assert_true(procview_is_ours(getpid(), getsid(0)));
    assert_false(procview_is_ours(1, PID_NOBODY));
    end(child);
}

/* This program itself: the build with a sanitizer maps terabytes, the plain one does not. */
static void test_shadowed(void **state UNUSED)
{
#ifdef __has_feature
    bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
    bool sanitized = false;
#endif
    struct procview v;

    assert_true(procview_take(getpid(), &v));
    assert_int_equal(v.shadowed, sanitized);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptors),  cmocka_unit_test(test_itself),
        cmocka_unit_test(test_memory_grows), cmocka_unit_test(test_tree),
        cmocka_unit_test(test_grandchild),   cmocka_unit_test(test_zombies),
        cmocka_unit_test(test_busy),         cmocka_unit_test(test_idle),
        cmocka_unit_test(test_watch),        cmocka_unit_test(test_watch_open),
        cmocka_unit_test(test_sockets_held), cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_ours),         cmocka_unit_test(test_shadowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
