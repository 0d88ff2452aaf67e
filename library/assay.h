/*
 * assay as a library: tells whether a server keeps the promises of TCP, UDP, Unix-domain sockets,
 * XDR and ONC RPC, from within a program, as `assay check` does from a shell.
 *
 *     struct assay_options options = {.url = "tcp://127.0.0.1:4711", .only = {"stream.eof"}};
 *     struct assay_run *run = assay_open(&options);
 *
 *     if (assay_perform(run) != ASSAY_OK)
 *         fputs(assay_message(run), stderr);
 *     for (size_t i = 0; i < assay_count(run); i++) {
 *         const struct assay_result *r = assay_result(run, i);
 *
 *         printf("%s %s %s\n", assay_verdict_name(r->verdict), r->id, r->reason);
 *     }
 *     assay_close(run);
 *
 * Link with what `pkg-config --libs assay` says. There is nothing to set up beforehand and nothing
 * to tear down afterwards; for tests with cmocka, see assay_cmocka.h.
 *
 * Words
 * A check is one claim that can be tried, and has an id, as stream.eof.follows-half-close; `assay
 * list` names all of them and `assay explain ID` tells of one. A run tries checks on one target,
 * and gives each a verdict: a result. What a target speaks, and what is promised where, is told by
 * `assay check --help` and the manual page assay(1).
 *
 * What a run does to the program that calls it
 * - It takes place in a forked process of its own, for which assay_perform waits. There the
 *   server of `spawn` is started, signals are caught and orphans taken in. So the caller keeps its
 *   signal handlers, its children and its standard streams: nothing of them is touched, and nothing
 *   is printed. A fault in a run costs the run, not the caller.
 * - The process has none of the caller's descriptors, so it keeps no socket or file open that the
 *   caller closes meanwhile. It has the caller's working directory, environment and umask, and its
 *   group, so that Ctrl-C on a terminal reaches it.
 * - When assay_perform returns, nothing is left behind: no process, no socket, no temporary file.
 *   Where the caller dies meanwhile, or the thread that called ends, the run ends and cleans up.
 * - No function calls exit(3) or abort(3).
 *
 * Threads: a run belongs to one thread at a time; different runs may be performed side by side, as
 * far as their targets allow. Memory: what a function returns belongs to the run and lives until
 * the run is performed again or closed, except where it is said that the caller frees it.
 */
#ifndef ASSAY_H
#define ASSAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what is asked for ---- */

enum assay_level {
    ASSAY_MUST,        /* the text of a standard says so */
    ASSAY_SHOULD,      /* it recommends so */
    ASSAY_ROBUST,      /* no clause, but a sound implementation keeps it */
    ASSAY_OBSERVATION, /* the standard leaves it open: recorded, never judged */
};

enum { ASSAY_PATTERNS_MAX = 64, ASSAY_EXPECTATIONS_MAX = 32 };

/*
 * In every member but `url`, zero or NULL means: not said. A list ends at its first NULL. Each
 * comment begins with the option of `assay check` that means the same; a message about a value
 * names that option.
 */
struct assay_options {
    const char *url;   /* tcp://HOST:PORT, udp://..., unix:PATH, rpc+tcp://HOST:PORT/PROG/VERS, ...;
                          port 0 with `spawn`: one is chosen */
    const char *speak; /* --speak: what is spoken there; by default echo, rpc for rpc URLs */
    const char *spawn; /* --spawn: a shell command that starts the server; {host} {port} {path} in
                          it are filled in. It is watched, restarted after a death, and ended */
    const char *ready; /* --ready: with `spawn`, what it writes once it serves */
    unsigned start_limit_s; /* --start-limit: how long that may take; default: 30 seconds */
    int pid;                /* --pid: the process of a server that runs already */

    /* Which checks: an id, the first parts of one as "stream" or "stream.eof", or a glob. By
       default all that speak of such a URL. */
    const char *only[ASSAY_PATTERNS_MAX]; /* --only */
    const char *skip[ASSAY_PATTERNS_MAX]; /* --skip */
    unsigned levels;                      /* --level: 1u << ASSAY_MUST | ...; 0: all */
    bool load; /* --load: thousands of connections, a million datagrams, too */

    const char *expect[ASSAY_EXPECTATIONS_MAX]; /* --expect: "KEY" or "KEY=VALUE" that the target
                                                   promises beyond the standards */
    const char *waive;                          /* --waive: a file of verdicts that are expected */
    bool strict;          /* --strict: a broken recommendation breaks the run, too */
    unsigned jobs;        /* --jobs: checks side by side; default: the processors */
    uint64_t seed;        /* --seed: repeats a run; 0: one is chosen */
    uint64_t patience_ms; /* --patience: how long silence lasts; default: measured */
    bool allow_remote;    /* --allow-remote: let checks that flood run against other machines */
    const char *evidence; /* --evidence: a folder that gets what was seen of each failure */
    const char *record;   /* --record: a folder that gets what was sent */
};

struct assay_run;

/* A run that is not performed yet; the options are copied. NULL without memory only: what is wrong
   with an option is said when it is used. assay_close in any case. */
struct assay_run *assay_open(const struct assay_options *options);

/* Ends the run and frees what belongs to it. NULL is allowed. */
void assay_close(struct assay_run *run);

struct assay_check {
    const char *id;
    enum assay_level level;
    const char *claim; /* a sentence */
    const char *why;   /* why it matters */
    const char *how;   /* how it is tried */
};

/*
 * The checks that the options select, in the order in which results stand: how many, and the first
 * of them at *ret. Nothing is started and nobody is asked: whether the target has what a check
 * needs shows in the run, where it would be a skip. 0 where an option is wrong or none is left;
 * assay_message tells why.
 */
size_t assay_select(struct assay_run *run, const struct assay_check **ret);

/* ---- performing ---- */

/* How a run ended: the exit status of `assay check`. */
enum assay_status {
    ASSAY_OK = 0,           /* every check that ran passed, or was noted, skipped or waived */
    ASSAY_BROKEN = 1,       /* at least one is broken, or a waiver is no longer needed */
    ASSAY_USAGE = 2,        /* an option is wrong; nothing was tried */
    ASSAY_NO_VERDICT = 3,   /* the target cannot be reached or restarted, or no check applied */
    ASSAY_TROUBLE = 4,      /* this machine or assay itself: never the target's fault */
    ASSAY_INTERRUPTED = 130 /* by SIGINT, SIGTERM or SIGHUP; what was decided so far is there */
};

/*
 * Performs the run and waits for its end: seconds for a whole suite of a fast server, minutes for a
 * slow one; each check has a hard limit. May be called again; the earlier results are then gone.
 */
enum assay_status assay_perform(struct assay_run *run);

/*
 * What is to be said beside the results, in lines of printable ASCII, "" where there is nothing:
 * which option is wrong, why a run ended early, which waivers are no longer needed, what was noted
 * on the way. Also after assay_select.
 */
const char *assay_message(struct assay_run *run);

/* True where the run was performed to its end and no waiver is stale: its results tell all. */
bool assay_is_whole(const struct assay_run *run);

/* ---- results ---- */

enum assay_verdict {
    ASSAY_PASS,
    ASSAY_FAIL,  /* a must or robust claim is broken */
    ASSAY_WARN,  /* a should is broken */
    ASSAY_NOTE,  /* recorded, never judged */
    ASSAY_SKIP,  /* not tried; `reason` tells why */
    ASSAY_ERROR, /* it could not be decided: never the target's fault */
};

/* Each text is one line of printable ASCII: what a target has sent, be it hostile, stands there as
   \xHH where it is anything else. */
struct assay_result {
    const char *target; /* its URL, with the port that was chosen */
    const char *id;
    enum assay_level level;
    const char *claim;
    enum assay_verdict verdict;
    const char *reason;   /* one line: why this verdict; "" for a plain pass */
    const char *expected; /* "" where there is nothing to tell, as in the two below */
    const char *actual;
    const char *reproduce;    /* the command that repeats it: assay check ... */
    const char *const *cites; /* the clauses: "RFC 9293, 3.6", ... */
    size_t cite_count;
    bool waived;        /* the verdict was expected, and breaks nothing */
    const char *waiver; /* ... because of this; else NULL */
    int64_t duration_ms;
};

/* How many there are: one per check and target. An rpc://HOST/PROG/VERS is as many targets as
   rpcbind knows transports of the program, any other URL is one. 0 where nothing was tried. */
size_t assay_count(const struct assay_run *run);

/* One of them, from 0; NULL behind the last. */
const struct assay_result *assay_result(const struct assay_run *run, size_t i);

/* True where this result alone breaks the run: fail, error, with `strict` warn, unless waived. */
bool assay_is_broken(const struct assay_run *run, const struct assay_result *result);

/*
 * What is broken, as the text report tells it: claim, clause, expected, actual, transcript, and the
 * command that repeats it; lines of printable ASCII. Of one check, on whatever target; or, where
 * `check` is NULL, of all, and what assay_message says where the run is not whole. "" where
 * nothing is broken. The caller frees it with free(3); NULL without memory.
 */
char *assay_explain(struct assay_run *run, const char *check);

/* What went on between assay and the target, a line per event with its time in seconds; ">>" stands
   in front of the one that broke the claim. "" where nothing did, and where there is no such
   result. The caller frees it with free(3); NULL without memory. */
char *assay_transcript(const struct assay_run *run, size_t i);

/*
 * Writes a report to a file, which is whole or not there, or to standard output where `path` is
 * NULL: "text", "json", "junit", "tap", "markdown", "html", ... (`assay check --help` names all).
 * What a target has sent is escaped as the form asks for. False where there is no such form, no
 * result, or it cannot be written; assay_message tells why.
 */
bool assay_write(struct assay_run *run, const char *form, const char *path);

/* ---- words ---- */

/* "pass", "fail", ...; "must", "should", ...; of a value that is none, "?". */
const char *assay_verdict_name(enum assay_verdict verdict);
const char *assay_level_name(enum assay_level level);

/* The version of the library, as "0.1.0". */
const char *assay_version(void);

#ifdef __cplusplus
}
#endif

#endif
