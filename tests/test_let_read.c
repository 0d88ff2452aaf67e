/* Tests of check_let_read, on a socket pair whose far end reads late, or not at all. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/runner/check.h"
#include "conformance/runner/conn.h"
#include "harness/base/deadline.h"
#include "tests/unit.h"

enum { OCTETS = 5, LATE_MS = 30, LEFT_MS = 400 };

static const struct check check = {.id = "stream.test.let-read"};

struct pair {
    struct check_ctx *c;
    struct conn *conn;
    struct exchange *x;
    struct outcome *outcome;
    int peer;
};

static void open_pair(struct pair *p)
{
    struct target t = {.patience_ms = 5000, .width = 1};
    struct address to = {.len = sizeof(sa_family_t), .socktype = SOCK_STREAM};
    int fds[2];

    assert_true(endpoint_parse("unix:/s", &t.endpoint, NULL));
    assert_true(target_open_exchange("echo", &t.endpoint, &p->x, NULL));
    t.exchange = p->x;
    p->outcome = outcome_new();
    p->c = calloc(1, sizeof(*p->c));
    assert_true(p->outcome && p->c);
    check_open(p->c, &check, &t, p->outcome, 1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    p->conn = conn_adopt(p->c, fds[0], &to);
    p->peer = fds[1];
}

static void close_pair(struct pair *p)
{
    close(p->peer);
    check_close_all(p->c);
    exchange_close(p->x);
    outcome_free(p->outcome);
    free(p->c);
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
    close_pair(&p);
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
    close_pair(&p);
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
    close_pair(&p);
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
