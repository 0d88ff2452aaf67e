/* The message store of the MSGPROG references: bounds, torn tails, damage, death of the writer. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "reference/store/store.h"
#include "tests/program.h"

enum { CONTENT_MAX = 1 << 20, SMALL_PIPE = 4096 };

static const struct store_limits roomy = {.message_bytes = 1 << 16, .count = 1000};
static char folder[64];
static char path[96];

static int open_folder(void **state)
{
    (void)state;
    program_make_folder(folder, sizeof(folder));
    text_format(path, sizeof(path), "%s/messages", folder);
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    program_remove_folder(folder);
    return 0;
}

static struct store *must_open(const struct store_limits *limits)
{
    struct problem why = {0};
    struct store *s = store_open(path, limits, &why);

    if (!s)
        fail_msg("%s", why.text);
    return s;
}

static void must_refuse(const char *part)
{
    struct problem why = {0};
    struct store *s = store_open(path, &roomy, &why);

    if (s)
        fail_msg("opened, but expected: %s", part);
    if (!strstr(why.text, part))
        fail_msg("\"%s\" does not say: %s", why.text, part);
}

static void must_hold(struct store *s, int64_t number, struct slice text)
{
    struct problem why;
    struct buf out;

    buf_init(&out, CONTENT_MAX);
    if (!store_read(s, number, &out, &why))
        fail_msg("message %lld: %s", (long long)number, why.text);
    assert_true(slice_eq(buf_slice(&out), text));
    assert_int_equal(store_length(s, number), text.len);
    buf_free(&out);
}

static void must_lack(struct store *s, int64_t number)
{
    struct problem why;
    struct buf out;

    buf_init(&out, CONTENT_MAX);
    assert_false(store_read(s, number, &out, &why));
    assert_string_equal(why.text, "");
    assert_int_equal(out.len, 0);
    assert_int_equal(store_length(s, number), 0);
    buf_free(&out);
}

static void must_save(struct store *s, struct slice text, uint32_t number)
{
    struct problem why = {0};

    if (store_save(s, text, &why) != number)
        fail_msg("not saved as %u: %s", number, why.text);
}

/* The whole file as octets; the caller frees. */
static uint8_t *content(size_t *ret_len)
{
    uint8_t *octets = calloc(1, CONTENT_MAX);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = octets && fd >= 0 ? read(fd, octets, CONTENT_MAX) : -1;

    assert_true(n >= 0);
    close(fd);
    *ret_len = (size_t)n;
    return octets;
}

static void put_content(const uint8_t *octets, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets, len), (ssize_t)len);
    close(fd);
}

/* Messages one, two, three, which most tests start from. */
static void write_three(void)
{
    struct store *s = must_open(&roomy);

    must_save(s, slice_str("one"), 1);
    must_save(s, slice_str("two"), 2);
    must_save(s, slice_str("three"), 3);
    store_close(s);
}

static void test_round_trip(void **state)
{
    static uint8_t text[1 << 16];
    static const size_t sizes[] = {0,   1,   2,    3,    4,    5,    255,   256,
                                   257, 511, 4095, 4096, 4097, 9000, 65535, 65536};
    struct store *s = must_open(&roomy);

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)(i * 31);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        must_save(s, slice_of(text, sizes[i]), (uint32_t)i + 1);
    for (unsigned times = 0; times < 2; times++) {
        assert_int_equal(store_count(s), ARRAY_LEN(sizes));
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
            must_hold(s, (int64_t)i + 1, slice_of(text, sizes[i]));
        store_close(s);
        s = must_open(&roomy);
    }
    store_close(s);
}

static void test_unknown_numbers(void **state)
{
    static const int64_t numbers[] = {0, -1, 4, INT32_MIN, INT32_MAX};

    (void)state;
    write_three();
    struct store *s = must_open(&roomy);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        must_lack(s, numbers[i]);
    store_close(s);
}

static void test_limits(void **state)
{
    static const struct store_limits tight = {.message_bytes = 4, .count = 2};
    struct problem why;

    (void)state;
    struct store *s = must_open(&tight);
    assert_int_equal(store_save(s, slice_str("12345"), &why), 0);
    assert_non_null(strstr(why.text, "at most 4"));
    must_save(s, slice_str("1234"), 1);
    must_save(s, slice_str(""), 2);
    assert_int_equal(store_save(s, slice_str("x"), &why), 0);
    assert_non_null(strstr(why.text, "full: 2 messages"));
    store_close(s);
    /* What is in it counts, also beyond limits that are lower today. */
    s = must_open(&(struct store_limits){.message_bytes = 1, .count = 1});
    must_hold(s, 1, slice_str("1234"));
    assert_int_equal(store_save(s, slice_str("x"), &why), 0);
    store_close(s);
}

/* Cut at every octet of the last record, and of the header before there was any. */
static void test_torn_tail(void **state)
{
    size_t len;
    size_t last = STORE_RECORD_HEADER + strlen("three");

    (void)state;
    write_three();
    uint8_t *octets = content(&len);
    for (size_t cut = len - last; cut < len; cut++) {
        put_content(octets, cut);
        struct store *s = must_open(&roomy);
        assert_int_equal(store_count(s), 2);
        must_hold(s, 2, slice_str("two"));
        must_save(s, slice_str("again"), 3);
        store_close(s);
        s = must_open(&roomy);
        must_hold(s, 3, slice_str("again"));
        store_close(s);
    }
    for (size_t cut = 0; cut < STORE_HEADER; cut++) {
        put_content(octets, cut);
        struct store *s = must_open(&roomy);
        assert_int_equal(store_count(s), 0);
        must_save(s, slice_str("new"), 1);
        store_close(s);
    }
    free(octets);
}

/* A file that grew but was never written, as after a loss of power, and one with rubbish behind. */
static void test_foreign_tail(void **state)
{
    static const uint8_t zeros[5000];
    uint8_t joined[8192];
    size_t len;

    (void)state;
    write_three();
    uint8_t *octets = content(&len);
    for (unsigned fill = 0; fill < 2; fill++) {
        memcpy(joined, octets, len);
        memcpy(joined + len, zeros, sizeof(zeros));
        if (fill)
            memset(joined + len, 0xa5, sizeof(zeros));
        put_content(joined, len + sizeof(zeros));
        struct store *s = must_open(&roomy);
        assert_int_equal(store_count(s), 3);
        must_save(s, slice_str("four"), 4);
        store_close(s);
    }
    free(octets);
}

/* Each bit of each record: damage with whole records behind it is refused and nothing is cut; in
   the last record it is told from no torn tail, and that one alone is gone. */
static void test_bit_flips(void **state)
{
    size_t len;
    size_t after;

    (void)state;
    write_three();
    uint8_t *octets = content(&len);
    size_t last = len - STORE_RECORD_HEADER - strlen("three");
    for (size_t bit = 8 * STORE_HEADER; bit < 8 * len; bit++) {
        octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
        put_content(octets, len);
        octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bit / 8 < last) {
            must_refuse("is damaged at octet");
            free(content(&after));
            assert_int_equal(after, len);
        } else {
            struct store *s = must_open(&roomy);
            assert_int_equal(store_count(s), 2);
            store_close(s);
        }
    }
    free(octets);
}

/* What changes behind our back while the file is open is not handed out as what was saved. */
static void test_change_while_open(void **state)
{
    struct problem why;
    struct buf out;

    (void)state;
    struct store *s = must_open(&roomy);
    must_save(s, slice_str("one"), 1);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "X", 1, STORE_HEADER + STORE_RECORD_HEADER), 1);
    close(fd);
    buf_init(&out, CONTENT_MAX);
    assert_false(store_read(s, 1, &out, &why));
    assert_non_null(strstr(why.text, "not what was saved"));
    assert_int_equal(out.len, 0);
    buf_free(&out);
    store_close(s);
}

/* A text that is an image of records does not pass for one. */
static void test_text_like_records(void **state)
{
    size_t len;

    (void)state;
    write_three();
    uint8_t *octets = content(&len);
    unlink(path);
    struct store *s = must_open(&roomy);
    must_save(s, slice_str("first"), 1);
    must_save(s, slice_of(octets, len), 2);
    store_close(s);
    free(octets);
    octets = content(&len);
    put_content(octets, len - 1);
    s = must_open(&roomy);
    assert_int_equal(store_count(s), 1);
    store_close(s);
    free(octets);
}

static void test_two_openers(void **state)
{
    (void)state;
    struct store *s = must_open(&roomy);
    must_refuse("another server uses it");
    store_close(s);
    store_close(must_open(&roomy));
}

static void test_not_a_store(void **state)
{
    (void)state;
    program_write_file(path, "something else entirely");
    must_refuse("is no message file");
    program_write_file(path, "AS");
    store_close(must_open(&roomy)); /* the beginning of a header: its maker was killed */
    program_write_file(path, "AX");
    must_refuse("is no message file");
    program_write_file(path, "ASSAYMSG\x01\x01\x01\x02salt");
    must_refuse("is no message file");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    must_refuse("cannot open");
    rmdir(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    must_refuse("no regular file");
    unlink(path);
    text_format(path, sizeof(path), "%s/none/messages", folder);
    must_refuse("No such file");
}

/* The disk is full: nothing is numbered, and what was there before stays. */
static void test_no_space(void **state)
{
    struct rlimit before;
    struct problem why;
    static uint8_t text[5000];

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    struct store *s = must_open(&roomy);
    must_save(s, slice_str("one"), 1);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 4096, .rlim_max = before.rlim_max}),
        0);
    uint32_t number = store_save(s, slice_of(text, sizeof(text)), &why);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(number, 0);
    assert_non_null(strstr(why.text, "cannot write"));
    must_save(s, slice_str("two"), 2);
    store_close(s);
    s = must_open(&roomy);
    must_hold(s, 1, slice_str("one"));
    must_hold(s, 2, slice_str("two"));
    store_close(s);
}

/* Never full: a disk that is memory takes thousands of messages before the writer is killed. */
static const struct store_limits endless = {.message_bytes = 1 << 16, .count = INT32_MAX};

_Noreturn static void write_until_killed(int answers)
{
    struct problem why;
    struct store *s = store_open(path, &endless, &why);

    for (;;) {
        char text[32];
        uint32_t number;

        text_format(text, sizeof(text), "message %u", store_count(s) + 1);
        number = store_save(s, slice_str(text), &why);
        if (number == 0 || write(answers, &number, sizeof(number)) != sizeof(number))
            _exit(1);
    }
}

/* A writer is killed at any moment behind its Nth answer: what was answered is there. */
static void test_kill(void **state)
{
    uint32_t answered = 0;

    (void)state;
    for (unsigned round = 1; round <= 20; round++) {
        int ends[2];

        assert_int_equal(pipe(ends), 0);
        fcntl(ends[1], F_SETPIPE_SZ, SMALL_PIPE); /* a writer who is ahead waits */
        pid_t pid = fork();
        if (pid == 0)
            write_until_killed(ends[1]);
        close(ends[1]);
        for (unsigned i = 0; i < round; i++)
            assert_int_equal(read(ends[0], &answered, sizeof(answered)), sizeof(answered));
        kill(pid, SIGKILL);
        while (read(ends[0], &answered, sizeof(answered)) == sizeof(answered))
            continue;
        close(ends[0]);
        waitpid(pid, NULL, 0);
        struct store *s = must_open(&endless);
        assert_in_range(store_count(s), answered, answered + 1);
        for (uint32_t number = 1; number <= answered; number++) {
            char text[32];

            text_format(text, sizeof(text), "message %u", number);
            must_hold(s, number, slice_str(text));
        }
        store_close(s);
    }
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, open_folder, close_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_round_trip),
        STORE_TEST(test_unknown_numbers),
        STORE_TEST(test_limits),
        STORE_TEST(test_torn_tail),
        STORE_TEST(test_foreign_tail),
        STORE_TEST(test_bit_flips),
        STORE_TEST(test_change_while_open),
        STORE_TEST(test_text_like_records),
        STORE_TEST(test_two_openers),
        STORE_TEST(test_not_a_store),
        STORE_TEST(test_no_space),
        STORE_TEST(test_kill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
