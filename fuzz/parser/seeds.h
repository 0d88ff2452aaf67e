/*
 * Inputs that the decoders of ONC RPC accept, written by the writers of harness/rpc. Each appends
 * the seed of that number; false behind the last.
 */
#ifndef FUZZ_PARSER_SEEDS_H
#define FUZZ_PARSER_SEEDS_H

#include "harness/base/buf.h"

enum { PARSER_XID = 0x12345678 };

bool parser_seed_call(unsigned number, struct buf *out);
bool parser_seed_reply(unsigned number, struct buf *out);
bool parser_seed_message(unsigned number, struct buf *out);
bool parser_seed_right_reply(unsigned number, struct buf *out);
bool parser_seed_right_record(unsigned number, struct buf *out);
bool parser_seed_sys(unsigned number, struct buf *out);
bool parser_seed_gss(unsigned number, struct buf *out);
bool parser_seed_gss_init(unsigned number, struct buf *out);
bool parser_seed_items(unsigned number, struct buf *out);
bool parser_seed_mapping(unsigned number, struct buf *out);
bool parser_seed_mappings(unsigned number, struct buf *out);
bool parser_seed_rpcb(unsigned number, struct buf *out);
bool parser_seed_rpcbs(unsigned number, struct buf *out);
bool parser_seed_remote(unsigned number, struct buf *out);
bool parser_seed_remote_port(unsigned number, struct buf *out);
bool parser_seed_remote_addr(unsigned number, struct buf *out);
bool parser_seed_netbuf(unsigned number, struct buf *out);
bool parser_seed_stat(unsigned number, struct buf *out);
bool parser_seed_entries(unsigned number, struct buf *out);
bool parser_seed_stat_addrs(unsigned number, struct buf *out);
bool parser_seed_stat_remotes(unsigned number, struct buf *out);

#endif
