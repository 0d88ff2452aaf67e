/* Which rows of the catalogue a check cites: that depends on what is spoken. */
#include "conformance/runner/check.h"

/* Rows that speak of one service only, the traits of exchanges that are that service (any of them),
   and what stands in their place for every other exchange. */
static const struct {
    enum requirement row;
    unsigned service;
    enum requirement other; /* REQ_NONE: nothing */
} services[] = {
    {REQ_ECHO_862_01, EXCHANGE_ECHO | EXCHANGE_PREFIX, REQ_EXCH_01},
    {REQ_ECHO_862_02, EXCHANGE_ECHO | EXCHANGE_PREFIX, REQ_EXCH_02},
    {REQ_ECHO_862_03, EXCHANGE_ECHO | EXCHANGE_PREFIX, REQ_EXCH_03},
    {REQ_ECHO_862_04, EXCHANGE_ECHO | EXCHANGE_PREFIX, REQ_EXCH_04},
    {REQ_ECHO_862_08, EXCHANGE_ECHO | EXCHANGE_PREFIX, REQ_EXCH_05},
    {REQ_DEMO_07, EXCHANGE_ECHO, REQ_NONE},
    {REQ_CHARGEN_864_03, EXCHANGE_SOURCE, REQ_NONE},
};

static bool is_any_of(const struct exchange *exchange, unsigned traits)
{
    for (unsigned trait = 1; exchange && trait && trait <= traits; trait <<= 1) {
        if (traits & trait && exchange_has(exchange, trait))
            return true;
    }
    return false;
}

static enum requirement cited_as(enum requirement row, const struct exchange *exchange)
{
    for (size_t i = 0; i < ARRAY_LEN(services); i++) {
        if (services[i].row == row && !is_any_of(exchange, services[i].service))
            return services[i].other;
    }
    return row;
}

size_t check_cites(const struct check *check, const struct exchange *exchange,
                   const struct requirement_row **ret)
{
    size_t count = 0;

    for (size_t i = 0; i < CHECK_CITES_MAX && check->cites[i] != REQ_NONE; i++) {
        enum requirement row = cited_as(check->cites[i], exchange);

        if (row != REQ_NONE)
            ret[count++] = requirement_row(row);
    }
    return count;
}

bool check_covers(const struct check *check, enum requirement r)
{
    for (size_t i = 0; i < CHECK_CITES_MAX && check->cites[i] != REQ_NONE; i++) {
        if (check->cites[i] == r || cited_as(check->cites[i], NULL) == r)
            return true;
    }
    return false;
}
