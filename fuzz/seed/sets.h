/* The sets of seeds that seed.c chooses from. Each visits all of its seeds. */
#ifndef FUZZ_SEED_SETS_H
#define FUZZ_SEED_SETS_H

#include "fuzz/seed/seed.h"

void seed_calls(const struct fuzz_target *target, const struct seed_visitor *v);
void seed_messages(const struct fuzz_target *target, const struct seed_visitor *v);
void seed_replies(const struct fuzz_target *target, const struct seed_visitor *v);
void seed_octets(const struct fuzz_target *target, const struct seed_visitor *v);
void seed_texts(const struct fuzz_target *target, const struct seed_visitor *v);

/* Calls of fuzz/tirpc/pairs.x. */
void seed_stub(const struct fuzz_target *target, const struct seed_visitor *v);

/* Calls and replies as messages, and credentials by themselves. */
void seed_onc(const struct fuzz_target *target, const struct seed_visitor *v);

/* What stands behind the procedure of a call; a stream of records behind four octets of settings.
 */
void seed_credentials(const struct fuzz_target *target, const struct seed_visitor *v);
void seed_streams(const struct fuzz_target *target, const struct seed_visitor *v);

/* Each type of the target, chosen by the first octet. */
void seed_xdr(const struct fuzz_target *target, const struct seed_visitor *v);
void seed_bind(const struct fuzz_target *target, const struct seed_visitor *v);

void seed_wire(const struct fuzz_target *target, const struct seed_visitor *v);
void seed_parsers(const struct fuzz_target *target, const struct seed_visitor *v);
void seed_endpoint(const struct fuzz_target *target, const struct seed_visitor *v);
void seed_exchange_file(const struct fuzz_target *target, const struct seed_visitor *v);
void seed_schedule(const struct fuzz_target *target, const struct seed_visitor *v);
/* The case of each fault that can be planted. */
void seed_planted(const struct fuzz_target *target, const struct seed_visitor *v);

void seed_report(const struct fuzz_target *target, const struct seed_visitor *v);

#endif
