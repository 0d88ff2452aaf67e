/* The MSGPROG references in tests. */
#include "tests/msgprog.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/base/deadline.h"

enum { STEP_MS = 5, REPLY_MAX = 4 << 20 };

/* The address behind rpc+SOMETHING/345678/2. */
static void resolve(const char *url, struct address *ret)
{
    char plain[ENDPOINT_TEXT_MAX];
    char *service = NULL;
    struct endpoint at;
    struct problem why = {0};
    size_t count;

    assert_true(text_starts(url, "rpc+"));
    text_copy(plain, sizeof(plain), url + strlen("rpc+"));
    service = strstr(plain, "/345678/2");
    assert_non_null(service);
    *service = '\0';
    if (!endpoint_parse(plain, &at, &why) || !address_resolve(&at, ret, 1, &count, &why))
        fail_msg("%s: %s", url, why.text);
}

/* The Nth READY line of what the server has said, once it is whole. */
static bool ready_line(struct msgprog *m, unsigned number, char *ret, size_t cap)
{
    const char *at = m->process.said.text;

    process_read(&m->process);
    for (unsigned i = 0;; i++) {
        at = strstr(at, "READY ");
        if (!at || !strchr(at, '\n'))
            return false;
        at += strlen("READY ");
        if (i == number) {
            text_format(ret, cap, "%.*s", (int)strcspn(at, "\n"), at);
            return true;
        }
    }
}

void msgprog_start(struct msgprog *m, const char *folder, const char *options)
{
    int64_t deadline = deadline_in_ms(MSGPROG_LIMIT_MS);
    char first[ENDPOINT_TEXT_MAX];

    *m = (struct msgprog){0};
    if (!program_serve(&m->process, first, sizeof(first),
                       "exec @B/assay serve msgprog %s --listen rpc+tcp://127.0.0.1:0 "
                       "--listen rpc+udp://127.0.0.1:0/345678/2 --listen rpc+unix:%s/socket",
                       options, folder))
        fail_msg("the server does not serve: %s", m->process.complained.text);
    for (unsigned i = 0; i < OVER_COUNT; i++) {
        while (!ready_line(m, i, m->urls[i], sizeof(m->urls[i]))) {
            assert_false(deadline_passed(deadline));
            deadline_wait(deadline_in_ms(STEP_MS));
        }
        resolve(m->urls[i], &m->at[i]);
    }
}

void msgprog_stop(struct msgprog *m)
{
    char path[ADDRESS_TEXT_MAX];
    char ended[128];

    address_format(&m->at[OVER_UNIX], path, sizeof(path));
    kill(m->process.pid, SIGTERM);
    bool in_time = process_wait(&m->process, deadline_in_ms(MSGPROG_LIMIT_MS));
    process_read(&m->process);
    process_end_text(&m->process, ended, sizeof(ended));
    bool well = process_ended_well(&m->process);
    process_stop(&m->process, 0);
    if (!in_time || !well)
        fail_msg("the server %s: %s", in_time ? ended : "does not end", m->process.complained.text);
    assert_null(strstr(m->process.complained.text, "Sanitizer"));
    assert_int_not_equal(access(path, F_OK), 0);
}

int msgprog_dial(const struct msgprog *m, enum msgprog_over over)
{
    int fd = -1;
    struct net_io io = net_dial(&m->at[over], NULL, deadline_in_ms(MSGPROG_LIMIT_MS), &fd);

    if (io.status != NET_OK)
        fail_msg("%s: %s", m->urls[over], net_status_text(io.status));
    return fd;
}

static uint8_t digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

void msgprog_hex(struct buf *out, const char *hex)
{
    while (*hex) {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        buf_put_byte(out, (uint8_t)(digit(hex[0]) << 4 | digit(hex[1])));
        hex += 2;
    }
}

void msgprog_send(int fd, struct slice octets)
{
    struct net_io io = net_send(fd, octets, deadline_in_ms(MSGPROG_LIMIT_MS), 0);

    if (io.status != NET_OK)
        fail_msg("sending %zu octets: %s", octets.len, net_status_text(io.status));
}

static bool read_exactly(int fd, uint8_t *into, size_t len)
{
    while (len > 0) {
        struct net_io io = net_recv(fd, into, len, false, deadline_in_ms(MSGPROG_LIMIT_MS));

        if (io.status == NET_EOF || io.status == NET_RESET)
            return false;
        if (io.status != NET_OK)
            fail_msg("waiting for %zu octets: %s", len, net_status_text(io.status));
        into += io.len;
        len -= io.len;
    }
    return true;
}

bool msgprog_reply(int fd, enum msgprog_over over, struct buf *out)
{
    static uint8_t datagram[65536];
    uint8_t mark[4] = {0};

    if (over == OVER_UDP) {
        struct net_io io =
            net_recv(fd, datagram, sizeof(datagram), true, deadline_in_ms(MSGPROG_LIMIT_MS));
        if (io.status != NET_OK)
            fail_msg("waiting for a datagram: %s", net_status_text(io.status));
        buf_put(out, slice_of(datagram, io.len));
        return true;
    }
    while (!(mark[0] & 0x80)) {
        if (!read_exactly(fd, mark, sizeof(mark)))
            return false;
        uint32_t len = (uint32_t)(mark[0] & 0x7f) << 24 | (uint32_t)mark[1] << 16 |
                       (uint32_t)mark[2] << 8 | mark[3];
        assert_in_range(len, 0, REPLY_MAX);
        uint8_t *into = buf_extend(out, len);
        assert_non_null(into);
        if (!read_exactly(fd, into, len))
            return false;
    }
    return true;
}

void msgprog_ask(int fd, enum msgprog_over over, const char *hex)
{
    struct buf message;
    struct buf marked;

    buf_init(&message, REPLY_MAX);
    buf_init(&marked, REPLY_MAX);
    msgprog_hex(&message, hex);
    if (over != OVER_UDP)
        buf_put_u32(&marked, UINT32_C(0x80000000) | (uint32_t)message.len);
    buf_put(&marked, buf_slice(&message));
    msgprog_send(fd, buf_slice(&marked));
    buf_free(&marked);
    buf_free(&message);
}

void msgprog_expect(int fd, enum msgprog_over over, const char *what, const char *hex)
{
    struct buf wanted;
    struct buf got;
    struct buf shown;

    buf_init(&wanted, REPLY_MAX);
    buf_init(&got, REPLY_MAX);
    buf_init(&shown, 2 * (size_t)REPLY_MAX);
    msgprog_hex(&wanted, hex);
    if (!msgprog_reply(fd, over, &got))
        fail_msg("%s: the connection ended, expected %s", what, hex);
    text_hex(&shown, buf_slice(&got));
    if (!slice_eq(buf_slice(&got), buf_slice(&wanted)))
        fail_msg("%s: got %s, expected %s", what, buf_text(&shown), hex);
    buf_free(&shown);
    buf_free(&got);
    buf_free(&wanted);
}

void msgprog_expect_end(int fd, const char *what)
{
    uint8_t octet;
    struct net_io io = net_recv(fd, &octet, 1, false, deadline_in_ms(MSGPROG_LIMIT_MS));

    if (io.status != NET_EOF)
        fail_msg("%s: expected the end of the connection: %s", what, net_status_text(io.status));
}
