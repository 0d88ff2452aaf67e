/* Findings: kept, or the end of the process. */
#include "fuzz/oracle/finding.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *id;
    const char *what;
} oracles[] = {
#define ORACLE(name, id, what) [ORACLE_##name] = {id, what},
#include "fuzz/oracle/oracles.def"
#undef ORACLE
};

static const struct known known[] = {
#define KNOWN(id, target, oracle, part, reason) {id, target, ORACLE_##oracle, "*" part "*", reason},
#include "fuzz/oracle/known.def"
#undef KNOWN
};

static struct findings of_our_own;

static struct {
    const char *target;
    const char *about;
    unsigned long cases;
    enum finding_mode mode;
    bool all_new;
    struct findings *kept;
    unsigned long met[ARRAY_LEN(known)];
} now = {.target = "", .kept = &of_our_own};

const char *oracle_id(enum oracle oracle)
{
    return oracles[oracle].id;
}

const char *oracle_what(enum oracle oracle)
{
    return oracles[oracle].what;
}

bool oracle_find(const char *id, enum oracle *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(oracles); i++) {
        *ret = (enum oracle)i;
        if (text_eq(oracles[i].id, id))
            return true;
    }
    return false;
}

void finding_open(const char *target, enum finding_mode mode)
{
    const char *wish = getenv("ASSAY_FUZZ_KNOWN");

    now.target = target;
    now.mode = mode;
    now.all_new = wish && text_eq(wish, "new");
    memset(now.met, 0, sizeof(now.met));
    finding_reset();
}

void finding_keep_in(struct findings *room)
{
    now.kept = room;
}

void finding_reset(void)
{
    now.kept->count = 0;
}

size_t finding_count(void)
{
    return now.kept->count;
}

const struct finding *finding_at(size_t number)
{
    return &now.kept->all[number];
}

static const struct known *find_known(const struct finding *f)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (known[i].oracle != f->oracle || !text_glob(known[i].target, now.target) ||
            !text_glob(known[i].part, f->text))
            continue;
        now.met[i]++;
        return &known[i];
    }
    return NULL;
}

/* Known defects may leave no room, and are not to hide what is new. */
static void displace_known(const struct finding *f)
{
    for (size_t i = 0; i < now.kept->count; i++) {
        if (now.kept->all[i].known) {
            now.kept->all[i] = *f;
            return;
        }
    }
}

static void keep(const struct finding *f)
{
    for (size_t i = 0; i < now.kept->count; i++) {
        const struct finding *old = &now.kept->all[i];

        if (old->oracle == f->oracle && text_eq(old->text, f->text))
            return;
    }
    if (now.kept->count < FINDINGS_MAX)
        now.kept->all[now.kept->count++] = *f;
    else if (!f->known)
        displace_known(f);
}

/* Only what a signal handler may call. */
static _Noreturn void end_with(const struct finding *f)
{
    char line[FINDING_TEXT_MAX + 120];

    text_format(line, sizeof(line), "assay: %s: oracle %s: %s (after %lu executions)\n", now.target,
                oracles[f->oracle].id, f->text, now.cases);
    if (write(STDERR_FILENO, line, strlen(line)) < 0)
        _exit(EXIT_FAILURE);
    abort();
}

void finding_case(void)
{
    now.cases++;
}

void finding_about(const char *part)
{
    now.about = part;
}

static void write_text(struct finding *f, const char *format, va_list args) PRINTF_LIKE(2, 0);
static void write_text(struct finding *f, const char *format, va_list args)
{
    size_t about = now.about ? strlen(now.about) + sizeof(" []") - 1 : 0;

    text_vformat(f->text, sizeof(f->text) - size_min(about, sizeof(f->text) / 2), format, args);
    if (now.about) {
        size_t len = strlen(f->text);

        text_format(f->text + len, sizeof(f->text) - len, " [%s]", now.about);
    }
    /* What a library has printed may be part of it; the text goes to terminals, and is one line. */
    for (char *c = f->text; *c; c++) {
        if (*c < ' ' || *c > '~')
            *c = '.';
    }
}

void finding_tell(enum oracle oracle, const char *format, ...)
{
    struct finding f = {.oracle = oracle};
    va_list args;

    va_start(args, format);
    write_text(&f, format, args);
    va_end(args);
    const struct known *of = find_known(&f);
    if (of)
        f.known = of->id;
    if (now.mode == FINDING_KEEP)
        keep(&f);
    else if (!of || now.all_new)
        end_with(&f);
}

void finding_end(enum oracle oracle, const char *format, ...)
{
    struct finding f = {.oracle = oracle};
    va_list args;

    va_start(args, format);
    write_text(&f, format, args);
    va_end(args);
    end_with(&f);
}

const struct known *known_at(size_t number)
{
    return number < ARRAY_LEN(known) ? &known[number] : NULL;
}

unsigned long known_met(const struct known *k)
{
    return now.met[k - known];
}
