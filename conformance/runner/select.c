/* The registry, patterns, and what a check needs. */
#include "conformance/runner/select.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/runner/worth.h"
#include "conformance/suites.h"

enum { BUDGET_MAX = 1000000 };

static const struct suite_part *const parts[] = {
#define PART(name) &suite_##name,
#include "conformance/suites.def"
#undef PART
};

static const char *const need_sentences[NEEDS] = {
#define NEED(symbol, sentence) [NEED_BIT_##symbol] = (sentence),
#include "conformance/runner/needs.def"
#undef NEED
};

void registry_each(void (*visit)(const struct check *check, void *closure), void *closure)
{
    for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
        for (size_t i = 0; i < parts[part]->count; i++)
            visit(&parts[part]->checks[i], closure);
    }
}

struct search {
    const char *wanted;
    bool client; /* among the checks of clients, or among all others */
    const struct check *found;
};

static void compare_id(const struct check *check, void *closure)
{
    struct search *s = closure;

    if (text_eq(check->id, s->wanted))
        s->found = check;
}

const struct check *registry_find(const char *id)
{
    struct search s = {.wanted = id};

    registry_each(compare_id, &s);
    return s.found;
}

bool select_matches(const char *pattern, const char *id)
{
    size_t len = strlen(pattern);

    if (text_glob(pattern, id))
        return true;
    return len > 0 && text_starts(id, pattern) && id[len] == '.';
}

static bool is_of_clients(const struct check *check)
{
    return slice_eq(report_suite(check->id), slice_str("client"));
}

struct picking {
    const struct selection *s;
    const struct endpoint *e;
    const struct check **ret;
    size_t cap;
    size_t count;
    size_t seen;                          /* for sharding: checks that would be picked without it */
    size_t requests;                      /* of these, on request */
    bool requesting[SELECT_PATTERNS_MAX]; /* patterns of --only that take none but such */
};

static bool is_connected(const struct endpoint *e)
{
    return !endpoint_is_datagram(e);
}

static bool is_rpc(const struct endpoint *e)
{
    return e->rpc;
}

static bool is_msgprog(const struct endpoint *e)
{
    return e->rpc && e->program == TARGET_MSGPROG && e->version == TARGET_MSGVER;
}

static bool is_rpcbind(const struct endpoint *e)
{
    return e->rpc && e->program == TARGET_RPCBIND;
}

static bool is_any(const struct endpoint *e UNUSED)
{
    return true;
}

/* Without --only a run takes the suites that speak of the kind of endpoint at hand. */
static bool suite_fits(const char *id, const struct endpoint *e)
{
    static const struct {
        const char *name;
        bool (*fits)(const struct endpoint *e);
    } suites[] = {
        {"stream", is_connected},        {"datagram", endpoint_is_datagram},
        {"unix", endpoint_is_unix},      {"rpc", is_rpc},
        {"msgprog", is_msgprog},         {"rpcbind", is_rpcbind},
        {"client.stream", is_connected}, {"client.dgram", endpoint_is_datagram},
        {"client.rpc", is_rpc},          {"client.leak", is_connected},
        {"client.honest", is_any},
    };

    for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
        if (select_matches(suites[i].name, id))
            return suites[i].fits(e);
    }
    return false;
}

static bool wanted(const struct picking *p, const struct check *check)
{
    const struct selection *s = p->s;
    bool usual = s->load || !(check->flags & CHECK_ON_REQUEST);
    bool in = s->only_count == 0 && usual && suite_fits(check->id, p->e);

    for (size_t i = 0; i < s->only_count && !in; i++)
        in = (usual || p->requesting[i]) && select_matches(s->only[i], check->id);
    for (size_t i = 0; i < s->skip_count && in; i++)
        in = !select_matches(s->skip[i], check->id);
    return in && s->client == is_of_clients(check) &&
           (s->levels == 0 || s->levels & 1U << check_level(check));
}

static void pick(const struct check *check, void *closure)
{
    struct picking *p = closure;

    if (!wanted(p, check))
        return;
    size_t number = p->seen++;
    p->requests += (check->flags & CHECK_ON_REQUEST) != 0;
    if (p->s->shards > 1 && number % p->s->shards != p->s->shard - 1)
        return;
    if (p->count < p->cap)
        p->ret[p->count++] = check;
}

static void match_id(const struct check *check, void *closure)
{
    struct search *s = closure;

    if (s->client == is_of_clients(check) && select_matches(s->wanted, check->id))
        s->found = check;
}

static bool patterns_match(const char *option, const char *const *patterns, size_t count,
                           bool client, struct problem *why)
{
    for (size_t i = 0; i < count; i++) {
        struct search s = {.wanted = patterns[i], .client = client};

        struct search other = {.wanted = patterns[i], .client = !client};

        registry_each(match_id, &s);
        registry_each(match_id, &other);
        if (!s.found && other.found && !client)
            return problem_set(why,
                               "%s \"%s\" matches no check of servers; `assay client` tries "
                               "those of clients",
                               option, patterns[i]);
        if (!s.found)
            return problem_set(why, "%s \"%s\" matches no check%s; `assay list%s` names them",
                               option, patterns[i], client ? " of clients" : "",
                               client ? " client" : "");
    }
    return true;
}

static void match_usual(const struct check *check, void *closure)
{
    if (!(check->flags & CHECK_ON_REQUEST))
        match_id(check, closure);
}

bool select_checks(const struct selection *s, const struct endpoint *e, const struct check **ret,
                   size_t cap, size_t *ret_count, struct problem *why)
{
    struct picking p = {.s = s, .e = e, .ret = ret, .cap = cap};

    if (!patterns_match(s->client ? "scenario" : "--only", s->only, s->only_count, s->client,
                        why) ||
        !patterns_match("--skip", s->skip, s->skip_count, s->client, why))
        return false;
    for (size_t i = 0; i < s->only_count; i++) {
        struct search usual = {.wanted = s->only[i], .client = s->client};

        registry_each(match_usual, &usual);
        p.requesting[i] = !usual.found;
    }
    registry_each(pick, &p);
    if (s->load && p.requests == 0)
        return problem_set(why, "--load adds no check to what --only, --skip and --level select");
    if (p.count == 0)
        return problem_set(why,
                           p.seen ? "--shard %u/%u is empty; checks to share: %zu"
                                  : "--only, --skip and --level together select no check",
                           s->shard, s->shards, p.seen);
    if (s->budget_ms)
        worth_keep(ret, &p.count, s->budget_ms);
    *ret_count = p.count;
    return true;
}

bool select_read_shard(const char *text, unsigned max, struct selection *ret, struct problem *why)
{
    const char *slash = strchr(text, '/');
    char first[16];
    uint64_t shard = 0;
    uint64_t shards = 0;

    text_format(first, sizeof(first), "%.*s", (int)(slash ? slash - text : 0), text);
    if (!slash || !text_number(slash + 1, 1, max, &shards) ||
        !text_number(first, 1, shards, &shard))
        return problem_set(why, "--shard \"%s\": expected I/N as in 1/4", text);
    ret->shard = (unsigned)shard;
    ret->shards = (unsigned)shards;
    return true;
}

bool select_read_budget(const char *text, int64_t *ret_ms, struct problem *why)
{
    static const struct {
        const char *unit;
        unsigned ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}};
    size_t len = strspn(text, "0123456789");
    uint64_t number = 0;
    char digits[12];

    text_format(digits, sizeof(digits), "%.*s", (int)size_min(len, sizeof(digits)), text);
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (!text_eq(text + len, units[i].unit) || !text_number(digits, 1, BUDGET_MAX, &number))
            continue;
        *ret_ms = (int64_t)number * units[i].ms;
        return true;
    }
    return problem_set(why, "--budget \"%.100s\": expected a time as 5s, 500ms or 2min", text);
}

static uint64_t given_by_endpoint(const struct target *t)
{
    const struct endpoint *e = &t->endpoint;
    bool inet6 = address_family(&t->address) == AF_INET6;
    uint64_t path = e->abstract ? NEED_ABSTRACT : NEED_UNIX_PATH;

    switch (e->kind) {
    case ENDPOINT_TCP:
        return NEED_CONNECTED | NEED_STREAM | NEED_TCP | (inet6 ? NEED_IPV6 : NEED_IPV4);
    case ENDPOINT_UDP:
        return NEED_DATAGRAM | NEED_UDP | (inet6 ? NEED_IPV6 : NEED_IPV4);
    case ENDPOINT_UNIX:
        return NEED_CONNECTED | NEED_STREAM | NEED_UNIX | path;
    case ENDPOINT_UNIX_DGRAM:
        return NEED_DATAGRAM | NEED_UNIX | NEED_UNIX_DGRAM | path;
    case ENDPOINT_UNIX_SEQPACKET:
        return NEED_CONNECTED | NEED_UNIX | NEED_SEQPACKET | path;
    case ENDPOINT_KINDS:
        break;
    }
    return 0;
}

static uint64_t given_by_exchange(const struct target *t)
{
    static const struct {
        unsigned trait;
        uint64_t need;
    } pairs[] = {
        {EXCHANGE_REPLIES, NEED_REPLIES},   {EXCHANGE_SINK, NEED_SINK},
        {EXCHANGE_SOURCE, NEED_SOURCE},     {EXCHANGE_ECHO, NEED_ECHO},
        {EXCHANGE_PREFIX, NEED_PREFIX},     {EXCHANGE_PAYLOAD, NEED_PAYLOAD},
        {EXCHANGE_BINARY, NEED_BINARY},     {EXCHANGE_NUMBERED, NEED_NUMBERED},
        {EXCHANGE_PERSISTS, NEED_PERSISTS}, {EXCHANGE_CUTS, NEED_CUTS},
    };
    const struct exchange *x = t->exchange;
    uint64_t given = 0;

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if (exchange_has(x, pairs[i].trait))
            given |= pairs[i].need;
    }
    if (exchange_has(x, EXCHANGE_PIPELINES) && t->pipelines)
        given |= NEED_PIPELINES;
    if (!exchange_has(x, EXCHANGE_UNORDERED))
        given |= NEED_ORDERED;
    if (!exchange_has(x, EXCHANGE_GREETS))
        given |= NEED_REQUESTS;
    if (exchange_has(x, EXCHANGE_REPLIES) && !exchange_has(x, EXCHANGE_PERSISTS))
        given |= NEED_CLOSES;
    return given;
}

uint64_t select_given(const struct target *t)
{
    uint64_t given = given_by_endpoint(t) | given_by_exchange(t);

    if (is_rpc(&t->endpoint))
        given |= NEED_RPC;
    if (is_msgprog(&t->endpoint))
        given |= NEED_MSGPROG;
    if (is_rpcbind(&t->endpoint))
        given |= NEED_RPCBIND;
    if (t->client && !t->relays)
        given |= NEED_JUDGES;
    if (t->loopback)
        given |= NEED_LOOPBACK;
    if (t->width > 1)
        given |= NEED_CONCURRENT;
    if (t->pid)
        given |= NEED_LOCAL;
    if (target_command_moves(t->command, &t->endpoint))
        given |= NEED_MOVES;
    if (geteuid() == 0)
        given |= NEED_ROOT;
    return given;
}

const char *select_missing(const struct check *check, const struct target *target)
{
    uint64_t given = select_given(target);

    /* The check that proves pipelining is tried where the exchange claims it. */
    if (check->flags & CHECK_PIPELINE && exchange_has(target->exchange, EXCHANGE_PIPELINES))
        given |= NEED_PIPELINES;
    for (unsigned bit = 0; bit < NEEDS; bit++) {
        if (check->needs & ~given & (uint64_t)1 << bit)
            return need_sentences[bit];
    }
    return NULL;
}
