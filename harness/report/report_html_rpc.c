/* RPC messages field by field, below the diagram of an exchange. */
#include <string.h>

#include "harness/report/report_html.h"
#include "harness/rpc/onc_fields.h"

enum {
    MESSAGES_MAX = 8, /* events that are taken apart: those before the one that broke the claim */
    FOLLOWED = 32,    /* connections whose streams are followed */
    SHOWN_OCTETS = 24,
};

static bool speaks_rpc(const struct report *r)
{
    return text_starts(r->speak, "rpc") || text_starts(r->target, "rpc");
}

/* A client's report has its command for a target: then the octets must tell. */
static enum onc_carrier carrier_of(const struct report *r, const struct event *e)
{
    static const char *const datagrams[] = {"rpc+udp:", "udp:", "unix-dgram:"};
    static const char *const streams[] = {"rpc+tcp:", "rpc+unix:", "tcp:", "unix:"};
    struct slice octets = slice_of(e->bytes, e->kept);

    for (size_t i = 0; i < ARRAY_LEN(datagrams); i++) {
        if (text_starts(r->target, datagrams[i]))
            return ONC_IN_DATAGRAM;
    }
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        if (text_starts(r->target, streams[i]))
            return ONC_IN_STREAM;
    }
    return onc_fields_likely(octets, ONC_IN_STREAM) ? ONC_IN_STREAM : ONC_IN_DATAGRAM;
}

struct table {
    FILE *out;
    size_t shift; /* octets of the event in front of the message */
};

static void put_field(void *into, const struct onc_field *field)
{
    const struct table *table = into;
    FILE *out = table->out;

    fprintf(out, "<tr%s><td>%zu<td>", field->wrong ? " class=wrong" : "",
            field->offset + table->shift);
    html_put(out, field->name);
    fputs("<td>", out);
    for (size_t i = 0; i < field->octets.len && i < SHOWN_OCTETS; i++)
        fprintf(out, "%s%02x", i > 0 && i % 4 == 0 ? " " : "", field->octets.data[i]);
    fputs(field->octets.len > SHOWN_OCTETS ? "&#8230;<td>" : "<td>", out);
    html_put(out, field->meaning);
    fputc('\n', out);
}

static void put_message(FILE *out, const struct event *e, size_t begin, enum onc_carrier carrier,
                        bool guilty)
{
    static const char head[] =
        "<table><thead><tr><th>octet<th>field<th>octets<th>meaning</thead><tbody>\n";
    struct table table = {out, begin};
    struct onc_visitor visitor = {put_field, &table};

    fprintf(out, "<details class=\"rpc%s\"%s><summary>", guilty ? " guilty" : "",
            guilty ? " open" : "");
    if (e->connection)
        fprintf(out, "#%u ", e->connection);
    fputs(e->who == WHO_US ? "assay &#8594; target: " : "target &#8594; assay: ", out);
    const char *what = html_what(e);
    html_put(out, text_starts(what, "sent ") ? what + strlen("sent ") : what);
    fprintf(out, "</summary>%s", head);
    if (begin > 0)
        fprintf(out, "<tr><td>0<td><td><td>%zu octet%s of the fragment before\n", begin,
                text_s(begin));
    onc_fields(slice_from(slice_of(e->bytes, e->kept), begin), e->length - begin, carrier,
               &visitor);
    fputs("</tbody></table></details>\n", out);
}

/* Where the first message of each event begins: e->length where none is known to. */
static size_t begin_of(struct onc_follow *follow, const struct event *e, enum onc_carrier carrier)
{
    struct slice octets = slice_of(e->bytes, e->kept);

    if (carrier == ONC_IN_DATAGRAM)
        return onc_fields_likely(octets, carrier) ? 0 : e->length;
    if (e->connection == 0 || e->connection > FOLLOWED || follow->lost) {
        if (!onc_fields_likely(octets, carrier))
            return e->length;
    }
    if (e->connection == 0 || e->connection > FOLLOWED)
        return 0;
    return onc_follow(follow, octets, e->length);
}

static bool is_message(const struct event *e)
{
    return e->length > 0 && (e->who == WHO_US || e->who == WHO_TARGET);
}

/* The first of those that are shown. */
static size_t first_shown(const struct report_check *c, size_t end)
{
    size_t left = MESSAGES_MAX;
    size_t first = end;

    while (first > 0 && left > 0)
        left -= is_message(&c->events[--first]);
    return first;
}

void html_put_messages(FILE *out, const struct report *r, const struct report_check *c)
{
    struct onc_follow follow[FOLLOWED + 1][WHOS] = {0};
    size_t end = c->guilty >= 0 && (size_t)c->guilty < c->event_count ? (size_t)c->guilty + 1
                                                                      : c->event_count;
    size_t first = first_shown(c, end);
    bool any = false;

    for (size_t i = 0; speaks_rpc(r) && i < end; i++) {
        const struct event *e = &c->events[i];

        if (c->events_dropped > 0 && i == html_gap_at(c)) {
            for (size_t k = 0; k <= FOLLOWED; k++) {
                for (size_t who = 0; who < WHOS; who++)
                    follow[k][who].lost = true;
            }
        }
        if (!is_message(e))
            continue;
        enum onc_carrier carrier = carrier_of(r, e);
        size_t begin =
            begin_of(&follow[e->connection <= FOLLOWED ? e->connection : 0][e->who], e, carrier);
        if (i < first || begin >= e->kept)
            continue;
        if (!any)
            fputs("<h4>Messages, field by field</h4>\n", out);
        any = true;
        put_message(out, e, begin, carrier, (int)i == c->guilty);
    }
}
