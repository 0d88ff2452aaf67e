/* What can be said of a target that is checked: the options of `assay check`, and of a gate file.
 */
#include "conformance/check_command.h"

#include <stdio.h>
#include <string.h>

#include "conformance/runner/expect.h"

enum { COMMAND_MAX = 8192, MS_PER_S = 1000 };

static bool take_only(void *into, const char *value, struct problem *why)
{
    struct selection *s = &((struct check_command *)into)->common.run.selection;

    return run_command_pattern(s->only, &s->only_count, "--only", value, why);
}

static bool take_load(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct check_command *)into)->common.run.selection.load = true;
    return true;
}

static bool take_spawn(void *into, const char *value, struct problem *why)
{
    ((struct check_command *)into)->common.run.spawn = value;
    return *value || problem_set(why, "--spawn: the command is empty");
}

static bool take_pid(void *into, const char *value, struct problem *why)
{
    uint64_t number = 0;

    if (!option_count("--pid", value, 1, INT32_MAX, &number, why))
        return false;
    ((struct check_command *)into)->common.run.pid = (pid_t)number;
    if (procview_exists((pid_t)number))
        return true;
    return problem_set(why, "--pid %s: there is no such process", value);
}

static bool take_shard(void *into, const char *value, struct problem *why)
{
    return select_read_shard(value, RUN_CHECKS_MAX,
                             &((struct check_command *)into)->common.run.selection, why);
}

/* KEY or KEY=VALUE; the text is cut in a copy of our own. */
static bool take_expect(void *into, const char *value, struct problem *why)
{
    struct check_command *o = into;
    size_t i = o->common.run.expectation_count;
    size_t len = strcspn(value, "=");

    if (i == RUN_EXPECTATIONS_MAX || strlen(value) >= CHECK_EXPECTATION_MAX || len == 0)
        return problem_set(why, "--expect \"%.100s\": expected KEY or KEY=VALUE", value);
    char *text = o->expectation_text[i];
    text_copy(text, CHECK_EXPECTATION_MAX, value);
    bool has_value = text[len] == '=';
    text[len] = '\0';
    o->common.run.expectations[i] =
        (struct expectation){.key = text, .value = has_value ? text + len + 1 : text + len};
    o->common.run.expectation_count++;
    return true;
}

static bool take_record(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct check_command *)into)->common.run.record = value;
    return true;
}

static bool take_allow_remote(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct check_command *)into)->common.run.allow_remote = true;
    return true;
}

static bool take_budget(void *into, const char *value, struct problem *why)
{
    return select_read_budget(value,
                              &((struct check_command *)into)->common.run.selection.budget_ms, why);
}

static bool take_ready(void *into, const char *value, struct problem *why)
{
    ((struct check_command *)into)->common.run.ready = value;
    return *value || problem_set(why, "--ready: the text is empty");
}

static bool take_start_limit(void *into, const char *value, struct problem *why)
{
    uint64_t number = 0;

    if (!option_count("--start-limit", value, 1, CHECK_START_LIMIT_MAX_S, &number, why))
        return false;
    ((struct check_command *)into)->common.run.start_limit_ms = (int64_t)number * MS_PER_S;
    return true;
}

static const struct option_row rows[] = {
    {"only", "GLOB", "only these checks; a suite or a first part of an id will do", take_only},
    {"load", NULL, "the checks of load, too: thousands of connections, a million datagrams",
     take_load},
    {"spawn", "'COMMAND'", "start the target so; {host} {port} {path} are filled in; watch it",
     take_spawn},
    {"ready", "TEXT", "with --spawn: it serves once it has written this; default: once it answers",
     take_ready},
    {"start-limit", "S", "with --spawn: how long it may take until it serves; default: 30",
     take_start_limit},
    {"pid", "PID", "the target's process, for local views", take_pid},
    {"expect", "KEY[=VALUE]", "the target promises more: concurrent, connections=N, ...",
     take_expect},
    {"shard", "I/N", "the I-th of N parts of the checks", take_shard},
    {"budget", "TIME", "the checks that catch most in so much time, as 5s or 2min", take_budget},
    {"record", "DIR",
     "what was sent, a file per check and connection: of RPC, cases for assay replay", take_record},
    {"allow-remote", NULL, "let checks that flood run against other machines", take_allow_remote},
};

const struct option_row *const check_command_rows = rows;
const size_t check_command_row_count = ARRAY_LEN(rows);

/* ---- what the options say together ---- */

static bool check_expectations(const struct check_command *o, struct problem *why)
{
    for (size_t i = 0; i < o->common.run.expectation_count; i++) {
        if (!expect_allows(&o->common.run.expectations[i], why))
            return false;
    }
    return true;
}

/* Does the command fit the endpoint, and is there a check to try? What is wrong here is the user's
   to mend; what goes wrong later is ours. */
static bool check_command_and_selection(const struct run_options *r, struct problem *why)
{
    const struct check *selected[RUN_CHECKS_MAX];
    size_t count = 0;
    struct buf command;

    buf_init(&command, COMMAND_MAX);
    bool ok = !r->spawn || target_command(r->spawn, &r->endpoint, &command, why);
    buf_free(&command);
    if (ok && r->spawn && !endpoint_is_unix(&r->endpoint) && r->endpoint.port == 0 &&
        !target_command_moves(r->spawn, &r->endpoint))
        return problem_set(why,
                           "port 0 needs a --spawn command with {port}, which is told the port");
    return ok && select_checks(&r->selection, &r->endpoint, selected, RUN_CHECKS_MAX, &count, why);
}

bool check_command_settle(struct check_command *o, const char *url, struct exchange **ret_exchange,
                          struct waivers *waivers, struct problem *why)
{
    struct run_options *r = &o->common.run;

    if (!url)
        return problem_set(why, "which target? Give a URL as tcp://127.0.0.1:7");
    r->url = url;
    if (!endpoint_parse(url, &r->endpoint, why))
        return false;
    if (r->endpoint.netpath && r->spawn)
        return problem_set(why,
                           "--spawn does not go with \"%s\": rpcbind knows a program only once it "
                           "runs; start it yourself, or write rpc+tcp:// or rpc+udp://",
                           url);
    if ((r->ready || r->start_limit_ms) && !r->spawn)
        return problem_set(why, "--ready and --start-limit go with --spawn only");
    if (r->spawn && r->pid)
        return problem_set(why, "--pid and --spawn exclude each other");
    if (!endpoint_is_unix(&r->endpoint) && !r->endpoint.netpath && r->endpoint.port == 0 &&
        !r->spawn)
        return problem_set(why, "\"%s\": port 0 (choose one) goes with --spawn only", url);
    if (!r->speak)
        r->speak = target_default_speak(&r->endpoint);
    if (!target_open_exchange(r->speak, &r->endpoint, ret_exchange, why))
        return false;
    r->exchange = *ret_exchange;
    return check_command_and_selection(r, why) && check_expectations(o, why) &&
           run_command_settle(&o->common, waivers, why);
}
