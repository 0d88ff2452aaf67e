/* Tests of the registry: that every check is complete, and which of them a run chooses. */
#include "conformance/runner/select.h"

#include <string.h>
#include <unistd.h>

#include "tests/unit.h"

enum { CHECKS_MAX = 1024 };

static const struct check *all[CHECKS_MAX];
static size_t all_count;

static void collect(const struct check *check, void *closure UNUSED)
{
    assert_true(all_count < CHECKS_MAX);
    all[all_count++] = check;
}

static int begin(void **state UNUSED)
{
    registry_each(collect, NULL);
    return 0;
}

static struct endpoint endpoint_of(const char *url)
{
    struct endpoint e = {.port = 0};

    assert_true(endpoint_parse(url, &e, NULL));
    return e;
}

static const char *const urls[] = {"tcp://127.0.0.1:7", "udp://127.0.0.1:7", "unix:/s",
                                   "unix-dgram:/s", "unix-seqpacket:/s"};

/* ---- the checks themselves ---- */

static void test_ids(void **state UNUSED)
{
    static const char *const suites[] = {"stream",  "datagram", "unix",  "rpc",
                                         "rpcbind", "msgprog",  "client"};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";

    assert_true(all_count > 100);
    for (size_t i = 0; i < all_count; i++) {
        const char *id = all[i]->id;
        size_t len = strlen(id);
        unsigned dots = 0;
        bool known = false;

        for (const char *at = id; *at; at++)
            dots += *at == '.';
        for (size_t n = 0; n < ARRAY_LEN(suites); n++)
            known = known || slice_eq(report_suite(id), slice_str(suites[n]));
        /* suite.topic.claim; those of clients begin with what they are clients of */
        assert_row(i, known && (dots == 2 || (dots == 3 && text_starts(id, "client."))));
        assert_row(i, strspn(id, letters) == len && len < 60);
        assert_row(i, !strstr(id, "..") && !strstr(id, "--") && id[len - 1] != '.');
        for (size_t n = 0; n < i; n++)
            assert_row(i, !text_eq(all[n]->id, id));
        assert_row(i, registry_find(id) == all[i]);
    }
    assert_null(registry_find("stream.echo"));
    assert_null(registry_find(""));
}

/* What a check cites fits what is spoken, and its level does not depend on it. */
static void test_citations_fit_the_exchange(void **state UNUSED)
{
    static const struct {
        const char *speak;
        enum exchange_medium medium;
        const char *foreign[4]; /* begin the ids that must not be cited */
    } rows[] = {
        {"echo", EXCHANGE_OVER_STREAM, {"EXCH-"}},
        {"echo", EXCHANGE_OVER_DATAGRAMS, {"EXCH-", "CHARGEN-864-03"}},
        {"echo:x", EXCHANGE_OVER_STREAM, {"EXCH-", "DEMO-07"}},
        {"line", EXCHANGE_OVER_STREAM, {"ECHO-862-01", "ECHO-862-02", "DEMO-07"}},
        {"exchanges/http-get.exchange", EXCHANGE_OVER_STREAM, {"ECHO-862-01", "DEMO-07"}},
        {"rpc:1/1", EXCHANGE_OVER_DATAGRAMS, {"ECHO-862-03", "ECHO-862-04", "CHARGEN-864-03"}},
        {"chargen", EXCHANGE_OVER_DATAGRAMS, {"ECHO-862-03", "ECHO-862-04", "ECHO-862-08"}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct exchange *x = NULL;

        assert_row(i, exchange_open(rows[i].speak, rows[i].medium, &x, NULL));
        for (size_t n = 0; n < all_count; n++) {
            const struct requirement_row *cites[CHECK_CITES_MAX];
            size_t count = check_cites(all[n], x, cites);

            assert_row(n, count > 0 && cites[0]->level == check_level(all[n]));
            for (size_t k = 0; k < count; k++) {
                for (size_t f = 0; f < 4 && rows[i].foreign[f]; f++)
                    assert_lacks(cites[k]->id, rows[i].foreign[f]);
            }
        }
        exchange_close(x);
    }
}

static bool is_line(const char *text)
{
    return text && strlen(text) > 8 && !strpbrk(text, "\n\r\t") && text[0] != ' ' &&
           text[strlen(text) - 1] != ' ';
}

static void test_every_check_is_complete(void **state UNUSED)
{
    for (size_t i = 0; i < all_count; i++) {
        const struct check *c = all[i];

        assert_row(i, is_line(c->claim) && is_line(c->why) && is_line(c->how));
        assert_row(i, c->claim[strlen(c->claim) - 1] != '.'); /* a claim goes on in a sentence */
        assert_row(i, c->run != NULL);
        assert_row(i, c->cites[0] != REQ_NONE);
        assert_row(i, check_level(c) == requirement_row(c->cites[0])->level);
        assert_row(i, !c->expects || strlen(c->expects) > 0);
    }
}

static void test_citations(void **state UNUSED)
{
    for (size_t i = 0; i < all_count; i++) {
        const enum requirement *cites = all[i]->cites;
        size_t count = 0;

        while (count <= CHECK_CITES_MAX && cites[count] != REQ_NONE)
            count++;
        assert_row(i, count >= 1 && count <= CHECK_CITES_MAX);
        for (size_t n = 0; n < count; n++) {
            assert_row(i, cites[n] > REQ_NONE && cites[n] < REQUIREMENTS);
            for (size_t m = 0; m < n; m++)
                assert_row(i, cites[n] != cites[m]);
        }
    }
}

/* Claims are what people read in a list: no two alike in one suite. */
static void test_claims_differ(void **state UNUSED)
{
    for (size_t i = 0; i < all_count; i++) {
        for (size_t n = 0; n < i; n++) {
            if (slice_eq(report_suite(all[n]->id), report_suite(all[i]->id)))
                assert_row(i, !text_eq(all[n]->claim, all[i]->claim));
        }
    }
}

/* One check stands for each result of the calibration, on each kind of endpoint that has it. */
static void test_flags_are_borne(void **state UNUSED)
{
    static const struct {
        unsigned flag;
        const char *suite;
    } rows[] = {
        {CHECK_BASE, "stream."},       {CHECK_SECOND, "stream."}, {CHECK_PIPELINE, "stream."},
        {CHECK_HALF_CLOSE, "stream."}, {CHECK_FLIPS, "stream."},  {CHECK_BASE, "datagram."},
        {CHECK_FLIPS, "datagram."},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned bearers = 0;

        for (size_t n = 0; n < all_count; n++)
            bearers += text_starts(all[n]->id, rows[i].suite) && all[n]->flags & rows[i].flag;
        assert_row(i, bearers >= 1);
    }
}

/* A flood, or what is measured, must not disturb others. */
static void test_floods_run_alone(void **state UNUSED)
{
    for (size_t i = 0; i < all_count; i++) {
        if (all[i]->flags & (CHECK_REMOTE_FLOOD | CHECK_FLIPS))
            assert_row(i, all[i]->flags & CHECK_ALONE);
    }
}

/* ---- patterns ---- */

static void test_patterns(void **state UNUSED)
{
    static const struct {
        const char *pattern, *id;
        bool matches;
    } rows[] = {
        {"stream.echo.identity", "stream.echo.identity", true},
        {"stream.echo", "stream.echo.identity", true},
        {"stream", "stream.echo.identity", true},
        {"stre", "stream.echo.identity", false},
        {"stream.", "stream.echo.identity", false},
        {"stream.ech", "stream.echo.identity", false},
        {"echo", "stream.echo.identity", false},
        {"*.echo.*", "stream.echo.identity", true},
        {"stream.*", "stream.echo.identity", true},
        {"*", "stream.echo.identity", true},
        {"stream.echo.identity.x", "stream.echo.identity", false},
        {"", "stream.echo.identity", false},
        {"STREAM", "stream.echo.identity", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_row(i, select_matches(rows[i].pattern, rows[i].id) == rows[i].matches);
}

/* ---- choosing ---- */

static size_t choose(const struct selection *s, const char *url, const struct check **ret)
{
    struct endpoint e = endpoint_of(url);
    struct problem why = {.text = ""};
    size_t count = 0;

    if (!select_checks(s, &e, ret, CHECKS_MAX, &count, &why))
        fail_msg("%s", why.text);
    return count;
}

static bool holds(const struct check *const *list, size_t count, const struct check *check)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == check)
            return true;
    }
    return false;
}

static void test_suites_that_fit(void **state UNUSED)
{
    static const struct {
        const char *url;
        bool stream, datagram, is_unix;
    } rows[] = {
        {"tcp://127.0.0.1:7", true, false, false},
        {"udp://127.0.0.1:7", false, true, false},
        {"unix:/s", true, false, true},
        {"unix:@s", true, false, true},
        {"unix-dgram:/s", false, true, true},
        {"unix-seqpacket:/s", true, false, true},
    };
    static const struct selection s = {.only_count = 0};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct check *list[CHECKS_MAX];
        size_t count = choose(&s, rows[i].url, list);

        for (size_t n = 0; n < all_count; n++) {
            const char *id = all[n]->id;
            bool due = (text_starts(id, "stream.") && rows[i].stream) ||
                       (text_starts(id, "datagram.") && rows[i].datagram) ||
                       (text_starts(id, "unix.") && rows[i].is_unix);

            due = due && !(all[n]->flags & CHECK_ON_REQUEST);
            assert_row(i, holds(list, count, all[n]) == due);
        }
    }
}

static void test_only_and_skip(void **state UNUSED)
{
    const struct check *list[CHECKS_MAX];
    struct selection s = {.only = {"stream.echo", "unix"}, .only_count = 2};

    size_t both = choose(&s, urls[0], list);
    for (size_t i = 0; i < both; i++)
        assert_row(i,
                   text_starts(list[i]->id, "stream.echo.") || text_starts(list[i]->id, "unix."));
    s.skip[0] = "unix.*";
    s.skip[1] = "stream.echo.identity";
    s.skip_count = 2;
    size_t fewer = choose(&s, urls[0], list);
    assert_in_range(fewer, 1, both - 2);
    for (size_t i = 0; i < fewer; i++)
        assert_row(i, !text_starts(list[i]->id, "unix.") &&
                          !text_eq(list[i]->id, "stream.echo.identity"));
    s = (struct selection){.only = {"stream.echo.identity"}, .only_count = 1};
    assert_int_equal(choose(&s, "udp://127.0.0.1:7", list), 1); /* asked for by name */
    assert_ptr_equal(list[0], registry_find("stream.echo.identity"));
}

/* What takes long is tried where it is asked for: with --load, or by a pattern that means nothing
   else. */
static void test_on_request(void **state UNUSED)
{
    static const struct {
        struct selection s;
        const char *url;
        const char *id; /* one that is on request, and one that is not */
        bool load, usual;
    } rows[] = {
        {{.load = false}, "tcp://h:7", "stream.load.throughput", false, true},
        {{.load = true}, "tcp://h:7", "stream.load.throughput", true, true},
        {{.load = true}, "udp://h:7", "stream.load.throughput", false, false},
        {{.load = true}, "udp://h:7", "datagram.load.bursts", true, false},
        {{.only = {"*"}, .only_count = 1}, "tcp://h:7", "stream.load.throughput", false, true},
        {{.only = {"stream"}, .only_count = 1}, "tcp://h:7", "stream.load.throughput", false, true},
        {{.only = {"stream.l*"}, .only_count = 1},
         "tcp://h:7",
         "stream.load.throughput",
         false,
         false},
        {{.only = {"stream"}, .only_count = 1, .load = true},
         "tcp://h:7",
         "stream.load.throughput",
         true,
         true},
        {{.only = {"stream.load"}, .only_count = 1},
         "tcp://h:7",
         "stream.load.throughput",
         true,
         false},
        {{.only = {"*.load.*"}, .only_count = 1},
         "tcp://h:7",
         "stream.load.throughput",
         true,
         false},
        {{.only = {"stream.load.throughput"}, .only_count = 1},
         "udp://h:7",
         "stream.load.throughput",
         true,
         false},
        {{.only = {"stream.echo", "stream.load"}, .only_count = 2},
         "tcp://h:7",
         "stream.load.throughput",
         true,
         true},
        {{.skip = {"stream.load"}, .skip_count = 1},
         "tcp://h:7",
         "stream.load.throughput",
         false,
         true},
    };
    const struct check *usual = registry_find("stream.echo.identity");

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct check *list[CHECKS_MAX];
        size_t count = choose(&rows[i].s, rows[i].url, list);

        assert_row(i, holds(list, count, registry_find(rows[i].id)) == rows[i].load);
        assert_row(i, holds(list, count, usual) == rows[i].usual);
    }
    for (size_t i = 0; i < all_count; i++) {
        bool load = strstr(all[i]->id, ".load.") != NULL;

        assert_row(i, load == ((all[i]->flags & CHECK_ON_REQUEST) != 0));
    }
}

/* Checks of clients are chosen for clients alone, and nothing else is. */
static size_t count_of_clients(void)
{
    const struct check *list[CHECKS_MAX];
    struct selection s = {.client = true, .only = {"*"}, .only_count = 1};
    size_t count = choose(&s, urls[0], list);

    for (size_t i = 0; i < count; i++)
        assert_row(i, text_starts(list[i]->id, "client."));
    return count;
}

static void test_levels(void **state UNUSED)
{
    const struct check *list[CHECKS_MAX];
    struct selection s = {.only = {"*"}, .only_count = 1, .load = true};
    size_t sum = 0;

    for (unsigned level = 0; level < LEVELS; level++) {
        s.levels = 1U << level;
        s.load = level == LEVEL_ROBUST; /* checks of load have this one */
        size_t count = choose(&s, urls[0], list);
        for (size_t i = 0; i < count; i++)
            assert_row(i, check_level(list[i]) == (enum level)level);
        sum += count;
    }
    s.load = false;
    assert_int_equal(sum + count_of_clients(), all_count);
    s.levels = 1U << LEVEL_MUST | 1U << LEVEL_NOTE;
    size_t two = choose(&s, urls[0], list);
    s.levels = 1U << LEVEL_MUST;
    assert_true(two > choose(&s, urls[0], list));
}

/* Every check is in exactly one of the parts, however many there are. */
static void test_shards_partition(void **state UNUSED)
{
    static const unsigned shards[] = {1, 2, 3, 7, 16, 60};

    for (size_t u = 0; u < ARRAY_LEN(urls); u++) {
        const struct check *whole[CHECKS_MAX];
        const struct check *part[CHECKS_MAX];
        struct selection s = {.skip = {"*.size"}, .skip_count = 0};
        size_t count = choose(&s, urls[u], whole);

        for (size_t n = 0; n < ARRAY_LEN(shards) && shards[n] <= count; n++) {
            unsigned times[CHECKS_MAX] = {0};
            size_t sum = 0;

            s.shards = shards[n];
            for (s.shard = 1; s.shard <= s.shards; s.shard++) {
                size_t in = choose(&s, urls[u], part);

                assert_row(n, in >= count / s.shards && in <= count / s.shards + 1);
                sum += in;
                for (size_t i = 0; i < count; i++)
                    times[i] += holds(part, in, whole[i]);
            }
            assert_row(n, sum == count);
            for (size_t i = 0; i < count; i++)
                assert_row(n, times[i] == 1);
        }
    }
}

static void test_refused(void **state UNUSED)
{
    static const struct {
        struct selection s;
        const char *part;
    } rows[] = {
        {{.only = {"stream", "no.such"}, .only_count = 2},
         "--only \"no.such\" matches no check; `assay list` names them"},
        {{.only = {""}, .only_count = 1}, "--only \"\" matches no check"},
        {{.skip = {"stream.ecko"}, .skip_count = 1}, "--skip \"stream.ecko\" matches no check"},
        {{.only = {"stream"}, .only_count = 1, .skip = {"stream.*"}, .skip_count = 1},
         "--only, --skip and --level together select no check"},
        {{.only = {"stream.echo.identity"}, .only_count = 1, .levels = 1U << LEVEL_NOTE},
         "--only, --skip and --level together select no check"},
        {{.only = {"stream.echo.identity"}, .only_count = 1, .shard = 2, .shards = 2},
         "--shard 2/2 is empty; checks to share: 1"},
        {{.only = {"stream.echo"}, .only_count = 1, .load = true},
         "--load adds no check to what --only, --skip and --level select"},
    };
    struct endpoint e = endpoint_of(urls[0]);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct check *list[CHECKS_MAX];
        struct problem why = {.text = ""};
        size_t count = 4711;

        assert_row(i, !select_checks(&rows[i].s, &e, list, CHECKS_MAX, &count, &why));
        assert_contains(why.text, rows[i].part);
        assert_row(i, count == 4711);
    }
}

static void test_no_more_than_there_is_room_for(void **state UNUSED)
{
    struct selection s = {.only_count = 0};
    struct endpoint e = endpoint_of(urls[0]);
    const struct check *list[3];
    size_t count = 0;

    assert_true(select_checks(&s, &e, list, ARRAY_LEN(list), &count, NULL));
    assert_int_equal(count, 3);
}

/* ---- what a check needs ---- */

static struct target target_of(const char *url, const struct exchange *x)
{
    struct target t = {.exchange = x, .endpoint = endpoint_of(url), .width = 1};
    size_t count;

    assert_true(address_resolve(&t.endpoint, &t.address, 1, &count, NULL));
    return t;
}

static struct exchange *open_exchange(const char *spec, const char *url)
{
    struct endpoint e = endpoint_of(url);
    struct exchange *x = NULL;

    assert_true(exchange_open(spec, target_medium(&e), &x, NULL));
    return x;
}

static void test_every_need_has_a_sentence(void **state UNUSED)
{
    static const struct {
        const char *symbol, *sentence;
    } sentences[] = {
#define NEED(symbol, sentence) {#symbol, sentence},
#include "conformance/runner/needs.def"
#undef NEED
    };
    struct exchange *echo = open_exchange("echo", urls[0]);
    struct exchange *discard = open_exchange("discard", urls[1]);
    struct target targets[] = {target_of(urls[0], echo), target_of(urls[1], discard)};

    assert_int_equal(ARRAY_LEN(sentences), NEEDS);
    for (unsigned bit = 0; bit < NEEDS; bit++) {
        struct check check = {.needs = (uint64_t)1 << bit};

        assert_row(bit, is_line(sentences[bit].sentence));
        for (unsigned n = 0; n < bit; n++)
            assert_row(bit, !text_eq(sentences[n].sentence, sentences[bit].sentence));
        for (size_t t = 0; t < ARRAY_LEN(targets); t++) {
            const char *missing = select_missing(&check, &targets[t]);
            bool given = (select_given(&targets[t]) & (uint64_t)1 << bit) != 0;

            assert_row(bit, given == (missing == NULL));
            if (missing)
                assert_string_equal(missing, sentences[bit].sentence);
        }
    }
    exchange_close(echo);
    exchange_close(discard);
}

static void test_given_by_the_target(void **state UNUSED)
{
    static const struct {
        const char *url, *speak;
        uint64_t has, lacks;
    } rows[] = {
        {"tcp://127.0.0.1:7", "echo",
         NEED_CONNECTED | NEED_STREAM | NEED_TCP | NEED_IPV4 | NEED_REPLIES | NEED_ECHO |
             NEED_PAYLOAD | NEED_BINARY | NEED_NUMBERED | NEED_PERSISTS | NEED_CUTS | NEED_REQUESTS,
         NEED_DATAGRAM | NEED_UDP | NEED_IPV6 | NEED_UNIX | NEED_PREFIX | NEED_SINK | NEED_CLOSES},
        {"tcp://[::1]:7", "echo", NEED_IPV6, NEED_IPV4},
        {"udp://127.0.0.1:7", "echo:> ", NEED_DATAGRAM | NEED_UDP | NEED_PREFIX,
         NEED_CONNECTED | NEED_STREAM | NEED_TCP | NEED_ECHO | NEED_CUTS},
        {"unix:/s", "discard", NEED_UNIX | NEED_UNIX_PATH | NEED_STREAM | NEED_SINK,
         NEED_ABSTRACT | NEED_REPLIES | NEED_UNIX_DGRAM | NEED_SEQPACKET | NEED_IPV4},
        {"unix:@s", "chargen", NEED_ABSTRACT | NEED_SOURCE, NEED_UNIX_PATH | NEED_REQUESTS},
        {"unix-dgram:/s", "echo", NEED_UNIX_DGRAM | NEED_DATAGRAM | NEED_UNIX, NEED_UDP},
        {"unix-seqpacket:/s", "echo", NEED_SEQPACKET | NEED_CONNECTED, NEED_STREAM | NEED_DATAGRAM},
        {"tcp://127.0.0.1:7", "daytime", NEED_CLOSES | NEED_REPLIES, NEED_PERSISTS | NEED_REQUESTS},
        {"rpc+tcp://127.0.0.1:7/1/2", "rpc:1/2",
         NEED_TCP | NEED_STREAM | NEED_REPLIES | NEED_NUMBERED | NEED_PERSISTS | NEED_CUTS |
             NEED_RPC,
         NEED_MSGPROG | NEED_RPCBIND | NEED_ORDERED | NEED_PAYLOAD | NEED_BINARY | NEED_CLOSES},
        {"rpc+udp://127.0.0.1:7/1/2", "rpc:1/2", NEED_UDP | NEED_REPLIES, NEED_ORDERED | NEED_CUTS},
        {"rpc+unix:/s/345678/2", "rpc:345678/2", NEED_RPC | NEED_MSGPROG, NEED_RPCBIND},
        {"rpc+udp://127.0.0.1:7/100000/4", "rpc:100000/4", NEED_RPC | NEED_RPCBIND, NEED_MSGPROG},
        {"tcp://127.0.0.1:7", "line", NEED_ORDERED, NEED_ECHO | NEED_RPC},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct exchange *x = open_exchange(rows[i].speak, rows[i].url);
        struct target t = target_of(rows[i].url, x);
        uint64_t given = select_given(&t);

        assert_row(i, (given & rows[i].has) == rows[i].has);
        assert_row(i, (given & rows[i].lacks) == 0);
        exchange_close(x);
    }
}

static void test_given_by_the_run(void **state UNUSED)
{
    struct exchange *x = open_exchange("echo", urls[0]);
    struct target t = target_of(urls[0], x);
    uint64_t run = NEED_LOOPBACK | NEED_CONCURRENT | NEED_LOCAL | NEED_MOVES | NEED_PIPELINES;

    assert_int_equal(select_given(&t) & run, 0);
    t.loopback = true;
    assert_int_equal(select_given(&t) & run, NEED_LOOPBACK);
    t.width = 2;
    assert_int_equal(select_given(&t) & run, NEED_LOOPBACK | NEED_CONCURRENT);
    t.pid = 1;
    t.command = "./server";
    t.pipelines = true;
    assert_int_equal(select_given(&t) & run, run & ~(uint64_t)NEED_MOVES);
    t.command = "./server {port}";
    assert_int_equal(select_given(&t) & run, run);
    assert_int_equal((select_given(&t) & NEED_ROOT) != 0, geteuid() == 0);
    exchange_close(x);
}

/* The check that proves pipelining must not be skipped because the calibration saw it fail. */
static void test_the_proof_of_pipelining_is_tried(void **state UNUSED)
{
    struct exchange *echo = open_exchange("echo", urls[0]);
    struct exchange *page = open_exchange("exchanges/http-get.exchange", urls[0]);
    struct target t = target_of(urls[0], echo);
    struct check check = {.needs = NEED_PIPELINES};

    assert_string_equal(select_missing(&check, &t), "the exchange does not pipeline");
    check.flags = CHECK_PIPELINE;
    assert_null(select_missing(&check, &t));
    t.exchange = page;
    assert_string_equal(select_missing(&check, &t), "the exchange does not pipeline");
    exchange_close(echo);
    exchange_close(page);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_citations_fit_the_exchange),
        cmocka_unit_test(test_every_check_is_complete),
        cmocka_unit_test(test_citations),
        cmocka_unit_test(test_claims_differ),
        cmocka_unit_test(test_flags_are_borne),
        cmocka_unit_test(test_floods_run_alone),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_suites_that_fit),
        cmocka_unit_test(test_only_and_skip),
        cmocka_unit_test(test_on_request),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_shards_partition),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_more_than_there_is_room_for),
        cmocka_unit_test(test_every_need_has_a_sentence),
        cmocka_unit_test(test_given_by_the_target),
        cmocka_unit_test(test_given_by_the_run),
        cmocka_unit_test(test_the_proof_of_pipelining_is_tried),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
