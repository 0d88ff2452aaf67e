/* Parsers of texts: numbers, URLs, schedules, templates, reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/parser/tables.h"
#include "harness/exchange/template.h"
#include "harness/fault/schedule.h"
#include "harness/net/endpoint.h"
#include "harness/process/process.h"
#include "harness/report/report_read.h"
#include "harness/report/reporters.h"
#include "harness/rpc/bind.h"

static const char *text_of(struct slice input)
{
    return (const char *)input.data;
}

static bool take_number(struct slice input, struct problem *why UNUSED)
{
    uint64_t number = 0;

    return text_number(text_of(input), 0, UINT64_MAX, &number);
}

static bool take_glob(struct slice input, struct problem *why UNUSED)
{
    return text_glob(text_of(input), "stream.echo.identity") ||
           text_glob("s*.e?ho.*y", text_of(input));
}

/* What is accepted is written as a URL that means the same. */
static bool take_url(struct slice input, struct problem *why)
{
    struct endpoint e = {.port = 0};
    struct endpoint again = {.port = 0};
    char url[ENDPOINT_TEXT_MAX];

    if (!endpoint_parse(text_of(input), &e, why))
        return false;
    endpoint_format(&e, url, sizeof(url));
    if (!CLAIM(endpoint_parse(url, &again, NULL)))
        return true;
    CLAIM(text_eq(again.host, e.host));
    CLAIM(text_eq(again.path, e.path));
    CLAIM(again.kind == e.kind && again.port == e.port && again.program == e.program &&
          again.version == e.version && again.abstract == e.abstract && again.rpc == e.rpc &&
          again.netpath == e.netpath);
    return true;
}

static bool take_template(struct slice input, struct problem *why)
{
    struct template t;
    struct buf out;
    struct buf due;
    size_t end = 0;
    size_t offset = 0;

    bool ok = template_parse(text_of(input), true, &t, &end, why);
    CLAIM(end <= input.len);
    buf_init(&out, 1 << 16);
    buf_init(&due, 1 << 16);
    if (ok && !template_has_any(&t)) {
        template_expand(&t, 7, &out);
        CLAIM(template_match(&t, 7, buf_slice(&out), &offset, &due));
    }
    buf_free(&out);
    buf_free(&due);
    template_free(&t);
    return ok;
}

/* What is accepted is printed in a form that is read as the same. */
static bool take_schedule(struct slice input, struct problem *why)
{
    static struct fault_schedule s;
    static struct fault_schedule again;
    struct buf first;
    struct buf second;

    s.count = again.count = 0;
    if (!fault_parse("f", text_of(input), &s, why)) {
        CLAIM(s.count == 0);
        return false;
    }
    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);
    fault_print(&s, &first);
    CLAIM(fault_parse("again", buf_text(&first), &again, NULL));
    fault_print(&again, &second);
    CLAIM(slice_eq(buf_slice(&second), buf_slice(&first)));
    buf_free(&first);
    buf_free(&second);
    return true;
}

/* The word and what follows it, as in an option of `assay proxy`. */
static bool take_fault_option(struct slice input, struct problem *why)
{
    static struct fault_schedule s;
    const char *text = text_of(input);
    char word[16];
    size_t len = strcspn(text, "=");

    s.count = 0;
    text_format(word, sizeof(word), "%.*s", (int)len, text);
    return fault_parse_both("--option", word, text[len] ? text + len + 1 : text + len, &s, why);
}

static bool take_level(struct slice input, struct problem *why UNUSED)
{
    enum level level;

    return level_parse(text_of(input), &level);
}

static bool take_reporter(struct slice input, struct problem *why UNUSED)
{
    return reporter_find(text_of(input)) != NULL;
}

static bool take_complaint(struct slice input, struct problem *why UNUSED)
{
    char line[80];

    return process_sanitizer_line(text_of(input), line, sizeof(line));
}

static bool take_shell_word(struct slice input, struct problem *why UNUSED)
{
    struct buf out;

    buf_init(&out, 1 << 16);
    text_shell_word(&out, text_of(input));
    bool ok = !out.failed && out.len >= strlen(text_of(input));
    buf_free(&out);
    return ok;
}

/* A universal address, of each transport; what is accepted is written so that it means the same. */
static bool take_uaddr(struct slice input, struct problem *why)
{
    static const char *const names[] = {"tcp", "udp6", "local"};
    bool any = false;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct bind_netid *netid = bind_netid_find(slice_str(names[i]));
        struct buf second;
        struct buf first;
        struct address a;

        if (!bind_uaddr_parse(netid, input, &a, why))
            continue;
        any = true;
        buf_init(&first, 256);
        buf_init(&second, 256);
        bind_uaddr_format(&a, &first);
        CLAIM(first.len > 0);
        if (CLAIM(bind_uaddr_parse(netid, buf_slice(&first), &a, NULL)))
            bind_uaddr_format(&a, &second);
        CLAIM(slice_eq(buf_slice(&second), buf_slice(&first)));
        buf_free(&first);
        buf_free(&second);
    }
    return any;
}

/* What is shown of octets: with escapes, in hexadecimal, plainly. */
static bool take_octets_shown(struct slice input, struct problem *why UNUSED)
{
    struct buf out;

    buf_init(&out, 1 << 16);
    text_quote(&out, input, 100);
    text_hex(&out, input);
    for (size_t i = 0; i < out.len; i++)
        CLAIM(out.data[i] >= ' ' && out.data[i] <= '~');
    buf_free(&out);
    return true;
}

/* Appends the reports as they are written. False where the machine has no memory. */
static bool write_reports(const struct report_set *set, struct buf *out)
{
    static const struct report_style plain = {.colour = false};
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);

    if (!file)
        return false;
    reporter_find("json")->write(file, set, &plain);
    bool ok = fclose(file) == 0;
    buf_put(out, slice_of(text, len));
    free(text);
    return ok && !out->failed;
}

/* What was read is written in a form that is read as the same. */
static bool take_report(struct slice input, struct problem *why)
{
    struct report_read again;
    struct report_read read;
    struct buf second;
    struct buf first;

    if (!report_read_text(&read, "input", input, why))
        return false;
    buf_init(&first, 1 << 22);
    buf_init(&second, 1 << 22);
    if (write_reports(&read.set, &first) &&
        CLAIM(report_read_text(&again, "again", buf_slice(&first), NULL))) {
        if (write_reports(&again.set, &second))
            CLAIM(slice_eq(buf_slice(&second), buf_slice(&first)));
        report_read_free(&again);
    }
    buf_free(&first);
    buf_free(&second);
    report_read_free(&read);
    return true;
}

/* ---- the table ---- */

static const char report[] =
    "{\"tool\":\"assay\",\"version\":\"0.0.1\",\"target\":\"tcp://127.0.0.1:7\","
    "\"speak\":\"echo\",\"seed\":7,\"started\":\"2024-02-29T23:59:59Z\",\"duration_ms\":1,"
    "\"summary\":{\"pass\":1,\"fail\":0,\"warn\":0,\"note\":0,\"skip\":0,\"error\":0,"
    "\"waived\":0,\"new\":1},\"stale_waivers\":[],"
    "\"checks\":[{\"id\":\"a.b\",\"level\":\"must\",\"claim\":\"c\",\"verdict\":\"pass\","
    "\"reason\":\"\",\"cites\":[],\"duration_ms\":0,\"waived\":false,\"expected\":\"\","
    "\"actual\":\"\",\"reproduce\":\"\",\"evidence\":[{\"t_us\":1,"
    "\"who\":\"us\",\"what\":\"w\",\"bytes\":\"00ff\",\"length\":2}]}]}";

static const struct parser rows[] = {
    {"text_number", take_number, .text = true, .texts = {"0", "18446744073709551615"}},
    {"text_glob", take_glob, .text = true, .texts = {"stream.*", "s*r*m?echo*", "*"}},
    {"endpoint_parse", take_url, .text = true, .says = true,
     .texts = {"tcp://127.0.0.1:7", "udp://[::1]:65535", "unix:/run/echo.sock", "unix-dgram:@name",
               "rpc+tcp://localhost:111/portmapper/2", "rpc://host/345678/2",
               "rpc+unix:/a/b/345678/2"}},
    {"template_parse", take_template, .text = true, .says = true,
     .texts = {"\"PING %{seq}\\r\\n\"", "\"%{seq:08x}\\x00%{any}%%\"", "\"%{seq:u32}\""}},
    {"fault_parse", take_schedule, .text = true, .says = true,
     .texts = {"up: drop 3, 7; down: duplicate 2; up: swap 4, 5",
               "client 2 both: delay 10% by 20ms jitter 5ms # why",
               "down: cut 1-100 pause 1ms; down: reset after 4096",
               "up: rate 1000; up: stop after 7 for 20ms"}},
    {"fault_parse_both", take_fault_option, .text = true, .says = true,
     .texts = {"drop=3,7", "cut=1-100", "reorder=10%"}},
    {"level_parse", take_level, .text = true, .texts = {"must", "robust"}},
    {"reporter_find", take_reporter, .text = true, .texts = {"json", "junit"}},
    {"report_read_text", take_report, .says = true, .texts = {report}},
    {"process_sanitizer_line", take_complaint, .text = true,
     .texts = {"==1==\nSUMMARY: AddressSanitizer: heap-use-after-free a.c:7\n",
               "a.c:7:1: runtime error: signed integer overflow\n"}},
    {"text_shell_word", take_shell_word, .text = true, .texts = {"plain", "it's \"quoted\" $HOME"}},
    {"bind_uaddr_parse", take_uaddr, .says = true,
     .texts = {"127.0.0.1.203.81", "2001:db8::7.203.81", "/run/rpcbind.sock"}},
    {"text_quote", take_octets_shown, .texts = {"plain", "\x1b[31m\xff"}},
};

const struct parser_table parser_texts = {rows, ARRAY_LEN(rows)};
