/*
 * The catalogue of requirements that checks cite: which document says what, and how strongly. The
 * rows stand in the .def files of this folder. A check names rows by their symbols, so a citation
 * of a row that does not exist does not compile; its level is that of the first row it cites.
 */
#ifndef CONFORMANCE_REQUIREMENTS_REQUIREMENTS_H
#define CONFORMANCE_REQUIREMENTS_REQUIREMENTS_H

#include "harness/report/report.h"

enum requirement {
    REQ_NONE, /* ends a list of citations */
#define REQ(symbol, id, source, section, strength, level, role, statement, reason) REQ_##symbol,
#include "conformance/requirements/rpc.def"
#include "conformance/requirements/sockets.def"
#undef REQ
    REQUIREMENTS,
};

enum requirement_strength { STRENGTH_MUST, STRENGTH_SHOULD, STRENGTH_MAY, STRENGTH_FACT };

enum requirement_role {
    ROLE_SERVER,
    ROLE_CLIENT,
    ROLE_REGISTRY, /* rpcbind */
    ROLE_CODEC,    /* an implementation of XDR */
    ROLE_COMPILER, /* rpcgen */
    ROLE_API,
};

struct requirement_row {
    const char *id;
    const char *source;
    const char *section;
    const char *statement;
    const char *correction; /* why it is judged at another level than its source has; or NULL */
    const char *cite;       /* "TCP-9293-3.6-02: RFC 9293, 3.6" */
    enum requirement_strength strength;
    enum level level;
    enum requirement_role role;
};

/* The row; r must not be REQ_NONE or REQUIREMENTS. */
const struct requirement_row *requirement_row(enum requirement r);

/* Why no peer of a target can try the row, from untested.def or from its role; NULL where one can.
   The same rows are allowed. */
const char *requirement_untested(enum requirement r);

const char *requirement_role_name(enum requirement_role role);

#endif
