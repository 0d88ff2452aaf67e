/* What all forms of a report share: names, counts, and writing a file whole or not at all. */
#include "harness/report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/file.h"
#include "harness/report/reporters.h"
#include "harness/report/status.h"

static const struct reporter *const reporters[] = {
#define REPORTER(symbol) &reporter_##symbol,
#include "harness/report/reporters.def"
#undef REPORTER
};

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[VERDICTS] = {
        [VERDICT_PASS] = "pass", [VERDICT_FAIL] = "fail", [VERDICT_WARN] = "warn",
        [VERDICT_NOTE] = "note", [VERDICT_SKIP] = "skip", [VERDICT_ERROR] = "error",
    };

    return names[verdict];
}

static const char *const level_names[LEVELS] = {
    [LEVEL_MUST] = "must",
    [LEVEL_SHOULD] = "should",
    [LEVEL_ROBUST] = "robust",
    [LEVEL_NOTE] = "note",
};

const char *level_name(enum level level)
{
    return level_names[level];
}

bool level_parse(const char *word, enum level *ret)
{
    for (size_t i = 0; i < LEVELS; i++) {
        if (text_eq(word, level_names[i])) {
            *ret = (enum level)i;
            return true;
        }
    }
    return false;
}

const char *who_name(enum who who)
{
    static const char *const names[WHOS] = {
        [WHO_US] = "us",
        [WHO_TARGET] = "target",
        [WHO_PROXY] = "proxy",
        [WHO_KIT] = "kit",
    };

    return names[who];
}

const char *event_kind_name(enum event_kind kind)
{
    static const char *const names[EVENT_KINDS] = {
        [EVENT_WORDS] = "words", [EVENT_OPENED] = "opened", [EVENT_OCTETS] = "octets",
        [EVENT_ENDED] = "ended", [EVENT_RESET] = "reset",   [EVENT_CLOSED] = "closed",
    };

    return names[kind];
}

struct report_tally report_tally(const struct report *r)
{
    struct report_tally tally = {0};

    for (size_t i = 0; i < r->count; i++) {
        if (r->checks[i].waived)
            tally.waived++;
        else
            tally.by_verdict[r->checks[i].verdict]++;
    }
    return tally;
}

const char *report_version(const struct report *r)
{
    return r->version ? r->version : REPORT_VERSION;
}

const char *report_origin(const struct report *r)
{
    return r->origin ? r->origin : r->target;
}

bool verdict_is_worse(enum verdict a, enum verdict b)
{
    static const unsigned gravity[VERDICTS] = {
        [VERDICT_SKIP] = 0, [VERDICT_PASS] = 1,  [VERDICT_NOTE] = 2,
        [VERDICT_WARN] = 3, [VERDICT_ERROR] = 4, [VERDICT_FAIL] = 5,
    };

    return gravity[a] > gravity[b];
}

int report_status(const struct report *r)
{
    struct report_tally tally = report_tally(r);

    if (r->interrupted)
        return STATUS_INTERRUPTED;
    if (tally.by_verdict[VERDICT_FAIL] || r->stale_count ||
        (r->strict && tally.by_verdict[VERDICT_WARN]))
        return STATUS_FAIL;
    if (tally.by_verdict[VERDICT_ERROR] || r->trouble)
        return STATUS_KIT;
    return r->ending ? STATUS_NO_VERDICT : STATUS_OK;
}

/* From grave to harmless: the order of the contract. */
int status_worse(int a, int b)
{
    static const int order[] = {STATUS_INTERRUPTED, STATUS_FAIL,  STATUS_KIT,
                                STATUS_NO_VERDICT,  STATUS_USAGE, STATUS_OK};

    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        if (a == order[i] || b == order[i])
            return order[i];
    }
    return STATUS_KIT;
}

void report_put_octet(FILE *out, char octet)
{
    if (octet < 0x20 || octet >= 0x7f)
        fprintf(out, "\\x%02x", (unsigned char)octet);
    else
        fputc(octet, out);
}

void report_put_plain(FILE *out, const char *text)
{
    for (; *text; text++)
        report_put_octet(out, *text);
}

void report_plain(struct buf *out, const char *text, size_t max, const char *special)
{
    for (; *text; text++) {
        if (max-- == 0) {
            buf_put_str(out, "...");
            return;
        }
        if (*text < 0x20 || *text >= 0x7f || strchr(special, *text))
            buf_printf(out, "\\x%02x", (unsigned char)*text);
        else
            buf_put_byte(out, (uint8_t)*text);
    }
}

const char *report_entity(char octet)
{
    switch (octet) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

/* XML 1.0 forbids most control characters even when escaped, and what is not UTF-8 is forbidden
   altogether: both become \xHH. */
void report_put_xml(FILE *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        const char *entity = report_entity(*at);

        if (entity)
            fputs(entity, out);
        else if (*at == '\n' || *at == '\t')
            fprintf(out, "&#%d;", *at);
        else
            report_put_octet(out, *at);
    }
}

enum grade report_grade(const struct report *r, const struct report_check *c)
{
    static const enum grade grades[VERDICTS] = {
        [VERDICT_FAIL] = GRADE_FAILURE,
        [VERDICT_WARN] = GRADE_WARNING,
        [VERDICT_ERROR] = GRADE_TROUBLE,
    };

    if (c->waived)
        return GRADE_NONE;
    return r->strict && c->verdict == VERDICT_WARN ? GRADE_FAILURE : grades[c->verdict];
}

/* FNV-1a over the texts and the NUL behind each. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    do {
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3;
    } while (*text++);
    return hash;
}

void report_fingerprint(const struct report *r, const char *what, char ret[FINGERPRINT_LEN])
{
    uint64_t hash = hash_text(0xcbf29ce484222325, report_origin(r));

    hash = hash_text(hash_text(hash, r->speak), what);
    text_format(ret, FINGERPRINT_LEN, "%016" PRIx64, hash);
}

void report_path(const struct report *r, struct buf *out)
{
    enum { PATH_LEN = 160 };
    const char *at = report_origin(r);

    buf_put_str(out, "assay/");
    for (size_t i = 0; at[i] && i < PATH_LEN; i++) {
        bool plain = (at[i] >= '0' && at[i] <= '9') || (at[i] >= 'a' && at[i] <= 'z') ||
                     (at[i] >= 'A' && at[i] <= 'Z') || at[i] == '.' || at[i] == '-';

        buf_put_byte(out, plain ? (uint8_t)at[i] : '_');
    }
}

void report_counts(const struct report *r, struct buf *out)
{
    struct report_tally tally = report_tally(r);
    const char *gap = "";

    for (size_t v = 0; v < VERDICTS; v++) {
        if (tally.by_verdict[v] == 0 && v != VERDICT_PASS && v != VERDICT_FAIL)
            continue;
        buf_printf(out, "%s%u %s", gap, tally.by_verdict[v], verdict_name((enum verdict)v));
        gap = ", ";
    }
    if (tally.waived)
        buf_printf(out, ", %u waived", tally.waived);
    if (r->stale_count)
        buf_printf(out, ", %zu waiver%s no longer needed", r->stale_count, text_s(r->stale_count));
}

void report_event(const struct report_check *c, size_t number, struct buf *out)
{
    enum { SHOWN_OCTETS = 64, US_PER_S = 1000000 };
    const struct event *e = &c->events[number];

    buf_printf(out, "%s %9.6f  %-6s  ", (int)number == c->guilty ? ">>" : "  ",
               (double)e->t_us / US_PER_S, who_name(e->who));
    report_plain(out, e->what, SIZE_MAX, "");
    if (e->length > 0) {
        size_t shown = size_min(e->kept, SHOWN_OCTETS);

        buf_put_byte(out, ' ');
        text_quote(out, slice_of(e->bytes, shown), shown);
        if (shown < e->length)
            buf_printf(out, "... (%zu more)", e->length - shown);
    }
}

const struct reporter *reporter_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(reporters); i++) {
        if (text_eq(reporters[i]->name, name))
            return reporters[i];
    }
    return NULL;
}

const struct reporter *reporter_at(size_t number)
{
    return number < ARRAY_LEN(reporters) ? reporters[number] : NULL;
}

void reporter_names(char *out, size_t cap)
{
    struct buf names;

    buf_init(&names, cap);
    for (size_t i = 0; i < ARRAY_LEN(reporters); i++)
        buf_printf(&names, "%s%s", i ? ", " : "", reporters[i]->name);
    text_copy(out, cap, buf_text(&names));
    buf_free(&names);
}

struct slice report_suite(const char *id)
{
    struct slice all = slice_str(id);

    return slice_sub(all, 0, slice_find(all, slice_str(".")));
}

bool report_write(const struct reporter *reporter, const struct report_set *set,
                  const struct report_style *style, const char *path, struct problem *why)
{
    struct file_draft draft;

    if (!path || text_eq(path, "-")) {
        reporter->write(stdout, set, style);
        if (fflush(stdout) == 0 && !ferror(stdout))
            return true;
        return problem_set(why, "cannot write report to standard output: %s", strerror(errno));
    }
    if (!file_begin(&draft, path))
        return problem_set(why, "cannot write report %s: %s", path, strerror(errno));
    reporter->write(draft.out, set, style);
    return file_end(&draft) ||
           problem_set(why, "cannot write report %s: %s", path, strerror(errno));
}
