/*
 * RPCSEC_GSS apart. A credential of that flavor makes libtirpc read the configuration of Kerberos,
 * ask the name service and keep what the mechanisms allocate: 83 us a call, with descriptors and
 * memory that no case explains. So such a call is not handed over, unless ASSAY_FUZZ_GSS is in the
 * environment; then the model knows nothing of the answer (model_rules.gss_open).
 */
#ifndef FUZZ_TIRPC_GSS_H
#define FUZZ_TIRPC_GSS_H

#include "harness/base/slice.h"

bool gss_wanted(void);

/* Whether this message is a call of RPCSEC_GSS that is not to be handed over. */
bool gss_withheld(struct slice message);

/* Behind each run of a case: where a call of RPCSEC_GSS was handed over, what is found of the whole
   run is about that (finding.h). */
void gss_end(void);

/* A call that makes libtirpc load its mechanisms, which it does once in a process. */
struct slice gss_first_call(void);

#endif
