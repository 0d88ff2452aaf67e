/*
 * The twins of clients against an honest server: a fault shows only where its time has come, so
 * here each of them answers right and ends with 0. That each does go wrong where it should is
 * proven by the checks.
 */
#include <stdio.h>
#include <string.h>

#include "harness/base/deadline.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { LIMIT_S = 60, READY_MS = 20000, FIELDS = 5, LEAST = 60, LEAST_SOUND = 12, BRIEF_S = 2 };

static const char three_out[] = "one\ntwo\nthree\n";

/* Those whose fault, or habit, shows on an honest server by its nature. */
static const struct {
    const char *name;
    const char *out; /* NULL: whatever it is */
    int status;      /* -1: whatever it is, if it ends in time; timeout(1) says 124 where not */
} exceptions[] = {
    {"always-failure", three_out, 1},
    {"never-ends-its-side", three_out, 124},
    {"merged-reply-lost", NULL, -1}, /* an honest server merges replies, too, where it likes */
    {"none-prompts", "> one\n> two\n> three\n", 0},
};

struct twin {
    const char *name;
    const char *check;
    const char *transport;
    const char *speak;
    const char *what;
};

/* Takes a line of the list apart. */
static struct twin read_twin(char *line)
{
    const char *fields[FIELDS];

    for (size_t i = 0; i < FIELDS; i++) {
        fields[i] = strsep(&line, "\t");
        assert_non_null(fields[i]);
        assert_true(fields[i][0]);
    }
    assert_null(line);
    return (struct twin){fields[0], fields[1], fields[2], fields[3], fields[4]};
}

static void must_be_right(const struct twin *t, const char *url)
{
    const char *out = three_out;
    int status = 0;

    for (size_t i = 0; i < ARRAY_LEN(exceptions); i++) {
        if (text_eq(exceptions[i].name, t->name)) {
            out = exceptions[i].out;
            status = exceptions[i].status;
        }
    }
    struct program_result r = program_run(
        LIMIT_S, "printf 'one\\ntwo\\nthree\\n' | timeout %d @B/assay-twins-clients --fault %s %s",
        status == 124 ? BRIEF_S : LIMIT_S / 2, t->name, url);
    bool talks = strstr(t->name, "talks") != NULL;
    bool ended = status < 0 ? r.status != 124 : r.status == status;
    if (!ended || (out && !text_eq(r.out, out)) || (status == 0 && !talks && r.err[0]) ||
        (talks && !strstr(r.err, "reply 3")))
        fail_msg("%s at %s: status %d, said \"%s\", complained \"%s\"", t->name, url, r.status,
                 r.out, r.err);
    program_free(&r);
}

static void open_server(struct process *p, char *url, size_t cap, const char *listen)
{
    assert_true(program_serve(p, url, cap, "exec @B/assay-echo --listen %s", listen));
}

/* Each is right where nothing happens, is named once for its kind of socket, and says which check
   it is for. */
static void test_honest_server(void **state UNUSED)
{
    struct program_result list = program_run(LIMIT_S, "@B/assay-twins-clients --fault list");
    char names[1 << 14] = " ";
    struct process tcp;
    struct process udp;
    char tcp_url[96];
    char udp_url[96];
    char *at = list.out;
    unsigned count = 0;
    unsigned sound = 0;

    assert_int_equal(list.status, 0);
    open_server(&tcp, tcp_url, sizeof(tcp_url), "tcp://127.0.0.1:0");
    open_server(&udp, udp_url, sizeof(udp_url), "udp://127.0.0.1:0");
    while (*at) {
        char *line = strsep(&at, "\n");
        struct twin t = read_twin(line);
        bool over_udp = text_eq(t.transport, "udp");
        char name[96];

        assert_true(over_udp || text_eq(t.transport, "tcp"));
        assert_string_equal(t.speak, "echo");
        assert_true(text_starts(t.check, over_udp ? "client.dgram" : "client."));
        assert_int_equal(text_starts(t.name, "none"), text_starts(t.what, "no fault: "));
        text_format(name, sizeof(name), " %s/%s ", t.name, t.transport);
        assert_lacks(names, name);
        text_format(names + strlen(names), sizeof(names) - strlen(names), "%s", name + 1);
        must_be_right(&t, over_udp ? udp_url : tcp_url);
        count++;
        sound += text_starts(t.name, "none");
    }
    process_stop(&tcp, deadline_in_ms(READY_MS));
    process_stop(&udp, deadline_in_ms(READY_MS));
    assert_true(count >= LEAST);
    assert_true(sound >= LEAST_SOUND);
    program_free(&list);
}

/* The engines, and the habits that are no fault, are right over every kind of socket. */
static void test_sound_everywhere(void **state UNUSED)
{
    static const char *const names[] = {"none",       "none-reads-octets", "none-writes-octets",
                                        "none-binds", "none-threads",      "none-prints-late",
                                        "none-talks", "none-steady",       "none-unconnected"};
    static const char *const kinds[] = {"tcp://[::1]:0", "udp://[::1]:0", "unix", "unix-dgram",
                                        "unix-seqpacket"};

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        bool is_path = strchr(kinds[k], ':') == NULL;
        bool datagram = strstr(kinds[k], "udp") || strstr(kinds[k], "dgram");
        char listen[128];
        char url[128];
        struct process p;

        text_format(listen, sizeof(listen), is_path ? "%s:%s/echo" : "%s", kinds[k],
                    program_folder);
        open_server(&p, url, sizeof(url), listen);
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            const struct twin t = {.name = names[i]};
            struct program_result known = program_run(
                LIMIT_S, "@B/assay-twins-clients --fault list | grep -Pq '^%s\\t\\S+\\t%s\\t'",
                names[i], datagram ? "udp" : "tcp");

            /* Octet by octet is for streams that have no borders. */
            if (known.status == 0 &&
                !(text_eq(kinds[k], "unix-seqpacket") && strstr(names[i], "octets")))
                must_be_right(&t, url);
            program_free(&known);
        }
        process_stop(&p, deadline_in_ms(READY_MS));
    }
}

static void test_usage(void **state UNUSED)
{
    static const struct {
        const char *words;
        const char *complaint;
    } cases[] = {
        {"", "Usage:"},
        {"tcp://127.0.0.1:1", "Usage:"},
        {"--fault none", "Usage:"},
        {"--fault none tcp://127.0.0.1:1 x", "Usage:"},
        {"--fault frob tcp://127.0.0.1:1", "there is no fault \"frob\" over tcp"},
        {"--fault udp-burst tcp://127.0.0.1:1", "there is no fault \"udp-burst\" over tcp"},
        {"--fault spins udp://127.0.0.1:1", "there is no fault \"spins\" over udp"},
        {"--fault none http://127.0.0.1", "no endpoint"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct program_result r = program_run(LIMIT_S, "@B/assay-twins-clients %s", cases[i].words);

        if (r.status != 2 || r.out[0])
            fail_msg("%s: status %d", cases[i].words, r.status);
        assert_contains(r.err, cases[i].complaint);
        program_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest_server),
        cmocka_unit_test(test_sound_everywhere),
        cmocka_unit_test(test_usage),
    };

    return cmocka_run_group_tests_name("twins of clients", tests, program_open_folder,
                                       program_close_folder);
}
