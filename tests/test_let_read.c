/* Tests of check_let_read, on a socket pair whose far end reads late, or not at all. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "tests/pair.h"
#include "tests/unit.h"

enum { OCTETS = 5, LATE_MS = 30, LEFT_MS = 400 };

static void open_pair(struct pair *p)
{
    pair_open(p, "unix:/s", "echo", SOCK_STREAM);
}

/* How many octets came, each by itself; 0 where two came in one read. */
static int read_late(int fd)
{
    char into[8];

    for (int came = 0;;) {
        deadline_wait(deadline_in_ms(LATE_MS));
        ssize_t n = recv(fd, into, sizeof(into), 0);
        if (n == 0)
            return came;
        if (n > 1 || (n < 0 && errno != EAGAIN))
            return 0;
        came += n == 1;
    }
}

static void test_read_late_and_apart(void **state UNUSED)
{
    struct pair p;
    int status = 0;

    open_pair(&p);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(p.conn->fd);
        _exit(read_late(p.peer));
    }
    for (unsigned i = 0; i < OCTETS; i++) {
        check_send_octets(p.c, p.conn, slice_str("x"));
        check_let_read(p.c, p.conn);
    }
    assert_true(check_alive(p.c) && !p.c->leaves_unread);
    assert_int_equal(shutdown(p.conn->fd, SHUT_WR), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), OCTETS);
    pair_close(&p);
}

/* Who does not read at all is waited for once. */
static void test_left_unread(void **state UNUSED)
{
    struct pair p;

    open_pair(&p);
    check_send_octets(p.c, p.conn, slice_str("x"));
    int64_t began_us = deadline_now_us();
    check_let_read(p.c, p.conn);
    assert_true(deadline_now_us() - began_us >= LEFT_MS * 1000);
    assert_true(check_alive(p.c) && p.c->leaves_unread);
    began_us = deadline_now_us();
    for (unsigned i = 0; i < 20; i++)
        check_let_read(p.c, p.conn);
    assert_true(deadline_now_us() - began_us < 20 * LEFT_MS * 1000);
    assert_true(check_alive(p.c));
    pair_close(&p);
}

/* A far end that is gone keeps nobody. */
static void test_far_end_gone(void **state UNUSED)
{
    struct pair p;

    open_pair(&p);
    check_send_octets(p.c, p.conn, slice_str("x"));
    close(p.peer);
    check_let_read(p.c, p.conn);
    assert_true(check_alive(p.c) && !p.c->leaves_unread);
    p.peer = -1;
    pair_close(&p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_late_and_apart),
        cmocka_unit_test(test_left_unread),
        cmocka_unit_test(test_far_end_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
