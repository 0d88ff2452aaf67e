/* A thread for each direction. */
#include "reference/twins-clients/threads.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "harness/base/deadline.h"

enum { READ = 1 << 16, WAIT_MS = 1500, LOOK_MS = 50, GRACE_MS = 100, TURN_MS = 5, AHEAD = 1 << 20 };

/* What the threads share: the octets that are sent, or about to be, and have not come back. */
struct both {
    struct stream *s;
    pthread_mutex_t lock;
    pthread_cond_t less; /* `due` is shorter than it was */
    struct buf due;
    bool all_sent;
    int64_t moved_us; /* when something was last sent or received */
};

static void owe(struct both *b, struct slice octets)
{
    pthread_mutex_lock(&b->lock);
    while (b->due.len > AHEAD)
        pthread_cond_wait(&b->less, &b->lock);
    if (b->due.len == 0)
        b->moved_us = deadline_now_us();
    buf_put(&b->due, octets);
    pthread_mutex_unlock(&b->lock);
}

static void *send_all(void *closure)
{
    struct both *b = closure;
    struct stream *s = b->s;

    while (client_next(&s->c, -1) == INPUT_LINE) {
        struct slice line = buf_slice(&s->c.request);

        owe(b, line); /* before it is sent: its echo may be there at once */
        if (net_send(s->fd, line, DEADLINE_NEVER, 0).status != NET_OK)
            return NULL; /* the other thread sees why */
    }
    pthread_mutex_lock(&b->lock);
    b->all_sent = true;
    b->moved_us = deadline_now_us();
    shutdown(s->fd, SHUT_WR);
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

/* Takes what came off what was due. */
static void settle(struct both *b, struct slice got)
{
    pthread_mutex_lock(&b->lock);
    if (got.len > b->due.len)
        client_die(TROUBLE_SURPLUS);
    if (!slice_starts(buf_slice(&b->due), got))
        client_die(TROUBLE_MISMATCH);
    buf_drop(&b->due, got.len);
    b->moved_us = deadline_now_us();
    pthread_cond_signal(&b->less);
    pthread_mutex_unlock(&b->lock);
}

static bool waits_too_long(struct both *b)
{
    pthread_mutex_lock(&b->lock);
    bool waits = b->due.len > 0 || b->all_sent;
    bool late = waits && deadline_passed(b->moved_us + WAIT_MS * 1000);
    pthread_mutex_unlock(&b->lock);
    return late;
}

/* Whether the server may end now. It may do so as soon as it has answered the last line, and be
   faster than our other thread is in finding that there is no further one. */
static bool is_in_order(struct both *b)
{
    int64_t deadline_us = deadline_in_ms(GRACE_MS);
    bool done;

    do {
        pthread_mutex_lock(&b->lock);
        done = b->all_sent && b->due.len == 0;
        pthread_mutex_unlock(&b->lock);
        if (!done)
            deadline_wait(deadline_in_ms(TURN_MS));
    } while (!done && !deadline_passed(deadline_us));
    return done;
}

/* Shows the whole lines that have come. */
static void show_lines(struct stream *s)
{
    const uint8_t *newline;

    while (s->reply.len > 0 && (newline = memchr(s->reply.data, '\n', s->reply.len)) != NULL) {
        size_t len = (size_t)(newline - s->reply.data) + 1;

        client_show(&s->c, slice_of(s->reply.data, len));
        buf_drop(&s->reply, len);
    }
}

static void receive_all(struct both *b)
{
    static uint8_t octets[READ];
    struct stream *s = b->s;

    for (;;) {
        struct pollfd p = {.fd = s->fd, .events = POLLIN};

        if (poll(&p, 1, LOOK_MS) <= 0) {
            if (waits_too_long(b))
                client_die(TROUBLE_SILENCE);
            continue;
        }
        ssize_t n = recv(s->fd, octets, sizeof(octets), 0);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            client_die(TROUBLE_RESET);
        if (n == 0)
            break;
        if (n < 0)
            continue;
        settle(b, slice_of(octets, (size_t)n));
        buf_put(&s->reply, slice_of(octets, (size_t)n));
        show_lines(s);
    }
    if (!is_in_order(b))
        client_die(TROUBLE_END);
    if (s->reply.len > 0)
        client_show(&s->c, buf_slice(&s->reply));
}

void threads_converse(struct stream *s)
{
    static struct both b = {.lock = PTHREAD_MUTEX_INITIALIZER, .less = PTHREAD_COND_INITIALIZER};
    pthread_t sender;

    b.s = s;
    b.moved_us = deadline_now_us();
    buf_init(&b.due, 2 * (size_t)CLIENT_LINE_MAX);
    errno = pthread_create(&sender, NULL, send_all, &b);
    if (errno)
        client_fail("a thread");
    receive_all(&b);
    pthread_join(sender, NULL);
}
