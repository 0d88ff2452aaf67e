/* The language of fault schedules: reading, and writing in canonical form. */
#include "harness/fault/schedule.h"

#include <inttypes.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define BLANKS " \t\r"

enum { FOUND_SHOWN = 20, BOTH_WAYS = (1 << FAULT_UP) | (1 << FAULT_DOWN) };

/* Parts of a whole: a percent, and what one digit behind its point stands for at most. */
enum { CHANCE_PERCENT = FAULT_CHANCE_WHOLE / 100, PERCENT_DIGITS = 4, FRACTION_DIGITS = 6 };

enum { US = 1, US_PER_MS = 1000, US_PER_S = 1000000 };

#define PAUSE_UNSAID_US ((uint64_t)20 * US_PER_MS)
#define WITHIN_UNSAID_US ((uint64_t)US_PER_S)

/* ---- the tables ---- */

enum head { HEAD_NONE, HEAD_DATAGRAMS, HEAD_PIECE, HEAD_OCTETS, HEAD_RATE };
enum value { VALUE_NONE, VALUE_NUMBER, VALUE_DURATION };

static const struct fault_row {
    const char *word;
    enum head head;
    bool datagram;
    bool stream;
    struct {
        enum value value;
        bool must;
        uint64_t least;
        uint64_t most;
        uint64_t unsaid; /* what holds where nothing is said */
    } words[FAULT_WORDS];
} rows[FAULT_KINDS] = {
    [FAULT_DROP] = {.word = "drop", .head = HEAD_DATAGRAMS, .datagram = true},
    [FAULT_TRUNCATE] = {.word = "truncate",
                        .head = HEAD_DATAGRAMS,
                        .datagram = true,
                        .words = {[FAULT_TO] = {VALUE_NUMBER, false, 0, 65535, 0}}},
    [FAULT_CORRUPT] = {.word = "corrupt", .head = HEAD_DATAGRAMS, .datagram = true},
    [FAULT_DUPLICATE] = {.word = "duplicate",
                         .head = HEAD_DATAGRAMS,
                         .datagram = true,
                         .words = {[FAULT_TIMES] = {VALUE_NUMBER, false, 1, FAULT_TIMES_MAX, 1},
                                   [FAULT_AFTER] = {VALUE_NUMBER, false, 0, FAULT_DISTANCE_MAX, 0},
                                   [FAULT_WITHIN] = {VALUE_DURATION, false, 0,
                                                     FAULT_DURATION_MAX_US, WITHIN_UNSAID_US}}},
    [FAULT_REORDER] = {.word = "reorder",
                       .head = HEAD_DATAGRAMS,
                       .datagram = true,
                       .words = {[FAULT_BY] = {VALUE_NUMBER, false, 1, FAULT_DISTANCE_MAX, 1},
                                 [FAULT_WITHIN] = {VALUE_DURATION, false, 0, FAULT_DURATION_MAX_US,
                                                   WITHIN_UNSAID_US}}},
    [FAULT_DELAY] = {.word = "delay",
                     .head = HEAD_DATAGRAMS,
                     .datagram = true,
                     .stream = true,
                     .words = {[FAULT_BY] = {VALUE_DURATION, true, 0, FAULT_DURATION_MAX_US, 0},
                               [FAULT_JITTER] = {VALUE_DURATION, false, 0, FAULT_DURATION_MAX_US,
                                                 0}}},
    [FAULT_CUT] = {.word = "cut",
                   .head = HEAD_PIECE,
                   .stream = true,
                   .words = {[FAULT_PAUSE] = {VALUE_DURATION, false, 0, FAULT_DURATION_MAX_US, 0}}},
    [FAULT_COALESCE] = {.word = "coalesce",
                        .head = HEAD_OCTETS,
                        .stream = true,
                        .words = {[FAULT_PAUSE] = {VALUE_DURATION, false, 0, FAULT_DURATION_MAX_US,
                                                   PAUSE_UNSAID_US}}},
    [FAULT_RATE] = {.word = "rate", .head = HEAD_RATE, .stream = true},
    [FAULT_STOP] = {.word = "stop",
                    .stream = true,
                    .words = {[FAULT_AFTER] = {VALUE_NUMBER, true, 0, FAULT_NUMBER_MAX, 0},
                              [FAULT_FOR] = {VALUE_DURATION, true, 0, FAULT_DURATION_MAX_US, 0}}},
    [FAULT_CLOSE] = {.word = "close",
                     .stream = true,
                     .words = {[FAULT_AFTER] = {VALUE_NUMBER, true, 0, FAULT_NUMBER_MAX, 0}}},
    [FAULT_RESET] = {.word = "reset",
                     .stream = true,
                     .words = {[FAULT_AFTER] = {VALUE_NUMBER, true, 0, FAULT_NUMBER_MAX, 0}}},
};

static const char *const word_texts[FAULT_WORDS] = {
    [FAULT_TIMES] = "times", [FAULT_BY] = "by",         [FAULT_AFTER] = "after",
    [FAULT_FOR] = "for",     [FAULT_JITTER] = "jitter", [FAULT_TO] = "to",
    [FAULT_PAUSE] = "pause", [FAULT_WITHIN] = "within",
};

static const struct {
    const char *word;
    unsigned ways;
} ways[] = {{"up", 1 << FAULT_UP}, {"down", 1 << FAULT_DOWN}, {"both", BOTH_WAYS}};

/* From the largest on, so that the first that divides a duration is the one it is written in. */
static const struct {
    const char *word;
    uint64_t us;
} units[] = {{"s", US_PER_S}, {"ms", US_PER_MS}, {"us", US}};

/* Neighbours that change places; there is no such fault, it is one of them coming later. */
static const char swap_word[] = "swap";

const char *fault_kind_word(enum fault_kind kind)
{
    return rows[kind].word;
}

const char *fault_way_word(enum fault_way way)
{
    return way == FAULT_UP ? "up" : "down";
}

/* ---- reading: octets and numbers ---- */

struct reader {
    const char *name;
    const char *at;
    const char *line_begin;
    unsigned line;
    struct problem *why;
};

static unsigned column_of(const struct reader *r, const char *at)
{
    return (unsigned)(at - r->line_begin) + 1;
}

/* What stands at a place, as a person sees it. */
static void put_found(struct buf *out, const char *at)
{
    size_t len = strcspn(at, BLANKS ";\n#");

    if (*at == '\0')
        buf_put_str(out, "the end");
    else if (len == 0)
        buf_put_str(out, *at == '\n' ? "the end of the line" : *at == ';' ? "\";\"" : "a comment");
    else
        text_quote(out, slice_of(at, len), FOUND_SHOWN);
}

PRINTF_LIKE(3, 4)
static bool wrong(const struct reader *r, const char *at, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    text_vformat(text, sizeof(text), format, args);
    va_end(args);
    return problem_set(r->why, "%.200s:%u:%u: %s", r->name, r->line, column_of(r, at), text);
}

/* "expected WHAT, not FOUND" */
static bool unexpected(const struct reader *r, const char *what)
{
    char room[FOUND_SHOWN * 8];
    struct buf found;

    buf_init(&found, sizeof(room));
    put_found(&found, r->at);
    text_copy(room, sizeof(room), buf_text(&found));
    buf_free(&found);
    return wrong(r, r->at, "expected %s, not %s", what, room);
}

static void skip_blanks(struct reader *r)
{
    r->at += strspn(r->at, BLANKS);
}

/* Everything between two clauses. */
static void skip_gap(struct reader *r)
{
    for (;;) {
        r->at += strspn(r->at, BLANKS ";");
        if (*r->at == '#')
            r->at += strcspn(r->at, "\n");
        if (*r->at != '\n')
            return;
        r->line++;
        r->line_begin = ++r->at;
    }
}

static bool clause_ends(const struct reader *r)
{
    return *r->at == '\0' || strchr(";\n#", *r->at) != NULL;
}

static bool at_digit(const struct reader *r)
{
    return *r->at >= '0' && *r->at <= '9';
}

/* Takes the word where it stands here, whole. */
static bool take_word(struct reader *r, const char *word)
{
    size_t len = strspn(r->at, LETTERS);

    if (len != strlen(word) || !text_starts(r->at, word))
        return false;
    r->at += len;
    return true;
}

/* `what` is said where no number stands here, or one that is too small or too large. */
static bool read_number(struct reader *r, uint64_t least, uint64_t most, const char *what,
                        uint64_t *ret)
{
    size_t len = strspn(r->at, DIGITS);
    uint64_t value = 0;

    if (len == 0)
        return unexpected(r, what);
    for (size_t i = 0; i < len; i++) {
        value = value * 10 + (uint64_t)(r->at[i] - '0');
        if (value > most)
            break;
    }
    if (value < least || value > most)
        return wrong(r, r->at, "expected %s, from %" PRIu64 " to %" PRIu64, what, least, most);
    r->at += len;
    *ret = value;
    return true;
}

static bool read_duration(struct reader *r, uint64_t *ret)
{
    static const char what[] = "a duration as in 20ms (us, ms or s)";
    const char *begin = r->at;
    uint64_t number = 0;

    if (!read_number(r, 0, FAULT_DURATION_MAX_US, what, &number))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (!take_word(r, units[i].word))
            continue;
        if (number > FAULT_DURATION_MAX_US / units[i].us)
            return wrong(r, begin, "a duration is at most an hour");
        *ret = number * units[i].us;
        return true;
    }
    return unexpected(r, "us, ms or s behind the number");
}

/* ---- reading: selections ---- */

static const char datagrams_what[] =
    "which datagrams: numbers as in 3, 7-9, 12-; every N; a chance as in 30%; or all";

/* Digits behind a point, as so many of them; those that are not written count as 0. */
static bool read_digits(struct reader *r, size_t digits, uint64_t *ret)
{
    size_t len = strspn(r->at, DIGITS);
    uint64_t value = 0;

    if (len == 0)
        return unexpected(r, "a digit behind the point");
    if (len > digits)
        return wrong(r, r->at, "at most %zu digits behind the point", digits);
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (i < len ? (uint64_t)(r->at[i] - '0') : 0);
    r->at += len;
    *ret = value;
    return true;
}

/* 30%, 0.5%, and as a part of one: 0.3, 1.0. */
static bool read_chance(struct reader *r, struct fault_selection *s)
{
    const char *begin = r->at;
    size_t whole_len = strspn(begin, DIGITS);
    size_t len = whole_len + (begin[whole_len] == '.');
    uint64_t whole = 0;
    uint64_t part = 0;

    len += strspn(begin + len, DIGITS);
    bool percent = begin[len] == '%';
    if (!read_number(r, 0, percent ? 100 : 1, percent ? "a chance" : "a chance, or a % behind it",
                     &whole))
        return false;
    if (*r->at == '.') {
        r->at++;
        if (!read_digits(r, percent ? PERCENT_DIGITS : FRACTION_DIGITS, &part))
            return false;
    }
    r->at += percent;
    s->choice = FAULT_CHANCE;
    s->chance = whole * (percent ? CHANCE_PERCENT : FAULT_CHANCE_WHOLE) + part;
    return s->chance <= FAULT_CHANCE_WHOLE || wrong(r, begin, "a chance is at most 100%%");
}

/* `begin` is where it stands. */
static bool add_range(struct reader *r, const char *begin, struct fault_range range,
                      struct fault_selection *s)
{
    if (s->count == FAULT_RANGES_MAX)
        return wrong(r, begin, "more than %d numbers or ranges in one list", FAULT_RANGES_MAX);
    s->ranges[s->count++] = range;
    return true;
}

static bool read_range(struct reader *r, const char *what, struct fault_selection *s)
{
    const char *begin = r->at;
    struct fault_range range = {0};

    if (!read_number(r, 1, FAULT_NUMBER_MAX - 1, what, &range.first))
        return false;
    range.last = range.first;
    if (*r->at == '-') {
        const char *end = ++r->at;

        range.last = FAULT_NUMBER_MAX;
        if (at_digit(r) && !read_number(r, 1, FAULT_NUMBER_MAX - 1, what, &range.last))
            return false;
        if (range.last < range.first)
            return wrong(r, end, "the range ends before it begins");
    }
    return add_range(r, begin, range, s);
}

/* Whether another item of a list follows; what stands behind the comma is then next. */
static bool take_comma(struct reader *r)
{
    skip_blanks(r);
    if (*r->at != ',')
        return false;
    r->at++;
    skip_blanks(r);
    return true;
}

static bool read_list(struct reader *r, const char *what, struct fault_selection *s)
{
    s->choice = FAULT_LISTED;
    do {
        if (!read_range(r, what, s))
            return false;
    } while (take_comma(r));
    return true;
}

static bool read_selection(struct reader *r, struct fault_selection *s)
{
    size_t len = strspn(r->at, DIGITS);

    if (take_word(r, "all"))
        return add_range(r, r->at, (struct fault_range){1, FAULT_NUMBER_MAX}, s);
    if (take_word(r, "every")) {
        s->choice = FAULT_EVERY;
        skip_blanks(r);
        return read_number(r, 1, FAULT_NUMBER_MAX, "a number behind every", &s->every);
    }
    if (len == 0)
        return unexpected(r, datagrams_what);
    if (r->at[len] == '.' || r->at[len] == '%')
        return read_chance(r, s);
    return read_list(r, "the number of a datagram", s);
}

/* Each pair as its first number, which goes behind the next. */
static bool read_swap(struct reader *r, struct fault_selection *s)
{
    static const char what[] = "the numbers of two neighbours as in 4,5";

    do {
        const char *pair = r->at;
        struct fault_range range = {0};
        uint64_t second = 0;

        if (!read_number(r, 1, FAULT_NUMBER_MAX - 2, what, &range.first))
            return false;
        if (!take_comma(r))
            return unexpected(r, what);
        const char *begin = r->at;
        if (!read_number(r, 1, FAULT_NUMBER_MAX - 1, what, &second))
            return false;
        if (second != range.first + 1)
            return wrong(r, begin,
                         "expected %" PRIu64 ": swap is for neighbours; \"reorder N by M\" "
                         "goes further",
                         range.first + 1);
        range.last = range.first;
        if (!add_range(r, pair, range, s))
            return false;
    } while (take_comma(r));
    return true;
}

/* ---- reading: clauses ---- */

static bool read_size(struct reader *r, enum head head, struct fault_range *ret)
{
    const char *what = head == HEAD_PIECE    ? "the octets of a piece as in 10 or 1-100"
                       : head == HEAD_OCTETS ? "a number of octets"
                                             : "a number of octets per second";
    uint64_t most = head == HEAD_RATE ? FAULT_NUMBER_MAX : FAULT_PIECE_MAX;

    if (!read_number(r, 1, most, what, &ret->first))
        return false;
    ret->last = ret->first;
    if (head != HEAD_PIECE || *r->at != '-')
        return true;
    const char *end = ++r->at;
    if (!read_number(r, 1, most, what, &ret->last))
        return false;
    return ret->last >= ret->first || wrong(r, end, "the range ends before it begins");
}

static bool read_value(struct reader *r, enum fault_word word, struct fault_clause *c)
{
    const struct fault_row *row = &rows[c->kind];
    char what[64];
    bool ok;

    skip_blanks(r);
    text_format(what, sizeof(what), "a number behind %s", word_texts[word]);
    if (row->words[word].value == VALUE_DURATION)
        ok = read_duration(r, &c->values[word]);
    else
        ok = read_number(r, row->words[word].least, row->words[word].most, what, &c->values[word]);
    if (!ok)
        return false;
    c->given |= 1U << word;
    return true;
}

static bool is_owed(const struct fault_clause *c, size_t word)
{
    return rows[c->kind].words[word].must && !(c->given & 1U << word);
}

/* The words that may still come, for a message; while some must come, those alone. */
static void put_open_words(const struct fault_clause *c, struct buf *out)
{
    const char *lead = "";
    bool owes = false;

    for (size_t i = 0; i < FAULT_WORDS; i++)
        owes |= is_owed(c, i);
    for (size_t i = 0; i < FAULT_WORDS; i++) {
        if (rows[c->kind].words[i].value == VALUE_NONE || (c->given & 1U << i) ||
            (owes && !is_owed(c, i)))
            continue;
        buf_printf(out, "%s%s", lead, word_texts[i]);
        lead = owes ? " and " : ", ";
    }
    if (!owes)
        buf_printf(out, "%s", *lead ? " or the end of the clause" : "the end of the clause");
}

static bool unexpected_word(struct reader *r, const struct fault_clause *c)
{
    struct buf what;

    buf_init(&what, 256);
    put_open_words(c, &what);
    unexpected(r, buf_text(&what));
    buf_free(&what);
    return false;
}

static bool read_words(struct reader *r, struct fault_clause *c)
{
    const struct fault_row *row = &rows[c->kind];

    for (skip_blanks(r); !clause_ends(r); skip_blanks(r)) {
        size_t word = 0;

        while (word < FAULT_WORDS && (row->words[word].value == VALUE_NONE ||
                                      (c->given & 1U << word) || !take_word(r, word_texts[word])))
            word++;
        if (word == FAULT_WORDS)
            return unexpected_word(r, c);
        if (!read_value(r, (enum fault_word)word, c))
            return false;
    }
    return true;
}

/* What must be said was; what was not said is as the table has it; what says the same is not kept
   as said. An end where truncate goes is seeded unless said, so there 0 says something. */
static bool complete(struct reader *r, struct fault_clause *c)
{
    for (size_t i = 0; i < FAULT_WORDS; i++) {
        bool said = (c->given & 1U << i) != 0;

        if (rows[c->kind].words[i].must && !said) {
            char what[32];

            text_format(what, sizeof(what), "\"%s\"", word_texts[i]);
            return unexpected(r, what);
        }
        if (!said)
            c->values[i] = rows[c->kind].words[i].unsaid;
        else if (!rows[c->kind].words[i].must && i != FAULT_TO &&
                 c->values[i] == rows[c->kind].words[i].unsaid)
            c->given &= ~(1U << i);
    }
    return true;
}

static bool read_head(struct reader *r, bool swap, struct fault_clause *c)
{
    enum head head = rows[c->kind].head;

    skip_blanks(r);
    if (swap)
        return read_swap(r, &c->units);
    if (head == HEAD_DATAGRAMS)
        return read_selection(r, &c->units);
    return head == HEAD_NONE || read_size(r, head, &c->size);
}

/* All that follows the word of a fault. */
static bool read_rest(struct reader *r, bool swap, struct fault_clause *c)
{
    return read_head(r, swap, c) && read_words(r, c) && complete(r, c);
}

static bool find_kind(const char *word, size_t len, enum fault_kind *ret, bool *ret_swap)
{
    *ret_swap = len == strlen(swap_word) && text_starts(word, swap_word);
    if (*ret_swap) {
        *ret = FAULT_REORDER;
        return true;
    }
    for (size_t i = 0; i < FAULT_KINDS; i++) {
        if (len == strlen(rows[i].word) && text_starts(word, rows[i].word)) {
            *ret = (enum fault_kind)i;
            return true;
        }
    }
    return false;
}

static bool read_fault(struct reader *r, struct fault_clause *c)
{
    size_t len = strspn(r->at, LETTERS);
    bool swap = false;

    c->source = r->name;
    c->line = r->line;
    c->column = column_of(r, r->at);
    if (!find_kind(r->at, len, &c->kind, &swap))
        return unexpected(r, "a fault: drop, truncate, corrupt, duplicate, reorder, swap, delay, "
                             "cut, coalesce, rate, stop, close or reset");
    r->at += len;
    return read_rest(r, swap, c);
}

static bool read_ways(struct reader *r, struct fault_clause *c)
{
    bool scoped = take_word(r, "client");

    skip_blanks(r);
    if (scoped && !read_list(r, "the number of a client", &c->clients))
        return false;
    skip_blanks(r);
    size_t way = 0;
    while (way < ARRAY_LEN(ways) && !take_word(r, ways[way].word))
        way++;
    if (way == ARRAY_LEN(ways))
        return unexpected(r, scoped ? "up:, down: or both:" : "client, up:, down: or both:");
    c->ways = ways[way].ways;
    skip_blanks(r);
    if (*r->at != ':')
        return unexpected(r, "a colon behind the direction");
    r->at++;
    skip_blanks(r);
    return true;
}

static bool may_add(struct reader *r, const struct fault_schedule *s)
{
    return s->count < FAULT_CLAUSES_MAX ||
           wrong(r, r->at, "more than %d clauses", FAULT_CLAUSES_MAX);
}

static struct reader open_reader(const char *name, const char *text, struct problem *why)
{
    return (struct reader){.name = name, .at = text, .line_begin = text, .line = 1, .why = why};
}

static bool fits_text(const struct reader *r)
{
    return strnlen(r->at, FAULT_TEXT_MAX + 1) <= FAULT_TEXT_MAX ||
           wrong(r, r->at, "the schedule has more than %d octets", FAULT_TEXT_MAX);
}

bool fault_parse(const char *name, const char *text, struct fault_schedule *s, struct problem *why)
{
    struct reader r = open_reader(name, text, why);
    size_t before = s->count;

    if (!fits_text(&r))
        return false;
    for (skip_gap(&r); *r.at; skip_gap(&r)) {
        struct fault_clause c = {0};

        if (!may_add(&r, s) || !read_ways(&r, &c) || !read_fault(&r, &c)) {
            s->count = before;
            return false;
        }
        s->clauses[s->count++] = c;
    }
    return true;
}

bool fault_parse_both(const char *name, const char *word, const char *text,
                      struct fault_schedule *s, struct problem *why)
{
    struct reader r = open_reader(name, text, why);
    struct fault_clause c = {.ways = BOTH_WAYS, .source = name, .line = 1, .column = 1};
    bool swap = false;

    if (!fits_text(&r) || !may_add(&r, s))
        return false;
    if (!find_kind(word, strlen(word), &c.kind, &swap))
        return problem_set(why, "%s: \"%s\" is no fault", name, word);
    if (!read_rest(&r, swap, &c))
        return false;
    if (*r.at)
        return unexpected(&r, "the end: an option holds one fault");
    s->clauses[s->count++] = c;
    return true;
}

/* ---- writing ---- */

static void put_list(const struct fault_selection *s, struct buf *out)
{
    for (size_t i = 0; i < s->count; i++) {
        struct fault_range range = s->ranges[i];

        buf_printf(out, "%s%" PRIu64, i ? ", " : "", range.first);
        if (range.last == FAULT_NUMBER_MAX)
            buf_put_str(out, "-");
        else if (range.last != range.first)
            buf_printf(out, "-%" PRIu64, range.last);
    }
}

/* A percentage with as many digits behind the point as it needs. */
static void put_chance(uint64_t chance, struct buf *out)
{
    uint64_t part = chance % CHANCE_PERCENT;
    char digits[PERCENT_DIGITS + 1];

    buf_printf(out, "%" PRIu64, chance / CHANCE_PERCENT);
    if (part) {
        text_format(digits, sizeof(digits), "%04u", (unsigned)part);
        size_t len = sizeof(digits) - 1;
        while (digits[len - 1] == '0')
            len--;
        buf_printf(out, ".%.*s", (int)len, digits);
    }
    buf_put_str(out, "%");
}

static void put_selection(const struct fault_selection *s, struct buf *out)
{
    switch (s->choice) {
    case FAULT_LISTED:
        if (s->count == 1 && s->ranges[0].first == 1 && s->ranges[0].last == FAULT_NUMBER_MAX)
            buf_put_str(out, "all");
        else
            put_list(s, out);
        break;
    case FAULT_EVERY:
        buf_printf(out, "every %" PRIu64, s->every);
        break;
    case FAULT_CHANCE:
        put_chance(s->chance, out);
        break;
    }
}

static void put_duration(uint64_t us, struct buf *out)
{
    size_t unit = 0;

    while (us % units[unit].us != 0)
        unit++;
    buf_printf(out, "%" PRIu64 "%s", us / units[unit].us, units[unit].word);
}

static void put_clause(const struct fault_clause *c, struct buf *out)
{
    const struct fault_row *row = &rows[c->kind];

    if (c->clients.count) {
        buf_put_str(out, "client ");
        put_list(&c->clients, out);
        buf_put_str(out, " ");
    }
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        if (ways[i].ways == c->ways)
            buf_printf(out, "%s: %s", ways[i].word, row->word);
    }
    if (row->head != HEAD_NONE)
        buf_put_str(out, " ");
    if (row->head == HEAD_DATAGRAMS)
        put_selection(&c->units, out);
    else if (row->head != HEAD_NONE)
        buf_printf(out, "%" PRIu64, c->size.first);
    if (row->head == HEAD_PIECE && c->size.last != c->size.first)
        buf_printf(out, "-%" PRIu64, c->size.last);
    for (size_t i = 0; i < FAULT_WORDS; i++) {
        if (!(c->given & 1U << i))
            continue;
        buf_printf(out, " %s ", word_texts[i]);
        if (row->words[i].value == VALUE_DURATION)
            put_duration(c->values[i], out);
        else
            buf_printf(out, "%" PRIu64, c->values[i]);
    }
}

void fault_print(const struct fault_schedule *s, struct buf *out)
{
    for (size_t i = 0; i < s->count; i++) {
        buf_put_str(out, i ? "; " : "");
        put_clause(&s->clauses[i], out);
    }
}

/* ---- asking ---- */

bool fault_fits(const struct fault_schedule *s, bool datagram, struct problem *why)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct fault_clause *c = &s->clauses[i];
        const struct fault_row *row = &rows[c->kind];
        const struct fault_range *first = &c->units.ranges[0];

        if (datagram ? !row->datagram : !row->stream)
            return problem_set(why, "%.200s:%u:%u: %s is for %s, and the proxy carries %s",
                               c->source, c->line, c->column, row->word,
                               datagram ? "streams" : "datagrams",
                               datagram ? "datagrams" : "a stream");
        if (!datagram && row->head == HEAD_DATAGRAMS &&
            (c->units.choice != FAULT_LISTED || c->units.count != 1 || first->first != 1 ||
             first->last != FAULT_NUMBER_MAX))
            return problem_set(why,
                               "%.200s:%u:%u: a stream has no datagrams to choose from; write "
                               "%s all",
                               c->source, c->line, c->column, row->word);
    }
    return true;
}

static bool is_listed(const struct fault_selection *s, uint64_t number)
{
    for (size_t i = 0; i < s->count; i++) {
        if (number >= s->ranges[i].first && number <= s->ranges[i].last)
            return true;
    }
    return false;
}

bool fault_concerns(const struct fault_clause *c, uint64_t client, enum fault_way way)
{
    return (c->ways & 1U << way) && (c->clients.count == 0 || is_listed(&c->clients, client));
}

bool fault_lists(const struct fault_selection *s, uint64_t number)
{
    switch (s->choice) {
    case FAULT_LISTED:
        return is_listed(s, number);
    case FAULT_EVERY:
        return number % s->every == 0;
    case FAULT_CHANCE:
        return false;
    }
    return false;
}
