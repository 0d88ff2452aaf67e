/* Twins of clients of datagrams. */
#include <stdlib.h>
#include <string.h>

#include "harness/base/deadline.h"
#include "reference/twins-clients/twin.h"

enum { FIXED = 256, SMALL = 512, BURST = 1000, WINDOW = 8, PAUSE_MS = 300 };

/* ---- what is sent ---- */

static void count_up(struct datagram *s)
{
    buf_put(&s->sent, s->text);
    if (s->tries > 1)
        buf_printf(&s->sent, " (%u)", s->tries);
}

/* sizeof(buffer) in place of strlen(buffer). */
static void send_all_of_buffer(struct datagram *s)
{
    buf_put(&s->sent, s->text);
    while (s->sent.len < FIXED)
        buf_put_byte(&s->sent, '\0');
}

static void send_terminator(struct datagram *s)
{
    buf_put(&s->sent, s->text);
    buf_put_byte(&s->sent, '\0');
}

/* Behind a short line stands what is left of the longer one before. */
static void send_stale_tail(struct datagram *s)
{
    buf_put(&s->sent, s->text);
    buf_put(&s->sent, slice_from(buf_slice(&s->before), s->text.len));
}

/* ---- what is taken for the reply ---- */

static bool accept_echo_of_sent(struct datagram *s)
{
    return s->reply.len == s->reply_len && slice_eq(s->reply, buf_slice(&s->sent));
}

static bool accept_anything(struct datagram *s UNUSED)
{
    return true;
}

static bool accept_length(struct datagram *s)
{
    return s->reply_len == s->text.len;
}

static bool accept_beginning(struct datagram *s)
{
    return s->reply_len == s->reply.len && slice_starts(s->text, s->reply);
}

/* strncmp() of as much as was asked. */
static bool accept_longer(struct datagram *s)
{
    return slice_starts(s->reply, s->text);
}

/* Right for the request at hand, or for the one before. */
static bool accept_previous(struct datagram *s)
{
    return datagram_is_echo(s) || (s->c.shown > 0 && slice_eq(s->reply, buf_slice(&s->before)));
}

static bool accept_previous_retried(struct datagram *s)
{
    return datagram_is_echo(s) || (s->tries_before > 1 && accept_previous(s));
}

/* recv() has given 0: that is the end of file, it thinks. */
static bool end_at_empty(struct datagram *s)
{
    if (s->reply_len == 0)
        exit(EXIT_SUCCESS);
    return datagram_is_echo(s);
}

static bool die_of_empty(struct datagram *s)
{
    if (s->reply_len == 0)
        abort(); /* what the octet in front of the buffer makes of it */
    return datagram_is_echo(s);
}

static bool die_of_much(struct datagram *s)
{
    if (s->reply_len > SMALL)
        abort(); /* what the stack behind the buffer makes of it */
    return datagram_is_echo(s);
}

/* ---- what is shown ---- */

/* The buffer is cleared by nobody, and printed to its NUL. */
static void show_whole_buffer(struct datagram *s)
{
    static struct buf buffer;
    size_t behind = buffer.len > s->reply.len ? buffer.len - s->reply.len : 0;
    struct buf old = buffer;

    buf_init(&buffer, CLIENT_LINE_MAX);
    buf_put(&buffer, s->reply);
    if (behind > 0)
        buf_put(&buffer, slice_of(old.data + s->reply.len, behind));
    buf_free(&old);
    datagram_show(s, buf_slice(&buffer));
}

static void show_text(struct datagram *s)
{
    datagram_show(s, s->text);
}

/* ---- how it ends ---- */

static bool succeed_refused(struct datagram *s UNUSED, enum trouble why)
{
    if (why == TROUBLE_NOBODY)
        exit(EXIT_SUCCESS);
    return false;
}

static bool succeed_unanswered(struct datagram *s UNUSED, enum trouble why)
{
    if (why == TROUBLE_SILENCE)
        exit(EXIT_SUCCESS);
    return false;
}

static bool ignore_refusal(struct datagram *s UNUSED, enum trouble why)
{
    return why == TROUBLE_NOBODY;
}

static bool fail_without_a_word(struct datagram *s UNUSED, enum trouble why UNUSED)
{
    exit(EXIT_FAILURE);
}

/* Some requests go out at once; the first reply is that to the first, it thinks. */
static void pair_by_order(struct datagram *s)
{
    bool more = true;

    while (more) {
        unsigned owed = 0;

        for (; owed < WINDOW && (more = datagram_next(s)); owed++)
            datagram_send(s);
        for (; owed > 0; owed--) {
            if (!datagram_receive(s, deadline_in_ms(PAUSE_MS)))
                client_die(TROUBLE_SILENCE);
            datagram_show(s, s->reply);
        }
    }
}

static const struct twin twins[] = {
    {
        .name = "udp-never-again",
        .check = "client.dgram.loss.retry",
        .transport = "udp",
        .what = "sends a request once, and waits for its reply for ever",
        .datagram = {.waits_on = true},
    },
    {
        .name = "udp-second-loss-succeeds",
        .check = "client.dgram.loss.twice",
        .transport = "udp",
        .what = "asks twice, and ends with status 0 when neither is answered",
        .datagram = {.tries = 2, .failed = succeed_unanswered},
    },
    {
        .name = "udp-again-for-ever",
        .check = "client.dgram.loss.give-up",
        .transport = "udp",
        .what = "sends a request again for as long as no reply comes",
        .datagram = {.for_ever = true, .growth = 100},
    },
    {
        .name = "udp-burst",
        .check = "client.dgram.backoff",
        .transport = "udp",
        .what = "sends a request a thousand times in a second",
        .datagram = {.wait_ms = 1, .growth = 100, .tries = BURST},
    },
    {
        .name = "udp-gaps-shrink",
        .check = "client.dgram.backoff",
        .transport = "udp",
        .what = "waits half as long before each further copy",
        .datagram = {.wait_ms = 800, .growth = 50, .tries = 6},
    },
    {
        .name = "udp-copies-counted",
        .check = "client.dgram.retransmit-identical",
        .transport = "udp",
        .what = "puts a number behind each further copy of a request",
        .datagram = {.compose = count_up, .accepts = accept_echo_of_sent, .show = show_text},
    },
    {
        .name = "udp-previous-accepted",
        .check = "client.dgram.dup.reply",
        .transport = "udp",
        .what = "takes a second copy of the reply before for the reply",
        .datagram = {.accepts = accept_previous},
    },
    {
        .name = "udp-late-accepted",
        .check = "client.dgram.late-reply",
        .transport = "udp",
        .what = "takes a late reply to a request that it sent twice for the reply to the next",
        .datagram = {.accepts = accept_previous_retried},
    },
    {
        .name = "udp-any-port",
        .check = "client.dgram.wrong-port-ignored",
        .transport = "udp",
        .what = "takes replies from any port of the server's address",
        .datagram = {.source = SOURCE_ADDRESS},
    },
    {
        .name = "udp-any-address",
        .check = "client.dgram.wrong-address-ignored",
        .transport = "udp",
        .what = "takes replies from any address with the server's port",
        .datagram = {.source = SOURCE_PORT},
    },
    {
        .name = "udp-any-payload",
        .check = "client.dgram.wrong-payload",
        .transport = "udp",
        .what = "shows whatever comes as the reply",
        .datagram = {.accepts = accept_anything},
    },
    {
        .name = "udp-length-compared",
        .check = "client.dgram.wrong-payload",
        .transport = "udp",
        .what = "shows whatever is as long as the request",
        .datagram = {.accepts = accept_length},
    },
    {
        .name = "udp-beginning-will-do",
        .check = "client.dgram.truncated-reply",
        .transport = "udp",
        .what = "shows a reply that is cut short as complete",
        .datagram = {.accepts = accept_beginning},
    },
    {
        .name = "udp-buffer-of-512",
        .check = "client.dgram.oversize-reply",
        .transport = "udp",
        .what = "cuts replies to 512 octets and shows them as complete",
        .datagram = {.buffer = SMALL, .accepts = accept_longer},
    },
    {
        .name = "udp-dies-of-much",
        .check = "client.dgram.oversize-reply",
        .transport = "udp",
        .what = "dies of a reply of more than 512 octets",
        .datagram = {.accepts = die_of_much},
    },
    {
        .name = "udp-empty-is-end",
        .check = "client.dgram.empty-reply",
        .transport = "udp",
        .what = "takes an empty datagram for the end, and is content",
        .datagram = {.accepts = end_at_empty},
    },
    {
        .name = "udp-dies-of-empty",
        .check = "client.dgram.empty-reply",
        .transport = "udp",
        .what = "dies of an empty datagram",
        .datagram = {.accepts = die_of_empty},
    },
    {
        .name = "udp-stale-shown",
        .check = "client.dgram.no-stale-output",
        .transport = "udp",
        .what = "shows behind a short reply what is left of a longer one",
        .datagram = {.show = show_whole_buffer},
    },
    {
        .name = "udp-refused-succeeds",
        .check = "client.dgram.refused",
        .transport = "udp",
        .what = "ends with status 0 and without a word when the port is closed",
        .datagram = {.failed = succeed_refused},
    },
    {
        .name = "udp-refused-awaited",
        .check = "client.dgram.refused",
        .transport = "udp",
        .what = "does not heed a closed port, and waits for its reply for ever",
        .datagram = {.waits_on = true, .failed = ignore_refusal},
    },
    {
        .name = "udp-wordless",
        .check = "client.dgram.says-why",
        .transport = "udp",
        .what = "ends with status 1 and without a word",
        .datagram = {.failed = fail_without_a_word},
    },
    {
        .name = "udp-fixed-256",
        .check = "client.dgram.request-exact-length",
        .transport = "udp",
        .what = "sends 256 octets, however short the line is",
        .datagram = {.compose = send_all_of_buffer,
                     .accepts = accept_echo_of_sent,
                     .show = show_text},
    },
    {
        .name = "udp-terminator-sent",
        .check = "client.dgram.request-exact-length",
        .transport = "udp",
        .what = "sends a NUL behind each line",
        .datagram = {.compose = send_terminator, .accepts = accept_echo_of_sent, .show = show_text},
    },
    {
        .name = "udp-stale-sent",
        .check = "client.dgram.request-exact-length",
        .transport = "udp",
        .what = "sends behind a short line what is left of the longer one before",
        .datagram = {.compose = send_stale_tail, .accepts = accept_echo_of_sent, .show = show_text},
    },
    {
        .name = "udp-paired-by-order",
        .check = "client.dgram.reorder-duplicate",
        .transport = "udp",
        .what = "sends up to eight requests at once, and pairs replies with them as they come",
        .datagram = {.converse = pair_by_order},
    },
    {
        .name = "udp-next-will-do",
        .check = "client.dgram.reorder-duplicate",
        .transport = "udp",
        .what = "takes the next datagram for the reply, whatever it answers",
        .datagram = {.accepts = accept_anything},
    },
    {
        .name = "udp-spins",
        .check = "client.dgram.no-spin",
        .transport = "udp",
        .what = "asks again and again whether the reply has come",
        .datagram = {.spins = true},
    },
};

TWINS(datagrams);
