/* The fixed report, and its forms. */
#include "tests/reports.h"

#include <stdlib.h>

#include "tests/program.h"
#include "tests/unit.h"

char hostile[600];

int reports_begin(void **state)
{
    struct buf text;

    buf_init(&text, sizeof(hostile) - 1);
    buf_put_str(&text, "\"quoted\" 'single' <b>&amp;</b> ]]> # SKIP # TODO\nnot ok 99\r\n...\n---\n"
                       "\x1b[31mred\x1b[0m \\x41 %s %n {\"json\": 1} <![CDATA[ ");
    for (unsigned value = 1; value < 256; value++)
        buf_put_byte(&text, (uint8_t)value);
    assert_false(text.failed);
    text_copy(hostile, sizeof(hostile), buf_text(&text));
    buf_free(&text);
    return program_open_folder(state);
}

/* ---- the report ---- */

static const char *const cites[] = {"ECHO-862-01: RFC 862, TCP Based Echo Service",
                                    "DEMO-07: demo"};

struct event events[] = {
    {100, WHO_US, EVENT_OCTETS, 1, "connection 1: sent 4 octets", "ping", 4, 4},
    {250, WHO_TARGET, EVENT_OCTETS, 1, "connection 1: 300 octets", "\0\n\"\\\x1b[31m\xff", 10, 300},
    {1250000, WHO_KIT, EVENT_WORDS, 0, "", "", 0, 0}, /* takes the hostile text */
    {2000000, WHO_PROXY, EVENT_WORDS, 0, "dropped", "", 0, 0},
};

struct report_check checks[] = {
    {.id = "stream.echo.identity",
     .level = LEVEL_MUST,
     .claim = "every request is answered by its own reply",
     .verdict = VERDICT_PASS,
     .reason = "",
     .cites = cites,
     .cite_count = 2,
     .duration_us = 1234567,
     .expected = "",
     .actual = "",
     .reproduce = "assay check tcp://127.0.0.1:7 --only stream.echo.identity --seed 7",
     .guilty = -1},
    {.id = "stream.eof.fin",
     .level = LEVEL_ROBUST,
     .claim = "the end is a FIN",
     .verdict = VERDICT_FAIL,
     .reason = "expected end of file, got the connection is reset",
     .cites = cites,
     .cite_count = 1,
     .duration_us = 999,
     .expected = "end of file",
     .actual = "the connection is reset",
     .reproduce = "assay check tcp://127.0.0.1:7 --speak 'echo:it'\\''s' --only stream.eof.fin",
     .events = events,
     .event_count = ARRAY_LEN(events),
     .events_dropped = 3,
     .guilty = 1},
    {.id = "stream.should.be",
     .level = LEVEL_SHOULD,
     .claim = "a claim # SKIP with a hash",
     .verdict = VERDICT_WARN,
     .reason = "expected much, got little",
     .expected = "much",
     .actual = "little",
     .reproduce = "assay check tcp://127.0.0.1:7 --only stream.should.be",
     .guilty = -1},
    {.id = "stream.note.it",
     .level = LEVEL_NOTE,
     .claim = "it is left open",
     .verdict = VERDICT_NOTE,
     .reason = "as the claim says",
     .expected = "",
     .actual = "",
     .reproduce = "assay check tcp://127.0.0.1:7 --only stream.note.it",
     .guilty = -1},
    {.id = "stream.skip.one",
     .level = LEVEL_MUST,
     .claim = "not tried",
     .verdict = VERDICT_SKIP,
     .reason = "needs --spawn",
     .expected = "",
     .actual = "",
     .reproduce = "",
     .guilty = -1},
    {.id = "stream.skip.two",
     .level = LEVEL_MUST,
     .claim = "not tried either",
     .verdict = VERDICT_SKIP,
     .reason = "needs --spawn",
     .expected = "",
     .actual = "",
     .reproduce = "",
     .guilty = -1},
    {.id = "stream.kit.trouble",
     .level = LEVEL_MUST,
     .claim = "our machine could not",
     .verdict = VERDICT_ERROR,
     .reason = "socket: Too many open files",
     .expected = "",
     .actual = "",
     .reproduce = "assay check tcp://127.0.0.1:7 --only stream.kit.trouble",
     .guilty = -1},
    {.id = "unix.waived",
     .level = LEVEL_MUST,
     .claim = "broken, and known to be",
     .verdict = VERDICT_FAIL,
     .reason = "expected a, got b",
     .waived = true,
     .waiver = "ticket 17",
     .expected = "a",
     .actual = "b",
     .reproduce = "assay check tcp://127.0.0.1:7 --only unix.waived",
     .guilty = -1},
    {.id = "datagram.hostile",
     .level = LEVEL_MUST,
     .claim = "hostile text harms no reader",
     .verdict = VERDICT_FAIL,
     .reason = hostile,
     .cites = cites,
     .cite_count = 1,
     .expected = hostile,
     .actual = hostile,
     .reproduce = "assay check 'tcp://127.0.0.1:7' --only datagram.hostile",
     .events = events,
     .event_count = ARRAY_LEN(events),
     .guilty = 3},
    {.id = "datagram.skip",
     .level = LEVEL_MUST,
     .claim = "skipped for a hostile reason",
     .verdict = VERDICT_SKIP,
     .reason = hostile,
     .expected = "",
     .actual = "",
     .reproduce = "",
     .guilty = -1},
    {.id = "datagram.waived",
     .level = LEVEL_SHOULD,
     .claim = "waived for a hostile reason",
     .verdict = VERDICT_WARN,
     .reason = hostile,
     .waived = true,
     .waiver = hostile,
     .expected = "",
     .actual = "",
     .reproduce = "",
     .guilty = -1},
};

const char *const stale[] = {
    "waivers.yml:3: the waiver of stream.echo.identity no longer holds: the verdict is now pass",
    hostile,
};

struct report whole_report(void)
{
    text_copy(events[2].what, sizeof(events[2].what), hostile);
    return (struct report){
        .target = "tcp://127.0.0.1:7",
        .speak = "echo",
        .seed = 9223372036854775807,
        .started = 1750000000,
        .duration_us = 61234567,
        .facts = "calibrated: replies in 0.05 ms, slowest 0.20 ms",
        .ending = "the target no longer serves after stream.eof.fin; the rest was not run",
        .checks = checks,
        .count = ARRAY_LEN(checks),
        .stale = stale,
        .stale_count = ARRAY_LEN(stale),
    };
}

struct report single_report(const struct report_check *check)
{
    struct report r = whole_report();

    r.checks = check;
    r.count = 1;
    r.stale_count = 0;
    r.ending = NULL;
    return r;
}

char *form_of_set(const struct report_set *set, const char *form, struct report_style style)
{
    struct problem why = {.text = ""};
    char path[96];

    text_format(path, sizeof(path), "%s/report", program_folder);
    assert_non_null(reporter_find(form));
    if (!report_write(reporter_find(form), set, &style, path, &why))
        fail_msg("%s", why.text);
    char *text = program_read_file(path);
    assert_non_null(text);
    return text;
}

char *form_of(const struct report *r, const char *form, struct report_style style)
{
    struct report_set set = {.reports = &r, .count = 1};

    return form_of_set(&set, form, style);
}

char *plain_form(const struct report *r, const char *form)
{
    return form_of(r, form, (struct report_style){.colour = false});
}

void assert_golden(const char *path, const char *text)
{
    if (getenv("ASSAY_REGENERATE"))
        program_write_file(path, text);
    char *golden = program_read_file(path);
    assert_non_null(golden);
    size_t same = slice_common(slice_str(text), slice_str(golden));
    if (!text_eq(text, golden))
        fail_msg("%s differs from octet %zu on: \"%.60s\" instead of \"%.60s\"", path, same,
                 text + same, golden + same);
    free(golden);
}
