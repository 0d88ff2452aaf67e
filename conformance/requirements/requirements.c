/* The rows of the catalogue, by symbol. */
#include "conformance/requirements/requirements.h"

static const struct requirement_row rows[REQUIREMENTS] = {
#define REQ(symbol, row_id, row_source, row_section, row_strength, row_level, row_role, text,      \
            reason)                                                                                \
    [REQ_##symbol] = {.id = (row_id),                                                              \
                      .source = (row_source),                                                      \
                      .section = (row_section),                                                    \
                      .statement = (text),                                                         \
                      .correction = (reason),                                                      \
                      .cite = row_id ": " row_source ", " row_section,                             \
                      .strength = STRENGTH_##row_strength,                                         \
                      .level = LEVEL_##row_level,                                                  \
                      .role = ROLE_##row_role},
#include "conformance/requirements/rpc.def"
#include "conformance/requirements/sockets.def"
#undef REQ
};

const struct requirement_row *requirement_row(enum requirement r)
{
    return &rows[r];
}

static const char *const untested[REQUIREMENTS] = {
#define UNTESTED(symbol, reason) [REQ_##symbol] = (reason),
#include "conformance/requirements/untested.def"
#undef UNTESTED
};

static const struct {
    const char *name;
    const char *untested; /* why no row of this role can be tried by a peer; or NULL */
} roles[] = {
    [ROLE_SERVER] = {"server", NULL},
    [ROLE_CLIENT] = {"client", NULL},
    [ROLE_REGISTRY] = {"registry", NULL},
    [ROLE_CODEC] = {"codec", NULL},
    [ROLE_COMPILER] = {"compiler", "What rpcgen makes of a definition shows in its output, not on "
                                   "the wire."},
    [ROLE_API] = {"api",
                  "A promise of the system's libraries to the program that calls them, which "
                  "no peer of it sees."},
};

const char *requirement_untested(enum requirement r)
{
    return untested[r] ? untested[r] : roles[rows[r].role].untested;
}

const char *requirement_role_name(enum requirement_role role)
{
    return roles[role].name;
}
