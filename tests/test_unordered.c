/*
 * Tests of the runner's matching where replies may overtake each other: a check's context on one
 * end of a socket pair, and on the other end the test, which answers as it likes.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"
#include "tests/pair.h"
#include "tests/unit.h"

enum { REQUESTS = 5, ROOM = 4096, FIRST = 1 << 16 }; /* the first number of a first connection */

static void open_pair(struct pair *p, const char *url, int socktype)
{
    pair_open(p, url, "rpc", socktype);
    for (size_t i = 0; i < REQUESTS; i++)
        check_send(p->c, p->conn);
}

/* The peer answers these requests, by their place, in this order; 'A' is the first. */
static void answer(const struct pair *p, const char *order)
{
    bool marked = exchange_medium(p->x) == EXCHANGE_OVER_STREAM;

    for (; *order; order++) {
        struct onc_reply reply = onc_reply_of(FIRST + (uint32_t)(*order - 'A'), slice_of(NULL, 0));
        struct buf message;
        struct buf out;

        buf_init(&message, ROOM);
        buf_init(&out, ROOM);
        onc_put_reply(&message, &reply);
        if (marked)
            record_put_pieces(&out, buf_slice(&message), 7);
        else
            buf_put(&out, buf_slice(&message));
        assert_int_equal(send(p->peer, out.data, out.len, MSG_NOSIGNAL), out.len);
        buf_free(&message);
        buf_free(&out);
    }
}

static const struct medium {
    const char *url;
    int socktype;
} media[] = {
    {"rpc+unix:/s/345678/2", SOCK_STREAM},
    {"rpc+udp://127.0.0.1:7/345678/2", SOCK_DGRAM},
};

static void test_any_order(void **state UNUSED)
{
    static const char *const orders[] = {"ABCDE", "EDCBA", "BACED", "CDEAB", "AECDB"};

    for (size_t m = 0; m < ARRAY_LEN(media); m++) {
        for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
            struct pair p;

            open_pair(&p, media[m].url, media[m].socktype);
            answer(&p, orders[i]);
            check_replies(p.c, p.conn);
            assert_row(i, check_alive(p.c));
            assert_int_equal(conn_owed(p.conn), 0);
            pair_close(&p);
        }
    }
}

/* What is owed by number and never was, or no longer, breaks the check. */
static void test_broken(void **state UNUSED)
{
    static const struct {
        const char *order;
        const char *expected, *actual;
    } rows[] = {
        {"Z", "a reply to one of the 5 open requests, as 00010000", "a reply with the number "},
        {"BAACDE", "one reply to each request", "a second reply to request 00010000"},
        {"ECE", "one reply to each request", "a second reply to request 00010004"},
        {"EZ", "a reply to one of the 4 open requests, as 00010000", "the number 00010019"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pair p;

        open_pair(&p, media[0].url, media[0].socktype);
        answer(&p, rows[i].order);
        check_replies(p.c, p.conn);
        assert_row(i, p.outcome->kind == OUTCOME_BROKEN);
        assert_contains(p.outcome->expected, rows[i].expected);
        assert_contains(p.outcome->actual, rows[i].actual);
        pair_close(&p);
    }
}

/* A reply that names a request of the middle and is wrong is judged as the reply to that one. */
static void test_wrong_in_the_middle(void **state UNUSED)
{
    for (size_t m = 0; m < ARRAY_LEN(media); m++) {
        struct onc_reply reply = onc_reply_of(FIRST + 2, slice_of(NULL, 0));
        struct buf message;
        struct buf out;
        struct pair p;

        buf_init(&message, ROOM);
        buf_init(&out, ROOM);
        reply.accept_stat = ONC_PROC_UNAVAIL;
        onc_put_reply(&message, &reply);
        if (m == 0)
            record_put(&out, buf_slice(&message));
        else
            buf_put(&out, buf_slice(&message));
        open_pair(&p, media[m].url, media[m].socktype);
        assert_int_equal(send(p.peer, out.data, out.len, MSG_NOSIGNAL), out.len);
        check_reply(p.c, p.conn);
        assert_row(m, p.outcome->kind == OUTCOME_BROKEN);
        assert_contains(p.outcome->expected, "of the reply to request 00010002");
        assert_contains(p.outcome->actual, "REPLY xid 0x10002 accepted PROC_UNAVAIL");
        pair_close(&p);
        buf_free(&message);
        buf_free(&out);
    }
}

/* Replies that are not there when the connection ends. */
static void test_cut_off(void **state UNUSED)
{
    struct pair p;

    open_pair(&p, media[0].url, media[0].socktype);
    answer(&p, "DB");
    assert_int_equal(send(p.peer, "\x80\0\0\x18\0\1", 6, MSG_NOSIGNAL), 6);
    shutdown(p.peer, SHUT_WR);
    check_replies(p.c, p.conn);
    assert_int_equal(p.outcome->kind, OUTCOME_BROKEN);
    assert_contains(p.outcome->actual, "22 octets of fragment 1 are missing");
    pair_close(&p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_wrong_in_the_middle),
        cmocka_unit_test(test_cut_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
