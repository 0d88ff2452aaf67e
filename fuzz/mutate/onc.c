/* The tables of ONC RPC: messages (RFC 5531 9), credentials (8.2, appendix A, RFC 2203 5), and the
   arguments and results of MSGPROG, of the port mapper and of rpcbind (RFC 1833). */
#include "harness/rpc/onc.h"

#include "fuzz/case/msgprog.h"
#include "fuzz/mutate/mutate.h"

enum { MSGPROG = MSGPROG_PROGRAM, RPCBIND = 100000, TEXT_MAX = 9000 };

/* What words are remembered under. */
enum { TYPE = 1, PROG, VERS, PROC, FLAVOR, STAT };

#define TABLE(name)                                                                                \
    static const struct mutate_table name = {#name, name##_fields, ARRAY_LEN(name##_fields)}
#define FIELDS(name) static const struct mutate_field name##_fields[]
#define KNOWN(list, most) .values = (list), .count = ARRAY_LEN(list), .usual = (most)
#define ARMS(list) .arms = (list), .arm_count = ARRAY_LEN(list)

/* ---- what is used by many ---- */

FIELDS(number) = {{.name = "number", .kind = MUTATE_WORD}};
TABLE(number);

FIELDS(octets) = {{.name = "octets", .kind = MUTATE_REST}};
TABLE(octets);

static const uint32_t handles[] = {1,  2,  1,  3,          0,          4,
                                   63, 64, 65, 0x7fffffff, 0x80000000, 0xffffffff};
FIELDS(handle) = {{.name = "number", .kind = MUTATE_WORD, KNOWN(handles, 5)}};
TABLE(handle);

FIELDS(text) = {{.name = "text", .kind = MUTATE_COUNTED, .bound = TEXT_MAX}};
TABLE(text);

/* ---- credentials ---- */

FIELDS(sys) = {
    {.name = "stamp", .kind = MUTATE_WORD},
    {.name = "machinename", .kind = MUTATE_COUNTED, .bound = ONC_MACHINE_MAX},
    {.name = "uid", .kind = MUTATE_WORD},
    {.name = "gid", .kind = MUTATE_WORD},
    {.name = "gids", .kind = MUTATE_ARRAY, .bound = ONC_GIDS_MAX, .table = &number},
};
TABLE(sys);

static const uint32_t gss_versions[] = {ONC_GSS_VERSION, 0, 2};
static const uint32_t gss_procs[] = {ONC_GSS_INIT, ONC_GSS_DATA, ONC_GSS_CONTINUE_INIT,
                                     ONC_GSS_DESTROY, 4};
static const uint32_t gss_numbers[] = {1, 0, ONC_GSS_SEQ_MAX - 1, ONC_GSS_SEQ_MAX};
static const uint32_t gss_services[] = {ONC_GSS_NONE, ONC_GSS_INTEGRITY, ONC_GSS_PRIVACY, 0, 4};
FIELDS(gss) = {
    {.name = "version", .kind = MUTATE_WORD, KNOWN(gss_versions, 1)},
    {.name = "gss_proc", .kind = MUTATE_WORD, KNOWN(gss_procs, 4)},
    {.name = "seq_num", .kind = MUTATE_WORD, KNOWN(gss_numbers, 2)},
    {.name = "service", .kind = MUTATE_WORD, KNOWN(gss_services, 3)},
    {.name = "handle", .kind = MUTATE_COUNTED, .bound = MUTATE_NO_BOUND},
};
TABLE(gss);

enum { AUTH_OF_NOBODY = 300001 }; /* the next that IANA may give; nobody knows it */

static const struct mutate_arm auth_arms[] = {
    {ONC_AUTH_NONE, NULL},     {ONC_AUTH_SYS, &sys}, {ONC_AUTH_SHORT, &octets},
    {ONC_RPCSEC_GSS, &gss},    {ONC_AUTH_TLS, NULL}, {ONC_AUTH_DH, &octets},
    {AUTH_OF_NOBODY, &octets},
};
FIELDS(auth_body) = {
    {.name = "body", .kind = MUTATE_UNION, .by = FLAVOR, .table = &octets, ARMS(auth_arms)}};
TABLE(auth_body);

static const uint32_t cred_flavors[] = {0, 0, 1, 2, 3, 4, 5, 6, 7, AUTH_OF_NOBODY};
FIELDS(credential) = {
    {.name = "flavor", .kind = MUTATE_WORD, .keep = FLAVOR, KNOWN(cred_flavors, 3)},
    {.name = "body", .kind = MUTATE_BODY, .bound = ONC_AUTH_BODY_MAX, .table = &auth_body},
};
TABLE(credential);

static const uint32_t verf_flavors[] = {0, 1, 2, 3, 6, 7, AUTH_OF_NOBODY};
FIELDS(verifier) = {
    {.name = "flavor", .kind = MUTATE_WORD, .keep = FLAVOR, KNOWN(verf_flavors, 1)},
    {.name = "body", .kind = MUTATE_BODY, .bound = ONC_AUTH_BODY_MAX, .table = &auth_body},
};
TABLE(verifier);

/* ---- arguments ---- */

static const struct mutate_arm msgprog_arms[] = {{0, NULL}, {1, &text}, {2, &handle}};
FIELDS(msgprog_args) = {
    {.name = "args", .kind = MUTATE_UNION, .by = PROC, .table = &octets, ARMS(msgprog_arms)}};
TABLE(msgprog_args);

/* Those of fuzz/tirpc/pairs.x. */
FIELDS(texts) = {
    {.name = "first", .kind = MUTATE_COUNTED, .bound = PAIRS_TEXT_MAX},
    {.name = "second", .kind = MUTATE_COUNTED, .bound = PAIRS_TEXT_MAX},
};
TABLE(texts);

FIELDS(name) = {{.name = "name", .kind = MUTATE_COUNTED, .bound = PAIRS_OCTETS_MAX}};
TABLE(name);

FIELDS(names) = {
    {.name = "number", .kind = MUTATE_WORD, KNOWN(handles, 5)},
    {.name = "names", .kind = MUTATE_ARRAY, .bound = PAIRS_NAMES_MAX, .table = &name},
};
TABLE(names);

static const struct mutate_arm stub_arms[] = {
    {0, NULL}, {1, &text}, {2, &handle}, {PAIRS_SWAP, &texts}, {PAIRS_NAME, &names}};
FIELDS(stub_args) = {
    {.name = "args", .kind = MUTATE_UNION, .by = PROC, .table = &octets, ARMS(stub_arms)}};
TABLE(stub_args);

static const uint32_t programs[] = {RPCBIND, MSGPROG, 100003, 0, 0xffffffff};
static const uint32_t versions[] = {2, 3, 4, 1, 5, 0};
static const uint32_t protocols[] = {6, 17, 0, 1};
static const uint32_t ports[] = {111, 2049, 0, 1, 1023, 1024, 0xffff, 0x10000};
FIELDS(mapping) = {
    {.name = "prog", .kind = MUTATE_WORD, KNOWN(programs, 3)},
    {.name = "vers", .kind = MUTATE_WORD, KNOWN(versions, 4)},
    {.name = "prot", .kind = MUTATE_WORD, KNOWN(protocols, 2)},
    {.name = "port", .kind = MUTATE_WORD, KNOWN(ports, 3)},
};
TABLE(mapping);

FIELDS(forwarded) = {
    {.name = "prog", .kind = MUTATE_WORD, KNOWN(programs, 3)},
    {.name = "vers", .kind = MUTATE_WORD, KNOWN(versions, 4)},
    {.name = "proc", .kind = MUTATE_WORD},
    {.name = "args", .kind = MUTATE_COUNTED, .bound = MUTATE_NO_BOUND},
};
TABLE(forwarded);

static const struct mutate_arm pmap_arms[] = {{0, NULL},     {1, &mapping}, {2, &mapping},
                                              {3, &mapping}, {4, NULL},     {5, &forwarded}};
FIELDS(pmap_args) = {
    {.name = "args", .kind = MUTATE_UNION, .by = PROC, .table = &octets, ARMS(pmap_arms)}};
TABLE(pmap_args);

FIELDS(rpcb) = {
    {.name = "r_prog", .kind = MUTATE_WORD, KNOWN(programs, 3)},
    {.name = "r_vers", .kind = MUTATE_WORD, KNOWN(versions, 4)},
    {.name = "r_netid", .kind = MUTATE_COUNTED, .bound = MUTATE_NO_BOUND},
    {.name = "r_addr", .kind = MUTATE_COUNTED, .bound = MUTATE_NO_BOUND},
    {.name = "r_owner", .kind = MUTATE_COUNTED, .bound = MUTATE_NO_BOUND},
};
TABLE(rpcb);

FIELDS(netbuf) = {
    {.name = "maxlen", .kind = MUTATE_WORD},
    {.name = "buf", .kind = MUTATE_COUNTED, .bound = MUTATE_NO_BOUND},
};
TABLE(netbuf);

static const struct mutate_arm rpcb_arms[] = {
    {0, NULL},  {1, &rpcb},   {2, &rpcb}, {3, &rpcb},       {4, NULL},   {5, &forwarded}, {6, NULL},
    {7, &text}, {8, &netbuf}, {9, &rpcb}, {10, &forwarded}, {11, &rpcb}, {12, NULL}};
FIELDS(rpcb_args) = {
    {.name = "args", .kind = MUTATE_UNION, .by = PROC, .table = &octets, ARMS(rpcb_arms)}};
TABLE(rpcb_args);

static const struct mutate_arm bind_arms[] = {{2, &pmap_args}, {3, &rpcb_args}, {4, &rpcb_args}};
FIELDS(bind_args) = {
    {.name = "vers", .kind = MUTATE_UNION, .by = VERS, .table = &octets, ARMS(bind_arms)}};
TABLE(bind_args);

static const struct mutate_arm program_arms[] = {{MSGPROG, &msgprog_args}, {RPCBIND, &bind_args}};
FIELDS(arguments) = {
    {.name = "prog", .kind = MUTATE_UNION, .by = PROG, .table = &octets, ARMS(program_arms)}};
TABLE(arguments);

/* ---- calls ---- */

static const uint32_t rpc_versions[] = {ONC_VERSION, 0, 1, 3};
static const uint32_t msg_programs[] = {MSGPROG, RPCBIND, 0, 0xffffffff};
static const uint32_t msg_versions[] = {2, 0, 1, 3, 4};
static const uint32_t msg_procs[] = {1, 1, 2, 0, 3, 0xffffffff};
FIELDS(call) = {
    {.name = "rpcvers", .kind = MUTATE_WORD, KNOWN(rpc_versions, 1)},
    {.name = "prog", .kind = MUTATE_WORD, .keep = PROG, KNOWN(msg_programs, 1)},
    {.name = "vers", .kind = MUTATE_WORD, .keep = VERS, KNOWN(msg_versions, 1)},
    {.name = "proc", .kind = MUTATE_WORD, .keep = PROC, KNOWN(msg_procs, 4)},
    {.name = "cred", .kind = MUTATE_STRUCT, .table = &credential},
    {.name = "verf", .kind = MUTATE_STRUCT, .table = &verifier},
    {.name = "args", .kind = MUTATE_STRUCT, .table = &arguments},
};
TABLE(call);

static const uint32_t stub_programs[] = {PAIRS_PROGRAM, MSGPROG, 0, 0xffffffff};
static const uint32_t stub_procs[] = {1, 2, 3, 3, 4, 4, 0, 5, 0xffffffff};
FIELDS(stub_call) = {
    {.name = "rpcvers", .kind = MUTATE_WORD, KNOWN(rpc_versions, 1)},
    {.name = "prog", .kind = MUTATE_WORD, KNOWN(stub_programs, 1)},
    {.name = "vers", .kind = MUTATE_WORD, KNOWN(msg_versions, 1)},
    {.name = "proc", .kind = MUTATE_WORD, .keep = PROC, KNOWN(stub_procs, 7)},
    {.name = "cred", .kind = MUTATE_STRUCT, .table = &credential},
    {.name = "verf", .kind = MUTATE_STRUCT, .table = &verifier},
    {.name = "args", .kind = MUTATE_STRUCT, .table = &stub_args},
};
TABLE(stub_call);

static const uint32_t bind_programs[] = {RPCBIND, MSGPROG, 0, 0xffffffff};
static const uint32_t bind_versions[] = {2, 3, 4, 0, 1, 5};
static const uint32_t bind_procs[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xffffffff};
FIELDS(bind_call) = {
    {.name = "rpcvers", .kind = MUTATE_WORD, KNOWN(rpc_versions, 1)},
    {.name = "prog", .kind = MUTATE_WORD, .keep = PROG, KNOWN(bind_programs, 1)},
    {.name = "vers", .kind = MUTATE_WORD, .keep = VERS, KNOWN(bind_versions, 3)},
    {.name = "proc", .kind = MUTATE_WORD, .keep = PROC, KNOWN(bind_procs, 13)},
    {.name = "cred", .kind = MUTATE_STRUCT, .table = &credential},
    {.name = "verf", .kind = MUTATE_STRUCT, .table = &verifier},
    {.name = "args", .kind = MUTATE_STRUCT, .table = &arguments},
};
TABLE(bind_call);

/* ---- replies ---- */

FIELDS(mappings) = {
    {.name = "list", .kind = MUTATE_LIST, .bound = MUTATE_NO_BOUND, .table = &mapping}};
TABLE(mappings);

FIELDS(rpcbs) = {{.name = "list", .kind = MUTATE_LIST, .bound = MUTATE_NO_BOUND, .table = &rpcb}};
TABLE(rpcbs);

/* Which one it is, the call says, and not the reply. */
static const struct mutate_arm result_arms[] = {
    {0, &handle}, {0, &text}, {0, NULL}, {0, &mappings}, {0, &rpcbs}};
FIELDS(results) = {{.name = "results", .kind = MUTATE_UNION, .table = &octets, ARMS(result_arms)}};
TABLE(results);

FIELDS(range) = {
    {.name = "low", .kind = MUTATE_WORD, KNOWN(versions, 1)},
    {.name = "high", .kind = MUTATE_WORD, KNOWN(versions, 3)},
};
TABLE(range);

static const struct mutate_arm accept_arms[] = {
    {ONC_SUCCESS, &results},  {ONC_PROG_UNAVAIL, NULL}, {ONC_PROG_MISMATCH, &range},
    {ONC_PROC_UNAVAIL, NULL}, {ONC_GARBAGE_ARGS, NULL}, {ONC_SYSTEM_ERR, NULL},
};
static const uint32_t accept_stats[] = {0, 0, 0, 0, 1, 2, 3, 4, 5, 6};
FIELDS(accepted) = {
    {.name = "verf", .kind = MUTATE_STRUCT, .table = &verifier},
    {.name = "accept_stat", .kind = MUTATE_WORD, .keep = STAT, KNOWN(accept_stats, 9)},
    {.name = "accepted", .kind = MUTATE_UNION, .by = STAT, ARMS(accept_arms)},
};
TABLE(accepted);

static const uint32_t auth_stats[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0, 15};
FIELDS(auth_error) = {{.name = "auth_stat", .kind = MUTATE_WORD, KNOWN(auth_stats, 14)}};
TABLE(auth_error);

static const struct mutate_arm reject_arms[] = {{ONC_RPC_MISMATCH, &range},
                                                {ONC_AUTH_ERROR, &auth_error}};
static const uint32_t reject_stats[] = {0, 1, 2, 7};
FIELDS(denied) = {
    {.name = "reject_stat", .kind = MUTATE_WORD, .keep = STAT, KNOWN(reject_stats, 2)},
    {.name = "rejected", .kind = MUTATE_UNION, .by = STAT, ARMS(reject_arms)},
};
TABLE(denied);

static const struct mutate_arm reply_arms[] = {{ONC_MSG_ACCEPTED, &accepted},
                                               {ONC_MSG_DENIED, &denied}};
static const uint32_t reply_stats[] = {0, 0, 0, 1, 2};
FIELDS(reply) = {
    {.name = "reply_stat", .kind = MUTATE_WORD, .keep = STAT, KNOWN(reply_stats, 4)},
    {.name = "reply", .kind = MUTATE_UNION, .by = STAT, ARMS(reply_arms)},
};
TABLE(reply);

/* ---- messages ---- */

static const struct mutate_arm type_arms[] = {{ONC_CALL, &call}, {ONC_REPLY, &reply}};
static const struct mutate_arm stub_type_arms[] = {{ONC_CALL, &stub_call}, {ONC_REPLY, &reply}};
static const struct mutate_arm bind_type_arms[] = {{ONC_CALL, &bind_call}, {ONC_REPLY, &reply}};
static const uint32_t call_types[] = {ONC_CALL, ONC_REPLY, 2};
static const uint32_t reply_types[] = {ONC_REPLY, ONC_CALL, 2};

FIELDS(call_message) = {
    {.name = "xid", .kind = MUTATE_WORD, .identity = true},
    {.name = "msg_type", .kind = MUTATE_WORD, .keep = TYPE, KNOWN(call_types, 1)},
    {.name = "body", .kind = MUTATE_UNION, .by = TYPE, .table = &octets, ARMS(type_arms)},
};
TABLE(call_message);

FIELDS(stub_message) = {
    {.name = "xid", .kind = MUTATE_WORD, .identity = true},
    {.name = "msg_type", .kind = MUTATE_WORD, .keep = TYPE, KNOWN(call_types, 1)},
    {.name = "body", .kind = MUTATE_UNION, .by = TYPE, .table = &octets, ARMS(stub_type_arms)},
};
TABLE(stub_message);

FIELDS(reply_message) = {
    {.name = "xid", .kind = MUTATE_WORD, .identity = true},
    {.name = "msg_type", .kind = MUTATE_WORD, .keep = TYPE, KNOWN(reply_types, 1)},
    {.name = "body", .kind = MUTATE_UNION, .by = TYPE, .table = &octets, ARMS(type_arms)},
};
TABLE(reply_message);

FIELDS(any_message) = {
    {.name = "xid", .kind = MUTATE_WORD, .identity = true},
    {.name = "msg_type", .kind = MUTATE_WORD, .keep = TYPE, KNOWN(call_types, 2)},
    {.name = "body", .kind = MUTATE_UNION, .by = TYPE, .table = &octets, ARMS(type_arms)},
};
TABLE(any_message);

FIELDS(bind_message) = {
    {.name = "xid", .kind = MUTATE_WORD, .identity = true},
    {.name = "msg_type", .kind = MUTATE_WORD, .keep = TYPE, KNOWN(call_types, 1)},
    {.name = "body", .kind = MUTATE_UNION, .by = TYPE, .table = &octets, ARMS(bind_type_arms)},
};
TABLE(bind_message);

FIELDS(numbers) = {
    {.name = "list", .kind = MUTATE_LIST, .bound = MUTATE_NO_BOUND, .table = &number}};
TABLE(numbers);

const struct mutate_grammar mutate_grammar_calls = {"calls", &call_message, true};
const struct mutate_grammar mutate_grammar_stub = {"stub", &stub_message, true};
const struct mutate_grammar mutate_grammar_replies = {"replies", &reply_message, true};
const struct mutate_grammar mutate_grammar_message = {"message", &any_message, false};
const struct mutate_grammar mutate_grammar_bind = {"bind", &bind_message, true};
const struct mutate_grammar mutate_grammar_list = {"list", &numbers, false};
