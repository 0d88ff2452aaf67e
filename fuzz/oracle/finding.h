/*
 * What the oracles find. A fuzzing engine learns of a finding by the death of the process, so there
 * the first one ends it (FINDING_ABORT); a replay wants all of them, and goes on (FINDING_KEEP).
 *
 * A finding that known.def lists is a known defect of software that is not ours: it is counted and
 * neither ends the process nor counts as new. ASSAY_FUZZ_KNOWN=new in the environment makes known
 * ones count as new.
 */
#ifndef FUZZ_ORACLE_FINDING_H
#define FUZZ_ORACLE_FINDING_H

#include "harness/base/text.h"

enum oracle {
#define ORACLE(name, id, what) ORACLE_##name,
#include "fuzz/oracle/oracles.def"
#undef ORACLE
    ORACLES,
};

/* The id, and what a finding of it says. */
const char *oracle_id(enum oracle oracle);
const char *oracle_what(enum oracle oracle);

/* The oracle of that id; false where there is none. */
bool oracle_find(const char *id, enum oracle *ret);

enum finding_mode { FINDING_ABORT, FINDING_KEEP };

enum { FINDING_TEXT_MAX = 200, FINDINGS_MAX = 16 };

struct finding {
    enum oracle oracle;
    const char *known; /* the id in known.def, or NULL */
    char text[FINDING_TEXT_MAX];
};

/* Whose findings these are, and what becomes of them. `target` must live as long as the process. */
void finding_open(const char *target, enum finding_mode mode);

/* What is tried from here on: stands in brackets behind the text of each finding, so that known.def
   can name it. It must live as long as the process; NULL is nothing, as each case begins. */
void finding_about(const char *part);

/* A case begins. How many did stands in the line that a finding leaves as it ends the process. */
void finding_case(void);

/* The text is kept as one line of printable characters. */
void finding_tell(enum oracle oracle, const char *format, ...) PRINTF_LIKE(2, 3);

/* Tells one after which the case cannot go on: ends the process in either mode. */
_Noreturn void finding_end(enum oracle oracle, const char *format, ...) PRINTF_LIKE(2, 3);

/* Findings kept since finding_open or finding_reset, at most FINDINGS_MAX; ones with the same
   oracle and the same text are kept once. Where there are more, known ones make room for new ones.
 */
size_t finding_count(void);
const struct finding *finding_at(size_t number);
void finding_reset(void);

struct findings {
    size_t count;
    struct finding all[FINDINGS_MAX];
};

/* They are kept there from here on: in memory that outlives the process. Comes before finding_open,
   which empties it. */
void finding_keep_in(struct findings *room);

/* ---- known defects ---- */

struct known {
    const char *id;
    const char *target; /* a pattern of names (text_glob) */
    enum oracle oracle;
    const char *part;   /* a pattern of the text of the finding (text_glob) */
    const char *reason; /* what is wrong there, and since when it is known */
};

/* The one of that number, or NULL behind the last. */
const struct known *known_at(size_t number);

/* How often a finding of it was met since finding_open. */
unsigned long known_met(const struct known *known);

#endif
