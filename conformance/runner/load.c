/* The loop of load: which line begins when, who is ready, and when nothing more is to come. */
#include "conformance/runner/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "conformance/runner/conn.h"
#include "conformance/runner/line.h"
#include "harness/base/deadline.h"

enum {
    EVENTS = 256,
    RESERVE = 64,    /* descriptors for everything else: probes, views, the report */
    FULL_US = 1000,  /* a full backlog of a unix listener is looked at so often */
    SOURCES_MAX = 8, /* addresses of ours: each has some 28,000 ports of its own */
    SOURCE_HOST = 50,
    US_PER_S = 1000000,
};

/* ---- opening ---- */

/* Descriptors for lines, after the limit was raised as far as it must be and may. */
static unsigned descriptors(unsigned wanted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur < (rlim_t)wanted + RESERVE && limit.rlim_cur < limit.rlim_max) {
        rlim_t all = (rlim_t)wanted + RESERVE;

        limit.rlim_cur = all < limit.rlim_max ? all : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur <= RESERVE)
        return 0;
    return limit.rlim_cur - RESERVE < wanted ? (unsigned)(limit.rlim_cur - RESERVE) : wanted;
}

static bool make_room(struct load *l)
{
    l->lines = calloc(l->options.lines, sizeof(*l->lines));
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    buf_init(&l->body, LINE_BUFFER_MAX);
    buf_init(&l->requests, LINE_BUFFER_MAX);
    for (unsigned i = 0; i < l->options.lines && l->lines; i++) {
        struct line *line = &l->lines[i];

        *line = (struct line){.fd = -1, .next = line_number(l, line) * LOAD_REQUESTS_MAX};
        line->first = line->next;
        buf_init(&line->in, LINE_BUFFER_MAX);
        buf_init(&line->out, LINE_BUFFER_MAX);
    }
    return l->lines && l->epoll >= 0;
}

void load_open(struct check_ctx *c, const struct load_options *options)
{
    if (!check_alive(c))
        return;
    load_close(c);
    unsigned room = descriptors(options->open);
    if (room == 0) {
        check_skipped(c, "our descriptor limit leaves no room for connections");
        return;
    }
    c->load = calloc(1, sizeof(*c->load));
    if (!c->load) {
        check_trouble(c, "out of memory");
        return;
    }
    struct load *l = c->load;
    *l = (struct load){.c = c, .options = *options, .patience_ms = c->target.patience_ms};
    if (room < options->open)
        l->tally.lacks = "our descriptor limit";
    l->options.open = room;
    /* Lines that stay open are no more than that; those that leave make room for others. */
    if (!l->options.leaves && l->options.lines > room)
        l->options.lines = room;
    if (!c->target.pipelines)
        l->options.depth = 1;
    if (!make_room(l))
        check_trouble(c, "out of memory, or of descriptors");
}

void load_close(struct check_ctx *c)
{
    struct load *l = c->load;

    if (!l)
        return;
    for (unsigned i = 0; i < l->options.lines && l->lines; i++)
        line_close(l, &l->lines[i]);
    free(l->lines);
    if (l->epoll >= 0)
        close(l->epoll);
    buf_free(&l->body);
    buf_free(&l->requests);
    free(l);
    c->load = NULL;
}

struct load_tally load_tally(const struct check_ctx *c)
{
    struct load_tally none = {0};

    return c->load ? c->load->tally : none;
}

/* ---- the account of a line ---- */

/* What the line counts for, taken away before it is touched and added again behind that. */
static void count(struct load *l, const struct line *line, bool add)
{
    unsigned busy = line_is_busy(line);
    unsigned waiting = line_is_waiting(line);

    l->busy = add ? l->busy + busy : l->busy - busy;
    l->tally.waiting = add ? l->tally.waiting + waiting : l->tally.waiting - waiting;
}

static void watch(struct load *l, struct line *line)
{
    bool writes = line->state == LINE_DIALS || line->out.len > 0;
    uint32_t wanted = writes ? EPOLLIN | EPOLLOUT : EPOLLIN;
    struct epoll_event event = {.events = wanted, .data.u32 = line_number(l, line) - 1};
    int how = line->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (line->fd < 0 || line->watched == wanted)
        return;
    line->watched = wanted;
    if (epoll_ctl(l->epoll, how, line->fd, &event) != 0)
        check_trouble(l->c, "epoll_ctl: %s", strerror(errno));
}

/* ---- beginning lines ---- */

/* Connects from the address at hand: that which the kernel chooses, then others of the loopback. */
static struct net_io dial(const struct load *l, int *ret)
{
    const struct address *to = &l->c->target.address;
    struct address from;
    struct net_dial_options options = {.bind_to = l->source > 0 ? &from : NULL};

    address_loopback(&from, AF_INET, SOCK_STREAM, (uint8_t)(SOURCE_HOST + l->source), 0);
    return net_dial_begin(to, &options, ret);
}

static bool has_sources(const struct load *l)
{
    const struct address *to = &l->c->target.address;

    return address_family(to) == AF_INET && address_is_loopback(to) && l->source < SOURCES_MAX;
}

/* A connect that our machine refused. Without ports another source may have some; without
   descriptors or memory there will be no further line. */
static void begin_failed(struct load *l, struct net_io io)
{
    bool ports = io.error == EADDRNOTAVAIL || io.error == EADDRINUSE;

    if (ports && has_sources(l)) {
        l->source++;
    } else if (ports || io.error == EMFILE || io.error == ENFILE || io.error == ENOBUFS ||
               io.error == ENOMEM) {
        l->tally.lacks = ports ? "the ports of our address" : "our descriptors or memory";
        l->options.lines = l->tally.begun;
    } else {
        check_trouble(l->c, "cannot connect: %s", strerror(io.error));
    }
}

static void begin(struct load *l)
{
    struct line *line = &l->lines[l->tally.begun];
    struct net_io io = dial(l, &line->fd);

    l->last_us = deadline_now_us();
    if (io.status == NET_FULL) {
        l->pause_us = l->last_us + FULL_US;
        return;
    }
    if (io.status == NET_TROUBLE) {
        begin_failed(l, io);
        return;
    }
    l->tally.begun++;
    line->begun_us = l->last_us;
    l->open += line->fd >= 0;
    if (io.status == NET_OK) {
        line_begin(l, line);
    } else if (io.status == NET_TIMEOUT) {
        line->state = LINE_DIALS;
    } else {
        line_turned_away(l, line);
    }
    count(l, line, true);
    watch(l, line);
}

/* When the next line is due: DEADLINE_NEVER where none is, or where one of those that are there has
   to move first. */
static int64_t next_due_us(const struct load *l)
{
    const struct load_options *o = &l->options;
    int64_t last = l->begun_us + (int64_t)o->time_ms * 1000;
    int64_t due = l->pause_us;
    int64_t paced = l->last_us + (int64_t)l->c->target.pace_ms * 1000;

    if (!l->begins || l->tally.begun == o->lines || l->open >= o->open ||
        l->tally.waiting >= o->fresh)
        return DEADLINE_NEVER;
    if (l->tally.begun > 0 && paced > due)
        due = paced;
    if (o->rate > 0 && l->begun_us + (int64_t)l->tally.begun * US_PER_S / o->rate > due)
        due = l->begun_us + (int64_t)l->tally.begun * US_PER_S / o->rate;
    return due > last || deadline_passed(last) ? DEADLINE_NEVER : due;
}

static bool is_over(const struct load *l)
{
    bool more = l->begins && l->tally.begun < l->options.lines &&
                !deadline_passed(l->begun_us + (int64_t)l->options.time_ms * 1000);

    return l->busy == (l->awaits ? 0 : l->tally.waiting) && !more;
}

/* ---- turns ---- */

static void attend(struct load *l, struct line *line, uint32_t events)
{
    if (line->fd < 0 || !check_alive(l->c))
        return;
    count(l, line, false);
    if (line->state == LINE_DIALS) {
        struct net_io io = net_dial_end(line->fd);

        if (io.status == NET_OK)
            line_begin(l, line);
        else
            line_turned_away(l, line);
    } else {
        if (events & EPOLLOUT)
            line_send(l, line);
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            line_receive(l, line);
    }
    count(l, line, true);
    watch(l, line);
}

static void turn(struct load *l, int64_t deadline)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(l->epoll, events, EVENTS, deadline_poll_ms(deadline));

    if (n < 0 && errno != EINTR)
        check_trouble(l->c, "epoll_wait: %s", strerror(errno));
    for (int i = 0; i < n; i++)
        attend(l, &l->lines[events[i].data.u32], events[i].events);
}

/* Lines that wait for the target's end are closed; from then on none waits for it. */
static bool give_up_on_ends(struct load *l)
{
    unsigned lasting = 0;

    for (unsigned i = 0; i < l->tally.begun; i++) {
        struct line *line = &l->lines[i];

        if (line->state != LINE_LEAVING)
            continue;
        count(l, line, false);
        line_close(l, line);
        lasting++;
    }
    l->tally.lasting += lasting;
    l->impatient |= lasting > 0;
    return lasting > 0;
}

/* Until nothing is awaited any more, or nothing has moved for as long as patience lasts. */
static void run(struct load *l)
{
    struct check_ctx *c = l->c;

    l->moved_us = deadline_now_us();
    while (check_alive(c) && !is_over(l)) {
        int64_t due = next_due_us(l);
        int64_t silent = l->moved_us + l->patience_ms * 1000;

        while (check_alive(c) && deadline_passed(due)) {
            begin(l);
            due = next_due_us(l);
        }
        turn(l, due < silent ? due : silent);
        if (deadline_passed(c->too_long_us))
            check_skipped(c,
                          "the target is too slow for this check: it is still moving after %.0f s",
                          (double)(deadline_now_us() - c->began_us) / 1e6);
        if (!deadline_passed(l->moved_us + l->patience_ms * 1000))
            continue;
        if (!give_up_on_ends(l))
            return;
        l->moved_us = deadline_now_us();
    }
}

/* ---- the steps ---- */

/* A limit stays: whoever lets many others in behind the first that it had no room for has given a
   wrong reply. So has who does not end what it has nothing more to say to. */
static void settle_told(struct load *l)
{
    unsigned open = 0;

    for (unsigned i = 0; i < l->tally.begun; i++)
        open += l->lines[i].state == LINE_TOLD;
    if (open > 0 || (l->told.count > 0 && l->tally.served > l->told.served + l->options.fresh))
        check_broken(l->c, l->told.expected, "%s", l->told.actual);
}

void load_admit(struct check_ctx *c)
{
    struct load *l = c->load;

    if (!check_alive(c))
        return;
    check_tell(c, WHO_US, slice_of(NULL, 0), "%u connections, each with requests of its own",
               l->options.lines);
    l->begins = l->awaits = true;
    l->begun_us = deadline_now_us();
    run(l);
    l->begins = l->awaits = false;
    l->tally.took_us = deadline_now_us() - l->begun_us;
    settle_told(l);
    check_tell(c, WHO_TARGET, slice_of(NULL, 0),
               "%u connections begun, %u served, %u turned away, %u waiting", l->tally.begun,
               l->tally.served, l->tally.away, l->tally.waiting);
}

/* A line that was served, and is owed a reply that does not come. */
static void settle_silence(struct load *l)
{
    const struct line *first = NULL;
    unsigned silent = 0;

    for (unsigned i = 0; i < l->tally.begun; i++) {
        const struct line *line = &l->lines[i];

        if (line->state != LINE_SERVED || !line_is_busy(line))
            continue;
        first = first ? first : line;
        silent++;
    }
    if (!first || !check_alive(l->c))
        return;
    char expected[OUTCOME_TEXT_MAX];

    text_format(expected, sizeof(expected), "the reply to request %08x on connection %u",
                first->first, line_number(l, first));
    l->c->outcome->silent = l->c->outcome->stalled = true;
    check_broken(l->c, expected, "nothing for %.1f s, on %u of %u connections that were served",
                 (double)l->patience_ms / 1000, silent, l->tally.held);
}

void load_round(struct check_ctx *c, unsigned requests)
{
    struct load *l = c->load;

    if (!check_alive(c))
        return;
    check_tell(c, WHO_US, slice_of(NULL, 0), "%u request%s on each of %u connections", requests,
               text_s(requests), l->tally.held);
    for (unsigned i = 0; i < l->tally.begun && check_alive(c); i++) {
        struct line *line = &l->lines[i];

        if (line->state != LINE_SERVED)
            continue;
        count(l, line, false);
        line->left += requests;
        line_send(l, line);
        count(l, line, true);
        watch(l, line);
    }
    run(l);
    settle_silence(l);
}

/* How long the line has waited that has waited longest, as milliseconds. */
static int64_t longest_wait_ms(const struct load *l)
{
    int64_t now = deadline_now_us();
    int64_t longest = 0;

    for (unsigned i = 0; i < l->tally.begun; i++) {
        const struct line *line = &l->lines[i];

        if (line_is_waiting(line) && now - line->begun_us > longest)
            longest = now - line->begun_us;
    }
    return longest / 1000;
}

/* Nobody else is open any more, and these still wait. A connect that never came through was not
   taken; one that did was let in, and forgotten. */
static void settle_waiting(struct load *l)
{
    unsigned lost = 0;
    unsigned first = 0;

    for (unsigned i = 0; i < l->tally.begun && check_alive(l->c); i++) {
        struct line *line = &l->lines[i];

        if (line->state == LINE_FRESH) {
            first = lost++ ? first : line_number(l, line);
        } else if (line->state == LINE_DIALS) {
            count(l, line, false);
            line_turned_away(l, line);
        }
    }
    if (lost == 0)
        return;
    l->c->outcome->silent = l->c->outcome->stalled = true;
    check_broken(l->c, "everybody who is let in is served, at the latest when others have gone",
                 "%u of %u connections got neither a reply nor an end, the first of them number %u",
                 lost, l->tally.begun, first);
}

void load_release(struct check_ctx *c)
{
    struct load *l = c->load;

    if (!check_alive(c))
        return;
    check_tell(c, WHO_US, slice_of(NULL, 0), "%u connections closed, %u waiting", l->tally.held,
               l->tally.waiting);
    for (unsigned i = 0; i < l->tally.begun; i++) {
        if (l->lines[i].state == LINE_SERVED)
            line_close(l, &l->lines[i]);
    }
    l->patience_ms += longest_wait_ms(l);
    l->awaits = true;
    run(l);
    l->awaits = false;
    settle_waiting(l);
    settle_silence(l);
    l->patience_ms = c->target.patience_ms;
}
