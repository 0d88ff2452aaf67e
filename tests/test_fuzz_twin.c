/*
 * A twin tells each way in which a function can be wrong about a type: here are such functions, for
 * a number of 32 bits. Where none is wrong it tells nothing.
 */
#include <rpc/rpc.h>

#include <stdlib.h>
#include <string.h>

#include "fuzz/oracle/finding.h"
#include "fuzz/target.h"
#include "fuzz/tirpc/twin.h"
#include "tests/unit.h"

static bool_t sound(XDR *x, int *value)
{
    return xdr_int(x, value);
}

static bool_t adds(XDR *x, int *value)
{
    bool_t taken = xdr_int(x, value);

    *value += x->x_op == XDR_DECODE;
    return taken;
}

static bool_t refuses(XDR *x, int *value) /* NOLINT: as xdrproc_t has it */
{
    (void)value;
    return x->x_op == XDR_FREE;
}

static bool_t refuses_odd(XDR *x, int *value)
{
    if (x->x_op == XDR_DECODE && (uintptr_t)x->x_private % 2)
        return FALSE;
    return xdr_int(x, value);
}

static bool_t takes_all(XDR *x, int *value)
{
    xdr_int(x, value);
    return TRUE;
}

static bool_t reads_more(XDR *x, int *value)
{
    int more = 0;

    return xdr_int(x, value) && (x->x_op != XDR_DECODE || xdr_int(x, &more));
}

static bool_t leaves_room(XDR *x, int *value)
{
    if (x->x_op == XDR_ENCODE && XDR_INLINE(x, sizeof(int32_t)))
        return TRUE;
    return xdr_int(x, value);
}

static bool_t writes_not(XDR *x, int *value)
{
    return x->x_op != XDR_ENCODE && xdr_int(x, value);
}

/* A stream of xdr_sizeof has no room. */
static bool_t counts_twice(XDR *x, int *value)
{
    if (x->x_op == XDR_ENCODE && x->x_handy == 0)
        xdr_int(x, value);
    return xdr_int(x, value);
}

/* What is lost to the twin is given back at the end. */
enum { LOST_MAX = 64 };
static void *lost[LOST_MAX];
static size_t lost_count;

static bool_t forgets(XDR *x, int *value)
{
    if (x->x_op == XDR_DECODE && lost_count < LOST_MAX)
        lost[lost_count++] = malloc(100);
    return xdr_int(x, value);
}

static size_t read_int(const struct twin *t, struct wire_in *in, struct buf *out)
{
    (void)t;
    wire_put_int(out, wire_int(in, "number"));
    return in->at;
}

static bool is_never(const struct twin *t, const void *value, struct slice wire)
{
    (void)t;
    (void)value;
    (void)wire;
    return false;
}

#define WRONG(function)                                                                            \
    {                                                                                              \
        .name = #function, .theirs = TWIN_PROC(function), .size = sizeof(int), .ours = read_int    \
    }

static const struct row {
    struct twin twin;
    const char *octets; /* hex */
    enum oracle oracle; /* ORACLES: nothing is told */
    const char *part;
} rows[] = {
    {WRONG(sound), "00000001", ORACLES, ""},
    {WRONG(sound), "0000000102", ORACLES, ""},
    {WRONG(sound), "000000", ORACLES, ""},
    {WRONG(sound), "", ORACLES, ""},
    {WRONG(adds), "00000001", ORACLE_DIFFERENCE, "another than ours [adds]"},
    {WRONG(adds), "00000001", ORACLE_ROUND_TRIP, "another the second time"},
    {WRONG(refuses), "00000001", ORACLE_DIFFERENCE, "refuse what we take"},
    {WRONG(refuses_odd), "00000001", ORACLE_CUT, "refused at an odd address"},
    {WRONG(takes_all), "0000", ORACLE_DIFFERENCE, "take what we refuse: short, number"},
    {WRONG(reads_more), "0000000100000002", ORACLE_DIFFERENCE, "we read 4 octets, and they 8"},
    {WRONG(reads_more), "0000000100000002", ORACLE_ROUND_TRIP, "what they wrote they refuse"},
    {WRONG(leaves_room), "00000001", ORACLE_STALE, "octet 0 of what is written"},
    {WRONG(writes_not), "00000001", ORACLE_ROUND_TRIP, "cannot be written"},
    {WRONG(counts_twice), "00000001", ORACLE_DIFFERENCE, "said to be 8, and is 4"},
    {WRONG(forgets), "00000001", ORACLE_LEAK, "stay behind each time [forgets]"},
    {{.name = "sound",
      .theirs = TWIN_PROC(sound),
      .size = sizeof(int),
      .ours = read_int,
      .same = is_never},
     "00000001",
     ORACLE_DIFFERENCE,
     "the value is not what the octets say"},
};

static const struct twin *tried;

static void run_twin(struct slice input)
{
    twin_run(tried, input);
}

static const struct fuzz_target target = {
    .name = "twin",
    .max = TWIN_MAX,
    .memory = 4096,
    .stack = 65536,
    .run = run_twin,
};

static bool was_told(const struct row *row)
{
    for (size_t i = 0; i < finding_count(); i++) {
        if (finding_at(i)->oracle == row->oracle && strstr(finding_at(i)->text, row->part))
            return true;
    }
    return row->oracle == ORACLES && finding_count() == 0;
}

static void test_wrong(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf octets;

        buf_init(&octets, 64);
        unit_hex(&octets, rows[i].octets);
        tried = &rows[i].twin;
        finding_open(target.name, FINDING_KEEP);
        fuzz_one(&target, buf_slice(&octets));
        assert_row(i, was_told(&rows[i]));
        buf_free(&octets);
    }
    assert_in_range(lost_count, 1, LOST_MAX - 1);
    while (lost_count > 0)
        free(lost[--lost_count]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong),
    };

    return cmocka_run_group_tests_name("fuzz_twin", tests, NULL, NULL);
}
