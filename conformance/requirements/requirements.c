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
