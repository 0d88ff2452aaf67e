/*
 * `assay replay` end to end: an honest conversation finds nothing at our servers, over any
 * transport, and the fault at each twin that has one; a case whose process dies is a finding; what
 * cannot be judged is no finding.
 */
#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"
#include "tests/hostile.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { LIMIT_S = 120, ROOM = 8192, LONG_TEXT = 300, PROG = 345678, VERS = 2, PATH_ROOM = 300 };

static char honest[PATH_ROOM]; /* paths of cases */
static char cut[PATH_ROOM];

/* ---- the cases ---- */

static void put(struct buf *out, uint32_t prog, uint32_t vers, uint32_t proc, struct slice args)
{
    static uint32_t xid = 0x10203040;
    struct onc_call call = onc_call_of(xid++, prog, vers, proc);
    struct buf message;

    call.args = args;
    buf_init(&message, ROOM);
    onc_put_call(&message, &call);
    record_put(out, buf_slice(&message));
    buf_free(&message);
}

static void put_text(struct buf *out, struct slice text)
{
    struct buf args;

    buf_init(&args, ROOM);
    wire_put_string(&args, text);
    put(out, PROG, VERS, 1, buf_slice(&args));
    buf_free(&args);
}

static void put_number(struct buf *out, uint32_t proc, uint32_t number)
{
    struct buf args;

    buf_init(&args, ROOM);
    wire_put_uint(&args, number);
    put(out, PROG, VERS, proc, buf_slice(&args));
    buf_free(&args);
}

/* What a server with an empty store answers in every way there is. */
static void put_honest(struct buf *out)
{
    static char text[LONG_TEXT];

    memset(text, 'x', sizeof(text));
    put(out, PROG, VERS, 0, slice_of(NULL, 0));
    put_text(out, slice_str("hello"));
    put_text(out, slice_of(text, sizeof(text)));
    put_number(out, 2, 1);
    put_number(out, 2, 2);
    put(out, PROG, VERS, 9, slice_of(NULL, 0));
    put(out, PROG + 1, VERS, 0, slice_of(NULL, 0));
    put(out, PROG, VERS + 1, 0, slice_of(NULL, 0));
    put_number(out, 1, UINT32_MAX); /* a text of that length */
    put(out, PROG, VERS, 0, slice_of(NULL, 0));
}

static void write_case(char path[PATH_ROOM], const char *name, struct slice octets)
{
    text_format(path, PATH_ROOM, "%s/%s", program_folder, name);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(octets.data, 1, octets.len, file), octets.len);
    assert_int_equal(fclose(file), 0);
}

static int open_cases(void **state)
{
    struct buf out;

    if (program_open_folder(state) != 0)
        return -1;
    buf_init(&out, ROOM);
    put_honest(&out);
    write_case(honest, "honest", buf_slice(&out));
    write_case(cut, "cut", slice_sub(buf_slice(&out), 0, out.len - 6));
    buf_free(&out);
    return 0;
}

/* ---- in process ---- */

static void expect(const char *arguments, int status, const char *part)
{
    struct program_result r = program_run(LIMIT_S, "@B/assay replay %s", arguments);

    if (r.status != status || (!strstr(r.out, part) && !strstr(r.err, part)))
        fail_msg("assay replay %s: status %d, said \"%s\", complained \"%s\"", arguments, r.status,
                 r.out, r.err);
    program_free(&r);
}

static void expect_case(const char *path, const char *arguments, int status, const char *part)
{
    char line[2 * PATH_ROOM];

    text_format(line, sizeof(line), "%s %s", path, arguments);
    expect(line, status, part);
}

static void test_in_process(void **state UNUSED)
{
    expect_case(honest, "", 0, "no finding");
    expect_case(honest, "", 0, "taken for one of tirpc-dispatch");
    expect_case(honest, "--via pair", 0, "via pair, tirpc-stream");
    expect_case(honest, "--target msg-own", 0, "no finding");
    expect_case(honest, "", 0, "cred.flavor");
    expect_case(cut, "", 0, "it ends within a record: ");
    expect("- < /dev/null", 0, "no finding");
}

static void test_target_of_path(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S,
        "mkdir -p %s/found/wire && cp %s %s/found/wire/a && @B/assay replay %s/found/wire/a",
        program_folder, honest, program_folder, program_folder);

    assert_int_equal(r.status, 0);
    assert_contains(r.out, "as octets, via mem, wire");
    program_free(&r);
}

/* Each way to die is a finding of its own, and repeated by the command that is printed. */
static void test_deaths(void **state UNUSED)
{
    static const struct {
        const char *plant;
        const char *finding;
    } rows[] = {
        {"assertion", "\ncrash  signal 6"},
        {"accept-spin", "\ntime  the case has computed"},
        {"waits", "\nwaiting  "},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program_result r =
            program_run(LIMIT_S, "ASSAY_FUZZ_PLANT=%s @B/assay replay corpus/planted/%s",
                        rows[i].plant, rows[i].plant);
        char again[PATH_ROOM];

        assert_int_equal(r.status, 1);
        assert_contains(r.out, rows[i].finding);
        text_format(again, sizeof(again),
                    "again: ASSAY_FUZZ_PLANT=%s assay replay corpus/planted/%s", rows[i].plant,
                    rows[i].plant);
        assert_contains(r.out, again);
        program_free(&r);
    }
}

static void test_known(void **state UNUSED)
{
    static const char command[] = "corpus/known/tirpc-stream/tirpc.early-dispatch";
    struct program_result r =
        program_run(LIMIT_S, "ASSAY_FUZZ_KNOWN=new @B/assay replay %s", command);

    expect(command, 0, "known: tirpc.early-dispatch");
    assert_int_equal(r.status, 1);
    program_free(&r);
}

/* ---- at a server ---- */

static void serve(struct process *p, char url[PATH_ROOM], const char *program, const char *where,
                  unsigned number)
{
    if (!program_serve(p, url, PATH_ROOM, "exec @B/%s --listen rpc+%s --data %s/data-%u", program,
                       where, program_folder, number))
        fail_msg("%s does not serve %s: %s", program, where, p->complained.text);
}

static const char *const places[] = {"tcp://127.0.0.1:0", "udp://127.0.0.1:0", "tcp://[::1]:0"};

static void test_servers(void **state UNUSED)
{
    static const char *const programs[] = {"assay-msgprog", "assay-msgprog-own"};
    unsigned number = 0;

    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        for (size_t k = 0; k < ARRAY_LEN(places); k++) {
            static struct process p;
            char url[PATH_ROOM];

            serve(&p, url, programs[i], places[k], number++);
            expect_case(honest, url, 0, "no finding");
            expect_case(honest, url, 0, "no finding"); /* the store is no longer empty */
            expect_case(cut, url, 0, "no finding");
            process_stop(&p, deadline_in_ms(LIMIT_S * 1000));
        }
    }
}

/* Right, and unusual: who answers in another order is accused of nothing, also where calls share an
   xid. */
static void test_odd_servers(void **state UNUSED)
{
    static const char *const programs[] = {"assay-twins-rpc --fault none-backwards",
                                           "assay-twins-rpc --fault none-fragments",
                                           "assay-twins-rpc --fault none-short-verifier"};

    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        static struct process p;
        char url[PATH_ROOM];

        serve(&p, url, programs[i], places[0], 200 + (unsigned)i);
        expect_case(honest, url, 0, "no finding");
        expect_case("corpus/tirpc-dispatch/pipelined", url, 0, "no finding");
        expect_case("corpus/tirpc-dispatch/save-and-read", url, 0, "no finding");
        process_stop(&p, deadline_in_ms(LIMIT_S * 1000));
    }
}

static void test_unix(void **state UNUSED)
{
    static struct process p;
    char where[PATH_ROOM];
    char url[PATH_ROOM];

    text_format(where, sizeof(where), "unix:%s/socket", program_folder);
    serve(&p, url, "assay-msgprog-own", where, 100);
    expect_case(honest, url, 0, "via unix");
    process_stop(&p, deadline_in_ms(LIMIT_S * 1000));
}

/* The finding, over both transports, in JSON; and again by the command that it names. */
static void expect_fault(const char *fault, const char *oracle, const char *part, size_t place,
                         unsigned number)
{
    static struct process p;
    char program[PATH_ROOM];
    char url[PATH_ROOM];
    bool found = false;

    text_format(program, sizeof(program), "assay-twins-rpc --fault %s", fault);
    serve(&p, url, program, places[place], number);
    struct program_result r = program_run(LIMIT_S, "@B/assay replay --json %s %s", honest, url);
    json_t *report = json_loads(r.out, 0, NULL);
    json_t *findings = json_object_get(report, "findings");
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *f = json_array_get(findings, i);

        found |= text_eq(json_string_value(json_object_get(f, "oracle")), oracle) &&
                 strstr(json_string_value(json_object_get(f, "text")), part);
    }
    if (r.status != 1 || !found)
        fail_msg("%s at %s: status %d, %s%s", fault, url, r.status, r.out, r.err);
    expect(strchr(json_string_value(json_object_get(report, "again")), ' ') + sizeof(" replay") - 1,
           1, oracle);
    json_decref(report);
    program_free(&r);
    process_stop(&p, deadline_in_ms(LIMIT_S * 1000));
}

static void test_twins(void **state UNUSED)
{
    static const struct {
        const char *fault;
        const char *oracle;
        const char *part;
    } rows[] = {
        {"xid-of-errors-swapped", "xid", "which nobody called"},
        {"reply-twice", "replies", "one more reply"},
        {"datagram-reply-twice", "replies", "one more reply"},
        {"garbage-silent", "status", "got no reply"},
        {"proc-unavail-as-garbage", "status", "wanted PROC_UNAVAIL, got GARBAGE_ARGS"},
        {"read-padded", "reply", "results of READMSG"},
        {"text-of-255", "state", "wanted 300 octets, got 255"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t place = 0; place < 2; place++) {
            bool of_datagrams = text_starts(rows[i].fault, "datagram");

            if (of_datagrams && place == 0)
                continue;
            expect_fault(rows[i].fault, rows[i].oracle, rows[i].part, place,
                         200 + 2 * (unsigned)i + (unsigned)place);
        }
    }
    expect_fault("end-with-reply", "replies", "one more reply to a NULL call", 0, 250);
}

/* A server that dies of the case, and one that never answers. */
static void test_not_alive(void **state UNUSED)
{
    static struct process p;
    char path[PATH_ROOM];
    char url[PATH_ROOM];
    struct buf out;

    buf_init(&out, ROOM);
    put(&out, PROG, VERS, 0x80000001, slice_of(NULL, 0));
    write_case(path, "signed", buf_slice(&out));
    buf_free(&out);
    for (size_t place = 0; place < 2; place++) {
        serve(&p, url, "assay-twins-rpc --fault procedures-signed", places[place],
              300 + (unsigned)place);
        expect_case(path, url, 1, "\nalive  ");
        process_stop(&p, deadline_in_ms(LIMIT_S * 1000));
        expect_case(path, url, 3, "assay");
    }
}

/* ---- at a hostile server ---- */

/* Whatever it does, there is an end, and what is wrong there is not the kit. */
static void test_hostile(void **state UNUSED)
{
    static const struct {
        const char *kind;
        const char *finding;
    } rows[] = {
        {"flood", "\nreply  "},
        {"silent", "\nalive  "},
        {"garbage", "\nreply  "},
        {"reset", "\nalive  "},
        {"close", "\nalive  "},
        {"trickle", "\nreply  "},
        {"half", "\nreply  "},
        {"empty-fragments", "\nstatus  "},
        {"endless-record", "\nstatus  "},
        {"huge-record", "\nstatus  "},
        {"many-replies", "\nstatus  "},
        {"foreign-replies", "\nstatus  "},
        {"lying-verifier", "\nstatus  "},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char url[PATH_ROOM];
        pid_t pid = hostile_start(rows[i].kind, url, sizeof(url));

        assert_true(pid > 0);
        struct program_result r =
            program_run(LIMIT_S, "@B/assay replay %s --patience 200 rpc+%s/345678/2", honest, url);
        hostile_stop(pid);
        if (r.status != 1 || !strstr(r.out, rows[i].finding))
            fail_msg("%s: status %d, said \"%s\", complained \"%s\"", rows[i].kind, r.status, r.out,
                     r.err);
        program_free(&r);
    }
}

/* Sends datagrams to whoever has called, faster than they are read, for ever. */
static pid_t start_flood(char url[PATH_ROOM])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in from;
    socklen_t len = sizeof(at);
    socklen_t from_len = sizeof(from);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint8_t octets[64] = {0};

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    text_format(url, PATH_ROOM, "rpc+udp://127.0.0.1:%u/345678/2", ntohs(at.sin_port));
    pid_t pid = fork();
    if (pid == 0) {
        if (recvfrom(fd, octets, sizeof(octets), 0, (struct sockaddr *)&from, &from_len) < 0)
            _exit(1);
        for (;;)
            sendto(fd, "flood", 5, 0, (struct sockaddr *)&from, from_len);
    }
    close(fd);
    return pid;
}

static void test_flood_of_datagrams(void **state UNUSED)
{
    char url[PATH_ROOM];
    pid_t pid = start_flood(url);

    assert_true(pid > 0);
    struct program_result r =
        program_run(LIMIT_S, "@B/assay replay %s --patience 400 %s", honest, url);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(r.status, 1);
    assert_contains(r.out, "is not answered within 400 ms");
    program_free(&r);
}

/* More calls than are judged. */
static void test_many(void **state UNUSED)
{
    char path[PATH_ROOM];
    struct buf out;

    buf_init(&out, 1 << 16);
    for (unsigned i = 0; i < 257; i++)
        put(&out, PROG, VERS, 0, slice_of(NULL, 0));
    write_case(path, "many", buf_slice(&out));
    buf_free(&out);
    expect_case(path, "rpc+tcp://127.0.0.1:1/345678/2", 2, "more than 256 messages");
}

static void test_usage(void **state UNUSED)
{
    expect("", 2, "a case is wanted");
    expect("--help", 0, "Examples:");
    expect("/nonexistent", 2, "/nonexistent");
    expect_case(honest, "--via tcp", 2, "wants a URL");
    expect_case(honest, "--via shm", 2, "none of mem, pair, tcp, udp and unix");
    expect_case(honest, "--via udp rpc+tcp://127.0.0.1:1/345678/2", 2, "is not --via udp");
    expect_case(honest, "tcp://127.0.0.1:1", 2, "is wanted here");
    expect_case(honest, "rpc+tcp://192.0.2.1:1/345678/2", 2, "--allow-remote");
    expect_case(honest, "rpc+tcp://127.0.0.1:0/345678/2", 2, "0 is none");
    expect_case(honest, "rpc+tcp://nobody.invalid:1/345678/2", 3, "nobody.invalid");
    expect_case(honest, "--target nobody", 2, "there is no target");
    expect_case(honest, "--target wire --via pair", 2, "no calls in records");
    expect_case(honest, "--patience never", 2, "--patience");
    expect_case(honest, "--more", 2, "is not known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_process),     cmocka_unit_test(test_many),
        cmocka_unit_test(test_target_of_path), cmocka_unit_test(test_deaths),
        cmocka_unit_test(test_known),          cmocka_unit_test(test_servers),
        cmocka_unit_test(test_odd_servers),    cmocka_unit_test(test_unix),
        cmocka_unit_test(test_twins),          cmocka_unit_test(test_not_alive),
        cmocka_unit_test(test_hostile),        cmocka_unit_test(test_flood_of_datagrams),
        cmocka_unit_test(test_usage),
    };

    return cmocka_run_group_tests_name("fuzz_replay", tests, open_cases, program_close_folder);
}
