/* Two texts, swapped, and a name out of several: once as a service does it, once as a model. */
#include "fuzz/tirpc/stub.h"

#include <string.h>

#include "fuzz/case/msgprog.h"
#include "harness/rpc/wire.h"
#include "msg.h"
#include "pairs.h"

_Static_assert((uint32_t)PAIRS_PROGRAM == PAIRPROG && (uint32_t)PAIRS_NAME == PAIR_NAME,
               "msgprog.h has the numbers of pairs.x");

struct model_rules stub_rules;

static bool half_read;

/* ---- the service ---- */

int *pair_savemsg_2_svc(char **text, struct svc_req *request)
{
    return savemsg_2_svc(text, request);
}

char **pair_readmsg_2_svc(int *number, struct svc_req *request)
{
    return readmsg_2_svc(number, request);
}

pair_texts *pair_swap_2_svc(pair_texts *texts, struct svc_req *request)
{
    static pair_texts result;

    (void)request;
    result = (pair_texts){.first = texts->second, .second = texts->first};
    return &result;
}

char **pair_name_2_svc(pair_names *names, struct svc_req *request)
{
    static char empty[] = "";
    static char *result;
    u_int place = (u_int)names->number - 1;

    (void)request;
    result = place < names->names.names_len ? names->names.names_val[place] : empty;
    return &result;
}

/* ---- the model ---- */

/* A string of libtirpc is one of C. */
static struct slice until_nul(struct slice text)
{
    const uint8_t *nul = text.len ? memchr(text.data, 0, text.len) : NULL;

    return nul ? slice_sub(text, 0, (size_t)(nul - text.data)) : text;
}

static void model_swap(struct wire_in *in, struct buf *out)
{
    struct slice first = until_nul(wire_string(in, "first", PAIRS_TEXT_MAX));
    struct slice second = until_nul(wire_string(in, "second", PAIRS_TEXT_MAX));

    wire_put_string(out, second);
    wire_put_string(out, first);
}

static void model_name(struct wire_in *in, struct buf *out)
{
    int32_t number = wire_int(in, "number");
    uint32_t count = wire_count(in, "names", PAIRS_NAMES_MAX, WIRE_UNIT);
    struct slice chosen = slice_of(NULL, 0);

    for (uint32_t i = 0; i < count; i++) {
        struct slice name = until_nul(wire_string(in, "name", PAIRS_OCTETS_MAX));

        if ((uint32_t)number == i + 1)
            chosen = name;
    }
    wire_put_string(out, chosen);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): what it holds is written to */
static size_t model_more(uint32_t proc, struct wire_in *in, uint8_t *results)
{
    struct buf out = {.data = results, .cap = MODEL_MORE_MAX, .max = MODEL_MORE_MAX};

    if (proc == PAIR_SWAP)
        model_swap(in, &out);
    else
        model_name(in, &out);
    half_read |= !wire_ok(in);
    return out.len;
}

void stub_reset(void)
{
    service_reset();
    half_read = false;
    stub_rules = service_rules;
    stub_rules.prog = PAIRPROG;
    stub_rules.vers = PAIRVERS;
    stub_rules.last_proc = PAIR_NAME;
    stub_rules.more = model_more;
}

bool stub_half_read(void)
{
    return half_read;
}
