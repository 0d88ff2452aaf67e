/* Contexts of checks on socket pairs. */
#include "tests/pair.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit.h"

enum { PATIENCE_MS = 200 };

static const struct check check = {.id = "stream.test.pair"};

void pair_open(struct pair *p, const char *url, const char *speak, int socktype)
{
    struct target t = {.patience_ms = PATIENCE_MS, .width = 1, .answers = true};
    struct address to = {.len = sizeof(sa_family_t), .socktype = socktype};
    int fds[2];

    assert_true(endpoint_parse(url, &t.endpoint, NULL));
    assert_true(target_open_exchange(speak, &t.endpoint, &p->x, NULL));
    t.exchange = p->x;
    p->outcome = outcome_new();
    p->c = calloc(1, sizeof(*p->c));
    assert_true(p->outcome && p->c);
    check_open(p->c, &check, &t, p->outcome, 1);
    assert_int_equal(socketpair(AF_UNIX, socktype | SOCK_NONBLOCK, 0, fds), 0);
    p->conn = conn_adopt(p->c, fds[0], &to);
    p->peer = fds[1];
}

void pair_close(struct pair *p)
{
    if (p->peer >= 0)
        close(p->peer);
    check_close_all(p->c);
    exchange_close(p->x);
    outcome_free(p->outcome);
    free(p->c);
}
