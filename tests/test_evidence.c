/*
 * The evidence folder, end to end: the built assay tries twins with one fault each and leaves its
 * evidence; tshark reads the captures, and the program that repeats the exchange is compiled by gcc
 * and clang, finds the fault again in the twin, and does not find it in the server without it.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/evidence/evidence.h"
#include "harness/base/deadline.h"
#include "harness/net/endpoint.h"
#include "harness/report/exhibit.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { LIMIT_S = 120, STOP_MS = 5000, PATH_LEN = 512 };

#define COMPILE "-std=c11 -Wall -Wextra -Werror"
/* What tshark finds wrong by itself: a packet that it cannot read, a sum that is not right. */
#define TSHARK                                                                                     \
    "tshark -n -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE "   \
    "-o rpc.dissect_unknown_programs:TRUE -r "
/* Ports are any, and tshark guesses protocols by them: for what is wrong they carry but data. */
#define DATA " -d tcp.port==1-65535,data -d udp.port==1-65535,data "
#define WRONG                                                                                      \
    DATA                                                                                           \
        "-Y '_ws.malformed or ip.checksum.status == 0 or tcp.checksum.status == 0 or "             \
        "udp.checksum.status == 0 or tcp.analysis.lost_segment or tcp.analysis.retransmission or " \
        "tcp.analysis.ack_lost_segment or tcp.analysis.out_of_order'"

static const struct scene {
    const char *url;    /* what assay checks; @ is the folder */
    const char *place;  /* where a server of ours listens for again.c */
    const char *twin;   /* without --listen */
    const char *listen; /* for --spawn */
    const char *sound;  /* the server without the fault */
    const char *check;
    const char *seen; /* what tshark shows of it: a filter that at least one packet passes */
} scenes[] = {
    {"tcp://127.0.0.1:0", "tcp://127.0.0.1:0", "@B/assay-twins --fault fin-is-hang-up",
     "tcp://127.0.0.1:{port}", "@B/assay-echo", "stream.shutdown.half-close-drains",
     "tcp.flags.reset == 1 and frame.comment contains \"here the claim broke\""},
    {"tcp://[::1]:0", "tcp://[::1]:0", "@B/assay-twins --fault utf8-decoded", "tcp://[::1]:{port}",
     "@B/assay-echo", "stream.octets.high-bytes",
     "ipv6 and tcp.len > 0 and frame.comment contains \"here the claim broke\""},
    {"tcp://127.0.0.1:0", "tcp://127.0.0.1:0", "@B/assay-twins --fault idle-forgotten",
     "tcp://127.0.0.1:{port}", "@B/assay-echo", "stream.idle.still-usable", "tcp.len > 0"},
    {"tcp://127.0.0.1:0", "tcp://127.0.0.1:0", "@B/assay-twins --fault whole-messages-counted",
     "tcp://127.0.0.1:{port}", "@B/assay-echo", "stream.reset.after-request",
     "tcp.flags.reset == 1"},
    {"udp://127.0.0.1:0", "udp://127.0.0.1:0", "@B/assay-twins --fault udp-block-padded",
     "udp://127.0.0.1:{port}", "@B/assay-echo", "datagram.echo.reply-length",
     "udp and frame.comment contains \"here the claim broke\""},
    {"unix:@/check", "unix:@/again", "@B/assay-twins --fault utf8-decoded", "unix:{path}",
     "@B/assay-echo", "stream.octets.high-bytes", "tcp.len > 0 and ip.src == 127.0.0.1"},
    {"unix-dgram:@/check", "unix-dgram:@/again", "@B/assay-twins --fault unix-dgram-vanished-fatal",
     "unix-dgram:{path}", "@B/assay-echo", "unix.dgram.vanished-client", "udp"},
    {"unix-seqpacket:@/check", "unix-seqpacket:@/again",
     "@B/assay-twins --fault seqpacket-empty-is-end", "unix-seqpacket:{path}", "@B/assay-echo",
     "unix.seqpacket.zero-length-record", "tcp.flags.fin == 1"},
    {"rpc+tcp://127.0.0.1:0/345678/2", "rpc+tcp://127.0.0.1:0",
     "@B/assay-twins-rpc --fault prog-mismatch-from-1", "rpc+tcp://127.0.0.1:{port}",
     "@B/assay-twins-rpc --fault none", "rpc.reply.prog-mismatch-order",
     "rpc.program == 345678 and rpc.procedure == 0 and rpc.xid"},
    {"rpc+udp://127.0.0.1:0/345678/2", "rpc+udp://127.0.0.1:0",
     "@B/assay-twins-rpc --fault rpc-mismatch-from-1", "rpc+udp://127.0.0.1:{port}",
     "@B/assay-twins-rpc --fault none", "rpc.reply.rpc-mismatch", "rpc.msgtyp == 1 and rpc.xid"},
};

static unsigned failed;

/* Says what went wrong with which scene; the others are tried all the same. */
static void expect(bool holds, const struct scene *s, const char *what,
                   const struct program_result *r)
{
    if (holds)
        return;
    failed++;
    print_error("%s, %s: %s; status %d\n%s%s\n", s->twin, s->check, what, r->status, r->out,
                r->err);
}

/* ---- one scene ---- */

/* The folder in the place of @. */
static void put_place(const char *place, const char *folder, char *ret, size_t cap)
{
    size_t len = strcspn(place, "@");

    text_format(ret, cap, "%.*s%s%s", (int)len, place, place[len] ? folder : "",
                place[len] ? place + len + 1 : "");
}

static void try_check(const struct scene *s, const char *folder)
{
    char url[PATH_LEN];

    put_place(s->url, folder, url, sizeof(url));
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && @B/assay check %s --only %s --quiet --seed 7 --patience 600 --evidence %s/ev "
        "--spawn 'exec %s --listen %s'",
        folder, url, s->check, folder, s->twin, s->listen);
    expect(r.status == 1 && strstr(r.out, "1 fail"), s, "assay finds the fault", &r);
    program_free(&r);
}

static void look_at_files(const struct scene *s, const char *files)
{
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && grep -q %s transcript.txt && grep -q 'runs, as\\|process' target.txt && "
        "test -s sockets.txt && test -s sent-1.bin && sh -n again.sh && test -x again.sh && "
        "grep -q %s ../index.txt && grep -q capture.pcapng ../index.txt",
        files, s->check, s->check);

    expect(r.status == 0, s, "the files are there", &r);
    program_free(&r);
}

static void look_at_json(const struct scene *s, const char *files)
{
    struct program_result none = {0};
    char path[PATH_LEN];

    none.out = none.err = strdup("");
    text_format(path, sizeof(path), "%s/transcript.json", files);
    json_t *root = json_load_file(path, 0, NULL);
    const char *id = json_string_value(json_object_get(root, "id"));
    bool whole = json_is_string(json_object_get(root, "claim")) &&
                 json_array_size(json_object_get(root, "cites")) > 0 &&
                 json_array_size(json_object_get(root, "evidence")) > 0 &&
                 json_is_string(json_object_get(root, "reproduce")) &&
                 json_is_string(json_object_get(root, "target")) &&
                 json_integer_value(json_object_get(root, "seed")) == 7;

    expect(whole && id && text_eq(id, s->check), s, "transcript.json has it all", &none);
    json_decref(root);
    free(none.out);
}

static void look_at_capture(const struct scene *s, const char *files)
{
    struct program_result r =
        program_run(LIMIT_S, TSHARK "%s/capture.pcapng -Y '%s'", files, s->seen);

    expect(r.out[0] != '\0', s, "tshark sees it in the capture", &r);
    program_free(&r);
    r = program_run(LIMIT_S, TSHARK "%s/capture.pcapng" WRONG, files);
    expect(r.status == 0 && r.out[0] == '\0', s, "tshark finds nothing wrong", &r);
    program_free(&r);
}

/* How again.c names a place: HOST PORT, or PATH. */
static void words_of(const char *url, char *ret, size_t cap)
{
    struct endpoint e;

    if (!endpoint_parse(url, &e, NULL))
        abort();
    if (endpoint_is_unix(&e))
        text_copy(ret, cap, e.path);
    else
        text_format(ret, cap, "%s %u", e.host, e.port);
}

static void run_again(const struct scene *s, const char *folder, const char *files,
                      const char *server, int expected)
{
    static struct process process;
    char place[PATH_LEN];
    char url[PATH_LEN];
    char words[PATH_LEN];

    put_place(s->place, folder, place, sizeof(place));
    if (!program_serve(&process, url, sizeof(url), "exec %s --listen %s", server, place))
        fail_msg("%s does not serve: %s", server, process.complained.text);
    words_of(url, words, sizeof(words));
    struct program_result r = program_run(LIMIT_S, "%s/again -t 3000 %s", files, words);
    expect(r.status == expected, s, expected == 0 ? "again.c finds it again" : "... not here", &r);
    program_free(&r);
    process_stop(&process, deadline_in_ms(STOP_MS));
    if (strchr(s->place, '@'))
        unlink(words);
}

/* Where nobody serves any more, as at the place of the run, it says so and no more. */
static void run_alone(const struct scene *s, const char *files)
{
    struct program_result r = program_run(LIMIT_S, "%s/again", files);

    expect(r.status == 2 && strstr(r.err, "nobody serves there"), s, "again.c finds nobody", &r);
    program_free(&r);
}

static void try_again(const struct scene *s, const char *folder, const char *files)
{
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && clang " COMPILE " -fsyntax-only again.c && cc " COMPILE " -o again again.c",
        files);

    expect(r.status == 0, s, "again.c compiles", &r);
    if (r.status == 0) {
        run_again(s, folder, files, s->twin, 0);
        run_again(s, folder, files, s->sound, 1);
        run_alone(s, files);
    }
    program_free(&r);
}

static void test_scenes(void **state UNUSED)
{
    failed = 0;
    for (size_t i = 0; i < ARRAY_LEN(scenes); i++) {
        char folder[64];
        char files[PATH_LEN];

        program_make_folder(folder, sizeof(folder));
        text_format(files, sizeof(files), "%s/ev/%s", folder, scenes[i].check);
        try_check(&scenes[i], folder);
        look_at_files(&scenes[i], files);
        look_at_json(&scenes[i], files);
        look_at_capture(&scenes[i], files);
        try_again(&scenes[i], folder, files);
        program_remove_folder(folder);
    }
    assert_int_equal(failed, 0);
}

/* ---- what the target said, and the sockets ---- */

static void test_last_words(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && @B/assay check tcp://127.0.0.1:0 --only stream.reset.after-request --quiet "
        "--patience 600 --evidence death --spawn 'printf \"its last \\033[31mwords\\n\" >&2; exec "
        "@B/assay-twins --fault whole-messages-counted --listen tcp://127.0.0.1:{port} # "
        "'\"$(printf "
        "'\\033[2J')\"; "
        "cat death/*/target.txt; grep -l \"$(printf '\\033')\" death/*/transcript.txt",
        program_folder);

    assert_contains(r.out, "the target's process exited with status 1");
    assert_lacks(r.out, "transcript.txt");
    assert_contains(r.out, "the end of its standard error:\nits last \\x1b[31mwords\n");
    assert_contains(r.out, "the end of its standard output:\nREADY tcp://127.0.0.1:");
    program_free(&r);
}

static void test_sockets(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && @B/assay check tcp://127.0.0.1:0 --only stream.idle.still-usable --quiet "
        "--patience 600 --evidence tcp --spawn 'exec @B/assay-twins --fault idle-forgotten "
        "--listen tcp://127.0.0.1:{port}'; cat tcp/*/sockets.txt; @B/assay check unix:$PWD/s "
        "--only stream.octets.high-bytes --quiet --patience 600 --evidence unix --spawn "
        "'exec @B/assay-twins --fault utf8-decoded --listen unix:{path}'; cat unix/*/sockets.txt",
        program_folder);

    assert_contains(r.out, " LISTEN, 0 of at most ");
    assert_contains(r.out, " ESTABLISHED, 0 octets to be read, 0 on their way, inode ");
    assert_contains(r.out, ", ours: connection 1\n");
    assert_contains(r.out, ", the target's (process ");
    assert_contains(r.out, "/s LISTEN, inode ");
    program_free(&r);
}

/* Of a client the capture shows that it came to us; it is not repeated by a program that asks. */
static void test_client(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && @B/assay client stream.early-eof --listen tcp://127.0.0.1:0 --quiet --patience "
        "5000 --evidence client -- 'echo what it complains of >&2; exec socat -t1 - "
        "TCP:{host}:{port}'; cd client/client.stream.early-eof && test ! -e again.c && cat "
        "target.txt && " TSHARK "capture.pcapng -Y 'tcp.flags.syn == 1 and tcp.flags.ack == 0 and "
        "tcp.srcport == 40001' && " TSHARK "capture.pcapng" WRONG,
        program_folder);

    assert_int_equal(r.status, 0);
    assert_contains(r.out, "the client exited with status 0");
    assert_contains(r.out, "what it complains of");
    assert_contains(r.out, "[SYN]");
    program_free(&r);
}

/* ---- repeating it ---- */

/* Paths in the command are those of where assay was called. */
static void test_again_from_elsewhere(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S,
        "mkdir -p %s/here/bin && cd %s/here && ln -sf @B/assay-twins bin/twins && @B/assay check "
        "unix:s --only stream.octets.high-bytes --quiet --patience 600 --evidence ev --spawn 'exec "
        "bin/twins --fault utf8-decoded --listen unix:{path}'; cd / && "
        "%s/here/ev/stream.octets.high-bytes/again.sh",
        program_folder, program_folder, program_folder);

    assert_int_equal(r.status, 1);
    const char *first = strstr(r.out, "0 pass, 1 fail");
    assert_non_null(first);
    assert_contains(first + 1, "0 pass, 1 fail");
    program_free(&r);
}

/* Nothing of an earlier run stays that this one does not say. */
static void test_second_run(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && mkdir -p twice/stream.octets.high-bytes && cd twice/stream.octets.high-bytes && "
        "touch sent-9.bin sent-1.bin target.txt && cd ../.. && @B/assay check tcp://127.0.0.1:0 "
        "--only stream.octets.high-bytes --quiet --patience 600 --evidence twice --spawn 'exec "
        "@B/assay-twins --fault utf8-decoded --listen tcp://127.0.0.1:{port}'; cd "
        "twice/stream.octets.high-bytes && test ! -e sent-9.bin && test -s sent-1.bin && test -s "
        "target.txt",
        program_folder);

    assert_int_equal(r.status, 0);
    program_free(&r);
}

/* Where nothing could be tried the index says why. */
static void test_index_of_no_verdict(void **state UNUSED)
{
    struct program_result r =
        program_run(LIMIT_S,
                    "cd %s && @B/assay check tcp://127.0.0.1:0 --quiet --evidence none "
                    "--spawn 'echo no token {port} >&2; exit 3'; grep 'The run ended early: the "
                    "target exited with status 3 .* its last line: \"no token' none/index.txt",
                    program_folder);

    assert_int_equal(r.status, 0);
    program_free(&r);
}

/* The run that is reported is the one whose evidence is kept. */
static void test_repeat(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && @B/assay check tcp://127.0.0.1:0 --only stream.octets.high-bytes --quiet "
        "--repeat 2 --patience 600 --evidence repeat --spawn 'exec @B/assay-twins --fault "
        "utf8-decoded --listen tcp://127.0.0.1:{port}'; cd repeat/stream.octets.high-bytes && "
        "test -s capture.pcapng && test -s again.c && test -s target.txt",
        program_folder);

    assert_int_equal(r.status, 0);
    program_free(&r);
}

/* ---- where it cannot be written ---- */

/* A warning alone is status 0; evidence that cannot be written makes it 4. */
static void test_cannot_be_written(void **state UNUSED)
{
    static const struct {
        const char *before, *said;
    } rows[] = {
        {"ln -s /dev/full ev/index.txt", "/index.txt: No space left on device"},
        {"touch ev/datagram.src.reply-to-source-port",
         "ev/datagram.src.reply-to-source-port: Not a directory"},
        {"mkdir -p ev/datagram.src.reply-to-source-port/again.c", "/again.c: Is a directory"},
        {"mkdir -p ev/datagram.src.reply-to-source-port && ln -s /dev/full "
         "ev/datagram.src.reply-to-source-port/capture.pcapng",
         "/capture.pcapng: No space left on device"},
        {"mkdir -p ev/datagram.src.reply-to-source-port && ln -s /dev/full "
         "ev/datagram.src.reply-to-source-port/transcript.json",
         "/transcript.json: No space left on device"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program_result r = program_run(
            LIMIT_S,
            "cd %s && rm -rf ev && mkdir ev && %s && @B/assay check udp://127.0.0.1:0 --only "
            "datagram.src.reply-to-source-port --quiet --patience 600 --evidence ev --spawn 'exec "
            "@B/assay-twins --fault udp-other-socket --listen udp://127.0.0.1:{port}'",
            program_folder, rows[i].before);

        if (r.status != 4 || !strstr(r.err, rows[i].said) || !strstr(r.err, "--evidence"))
            fail_msg("%s: status %d\n%s%s", rows[i].before, r.status, r.out, r.err);
        program_free(&r);
    }
}

/* What is larger than files may be is told like a full disk; nothing is there by halves. */
static void test_files_too_large(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && rm -rf ev large.* && (ulimit -f 1; exec @B/assay check udp://127.0.0.1:0 --only "
        "datagram.src.reply-to-source-port --quiet --patience 600 --evidence ev --report "
        "json=large.json --spawn 'exec @B/assay-twins --fault udp-other-socket --listen "
        "udp://127.0.0.1:{port}') >large.out; S=$?; ls large.* ev; exit $S",
        program_folder);

    if (r.status != 4 || !text_eq(r.out, "large.out\n\nev:\n"))
        fail_msg("status %d\n%s%s", r.status, r.out, r.err);
    assert_contains(r.err, "--evidence ev/index.txt: File too large");
    assert_contains(r.err, "large.json: File too large");
    program_free(&r);
}

/* ---- hostile words ---- */

/* Whatever a target has said, the program compiles, and all stays inside the folder. */
static void test_hostile_words(void **state UNUSED)
{
    static const char words[] = "*/ int x; /* \?\?/\n \"\\ %s%n #include \xff\x01 */ \?\?> \\";
    const struct act acts[] = {
        {.kind = EVENT_OPENED, .who = WHO_US, .connection = 1, .what = words},
        {.kind = EVENT_OCTETS,
         .who = WHO_US,
         .connection = 1,
         .length = sizeof(words),
         .octets = slice_of(words, sizeof(words)),
         .what = words},
        {.kind = EVENT_OCTETS, .who = WHO_TARGET, .connection = 1, .length = 9, .what = words},
        {.kind = EVENT_RESET, .who = WHO_TARGET, .connection = 7, .what = words},
    };
    struct exhibit e = {.medium = EXHIBIT_DATAGRAMS,
                        .path = words,
                        .acts = acts,
                        .act_count = ARRAY_LEN(acts),
                        .aside = words,
                        .sockets = words,
                        .own = words,
                        .state = words};
    const char *const cites[] = {words};
    struct report_check c = {.id = "stream.echo.identity",
                             .level = LEVEL_MUST,
                             .claim = words,
                             .verdict = VERDICT_FAIL,
                             .reason = words,
                             .cites = cites,
                             .cite_count = 1,
                             .expected = words,
                             .actual = words,
                             .reproduce = "true",
                             .guilty = -1,
                             .exhibit = &e};
    struct report r = {
        .target = "../../x/\n../y", .speak = "echo", .facts = "", .checks = &c, .count = 1};
    const struct report *reports[] = {&r};
    struct report_set set = {.reports = reports, .count = 1, .several = true};
    char folder[PATH_LEN];
    struct problem why;

    text_format(folder, sizeof(folder), "%s/hostile", program_folder);
    if (!evidence_write(folder, &set, &why))
        fail_msg("%s", why.text);
    struct program_result ran = program_run(
        LIMIT_S,
        "cd %s && ls -A && cd */stream.echo.identity && for cc in gcc clang; do $cc " COMPILE
        " -o again again.c || exit 9; done && " TSHARK "capture.pcapng" WRONG,
        folder);
    if (ran.status != 0)
        fail_msg("status %d\n%s%s", ran.status, ran.out, ran.err);
    assert_string_equal(ran.out, "_._.._x__.._y\n");
    program_free(&ran);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenes),
        cmocka_unit_test(test_last_words),
        cmocka_unit_test(test_sockets),
        cmocka_unit_test(test_client),
        cmocka_unit_test(test_again_from_elsewhere),
        cmocka_unit_test(test_second_run),
        cmocka_unit_test(test_index_of_no_verdict),
        cmocka_unit_test(test_repeat),
        cmocka_unit_test(test_cannot_be_written),
        cmocka_unit_test(test_files_too_large),
        cmocka_unit_test(test_hostile_words),
    };

    return cmocka_run_group_tests(tests, program_open_folder, program_close_folder);
}
