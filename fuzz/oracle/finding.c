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
#define KNOWN(id, target, oracle, part, reason) {id, target, ORACLE_##oracle, part, reason},
#include "fuzz/oracle/known.def"
#undef KNOWN
};

static struct {
    const char *target;
    const char *about;
    unsigned long cases;
    enum finding_mode mode;
    bool all_new;
    size_t count;
    struct finding kept[FINDINGS_MAX];
    unsigned long met[ARRAY_LEN(known)];
} findings = {.target = ""};

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

    findings.target = target;
    findings.mode = mode;
    findings.all_new = wish && text_eq(wish, "new");
    memset(findings.met, 0, sizeof(findings.met));
    finding_reset();
}

void finding_reset(void)
{
    findings.count = 0;
}

size_t finding_count(void)
{
    return findings.count;
}

const struct finding *finding_at(size_t number)
{
    return &findings.kept[number];
}

static const struct known *find_known(const struct finding *f)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (known[i].oracle != f->oracle || !text_glob(known[i].target, findings.target) ||
            !strstr(f->text, known[i].part))
            continue;
        findings.met[i]++;
        return &known[i];
    }
    return NULL;
}

static void keep(const struct finding *f)
{
    for (size_t i = 0; i < findings.count; i++) {
        const struct finding *old = &findings.kept[i];

        if (old->oracle == f->oracle && text_eq(old->text, f->text))
            return;
    }
    if (findings.count < FINDINGS_MAX)
        findings.kept[findings.count++] = *f;
}

/* Only what a signal handler may call. */
static _Noreturn void end_with(const struct finding *f)
{
    char line[FINDING_TEXT_MAX + 120];

    text_format(line, sizeof(line), "assay: %s: oracle %s: %s (after %lu executions)\n",
                findings.target, oracles[f->oracle].id, f->text, findings.cases);
    if (write(STDERR_FILENO, line, strlen(line)) < 0)
        _exit(EXIT_FAILURE);
    abort();
}

void finding_case(void)
{
    findings.cases++;
}

void finding_about(const char *part)
{
    findings.about = part;
}

static void write_text(struct finding *f, const char *format, va_list args) PRINTF_LIKE(2, 0);
static void write_text(struct finding *f, const char *format, va_list args)
{
    size_t about = findings.about ? strlen(findings.about) + sizeof(" []") - 1 : 0;

    text_vformat(f->text, sizeof(f->text) - size_min(about, sizeof(f->text) / 2), format, args);
    if (findings.about) {
        size_t len = strlen(f->text);

        text_format(f->text + len, sizeof(f->text) - len, " [%s]", findings.about);
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
    if (findings.mode == FINDING_KEEP)
        keep(&f);
    else if (!of || findings.all_new)
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
    return findings.met[k - known];
}
