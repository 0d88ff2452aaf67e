/* A case in a child. */
#include "fuzz/engine/outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/process/process.h"

enum { LIMIT_S = 120 };

/* Either a target or a server. */
struct work {
    const struct fuzz_target *target;
    const struct live_options *server;
    struct slice octets;
};

/* What a child that lives sends, whole: both sides are the same program. */
struct told {
    bool decided;
    struct problem why;
    size_t count;
    struct finding findings[FINDINGS_MAX];
};

struct child {
    pid_t pid;
    int told_fd, words_fd;
    size_t told_len;
    struct told told;
    struct tail words;
};

/* ---- the child ---- */

static const char *name_of(const struct work *w)
{
    return w->target ? w->target->name : "live";
}

static _Noreturn void work(const struct work *w, int told_fd)
{
    static struct told told;

    finding_open(name_of(w), FINDING_KEEP);
    told.decided = true;
    if (w->target)
        fuzz_one(w->target, w->octets);
    else
        told.decided = live_talk(w->server, w->octets, &told.why);
    told.count = finding_count();
    for (size_t i = 0; i < told.count; i++)
        told.findings[i] = *finding_at(i);
    bool sent = write(told_fd, &told, sizeof(told)) == (ssize_t)sizeof(told);
    _exit(sent ? EXIT_SUCCESS : EXIT_FAILURE);
}

static bool start(const struct work *w, struct child *ret, struct problem *why)
{
    int told[2];
    int words[2];

    if (pipe2(told, O_CLOEXEC) < 0)
        return problem_ours(why, "no pipe: %s", strerror(errno));
    if (pipe2(words, O_CLOEXEC) < 0) {
        close(told[0]);
        close(told[1]);
        return problem_ours(why, "no pipe: %s", strerror(errno));
    }
    fflush(NULL);
    ret->pid = fork();
    if (ret->pid == 0) {
        const struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        dup2(words[1], STDERR_FILENO);
        close(told[0]);
        close(words[0]);
        close(words[1]);
        work(w, told[1]);
    }
    close(told[1]);
    close(words[1]);
    ret->told_fd = told[0];
    ret->words_fd = words[0];
    if (ret->pid > 0)
        return true;
    close(told[0]);
    close(words[0]);
    return problem_ours(why, "no process: %s", strerror(errno));
}

/* ---- the parent ---- */

static bool read_told(struct child *c)
{
    uint8_t *room = (uint8_t *)&c->told + c->told_len;
    uint8_t surplus;
    size_t left = sizeof(c->told) - c->told_len;
    ssize_t len = read(c->told_fd, left ? room : &surplus, left ? left : 1);

    if (len > 0 && left)
        c->told_len += (size_t)len;
    return len > 0;
}

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
static bool follow(struct child *c)
{
    struct pollfd fds[] = {{.fd = c->told_fd, .events = POLLIN},
                           {.fd = c->words_fd, .events = POLLIN}};
    int64_t deadline = deadline_in_ms(LIMIT_S * 1000);

    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        int found = poll(fds, 2, deadline_poll_ms(deadline));

        if (found == 0)
            return false;
        if (found < 0)
            continue;
        if (fds[0].revents && !read_told(c))
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
static void tell_death(const struct child *c, int status)
{
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

static void take_findings(struct outcome *ret)
{
    ret->count = finding_count();
    for (size_t i = 0; i < ret->count; i++)
        ret->findings[i] = *finding_at(i);
}

static bool run(const struct work *w, struct outcome *ret, struct problem *why)
{
    static struct child c;
    int status = 0;

    c = (struct child){.pid = 0};
    if (!start(w, &c, why))
        return false;
    bool ended = follow(&c);
    if (!ended)
        kill(c.pid, SIGKILL);
    while (waitpid(c.pid, &status, 0) < 0 && errno == EINTR)
        continue;
    close(c.told_fd);
    close(c.words_fd);

    const char *wish = getenv("ASSAY_FUZZ_KNOWN");

    *ret = (struct outcome){.decided = true, .known_new = wish && text_eq(wish, "new")};
    finding_open(name_of(w), FINDING_KEEP);
    if (c.told_len == sizeof(c.told)) {
        ret->decided = c.told.decided;
        ret->why = c.told.why;
        ret->count = c.told.count;
        memcpy(ret->findings, c.told.findings, sizeof(ret->findings));
        return true;
    }
    if (w->server)
        return problem_ours(why, "the conversation has died: %s", c.words.text);
    if (ended)
        tell_death(&c, status);
    else
        finding_tell(ORACLE_WAITING, "the case has not ended, and does not compute");
    take_findings(ret);
    text_copy(ret->complaint, sizeof(ret->complaint), c.words.text);
    return true;
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
