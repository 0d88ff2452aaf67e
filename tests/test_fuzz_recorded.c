/*
 * What the conformance checks send is where fuzzing may begin (`assay check --record DIR`): each
 * file is a case, whole calls with a record mark in front of each, also where they went as
 * datagrams; and replayed through the targets of MSGPROG no oracle finds anything in it but what is
 * known.
 */
#include <dirent.h>
#include <stdlib.h>

#include "fuzz/engine/commands.h"
#include "fuzz/oracle/finding.h"
#include "harness/base/file.h"
#include "harness/rpc/record.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { LIMIT_S = 120, ROOM = 1 << 18, PATH_ROOM = 600 };

static const char *const replayed[] = {"msg-own", "tirpc-dispatch", "onc-record"};

static unsigned files, calls;

/* Cuts the file into its messages. On a stream some checks end within one; a datagram never does.
 */
static void judge_records(const char *path, struct slice octets, bool whole)
{
    struct record_in in;
    struct buf missing;
    size_t used = 0;

    buf_init(&missing, RECORD_TEXT_MAX);
    record_open(&in, &record_usual_limits);
    for (size_t at = 0; at < octets.len; at += used) {
        if (record_feed(&in, slice_from(octets, at), &used) != RECORD_WHOLE)
            break;
        calls++;
    }
    if (whole && !record_may_end(&in, &missing))
        fail_msg("%s: %s", path, buf_text(&missing));
    record_close(&in);
    buf_free(&missing);
}

static void replay(const char *path, const char *name, struct slice octets)
{
    const struct fuzz_target *target = fuzz_target_find(name);

    assert_non_null(target);
    finding_open(name, FINDING_KEEP);
    fuzz_one(target, octets);
    for (size_t i = 0; i < finding_count(); i++) {
        const struct finding *f = finding_at(i);

        if (!f->known)
            fail_msg("%s through %s: oracle %s: %s", path, name, oracle_id(f->oracle), f->text);
    }
}

static void judge_file(const char *path, bool whole)
{
    struct problem why;
    struct buf octets;

    buf_init(&octets, ROOM);
    if (!file_read(path, &octets, &why) || octets.failed)
        fail_msg("%s cannot be read", path);
    judge_records(path, buf_slice(&octets), whole);
    for (size_t i = 0; i < ARRAY_LEN(replayed); i++)
        replay(path, replayed[i], buf_slice(&octets));
    buf_free(&octets);
    files++;
}

static void judge_folder(const char *path, bool whole)
{
    DIR *folder = opendir(path);
    char file[PATH_ROOM];

    assert_non_null(folder);
    for (struct dirent *e = readdir(folder); e; e = readdir(folder)) {
        text_format(file, sizeof(file), "%.300s/%.200s", path, e->d_name);
        if (e->d_name[0] != '.')
            judge_file(file, whole);
    }
    closedir(folder);
}

/* Some checks of each kind: what is right, wrong headers, credentials, pipelines. */
static void check_over(const char *transport)
{
    char path[PATH_ROOM];
    struct program_result r = program_run(
        LIMIT_S,
        "cd %s && @B/assay check rpc+%s://127.0.0.1:0/345678/2 --only rpc.xid --only rpc.auth "
        "--only rpc.reply --only msgprog.savemsg --quiet --record %s --spawn "
        "'@B/assay-msgprog-own --listen rpc+%s://127.0.0.1:{port}'",
        program_folder, transport, transport, transport);

    assert_int_equal(r.status, 0);
    program_free(&r);
    files = calls = 0;
    text_format(path, sizeof(path), "%.300s/%s", program_folder, transport);
    judge_folder(path, text_eq(transport, "udp"));
    assert_true(files > 50 && calls > files);
}

static void test_streams(void **state UNUSED)
{
    check_over("tcp");
}

static void test_datagrams(void **state UNUSED)
{
    check_over("udp");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_datagrams),
    };

    return cmocka_run_group_tests_name("fuzz_recorded", tests, program_open_folder,
                                       program_close_folder);
}
