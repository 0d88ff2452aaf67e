/* Writing the evidence folder. */
#include "conformance/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/file.h"

enum { PATH_LEN = 4096 };

static bool make_folder(const char *path, struct problem *why)
{
    if (file_make_folder(path))
        return true;
    return problem_set(why, "--evidence %s: %s", path, strerror(errno));
}

static FILE *open_in(const char *folder, const struct report_check *c, const char *name,
                     struct problem *why)
{
    char path[PATH_LEN];

    text_format(path, sizeof(path), "%.3800s/%.200s/%.80s", folder, c->id, name);
    FILE *out = fopen(path, "we");
    if (!out)
        problem_set(why, "--evidence %s: %s", path, strerror(errno));
    return out;
}

static void write_events(FILE *out, const struct report_check *c)
{
    for (size_t i = 0; i < c->event_count; i++) {
        const struct event *e = &c->events[i];
        struct buf hex;

        buf_init(&hex, EVENT_BYTES_MAX * 2);
        text_hex(&hex, slice_of(e->bytes, e->kept));
        fprintf(out, "%s %10.6f %-6s %s%s%s%s\n", (int)i == c->guilty ? ">>" : "  ",
                (double)e->t_us / 1e6, who_name(e->who), e->what, e->kept ? " [" : "",
                buf_text(&hex), e->kept ? "]" : "");
        buf_free(&hex);
    }
    if (c->events_dropped)
        fprintf(out, "(%zu line%s left out in the middle)\n", c->events_dropped,
                text_s(c->events_dropped));
}

static bool finish(FILE *out, const char *folder, struct problem *why)
{
    bool ok = !ferror(out);

    if (fclose(out) == 0 && ok)
        return true;
    return problem_set(why, "--evidence %s: %s", folder, strerror(errno));
}

static bool write_check(const char *folder, const struct report_check *c, struct problem *why)
{
    char path[PATH_LEN];
    FILE *out;

    text_format(path, sizeof(path), "%.3800s/%.200s", folder, c->id);
    if (!make_folder(path, why))
        return false;
    out = open_in(folder, c, "transcript.txt", why);
    if (!out)
        return false;
    fprintf(out, "%s (%s): %s\nclaim:    %s\n", c->id, level_name(c->level),
            verdict_name(c->verdict), c->claim);
    for (size_t i = 0; i < c->cite_count; i++)
        fprintf(out, "clause:   %s\n", c->cites[i]);
    fprintf(out, "expected: %s\nactual:   %s\nreason:   %s\nagain:    %s\n\n", c->expected,
            c->actual, c->reason, c->reproduce);
    write_events(out, c);
    if (!finish(out, folder, why))
        return false;
    out = open_in(folder, c, "again.sh", why);
    if (!out)
        return false;
    fprintf(out, "#!/bin/sh\nexec %s\n", c->reproduce);
    fchmod(fileno(out), 0755);
    return finish(out, folder, why);
}

static bool write_report(const char *folder, const struct report *r, struct problem *why)
{
    if (!make_folder(folder, why))
        return false;
    for (size_t i = 0; i < r->count; i++) {
        const struct report_check *c = &r->checks[i];
        bool bad =
            c->verdict == VERDICT_FAIL || c->verdict == VERDICT_WARN || c->verdict == VERDICT_ERROR;

        if (bad && !write_check(folder, c, why))
            return false;
    }
    return true;
}

static bool write_part(const char *folder, const struct report *r, struct problem *why)
{
    char path[PATH_LEN];

    text_format(path, sizeof(path), "%.3500s/%.300s", folder, r->target);
    for (char *at = path + strlen(folder) + 1; *at; at++) {
        if (*at == '/')
            *at = '_';
    }
    return write_report(path, r, why);
}

bool evidence_write(const char *folder, const struct report_set *set, struct problem *why)
{
    if (!make_folder(folder, why))
        return false;
    for (size_t i = 0; i < set->count; i++) {
        bool ok = set->several ? write_part(folder, set->reports[i], why)
                               : write_report(folder, set->reports[i], why);

        if (!ok)
            return false;
    }
    return true;
}
