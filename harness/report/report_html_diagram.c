/*
 * The sequence diagram of an exchange: our side on the left, the target on the right, the proxy
 * between them where it did something. Lanes are at percentages of the width and rows at pixels, so
 * that one drawing serves a desktop and a phone; texts are clipped at the right lane. What repeats
 * itself is folded: the first round is drawn, and a line says how often it came again.
 */
#include <string.h>

#include "harness/report/report_html.h"

enum {
    HEAD_PX = 24,   /* names of the lanes */
    LINE_PX = 15,   /* a line of text */
    ARROW_PX = 27,  /* a label and an arrow below it */
    LABEL_PX = 12,  /* from the top of a row to the base of its label */
    SHAFT_PX = 19,  /* ... to its arrow */
    OCTETS_PX = 32, /* ... to the base of the octets below the arrow */
    BAND_PX = 22,   /* a line that says what is left out */
    LABEL_MAX = 90, /* characters */
    NOTE_MAX = 42,  /* characters to a line of a remark: all can be read on a phone */
    NOTE_LINES_MAX = 12,
    OCTETS_MAX = 36,
    PERIOD_MAX = 8,     /* events of a round that is folded */
    FOLDED_MIN = 4,     /* events that folding must save */
    COLOURS = 6,        /* of connections */
    LATER_US = 1000000, /* a wait that is drawn */
    US_PER_MS = 1000,
};

/* ---- what is drawn ---- */

enum item_kind { ITEM_EVENT, ITEM_FOLD, ITEM_GAP };

struct item {
    enum item_kind kind;
    size_t first; /* event: its number. Fold: the first event that is left out */
    size_t count; /* fold, gap: events that are left out */
    size_t period;
};

struct plan {
    const struct report_check *check;
    struct item *items;
    size_t count;
};

/* Whether two texts differ in their numbers only, decimal or behind 0x. */
static bool same_words(const char *a, const char *b)
{
    static const char digits[] = "0123456789";
    static const char hex[] = "0123456789abcdefx";

    while (*a && *b) {
        if (strchr(digits, *a) && strchr(digits, *b)) {
            a += strspn(a, *a == '0' ? hex : digits);
            b += strspn(b, *b == '0' ? hex : digits);
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return *a == *b;
}

static bool alike(const struct event *a, const struct event *b, unsigned further)
{
    return a->who == b->who && a->kind == b->kind && a->length == b->length &&
           b->connection - a->connection == (a->connection ? further : 0) &&
           same_words(html_what(a), html_what(b));
}

/* How many events from `at` on are rounds of this period, each like the first one; connections may
   advance from round to round. */
static size_t rounds(const struct report_check *c, size_t at, size_t end, size_t period)
{
    if (at + period >= end)
        return period;
    unsigned step = c->events[at + period].connection - c->events[at].connection;
    size_t k = period;

    while (at + k < end &&
           alike(&c->events[at + k % period], &c->events[at + k], step * (unsigned)(k / period)))
        k++;
    return k - k % period;
}

static void add(struct plan *plan, struct item item)
{
    plan->items[plan->count++] = item;
}

/* Draws events up to `end`, which neither the guilty one nor the gap lies behind. */
static void plan_part(struct plan *plan, size_t at, size_t end)
{
    while (at < end) {
        size_t period = 1;
        size_t len = 1;

        for (size_t p = 1; p <= PERIOD_MAX; p++) {
            size_t length = rounds(plan->check, at, end, p);

            if (length >= 3 * p && length - p >= FOLDED_MIN && length - p > len - period) {
                period = p;
                len = length;
            }
        }
        for (size_t i = 0; i < period; i++)
            add(plan, (struct item){.kind = ITEM_EVENT, .first = at + i});
        if (len > period)
            add(plan, (struct item){.kind = ITEM_FOLD,
                                    .first = at + period,
                                    .count = len - period,
                                    .period = period});
        at += len;
    }
}

/* Leaves out the middle of a plan that is too long. */
static void shorten(struct plan *plan, size_t rows)
{
    if (rows == 0 || plan->count <= rows)
        return;
    size_t first = rows / 3;
    size_t last = rows - first;
    size_t from = plan->items[first].first;
    size_t to = plan->items[plan->count - last].first;

    plan->items[first] = (struct item){.kind = ITEM_GAP, .first = from, .count = to - from};
    memmove(plan->items + first + 1, plan->items + plan->count - last, last * sizeof(*plan->items));
    plan->count = rows + 1;
}

static bool make_plan(struct plan *plan, const struct report_check *c, size_t rows)
{
    size_t gap = html_gap_at(c);
    size_t at = 0;

    /* An item for each event at most, one for the gap. */
    *plan = (struct plan){.check = c, .items = calloc(c->event_count + 2, sizeof(*plan->items))};
    if (!plan->items)
        return false;
    while (at < c->event_count) {
        size_t end = c->event_count;

        if (at == gap && c->events_dropped > 0)
            add(plan, (struct item){.kind = ITEM_GAP, .first = at, .count = c->events_dropped});
        if (at < gap && c->events_dropped > 0)
            end = gap;
        if (c->guilty >= 0 && (size_t)c->guilty >= at && (size_t)c->guilty < end)
            end = (size_t)c->guilty == at ? at + 1 : (size_t)c->guilty;
        plan_part(plan, at, end);
        at = end;
    }
    shorten(plan, rows);
    return true;
}

/* ---- drawing ---- */

struct drawing {
    const struct report_check *check;
    const char *anchor;
    FILE *shapes;
    FILE *labels; /* clipped at the lanes */
    size_t y;     /* top of the next row */
    int64_t t_us; /* of the last event */
    char time[24];
};

static unsigned colour(unsigned connection)
{
    return connection ? (connection - 1) % COLOURS + 1 : 0;
}

/* The time on the left, unless it is the one above. */
static void draw_time(struct drawing *d, int64_t t_us)
{
    double ms = (double)t_us / US_PER_MS;
    char text[sizeof(d->time)];

    text_format(text, sizeof(text), ms < 10 ? "%.2f" : ms < 1000 ? "%.1f" : "%.0f", ms);
    if (!text_eq(text, d->time))
        fprintf(d->shapes, "<text class=t x=\"-9\" y=\"%zu\">%s</text>", d->y + LABEL_PX, text);
    text_copy(d->time, sizeof(d->time), text);
}

static void draw_band(struct drawing *d, const char *class, size_t height)
{
    static const char *const parts[] = {"x=\"-62\" width=\"62\"", "width=\"100%\""};

    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        fprintf(d->shapes, "<rect class=%s %s y=\"%zu\" height=\"%zu\"/>", class, parts[i],
                d->y - 2, height + 2);
}

/* How a kind of event is drawn: the end of its line, and its begin. */
struct stroke {
    const char *class;
    const char *right; /* symbols at the end of a line to the right, and to the left */
    const char *left;
    const char *begin; /* or NULL */
};

static const struct stroke strokes[EVENT_KINDS] = {
    [EVENT_WORDS] = {"o", "ar", "al", NULL},  [EVENT_OPENED] = {"n", "ar", "al", "do"},
    [EVENT_OCTETS] = {"o", "ar", "al", NULL}, [EVENT_ENDED] = {"e", "eb", "eb", NULL},
    [EVENT_RESET] = {"x", "ex", "ex", NULL},  [EVENT_CLOSED] = {"e", "eb", "eb", "dc"},
};

static void draw_arrow(struct drawing *d, const struct event *e)
{
    const struct stroke *s = &strokes[e->kind];
    bool rightward = e->who == WHO_US;
    size_t y = d->y + SHAFT_PX;

    fprintf(d->shapes, "<g class=\"%s k%u\"><line x2=\"100%%\" y1=\"%zu\" y2=\"%zu\"/>", s->class,
            colour(e->connection), y, y);
    fprintf(d->shapes, "<use href=\"#%s\" x=\"%s\" y=\"%zu\"/>", rightward ? s->right : s->left,
            rightward ? "100%" : "0", y);
    if (s->begin)
        fprintf(d->shapes, "<use href=\"#%s\" x=\"%s\" y=\"%zu\"/>", s->begin,
                rightward ? "0" : "100%", y);
    fputs("</g>", d->shapes);
}

/* What the label says in front of the words of the event. */
static const char *const deeds[EVENT_KINDS] = {
    [EVENT_WORDS] = "",        [EVENT_OPENED] = "opened: ", [EVENT_OCTETS] = "",
    [EVENT_ENDED] = "ended: ", [EVENT_RESET] = "reset: ",   [EVENT_CLOSED] = "closed: ",
};

static void draw_label(struct drawing *d, const struct event *e)
{
    const char *what = html_what(e);

    fprintf(d->labels, "<text x=\"11\" y=\"%zu\">", d->y + LABEL_PX);
    if (e->connection)
        fprintf(d->labels, "<tspan class=k%u>#%u</tspan> ", colour(e->connection), e->connection);
    if (text_starts(what, "sent ") && e->kind == EVENT_OCTETS)
        what += strlen("sent ");
    if (!text_eq(what, "close") && !text_eq(what, "reset"))
        fputs(deeds[e->kind], d->labels);
    html_put_short(d->labels, what, LABEL_MAX);
    fputs("</text>", d->labels);
}

/* One line of a remark ends where a word does. */
static size_t line_length(const char *text, size_t max)
{
    size_t len = strlen(text);

    if (len <= max)
        return len;
    for (len = max; len > max / 2; len--) {
        if (text[len] == ' ')
            return len;
    }
    for (len = max; len > 1 && ((uint8_t)text[len] & 0xc0) == 0x80; len--)
        continue;
    return len;
}

/* A remark across the lanes, or of the proxy on its own; returns its height. */
static size_t draw_note(struct drawing *d, const struct event *e, bool guilty)
{
    bool proxy = e->who == WHO_PROXY;
    const char *speaker = e->who == WHO_US ? "assay: " : e->who == WHO_TARGET ? "target: " : "";
    char number[16] = "";
    char text[EVENT_WHAT_MAX + 32];
    char line[NOTE_MAX + 1];
    size_t lines = 0;

    if (e->connection)
        text_format(number, sizeof(number), "#%u ", e->connection);
    text_format(text, sizeof(text), "%s%s%s", speaker, number, html_what(e));
    for (const char *at = text; *at && lines < NOTE_LINES_MAX; lines++) {
        size_t len = line_length(at, NOTE_MAX);

        text_format(line, sizeof(line), "%.*s", (int)len, at);
        fprintf(d->labels, "<text class=m x=\"50%%\" y=\"%zu\">",
                d->y + LABEL_PX + 3 + lines * LINE_PX);
        html_put(d->labels, line);
        fputs("</text>", d->labels);
        at += len;
        while (*at == ' ')
            at++;
    }
    size_t height = lines * LINE_PX + 6;
    fprintf(d->shapes, "<rect class=%s x=\"%s\" y=\"%zu\" width=\"%s\" height=\"%zu\" rx=\"4\"/>",
            guilty  ? "q"
            : proxy ? "p"
                    : "w",
            proxy ? "15%" : "2%", d->y + 1, proxy ? "70%" : "96%", height);
    return height + 5;
}

static bool is_arrow(const struct event *e)
{
    return (e->who == WHO_US || e->who == WHO_TARGET) && (e->kind != EVENT_WORDS || e->length > 0);
}

static void draw_event(struct drawing *d, const struct event *e, bool guilty)
{
    size_t height = ARROW_PX;

    if (e->kind == EVENT_OCTETS || e->length > 0)
        height += LINE_PX;
    if (guilty && is_arrow(e))
        draw_band(d, "g", height + LINE_PX);
    draw_time(d, e->t_us);
    if (is_arrow(e)) {
        draw_label(d, e);
        draw_arrow(d, e);
        if (e->length > 0) {
            fprintf(d->labels, "<text class=h x=\"11\" y=\"%zu\">", d->y + OCTETS_PX);
            html_put_octets(d->labels, slice_of(e->bytes, e->kept), e->length, OCTETS_MAX);
            fputs("</text>", d->labels);
        }
    } else {
        height = draw_note(d, e, guilty);
    }
    d->y += height;
    if (guilty) {
        fputs("<text class=b", d->shapes);
        if (d->anchor)
            fprintf(d->shapes, " id=%s", d->anchor);
        fprintf(d->shapes, " x=\"50%%\" y=\"%zu\">&#9650; this broke the claim</text>",
                d->y + LABEL_PX - 2);
        d->y += LINE_PX + 2;
    }
}

/* A line that says what is not drawn. */
static void draw_left_out(struct drawing *d, const struct item *item)
{
    const struct event *events = d->check->events;

    fprintf(d->shapes, "<line class=z x2=\"100%%\" y1=\"%zu\" y2=\"%zu\"/>", d->y + BAND_PX / 2,
            d->y + BAND_PX / 2);
    fprintf(d->labels, "<text class=l x=\"50%%\" y=\"%zu\">", d->y + BAND_PX / 2 + 4);
    if (item->kind == ITEM_FOLD) {
        const struct event *last = &events[item->first + item->count - 1];

        fprintf(d->labels, "%zu times more", item->count / item->period);
        if (last->connection && last->connection != events[item->first - 1].connection)
            fprintf(d->labels, ", to #%u", last->connection);
        fprintf(d->labels, ", until %.1f ms", (double)last->t_us / US_PER_MS);
        d->t_us = last->t_us;
    } else {
        fprintf(d->labels, "%zu line%s left out", item->count, text_s(item->count));
    }
    fputs("</text>", d->labels);
    d->y += BAND_PX;
}

static void draw_item(struct drawing *d, const struct item *item)
{
    const struct event *e = &d->check->events[item->first];

    if (item->kind != ITEM_EVENT) {
        draw_left_out(d, item);
        return;
    }
    if (e->t_us - d->t_us >= LATER_US) {
        fprintf(d->labels, "<text class=l x=\"50%%\" y=\"%zu\">%.1f s later</text>",
                d->y + LABEL_PX, (double)(e->t_us - d->t_us) / (1000.0 * US_PER_MS));
        d->y += LINE_PX + 3;
    }
    d->t_us = e->t_us;
    draw_event(d, e, d->check->guilty >= 0 && item->first == (size_t)d->check->guilty);
}

static bool has_proxy(const struct report_check *c)
{
    for (size_t i = 0; i < c->event_count; i++) {
        if (c->events[i].who == WHO_PROXY)
            return true;
    }
    return false;
}

static void put_lanes(FILE *out, bool proxy)
{
    static const struct {
        const char *at, *anchor, *name;
        bool proxy;
    } lanes[] = {
        {"0", "start", "assay", false},
        {"50%", "middle", "proxy", true},
        {"100%", "end", "target", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(lanes); i++) {
        if (lanes[i].proxy && !proxy)
            continue;
        fprintf(out, "<line class=v x1=\"%s\" x2=\"%s\" y1=\"%d\" y2=\"100%%\"/>", lanes[i].at,
                lanes[i].at, HEAD_PX - 6);
        fprintf(out, "<text class=n x=\"%s\" y=\"12\" text-anchor=%s>%s</text>", lanes[i].at,
                lanes[i].anchor, lanes[i].name);
    }
    fputs("<text class=t x=\"-9\" y=\"12\">ms</text>", out);
}

static void put_drawing(FILE *out, const struct plan *plan, struct drawing *d)
{
    for (size_t i = 0; i < plan->count; i++)
        draw_item(d, &plan->items[i]);
    fprintf(out, "<svg class=seq role=img aria-label=\"sequence diagram of %zu events\" ",
            plan->check->event_count + plan->check->events_dropped);
    fprintf(out, "width=\"100%%\" height=\"%zu\">", d->y + 4);
    put_lanes(out, has_proxy(plan->check));
}

void html_put_diagram(FILE *out, const struct report_check *c, size_t rows, const char *anchor)
{
    struct drawing d = {.check = c, .anchor = anchor, .y = HEAD_PX};
    char *shapes = NULL;
    char *labels = NULL;
    size_t shapes_len = 0;
    size_t labels_len = 0;
    struct plan plan;

    if (c->event_count == 0 || !make_plan(&plan, c, rows))
        return;
    d.shapes = open_memstream(&shapes, &shapes_len);
    d.labels = open_memstream(&labels, &labels_len);
    if (d.shapes && d.labels)
        put_drawing(out, &plan, &d);
    bool whole = d.shapes && fclose(d.shapes) == 0;
    whole = d.labels && fclose(d.labels) == 0 && whole;
    if (whole)
        fprintf(out, "%s<svg width=\"100%%\" height=\"100%%\">%s</svg></svg>\n", shapes, labels);
    free(shapes);
    free(labels);
    free(plan.items);
}
