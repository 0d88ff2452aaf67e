/* The steps of a client check: the end of the client, and what it is taken for. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "conformance/client/play.h"
#include "conformance/runner/conn.h"
#include "harness/base/deadline.h"
#include "harness/process/procview.h"

enum {
    END_AFTER_MS = 300, /* all is answered, and the client may be waiting for our end of file */
    SOON_MS = 5,
    LAST_WORDS = 160,
    SHELL_SIGNAL = 128,
};

/* ---- until it ends ---- */

/* How the client is served until it ends. */
struct service {
    enum client_manner manner;
    client_answerer *answer; /* CLIENT_SERVED: in place of the true reply; or NULL */
    void *closure;
    int64_t deadline_us;
    int64_t idle_since_us;
};

static bool answered_all(const struct client_play *p)
{
    return p->answered + 1U == 1U << p->plan.texts;
}

static void answer_one(struct check_ctx *c, struct conn *conn, const struct client_request *r,
                       const struct service *s)
{
    if (s->manner != CLIENT_SERVED)
        return;
    if (s->answer && !speech_is_ping(c, r))
        s->answer(c, conn, r, s->closure);
    else
        client_answer(c, conn, r, CLIENT_TRUE);
}

/* Moves one connection as far as it goes without waiting; true where anything happened. */
static bool serve_conn(struct check_ctx *c, struct conn *conn, const struct service *s)
{
    struct client_request r;
    bool moved = false;

    while (conn->used && !deadline_passed(s->deadline_us) && client_try_request(c, conn, &r, 0)) {
        moved = true;
        answer_one(c, conn, &r, s);
    }
    if (s->manner == CLIENT_SERVED && conn->used && (conn->ended || conn->lost)) {
        check_close(c, conn);
        moved = true;
    }
    return moved;
}

static bool serve_all(struct check_ctx *c, const struct service *s)
{
    const struct client_play *p = play_of(c);
    bool moved = false;

    if (s->manner == CLIENT_UNHEARD)
        return false;
    if (!p->serving && p->listener >= 0 && client_try_accept(c, 0))
        moved = true;
    for (size_t i = 0; i < CHECK_CONNS_MAX && check_alive(c); i++) {
        if (c->conns[i].used && c->conns[i].fd >= 0)
            moved |= serve_conn(c, &c->conns[i], s);
    }
    return moved;
}

/* A client that waits for the end of the server's data gets it. */
static void end_idle(struct check_ctx *c, struct service *s)
{
    const struct client_play *p = play_of(c);

    if (s->manner != CLIENT_SERVED || p->serving || p->feed >= 0 || !answered_all(p) ||
        deadline_now_us() < s->idle_since_us + END_AFTER_MS * 1000)
        return;
    for (size_t i = 0; i < CHECK_CONNS_MAX && check_alive(c); i++) {
        if (c->conns[i].used && c->conns[i].fd >= 0 && !c->conns[i].disturbed)
            check_shut(c, &c->conns[i], SHUT_WR);
    }
}

/* One socket to sleep on: that of the connection made last, or the listener. */
static int busiest(const struct check_ctx *c)
{
    const struct client_play *p = play_of(c);
    int fd = p->serving ? p->serving->fd : p->listener;
    unsigned last = 0;

    for (size_t i = 0; i < CHECK_CONNS_MAX; i++) {
        const struct conn *conn = &c->conns[i];

        if (conn->used && play_ear(conn) >= 0 && conn->number > last) {
            last = conn->number;
            fd = conn->fd;
        }
    }
    return fd;
}

/* True where it has ended. */
static bool serve_to_the_end(struct check_ctx *c, struct service *s)
{
    struct client_play *p = play_of(c);
    char end[OUTCOME_TEXT_MAX];

    s->deadline_us = conn_patience(c);
    s->idle_since_us = deadline_now_us();
    while (check_alive(c) && !play_over(c) && !deadline_passed(s->deadline_us)) {
        if (serve_all(c, s))
            s->idle_since_us = deadline_now_us();
        else
            play_wait(c, s->manner == CLIENT_UNHEARD ? -1 : busiest(c), POLLIN, s->deadline_us);
        end_idle(c, s);
    }
    if (!check_alive(c))
        return false;
    process_read(&p->process);
    serve_all(c, s); /* what it sent just before its end */
    play_end_text(c, end, sizeof(end));
    check_tell(c, WHO_TARGET, client_shown(c), "%s; its standard output:%s", end,
               client_shown(c).len > 0 ? "" : " nothing");
    if (p->process.complained.len > 0)
        check_tell(c, WHO_TARGET, client_complained(c), "its standard error:");
    return p->process.ended;
}

static void must_have_ended(struct check_ctx *c, bool ended)
{
    if (!ended && check_alive(c))
        check_broken(c, "the client ends by itself",
                     "it still runs after %.1f s; where it gives up later, --patience says so",
                     (double)c->target.patience_ms / 1000);
}

bool client_try_finish(struct check_ctx *c, enum client_manner manner)
{
    struct service s = {.manner = manner};

    return serve_to_the_end(c, &s);
}

void client_finish(struct check_ctx *c, enum client_manner manner)
{
    must_have_ended(c, client_try_finish(c, manner));
}

void client_serve(struct check_ctx *c, client_answerer *answer, void *closure)
{
    struct service s = {.manner = CLIENT_SERVED, .answer = answer, .closure = closure};

    must_have_ended(c, serve_to_the_end(c, &s));
}

/* ---- looking ---- */

struct slice client_shown(const struct check_ctx *c)
{
    const struct client_play *p = play_of(c);

    return p ? slice_of(p->process.said.text, p->process.said.len) : slice_of(NULL, 0);
}

struct slice client_complained(const struct check_ctx *c)
{
    const struct client_play *p = play_of(c);

    return p ? slice_of(p->process.complained.text, p->process.complained.len) : slice_of(NULL, 0);
}

uint64_t client_shown_octets(const struct check_ctx *c)
{
    return play_of(c) ? play_of(c)->process.said.total : 0;
}

unsigned client_shown_times(const struct check_ctx *c, const char *word)
{
    struct slice rest = client_shown(c);
    struct slice needle = slice_str(word);
    unsigned count = 0;

    while (needle.len > 0) {
        size_t at = slice_find(rest, needle);

        if (at == rest.len)
            break;
        rest = slice_from(rest, at + needle.len);
        count++;
    }
    return count;
}

bool client_shows_again(const struct check_ctx *c, const char *word)
{
    unsigned usual = c->target.client->facts.shown_times;

    return usual > 0 && client_shown_times(c, word) > usual;
}

void play_end_text(struct check_ctx *c, char *out, size_t cap)
{
    struct client_play *p = play_of(c);
    struct slice words = client_complained(c);
    struct buf text;
    char end[128];

    play_over(c);
    process_read(&p->process);
    process_end_text(&p->process, end, sizeof(end));
    buf_init(&text, cap);
    buf_printf(&text, "the client %s", end);
    while (words.len > 0 && words.data[words.len - 1] == '\n')
        words.len--;
    if (words.len > 0) {
        buf_put_str(&text, ": ");
        text_quote(&text, words, LAST_WORDS);
    }
    text_copy(out, cap, buf_text(&text));
    buf_free(&text);
}

bool client_memory(struct check_ctx *c, uint64_t *ret_bytes)
{
    struct procview view;

    if (!check_alive(c) || play_over(c) || !procview_take(play_of(c)->process.pid, &view) ||
        view.shadowed)
        return false;
    *ret_bytes = view.rss_bytes;
    return true;
}

bool client_busy(struct check_ctx *c, unsigned ms)
{
    struct procview_watch watch;
    enum procview_busy busy = PROCVIEW_OPEN;
    int64_t deadline = conn_patience(c);

    if (!check_alive(c) || !procview_watch(play_of(c)->process.pid, &watch))
        return false;
    while (busy == PROCVIEW_OPEN && check_alive(c) && !deadline_passed(deadline)) {
        client_pause(c, ms);
        busy = play_over(c) ? PROCVIEW_GONE : procview_busy(&watch);
        ms = SOON_MS;
    }
    if (busy != PROCVIEW_GONE)
        check_tell(c, WHO_KIT, slice_of(NULL, 0),
                   "the client ran, or wanted to, for %.0f of %.0f ms", watch.ran_ms,
                   watch.took_ms);
    return busy == PROCVIEW_BUSY;
}

/* ---- judging ---- */

/* The command is run by sh(1), which tells of a signal that ended its child by 128 and the number
   of the signal. The other statuses up there are the client's own, like the 255 of Perl's die(). */
static bool ended_by_itself(int wait_status)
{
    int signal = WEXITSTATUS(wait_status) - SHELL_SIGNAL;

    return WIFEXITED(wait_status) && (signal <= 0 || (signal > SIGTERM && signal != SIGSYS));
}

/* What no end may be: by a signal, or with a sanitizer's complaint. */
static bool ended_orderly(struct check_ctx *c)
{
    struct client_play *p = play_of(c);
    char line[300];
    char end[OUTCOME_TEXT_MAX];

    if (!check_alive(c))
        return false;
    if (process_sanitizer_line(p->process.complained.text, line, sizeof(line))) {
        check_broken(c, "no complaint of a sanitizer", "%s", line);
        return false;
    }
    if (ended_by_itself(p->process.status))
        return true;
    play_end_text(c, end, sizeof(end));
    check_broken(c, "the client ends by itself, not by a signal", "%s", end);
    return false;
}

bool client_over(struct check_ctx *c)
{
    return play_of(c) && play_over(c);
}

bool client_ended_well(const struct check_ctx *c)
{
    return play_of(c) && process_ended_well(&play_of(c)->process);
}

/* Every answer is shown, in order, and none that was forged. */
static bool shows_answers(struct check_ctx *c, const char *wrong)
{
    const struct client_play *p = play_of(c);
    struct slice rest = client_shown(c);

    for (unsigned i = 0; i < p->plan.texts; i++) {
        struct slice due = slice_str(client_text(c, i, CLIENT_TRUE));
        size_t at = slice_find(rest, due);

        if (client_shown_times(c, client_text(c, i, CLIENT_FORGED)) > 0) {
            check_broken(c, "the answer, or an error", "%s: it shows \"%.80s\"", wrong,
                         client_text(c, i, CLIENT_FORGED));
            return false;
        }
        if (!p->client->facts.shows || due.len == 0)
            continue;
        if (at == rest.len) {
            check_broken(c, "the answer is shown, or an error is reported",
                         "%s: status 0, and answer %u, \"%.80s\", is not shown", wrong, i + 1,
                         client_text(c, i, CLIENT_TRUE));
            return false;
        }
        rest = slice_from(rest, at + due.len);
    }
    return true;
}

void client_must_succeed(struct check_ctx *c)
{
    char end[OUTCOME_TEXT_MAX];

    if (!ended_orderly(c))
        return;
    if (!client_ended_well(c)) {
        play_end_text(c, end, sizeof(end));
        check_broken(c, "the client gets its answer and ends with status 0", "%s", end);
        return;
    }
    if (shows_answers(c, "the true reply came"))
        check_met(c);
}

void client_must_fail(struct check_ctx *c)
{
    if (!ended_orderly(c))
        return;
    if (client_ended_well(c))
        check_broken(c, "the client reports the failure by its status",
                     "status 0, as if all were well");
    check_met(c);
}

void client_must_end(struct check_ctx *c)
{
    if (ended_orderly(c))
        check_met(c);
}

void client_must_not_lie(struct check_ctx *c, const char *wrong)
{
    if (!ended_orderly(c))
        return;
    if (!client_ended_well(c) || shows_answers(c, wrong))
        check_met(c);
}
