/* The rehearsal: what the client does with an honest server, before anything is judged. */
#include <string.h>

#include "conformance/client/play.h"
#include "conformance/runner/conn.h"
#include "harness/base/deadline.h"

/* What one request teaches about the form of all. */
static void learn_form(struct check_ctx *c, const struct client_request *r,
                       struct client_facts *facts)
{
    const struct client_play *p = play_of(c);

    if (p->client->input == CLIENT_FIXED) {
        facts->whole = r->octets.len;
    } else if (r->number < CLIENT_TEXTS) {
        facts->before = r->at;
        facts->after = r->octets.len - r->at - strlen(p->texts[r->number].asked);
    }
}

/* The first request and its answer, on whatever connection it comes. */
static void first_exchange(struct check_ctx *c, struct client_facts *facts)
{
    struct conn *conn = client_accept(c);
    struct client_request r = client_request(c, conn);

    if (!check_alive(c))
        return;
    learn_form(c, &r, facts);
    client_answer(c, conn, &r, CLIENT_TRUE);
}

/* A client that always asks the same may ask for no more than whether we are there. */
static bool pings_alone(struct check_ctx *c)
{
    bool asked;

    if (!c->target.endpoint.rpc || c->target.client->input != CLIENT_FIXED)
        return false;
    client_begin_with(c, 1);
    client_finish(c, CLIENT_SERVED);
    asked = check_alive(c) && play_of(c)->asked != 0;
    bool well = client_ended_well(c);
    check_close_all(c);
    return check_alive(c) && well && !asked;
}

static void one_text(struct check_ctx *c, struct client_facts *facts)
{
    int64_t from = deadline_now_us();

    client_begin_with(c, 1);
    first_exchange(c, facts);
    client_finish(c, CLIENT_SERVED);
    if (!check_alive(c))
        return;
    const char *due = client_text(c, 0, CLIENT_TRUE);
    facts->took_us = deadline_now_us() - from;
    facts->shown_times = client_shown_times(c, due);
    facts->shows = facts->shown_times > 0;
    facts->asks = 1;
    client_must_succeed(c);
    facts->works = check_alive(c);
}

/* With several texts, a client that pipelines sends the second one unasked. */
static void several_texts(struct check_ctx *c, struct client_facts *facts)
{
    static const int64_t at_once_ms = 60;
    struct client_request r, next;

    client_begin_with(c, CLIENT_TEXTS);
    struct conn *conn = client_accept(c);
    r = client_request(c, conn);
    unsigned before = client_datagrams(c);
    facts->pipelines = client_try_request(c, conn, &next, deadline_in_ms(at_once_ms)) &&
                       next.number != r.number && client_datagrams(c) <= before + 1;
    client_answer(c, conn, &r, CLIENT_TRUE);
    if (facts->pipelines)
        client_answer(c, conn, &next, CLIENT_TRUE);
    client_finish(c, CLIENT_SERVED);
    if (!check_alive(c))
        return;
    unsigned asked = 0;
    for (unsigned i = 0; i < CLIENT_TEXTS; i++)
        asked += play_of(c)->asked >> i & 1;
    facts->asks = asked;
    facts->reconnects = asked > 1 && play_of(c)->connections >= asked;
}

static void say_facts(struct check_ctx *c, const struct client_facts *facts)
{
    text_format(c->outcome->reason, sizeof(c->outcome->reason),
                "the client %s its answer; %u request%s in a run%s; took %.0f ms; patience %.1f s",
                facts->shows ? "shows" : "does not show", facts->asks, text_s(facts->asks),
                facts->pipelines ? ", ahead of their replies" : "", (double)facts->took_us / 1000,
                (double)c->target.patience_ms / 1000);
}

void client_rehearse(struct check_ctx *c, void *client)
{
    struct client *shared = client;
    struct client_facts facts = {.asks = CLIENT_TEXTS};

    shared->facts = (struct client_facts){0};
    facts.pings = shared->facts.pings = pings_alone(c);
    if (!check_alive(c)) /* what is wrong with it shows in the run that is judged */
        c->outcome->kind = OUTCOME_OPEN;
    one_text(c, &facts);
    check_close_all(c);
    if (!check_alive(c))
        return;
    shared->facts = facts;
    if (shared->input == CLIENT_LINES) {
        shared->facts.asks = CLIENT_TEXTS;
        several_texts(c, &facts);
        if (!check_alive(c)) /* no claim: a client may ask once and leave the rest */
            c->outcome->kind = OUTCOME_OPEN;
        shared->facts = facts;
    }
    c->outcome->kind = OUTCOME_HELD;
    say_facts(c, &shared->facts);
}
