/*
 * What assay says when its own machine fails it: each malloc, socket, fork, read, write and some
 * others fail once at their N-th call, for N from 1 until a run no longer comes that far. The
 * target is right all the while. So a run may pass all the same, or say that it is in trouble
 * (status 4), and nothing else; nothing of it may stay behind.
 *
 * A step of more than 1 between the Ns keeps the time of a test run; INJECT_EVERY=1 tries each,
 * INJECT_SCENE='a gate' that scene alone.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/report/status.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { LIMIT_S = 60, READY_MS = 20000, CALLS_MAX = 100000 };

/* Runs that together go through most of what a run does. %s is a folder of the scene's own. */
static const struct scene {
    const char *name;
    const char *listen; /* of a reference that serves all the while, or NULL */
    const char *options;
    bool gate; /* a file gate.yaml stands in the folder; most of its calls are those of a check, so
                  that fewer of them are tried */
} scenes[] = {
    {.name = "a server that runs",
     .listen = "tcp://127.0.0.1:0",
     .options = "check %s --jobs 1 --only stream.echo.identity --report json=%s/r.json --report "
                "junit=%s/r.xml "
                "--evidence %s/evidence --record %s/record"},
    {.name = "behind a proxy",
     .listen = "udp://127.0.0.1:0",
     .options = "check %s --jobs 1 --only datagram.loss.request"},
    {.name = "a server that is started",
     .options = "check unix:%s/s --jobs 1 --only stream.echo.identity --only "
                "stream.restart.sigterm --spawn "
                "'exec @B/assay-echo --listen unix:{path}'"},
    {.name = "a client",
     .options = "client honest.works stream.early-eof --jobs 1 --listen tcp://127.0.0.1:0 -- "
                "@B/assay-sender "
                "{url}"},
    {.name = "a gate", .options = "gate %s/gate.yaml", .gate = true},
};

/* What fails, and how many of its calls lie between two tries. */
static const struct kind {
    const char *name;
    unsigned every;
} kinds[] = {
    {"malloc", 61}, {"socket", 3}, {"fork", 1},  {"read", 7},  {"write", 3},
    {"pipe", 1},    {"mmap", 1},   {"send", 13}, {"recv", 29}, {"epoll", 1},
};

static unsigned failed;

static unsigned step_of(const struct scene *scene, const struct kind *kind)
{
    const char *text = getenv("INJECT_EVERY");
    uint64_t every = 0;

    return text && text_number(text, 1, CALLS_MAX, &every) ? (unsigned)every
                                                           : kind->every * (scene->gate ? 5 : 1);
}

/* The options of the scene with its folder, or where the server is, in the place of each %s. */
static void put_options(const struct scene *scene, const char *folder, const char *url,
                        struct buf *out)
{
    const char *word = url;

    for (const char *at = scene->options; *at; at++) {
        if (text_starts(at, "%s")) {
            buf_put_str(out, word ? word : folder);
            word = NULL;
            at++;
        } else {
            buf_put_byte(out, (uint8_t)*at);
        }
    }
}

/* Files of a run that are not asked for. */
static bool is_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    unsigned count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count == 2;
}

static const char *what_is_wrong(const struct program_result *r, const char *own)
{
    static const char *const signs[] = {"AddressSanitizer", "LeakSanitizer", "runtime error:"};

    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        if (strstr(r->err, signs[i]))
            return "a sanitizer's complaint";
    }
    if (r->status != STATUS_OK && r->status != STATUS_KIT)
        return "neither a pass nor trouble of the kit";
    if (r->status == STATUS_KIT && !strstr(r->out, "error") && !strstr(r->err, "assay: "))
        return "status 4 without a word";
    return is_empty(own) ? NULL : "something stays behind";
}

static void write_gate(const char *folder)
{
    char path[96];
    char text[1024];

    text_format(path, sizeof(path), "%s/gate.yaml", folder);
    text_format(text, sizeof(text),
                "targets:\n  - name: one\n    url: unix:%s/s\n    only: stream.echo.identity\n"
                "    jobs: 1\n    spawn: exec %s --listen unix:{path}\n    waivers: []\n",
                folder, program_path("assay-echo"));
    program_write_file(path, text);
}

/* True as long as the run comes to its N-th call. */
static bool try_one(const struct scene *scene, const char *url, const char *call, unsigned at)
{
    char folder[64];
    char own[96];
    char mark[96];
    struct buf options;

    program_make_folder(folder, sizeof(folder));
    text_format(own, sizeof(own), "%s/own", folder);
    text_format(mark, sizeof(mark), "%s/mark", folder);
    assert_int_equal(mkdir(own, 0700), 0);
    if (scene->gate)
        write_gate(folder);
    buf_init(&options, 1 << 12);
    put_options(scene, folder, url, &options);
    struct program_result r = program_run(
        LIMIT_S,
        "exec env TMPDIR=%s ASSAY_INJECT='%s %u' ASSAY_INJECT_MARK=%s @B/tests/assay-inject %s",
        own, call, at, mark, buf_text(&options));
    bool reached = access(mark, F_OK) == 0;
    const char *wrong = what_is_wrong(&r, own);
    if (wrong) {
        print_message("# %s, %s number %u: %s: status %d\n%s%s\n", scene->name, call, at, wrong,
                      r.status, r.out, r.err);
        failed++;
    }
    buf_free(&options);
    program_free(&r);
    program_remove_folder(folder);
    return reached;
}

static void try_scene(const struct scene *scene)
{
    struct process server = {0};
    char url[96];

    if (scene->listen)
        assert_true(program_serve(&server, url, sizeof(url), "exec @B/assay-echo --listen %s",
                                  scene->listen));
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        unsigned at = 1;

        while (at < CALLS_MAX && try_one(scene, scene->listen ? url : NULL, kinds[k].name, at))
            at += step_of(scene, &kinds[k]);
        print_message("%s: %s fails at up to %u calls\n", scene->name, kinds[k].name, at);
        assert_true(at < CALLS_MAX);
    }
    if (scene->listen)
        process_stop(&server, deadline_in_ms(READY_MS));
}

static void test_runs(void **state UNUSED)
{
    const char *only = getenv("INJECT_SCENE");

    for (size_t i = 0; i < ARRAY_LEN(scenes); i++) {
        if (!only || text_eq(only, scenes[i].name))
            try_scene(&scenes[i]);
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),
    };

    return cmocka_run_group_tests_name("inject", tests, NULL, NULL);
}
