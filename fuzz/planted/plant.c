/* Which fault is planted. */
#include "fuzz/planted/plant.h"

#define ORACLE_BIT(oracle) (1U << ORACLE_##oracle)

static const struct plant_row rows[] = {
#define PLANTED(name, id, rows, oracle, also, executions, what)                                    \
    [PLANT_##name] = {id, rows, ORACLE_##oracle, ORACLE_BIT(oracle) | (also), executions, what},
#include "fuzz/planted/planted.def"
#undef PLANTED
};

static enum plant chosen = PLANTS;

const struct plant_row *plant_row(enum plant fault)
{
    return &rows[fault];
}

bool plant_find(const char *name, enum plant *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        *ret = (enum plant)i;
        if (text_eq(rows[i].name, name))
            return true;
    }
    return false;
}

void plant_choose(enum plant fault)
{
    chosen = fault;
}

bool planted(enum plant fault)
{
    return chosen == fault;
}
