/* A case in a child. */
#include "fuzz/engine/outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/process/process.h"

enum { LIMIT_MS = 120000 };

/* Either a target or a server. */
struct work {
    const struct fuzz_target *target;
    const struct live_options *server;
    struct slice octets;
};

/* What a child leaves in memory that both have. */
struct told {
    struct findings findings; /* also where it has died */
    bool whole;               /* it has come to its end; the rest holds then only */
    bool decided;
    struct problem why;
};

struct child {
    pid_t pid;
    int life_fd, words_fd; /* the first one is closed by its death alone */
    struct told *told;
    struct tail words;
    bool ended; /* by itself */
    int status; /* of waitpid(2) */
};

/* ---- the child ---- */

static const char *name_of(const struct work *w)
{
    return w->target ? w->target->name : "live";
}

static _Noreturn void work(const struct work *w, struct told *told)
{
    finding_keep_in(&told->findings);
    finding_open(name_of(w), FINDING_KEEP);
    told->decided = true;
    if (w->target)
        fuzz_one(w->target, w->octets);
    else
        told->decided = live_talk(w->server, w->octets, &told->why);
    told->whole = true;
    _exit(EXIT_SUCCESS);
}

static bool start(const struct work *w, struct child *ret, struct problem *why)
{
    int life[2];
    int words[2];

    if (pipe2(life, O_CLOEXEC) < 0)
        return problem_ours(why, "no pipe: %s", strerror(errno));
    if (pipe2(words, O_CLOEXEC) < 0) {
        close(life[0]);
        close(life[1]);
        return problem_ours(why, "no pipe: %s", strerror(errno));
    }
    fflush(NULL);
    ret->pid = fork();
    if (ret->pid == 0) {
        const struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        dup2(words[1], STDERR_FILENO);
        close(life[0]);
        close(words[0]);
        close(words[1]);
        work(w, ret->told);
    }
    close(life[1]);
    close(words[1]);
    ret->life_fd = life[0];
    ret->words_fd = words[0];
    if (ret->pid > 0)
        return true;
    close(life[0]);
    close(words[0]);
    return problem_ours(why, "no process: %s", strerror(errno));
}

/* ---- the parent ---- */

static bool read_words(struct child *c)
{
    uint8_t octets[4096];
    ssize_t len = read(c->words_fd, octets, sizeof(octets));

    if (len > 0)
        tail_add(&c->words, slice_of(octets, (size_t)len));
    return len > 0;
}

/* Until it has ended. False past the limit, which is of time that passes: it is for what neither
   ends nor computes, as a lock that nobody gives back. */
static bool follow(struct child *c, int64_t limit_ms)
{
    struct pollfd fds[] = {{.fd = c->life_fd, .events = POLLIN},
                           {.fd = c->words_fd, .events = POLLIN}};
    int64_t deadline = deadline_in_ms(limit_ms);

    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        int found = poll(fds, 2, deadline_poll_ms(deadline));

        if (found == 0)
            return false;
        if (found < 0)
            continue;
        if (fds[0].revents)
            fds[0].fd = -1;
        if (fds[1].revents && !read_words(c))
            fds[1].fd = -1;
    }
    return true;
}

/* "assay: NAME: oracle ID: TEXT", what finding_end writes. */
static bool tell_last_words(const char *words)
{
    const char *at = strstr(words, ": oracle ");
    enum oracle oracle;
    char id[40];

    if (!at)
        return false;
    at += strlen(": oracle ");
    text_format(id, sizeof(id), "%.*s", (int)strcspn(at, ":\n"), at);
    if (!oracle_find(id, &oracle))
        return false;
    at += strlen(id) + 1;
    at += *at == ' ';
    finding_tell(oracle, "%.*s", (int)strcspn(at, "\n"), at);
    return true;
}

/* What its end says where it has told nothing. */
static void tell_death(const struct child *c)
{
    int status = c->status;
    char line[FINDING_TEXT_MAX];

    if (process_sanitizer_line(c->words.text, line, sizeof(line)))
        finding_tell(ORACLE_SANITIZER, "%s", line);
    else if (tell_last_words(c->words.text))
        return;
    else if (WIFSIGNALED(status))
        finding_tell(ORACLE_CRASH, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        finding_tell(ORACLE_CRASH, "it ends by itself, with status %d", WEXITSTATUS(status));
}

/* Once more, so that nothing depends on what a child that has died left of them. */
static void tell_again(const struct findings *told)
{
    for (size_t i = 0; i < size_min(told->count, FINDINGS_MAX); i++) {
        const struct finding *f = &told->all[i];

        if ((unsigned)f->oracle < ORACLES)
            finding_tell(f->oracle, "%.*s", (int)sizeof(f->text) - 1, f->text);
    }
}

static void take_findings(struct outcome *ret)
{
    ret->count = finding_count();
    for (size_t i = 0; i < ret->count; i++)
        ret->findings[i] = *finding_at(i);
}

/* False where the child ends in no way that says something. */
static bool judge_end(const struct work *w, const struct child *c, struct outcome *ret,
                      struct problem *why)
{
    const char *wish = getenv("ASSAY_FUZZ_KNOWN");

    *ret = (struct outcome){.decided = true, .known_new = wish && text_eq(wish, "new")};
    finding_open(name_of(w), FINDING_KEEP);
    tell_again(&c->told->findings);
    if (c->told->whole) {
        ret->decided = c->told->decided;
        ret->why = c->told->why;
    } else if (w->server) {
        return problem_ours(why, "the conversation %s: %s", c->ended ? "has died" : "does not end",
                            c->words.text);
    } else {
        if (c->ended)
            tell_death(c);
        else
            finding_tell(ORACLE_WAITING, "the case has not ended, and does not compute");
        text_copy(ret->complaint, sizeof(ret->complaint), c->words.text);
    }
    take_findings(ret);
    return true;
}

/* Waits for the end of a child that was started. */
static bool attend(const struct work *w, struct child *c, struct outcome *ret, struct problem *why)
{
    c->ended = follow(c, LIMIT_MS + (w->server ? live_limit_ms(w->server) : 0));
    if (!c->ended)
        kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
        continue;
    close(c->life_fd);
    close(c->words_fd);
    return judge_end(w, c, ret, why);
}

static bool run(const struct work *w, struct outcome *ret, struct problem *why)
{
    static struct child c;

    c = (struct child){.pid = 0};
    c.told = mmap(NULL, sizeof(*c.told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (c.told == MAP_FAILED)
        return problem_ours(why, "no memory: %s", strerror(errno));
    bool ok = start(w, &c, why) && attend(w, &c, ret, why);
    munmap(c.told, sizeof(*c.told));
    return ok;
}

bool outcome_of_target(const struct fuzz_target *target, struct slice octets, struct outcome *ret,
                       struct problem *why)
{
    return run(&(struct work){.target = target, .octets = octets}, ret, why);
}

bool outcome_of_server(const struct live_options *options, struct slice octets, struct outcome *ret,
                       struct problem *why)
{
    return run(&(struct work){.server = options, .octets = octets}, ret, why);
}

size_t outcome_new(const struct outcome *o)
{
    size_t count = 0;

    for (size_t i = 0; i < o->count; i++)
        count += o->known_new || !o->findings[i].known;
    return count;
}
