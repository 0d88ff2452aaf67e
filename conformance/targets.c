/* One target or several: finding them, running them in turn, and what comes of all together. */
#include "conformance/targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/command.h"
#include "conformance/repeat.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/rpc/bind.h"

/* Files of several targets lie in a folder per target. */
static bool give_folder(struct one_target *t, const char *record, struct problem *why)
{
    text_format(t->record, sizeof(t->record), "%.3700s/%s", record, t->url);
    for (char *at = t->record + strlen(t->record) - strlen(t->url); *at; at++) {
        if (*at == '/')
            *at = '_';
    }
    t->options.record = t->record;
    if (file_make_folder(t->record))
        return true;
    return problem_set(why, "--record %.300s: %s", t->record, strerror(errno));
}

static bool fill_target(struct one_target *t, const struct run_options *options,
                        const struct endpoint *place, struct problem *why)
{
    t->options = *options;
    t->options.endpoint = *place;
    endpoint_format(place, t->url, sizeof(t->url));
    t->options.url = t->url;
    if (!target_open_exchange(options->speak, place, &t->exchange, why))
        return false;
    t->options.exchange = t->exchange;
    return !options->record || give_folder(t, options->record, why);
}

static bool any_check(const struct run_options *o, struct problem *why)
{
    const struct check *selected[RUN_CHECKS_MAX];
    size_t count = 0;

    return select_checks(&o->selection, &o->endpoint, selected, RUN_CHECKS_MAX, &count, why);
}

static bool open_netpath(struct targets *ret, const struct run_options *o, struct problem *why)
{
    struct netpath_ask ask = {
        .host = o->endpoint.host,
        .program = o->endpoint.program,
        .version = o->endpoint.version,
        .port = BIND_PORT,
        .local = NETPATH_LOCAL,
        .patience_ms = o->patience_ms ? o->patience_ms : TARGET_PATIENCE_FLOOR_MS,
    };
    static struct netpath found;
    bool any = netpath_find(&ask, &found, why);

    for (size_t i = 0; i < found.remark_count; i++)
        log_note("%s", found.remarks[i]);
    if (!any)
        return false;
    for (size_t i = 0; i < found.count; i++) {
        struct one_target *t = &ret->list[ret->count];

        ret->count++;
        if (!fill_target(t, o, &found.places[i], why))
            return false;
        if (any_check(&t->options, why))
            continue;
        log_note("%s: %s", t->url, why->text);
        exchange_close(t->exchange);
        *t = (struct one_target){0};
        ret->count--;
    }
    return ret->count > 0;
}

bool targets_open(struct targets *ret, const struct run_options *options, struct problem *why)
{
    ret->several = options->endpoint.netpath;
    if (ret->several)
        return open_netpath(ret, options, why);
    ret->list[0].options = *options;
    ret->count = 1;
    return true;
}

void targets_close(struct targets *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->list[i].run)
            run_free(t->list[i].run);
        free(t->list[i].run);
        exchange_close(t->list[i].exchange);
    }
    *t = (struct targets){0};
}

static void run_one(struct one_target *t, unsigned times, bool tell_ending)
{
    struct problem why;

    t->run = calloc(1, sizeof(*t->run));
    if (!t->run) {
        log_error("out of memory");
        return;
    }
    if (repeat_perform(t->run, &t->options, times, &why)) {
        if (t->run->ending[0] && tell_ending)
            log_error("%s", t->run->ending);
        return;
    }
    log_error("%s", why.text);
    run_free(t->run);
    free(t->run);
    t->run = NULL;
}

int targets_run(struct targets *t, unsigned times, bool tell_endings)
{
    struct run *runs[NETPATH_PLACES_MAX] = {NULL};
    size_t count = 0;
    int status = STATUS_OK;

    for (size_t i = 0; i < t->count && !run_was_interrupted(); i++) {
        run_one(&t->list[i], times, tell_endings);
        if (t->list[i].run)
            runs[count++] = t->list[i].run;
        else
            status = status_worse(status, STATUS_KIT);
    }
    judge_together(runs, count);
    for (size_t i = 0; i < count; i++)
        status = status_worse(status, run_status(runs[i]));
    return run_was_interrupted() ? STATUS_INTERRUPTED : status;
}

struct report_set targets_reports(const struct targets *t, const struct report **room)
{
    struct report_set set = {.reports = room, .several = t->several};

    for (size_t i = 0; i < t->count; i++) {
        if (t->list[i].run)
            room[set.count++] = &t->list[i].run->report;
    }
    return set;
}
