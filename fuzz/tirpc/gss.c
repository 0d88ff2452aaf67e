/* Which calls are of RPCSEC_GSS. */
#include "fuzz/tirpc/gss.h"

#include <stdlib.h>

#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/meter.h"
#include "harness/rpc/onc.h"

enum {
    FLAVOR_AT = 24,     /* xid, type, rpcvers, program, version, procedure are in front of it */
    KERBEROS = 1 << 17, /* octets: it took 10 KB on one machine and 18 on another */
};

static bool handed_over;

bool gss_wanted(void)
{
    static int wanted = -1;

    if (wanted < 0) {
        const char *wish = getenv("ASSAY_FUZZ_GSS");

        wanted = wish && *wish;
    }
    return wanted;
}

bool gss_withheld(struct slice message)
{
    static const uint8_t flavor[] = {0, 0, 0, ONC_RPCSEC_GSS};

    bool is_gss =
        slice_eq(slice_sub(message, FLAVOR_AT, sizeof(flavor)), slice_of(flavor, sizeof(flavor)));
    if (is_gss && gss_wanted()) {
        handed_over = true;
        meter_grant(KERBEROS);
    }
    return is_gss && !gss_wanted();
}

void gss_end(void)
{
    if (handed_over)
        finding_about("RPCSEC_GSS");
    handed_over = false;
}

struct slice gss_first_call(void)
{
    static const uint8_t call[] = {
        'g', 's', 's', 0, 0,   0,   0,   0,   0, 0, 0, 2, 0, 0, 0,  1, 0,
        0,   0,   1,   0, 0,   0,   0,   0,   0, 0, 6, 0, 0, 0, 20, /* RPCSEC_GSS: version 1, INIT,
                                                                       no service yet */
        0,   0,   0,   1, 0,   0,   0,   1,   0, 0, 0, 0, 0, 0, 0,  1, 0,
        0,   0,   0,   0, 0,   0,   0,   0,   0, 0, 0, /* no verifier */
        0,   0,   0,   4, 'n', 'o', 'n', 'e',
    };

    return slice_of(call, sizeof(call));
}
