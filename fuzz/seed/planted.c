/* The case of each planted fault, as a seed of the target that has them: with none planted, nothing
   is found in any. */
#include "fuzz/planted/plant_cases.h"
#include "fuzz/seed/sets.h"

void seed_planted(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    struct buf out;

    buf_init(&out, PLANT_CASE_MAX);
    for (unsigned fault = 0; fault < PLANTS; fault++) {
        buf_reset(&out);
        plant_case((enum plant)fault, &out);
        v->visit(v->into, plant_row((enum plant)fault)->name, buf_slice(&out));
    }
    buf_free(&out);
}
