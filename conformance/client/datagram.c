/* Checks: what a client makes of datagrams that are lost, late, doubled, forged or misshapen. */
#include <string.h>

#include "conformance/client/client.h"
#include "conformance/runner/conn.h"
#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum {
    SHORT_MS = 20,
    OVERSIZE = 60000,
    LONG_TEXT = 300,
    COPIES_MAX = 1000, /* more of one request is a flood, whatever the gaps are */
    GAP_LEAST_US = 10000,
    OTHER_HOST = 2, /* 127.0.0.2 */
};

static struct conn *asked(struct check_ctx *c, unsigned texts, struct client_request *ret_request)
{
    client_begin_with(c, texts);
    struct conn *conn = client_accept(c);

    *ret_request = client_request(c, conn);
    return conn;
}

/* The request for another text than this; copies of earlier ones are left unanswered. */
static bool next_request(struct check_ctx *c, struct conn *conn, unsigned not_this,
                         struct client_request *ret)
{
    int64_t deadline = conn_patience(c);

    while (client_try_request(c, conn, ret, deadline)) {
        if (ret->number < CLIENT_TEXTS && ret->number > not_this)
            return true;
    }
    return false;
}

/* ---- losses ---- */

/* So many copies of the request are lost; the next one is answered, where one comes. */
static void lose(struct check_ctx *c, unsigned copies)
{
    struct client_request r;
    struct conn *conn = asked(c, 1, &r);
    int64_t deadline = conn_patience(c);
    unsigned lost = 1;

    while (lost < copies && client_try_request(c, conn, &r, deadline))
        lost++;
    if (lost == copies && client_try_request(c, conn, &r, deadline))
        client_answer(c, conn, &r, CLIENT_TRUE);
    client_finish(c, CLIENT_SERVED);
    client_must_not_lie(c, "no reply came");
    if (check_alive(c) && client_datagrams(c) <= copies)
        check_remark(c, "it sends %u datagram%s and then reports the loss", client_datagrams(c),
                     text_s(client_datagrams(c)));
}

static void lost_once(struct check_ctx *c)
{
    lose(c, 1);
}

static void lost_twice(struct check_ctx *c)
{
    lose(c, 2);
}

static void lost_always(struct check_ctx *c)
{
    struct client_request r;

    asked(c, 1, &r);
    client_finish(c, CLIENT_HEARD);
    client_must_fail(c);
    check_remark(c, "%u datagram%s", client_datagrams(c), text_s(client_datagrams(c)));
}

static int64_t gap(const struct check_ctx *c, unsigned i)
{
    return client_arrival_us(c, i + 1) - client_arrival_us(c, i);
}

/* What is judged is far from what a machine under load makes of a sane client: a flood, or a last
   gap of less than half the first. */
static void backoff(struct check_ctx *c)
{
    struct client_request r;

    asked(c, 1, &r);
    client_try_finish(c, CLIENT_HEARD); /* whether it ends is judged elsewhere */
    unsigned count = client_datagrams(c);
    unsigned gaps = count > CLIENT_COPIES ? CLIENT_COPIES - 1 : count > 0 ? count - 1 : 0;
    if (check_alive(c) && gaps == 0)
        check_skipped(c, "the client does not send a request again");
    int64_t all = gaps > 0 ? client_arrival_us(c, gaps) - client_arrival_us(c, 0) : 0;
    if (check_alive(c) && (count > COPIES_MAX || (gaps > 2 && all / gaps < GAP_LEAST_US)))
        check_broken(c, "a pause between the copies of a request", "%u copies, one every %.1f ms",
                     count, (double)all / 1000 / (gaps > 0 ? gaps : 1));
    if (check_alive(c) && gaps > 1 && gap(c, gaps - 1) < gap(c, 0) / 2)
        check_broken(c, "pauses that do not get shorter",
                     "%.0f ms before the second copy, %.0f ms before the last",
                     (double)gap(c, 0) / 1000, (double)gap(c, gaps - 1) / 1000);
    check_met(c);
    if (gaps > 0)
        check_remark(c, "%u copies; the first pause %.0f ms, the last %.0f ms", count,
                     (double)gap(c, 0) / 1000, (double)gap(c, gaps - 1) / 1000);
}

/* Of a call the xid is left out: a client may choose another one (RFC 5531 5). */
static void retransmit_identical(struct check_ctx *c)
{
    size_t from = c->target.endpoint.rpc ? sizeof(uint32_t) : 0;
    struct client_request r;
    struct conn *conn = asked(c, 1, &r);
    struct buf first;

    buf_init(&first, 1 << 17);
    buf_put(&first, r.octets);
    if (check_alive(c) && !client_try_request(c, conn, &r, conn_patience(c)))
        check_skipped(c, "the client does not send a request again");
    if (check_alive(c) &&
        !slice_eq(slice_from(buf_slice(&first), from), slice_from(r.octets, from)))
        check_broken(
            c, "the same octets again", "a copy that differs at octet %zu",
            from + slice_common(slice_from(buf_slice(&first), from), slice_from(r.octets, from)));
    if (check_alive(c))
        client_answer(c, conn, &r, CLIENT_TRUE);
    client_finish(c, CLIENT_SERVED);
    check_met(c);
    buf_free(&first);
}

/* ---- too many, too late ---- */

static void doubled_reply(struct check_ctx *c)
{
    struct client_request r;
    struct conn *conn = asked(c, 2, &r);

    client_answer(c, conn, &r, CLIENT_TRUE);
    client_answer(c, conn, &r, CLIENT_TRUE);
    client_finish(c, CLIENT_SERVED);
    client_must_not_lie(c, "the first reply came twice");
    if (check_alive(c) && client_shows_again(c, client_text(c, 0, CLIENT_TRUE)))
        check_broken(c, "each answer once", "the first answer is shown twice");
}

/* The reply to the first request comes once more behind the second one. It is due twice where the
   client has asked twice: one that pipelines needs not be made to. */
static void late_reply(struct check_ctx *c)
{
    struct client_request r, next;
    struct conn *conn = asked(c, 2, &r);
    struct buf late;

    buf_init(&late, 1 << 17);
    client_compose(c, &r, CLIENT_TRUE, &late);
    if (check_alive(c) && !c->target.client->facts.pipelines &&
        !client_try_request(c, conn, &r, conn_patience(c)))
        check_skipped(c, "the client does not send a request again");
    client_answer(c, conn, &r, CLIENT_TRUE);
    if (next_request(c, conn, 0, &next)) {
        client_say(c, conn, buf_slice(&late));
        client_pause(c, SHORT_MS);
        client_answer(c, conn, &next, CLIENT_TRUE);
    }
    client_finish(c, CLIENT_SERVED);
    client_must_not_lie(c, "a late reply to the first request came behind the second");
    if (check_alive(c) && client_shows_again(c, client_text(c, 0, CLIENT_TRUE)))
        check_broken(c, "each answer once", "the late answer is shown for another");
    buf_free(&late);
}

static void put_reply(struct check_ctx *c, const struct client_request *r, struct buf *out)
{
    buf_reset(out);
    client_compose(c, r, CLIENT_TRUE, out);
}

/* Every earlier reply comes again in front of the one that is due, and that one twice. */
static void disorder(struct check_ctx *c)
{
    struct client_request r;
    struct conn *conn = asked(c, CLIENT_TEXTS, &r);
    struct buf replies[CLIENT_TEXTS];
    unsigned number = 0;

    for (unsigned i = 0; i < CLIENT_TEXTS; i++)
        buf_init(&replies[i], 1 << 17);
    do {
        number = r.number < CLIENT_TEXTS ? r.number : 0;
        put_reply(c, &r, &replies[number]);
        for (unsigned i = 0; i < number; i++)
            client_say(c, conn, buf_slice(&replies[i]));
        client_answer(c, conn, &r, CLIENT_TRUE);
        client_answer(c, conn, &r, CLIENT_TRUE);
    } while (number + 1 < CLIENT_TEXTS && next_request(c, conn, number, &r));
    client_finish(c, CLIENT_SERVED);
    client_must_not_lie(c, "earlier replies came again before the one that was due");
    for (unsigned i = 0; i < CLIENT_TEXTS; i++) {
        if (check_alive(c) && client_shows_again(c, client_text(c, i, CLIENT_TRUE)))
            check_broken(c, "each answer once", "answer %u is shown more than once", i + 1);
        buf_free(&replies[i]);
    }
}

/* ---- from elsewhere ---- */

static void compose_forged(struct check_ctx *c, const struct client_request *r, struct buf *out)
{
    buf_init(out, 1 << 17);
    client_compose(c, r, CLIENT_FORGED, out);
    if (check_alive(c) && *client_text(c, 0, CLIENT_FORGED) == '\0')
        check_skipped(c, "nothing is known of what the client shows; --shows says it");
}

/* Who passes on what comes need not notice that no reply came; but what came was no peer's. */
static void must_show_nothing(struct check_ctx *c)
{
    static const enum client_truth truths[] = {CLIENT_FORGED, CLIENT_TRUE};

    client_must_end(c);
    for (size_t i = 0; i < ARRAY_LEN(truths); i++) {
        const char *word = client_text(c, 0, truths[i]);

        if (check_alive(c) && client_shown_times(c, word) > 0)
            check_broken(c, "nothing of it is passed on", "it shows \"%.80s\"", word);
    }
}

/* A forged reply and the true one, both from where the client has asked nobody; from us comes
   nothing, so an answer that is shown is theirs. */
static void from_elsewhere(struct check_ctx *c,
                           void (*say)(struct check_ctx *c, struct conn *conn, struct slice octets))
{
    struct client_request r;
    struct conn *conn = asked(c, 1, &r);
    struct buf reply;

    compose_forged(c, &r, &reply);
    say(c, conn, buf_slice(&reply));
    buf_reset(&reply);
    client_compose(c, &r, CLIENT_TRUE, &reply);
    say(c, conn, buf_slice(&reply));
    client_finish(c, CLIENT_HEARD);
    if (c->target.relays)
        must_show_nothing(c);
    else
        client_must_fail(c);
    buf_free(&reply);
}

static void wrong_port(struct check_ctx *c)
{
    from_elsewhere(c, client_say_from_port);
}

static void say_from_other_host(struct check_ctx *c, struct conn *conn, struct slice octets)
{
    client_say_from_host(c, conn, octets, OTHER_HOST);
}

static void wrong_address(struct check_ctx *c)
{
    from_elsewhere(c, say_from_other_host);
}

/* ---- of another form ---- */

static void wrong_payload(struct check_ctx *c)
{
    struct client_request r;
    struct conn *conn = asked(c, 1, &r);
    struct buf forged;

    compose_forged(c, &r, &forged);
    client_say(c, conn, buf_slice(&forged));
    client_pause(c, SHORT_MS);
    client_finish(c, CLIENT_SERVED);
    client_must_not_lie(c, "the payload was not that of the request");
    buf_free(&forged);
}

static void truncated_reply(struct check_ctx *c)
{
    struct client_request r;
    struct conn *conn = asked(c, 1, &r);
    struct buf reply;

    buf_init(&reply, 1 << 17);
    client_compose(c, &r, CLIENT_TRUE, &reply);
    client_say(c, conn, client_part(c, &r, buf_slice(&reply)));
    client_pause(c, SHORT_MS);
    client_finish(c, CLIENT_SERVED);
    client_must_not_lie(c, "half of the reply came");
    buf_free(&reply);
}

static void oversize_reply(struct check_ctx *c)
{
    struct client_request r;
    struct conn *conn = asked(c, 1, &r);
    struct buf reply;

    buf_init(&reply, 1 << 17);
    client_compose(c, &r, CLIENT_TRUE, &reply);
    if (check_alive(c) && c->target.endpoint.rpc)
        check_skipped(c, "octets behind the results of a reply are left open, see "
                         "client.rpc.trailing-octets");
    while (check_alive(c) && reply.len < OVERSIZE)
        buf_put_str(&reply, "more than the client has room for; ");
    client_say(c, conn, buf_slice(&reply));
    client_pause(c, SHORT_MS);
    client_finish(c, CLIENT_HEARD);
    client_must_not_lie(c, "60000 octets came");
    if (check_alive(c) && client_ended_well(c) && client_shown_octets(c) < OVERSIZE)
        check_broken(c, "all of the reply, or an error",
                     "status 0, and %llu octets of %zu are shown",
                     (unsigned long long)client_shown_octets(c), reply.len);
    buf_free(&reply);
}

static void empty_reply(struct check_ctx *c)
{
    struct client_request r;
    struct conn *conn = asked(c, 1, &r);

    client_say(c, conn, slice_of(NULL, 0));
    client_pause(c, SHORT_MS);
    client_finish(c, CLIENT_SERVED);
    client_must_not_lie(c, "an empty datagram came");
}

static void no_stale_output(struct check_ctx *c)
{
    struct client_plan plan = {.texts = 2, .first_size = LONG_TEXT};
    struct client_request r;

    client_begin(c, &plan);
    struct conn *conn = client_accept(c);
    r = client_request(c, conn);
    client_answer(c, conn, &r, CLIENT_TRUE);
    client_finish(c, CLIENT_SERVED);
    client_must_succeed(c);
    if (!check_alive(c))
        return;
    /* The last octets of the long one stand behind its first ones, and nowhere else. */
    const char *tail = client_text(c, 0, CLIENT_TRUE) + LONG_TEXT / 2;
    if (client_shows_again(c, tail))
        check_broken(c, "the short reply to its end, and no more",
                     "octets of the long reply behind it");
}

static void exact_length(struct check_ctx *c)
{
    struct client_plan plan = {.texts = 2, .first_size = LONG_TEXT};
    struct client_request r;

    client_begin(c, &plan);
    struct conn *conn = client_accept(c);
    r = client_request(c, conn);
    size_t around = r.octets.len - strlen(client_text(c, 0, CLIENT_TRUE));
    if (check_alive(c) && around > r.at && r.octets.data[r.octets.len - around + r.at] == '\0')
        check_broken(c, "the text, and no terminator of a string", "a NUL behind it");
    client_answer(c, conn, &r, CLIENT_TRUE);
    if (next_request(c, conn, 0, &r) && check_alive(c)) {
        size_t due = around + strlen(client_text(c, 1, CLIENT_TRUE));

        if (r.octets.len != due)
            check_broken(c, "a request as long as what it asks",
                         "%zu octets, where %zu are due after a longer one", r.octets.len, due);
        client_answer(c, conn, &r, CLIENT_TRUE);
    }
    client_finish(c, CLIENT_SERVED);
    check_met(c);
}

static const struct check checks[] = {
    {
        .id = "client.dgram.loss.retry",
        .claim = "a request that is lost once is sent again, or its loss is reported",
        .why = "UDP promises nothing; who waits for ever has trusted it.",
        .how = "The first datagram is lost, its copy is answered.",
        .cites = {REQ_CLI_01, REQ_UDP_768_07, REQ_UNP_02},
        .needs = NEED_DATAGRAM | NEED_JUDGES,
        .run = lost_once,
    },
    {
        .id = "client.dgram.loss.twice",
        .claim = "a request that is lost twice is sent again, or its loss is reported",
        .why = "Losses come in bursts: the copy is lost with the original.",
        .how = "The first two datagrams are lost, the third is answered.",
        .cites = {REQ_CLI_01, REQ_UDP_768_07},
        .needs = NEED_DATAGRAM | NEED_JUDGES,
        .run = lost_twice,
    },
    {
        .id = "client.dgram.loss.give-up",
        .claim = "when nothing is ever answered the client gives up",
        .why = "A client without a bound keeps its user and the network busy for ever.",
        .how = "No datagram is answered; the client ends while patience lasts, and says so by its "
               "status.",
        .cites = {REQ_CLI_02, REQ_DEMO_17},
        .needs = NEED_DATAGRAM | NEED_JUDGES,
        .run = lost_always,
    },
    {
        .id = "client.dgram.backoff",
        .claim = "copies of a request follow each other at pauses that do not get shorter",
        .why = "Clients that hurry make a congested network worse.",
        .how = "No datagram is answered; the pauses between the copies are measured.",
        .cites = {REQ_UDP_8085_3_1_01, REQ_UNP_02},
        .needs = NEED_DATAGRAM,
        .run = backoff,
    },
    {
        .id = "client.dgram.retransmit-identical",
        .claim = "a request that is sent again is the same octet by octet",
        .why = "Servers know a copy by its octets, or by the number in them.",
        .how = "The first datagram is not answered; its copy is compared with it; of calls "
               "all but the xid.",
        .cites = {REQ_CLI_11},
        .needs = NEED_DATAGRAM,
        .run = retransmit_identical,
    },
    {
        .id = "client.dgram.dup.reply",
        .claim = "the second copy of a reply is not taken for the next one",
        .why = "From there on every answer is that to the request before.",
        .how = "The first of two requests is answered twice.",
        .cites = {REQ_CLI_03, REQ_UDP_768_07},
        .needs = NEED_DATAGRAM | NEED_JUDGES,
        .run = doubled_reply,
    },
    {
        .id = "client.dgram.late-reply",
        .claim = "a late reply is not taken for that to a later request",
        .why = "A client that has retransmitted gets two replies, one of them late.",
        .how = "The first request is answered once it comes again, and once more behind the "
               "second request.",
        .cites = {REQ_CLI_04},
        .needs = NEED_DATAGRAM | NEED_JUDGES,
        .run = late_reply,
    },
    {
        .id = "client.dgram.reorder-duplicate",
        .claim = "replies that come again and out of order do not change an answer",
        .why = "Networks double and reorder as they like.",
        .how = "In front of each reply all earlier ones come again, and each comes twice.",
        .cites = {REQ_UDP_8085_3_3_01},
        .needs = NEED_DATAGRAM | NEED_JUDGES,
        .run = disorder,
    },
    {
        .id = "client.dgram.wrong-port-ignored",
        .claim = "a reply from another port is ignored",
        .why = "Anybody on the machine can send one.",
        .how = "A forged reply and the true one from another port, and nothing from the right one: "
               "the client gives up.",
        .cites = {REQ_CLI_05, REQ_UDP_8085_6_02},
        .needs = NEED_UDP,
        .run = wrong_port,
    },
    {
        .id = "client.dgram.wrong-address-ignored",
        .claim = "a reply from another address is ignored",
        .why = "Anybody who guesses the port can send one.",
        .how = "A forged reply and the true one from 127.0.0.2 and the right port, and nothing "
               "from the right address: the client gives up.",
        .cites = {REQ_CLI_05, REQ_UDP_8085_6_02},
        .needs = NEED_UDP | NEED_IPV4,
        .run = wrong_address,
    },
    {
        .id = "client.dgram.wrong-payload",
        .claim = "an echo of something else is not called the answer",
        .why = "It is a late reply, a forged one, or that of somebody else.",
        .how = "The reply has the right source and length, and other octets.",
        .cites = {REQ_CLI_33},
        .needs = NEED_DATAGRAM | NEED_ECHO | NEED_JUDGES,
        .run = wrong_payload,
    },
    {
        .id = "client.dgram.truncated-reply",
        .claim = "half an echo is not called the answer",
        .why = "A server with a short buffer answers just so.",
        .how = "The first half of the reply.",
        .cites = {REQ_CLI_33},
        .needs = NEED_DATAGRAM | NEED_JUDGES,
        .run = truncated_reply,
    },
    {
        .id = "client.dgram.oversize-reply",
        .claim = "a reply longer than the client's buffer is noticed",
        .why = "recv() cuts it without a word, and what is left looks whole.",
        .how = "A reply of 60000 octets that begins with the right one.",
        .cites = {REQ_CLI_06},
        .needs = NEED_UDP,
        .run = oversize_reply,
    },
    {
        .id = "client.dgram.empty-reply",
        .claim = "an empty datagram is a message, no end of file and no answer",
        .why = "recv() gives 0 for it, which means the end on a connection.",
        .how = "An empty datagram in the place of the reply; copies of the request are answered.",
        .cites = {REQ_CLI_07},
        .needs = NEED_DATAGRAM | NEED_JUDGES,
        .run = empty_reply,
    },
    {
        .id = "client.dgram.no-stale-output",
        .claim = "a short reply behind a long one is shown to its end and no further",
        .why = "A datagram has no NUL at its end, and the buffer still holds the one before.",
        .how = "A reply of 300 octets, then one of 20.",
        .cites = {REQ_CLI_08},
        .needs = NEED_DATAGRAM | NEED_ECHO,
        .run = no_stale_output,
    },
    {
        .id = "client.dgram.request-exact-length",
        .claim = "a request holds what is asked and nothing of an earlier one",
        .why = "sizeof(buffer) in sendto() sends whatever was in it.",
        .how = "A request of 300 octets, then one of 20: their lengths differ by as much.",
        .cites = {REQ_CLI_10, REQ_DEMO_17},
        .needs = NEED_DATAGRAM | NEED_ECHO,
        .run = exact_length,
    },
    {
        .id = "client.dgram.refused",
        .claim = "a server that is not there is reported by a status that is not 0",
        .why = "The kernel says \"port unreachable\", and a loop around recv() may not listen.",
        .how = "Nobody is at the port; the client ends by itself and says so by its status.",
        .cites = {REQ_CLI_09},
        .needs = NEED_DATAGRAM,
        .run = client_try_refused,
    },
    {
        .id = "client.dgram.says-why",
        .claim = "the user is told that nobody answered",
        .why = "A status alone leaves people to guess.",
        .how = "Nobody is at the port; something is written to standard error or output.",
        .cites = {REQ_CLI_29},
        .needs = NEED_DATAGRAM,
        .run = client_try_says_why,
    },
    {
        .id = "client.dgram.no-spin",
        .claim = "a client that waits for a datagram leaves the processor alone",
        .why = "A loop around a socket that is not ready burns a processor and heats the room.",
        .how = "The processor time of the client while the server makes it wait.",
        .cites = {REQ_CLI_32},
        .needs = NEED_DATAGRAM,
        .run = client_try_no_spin,
    },
};

SUITE(client_datagram);
