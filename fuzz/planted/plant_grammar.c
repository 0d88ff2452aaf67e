/*
 * The tables of the planted server: calls with the procedures of plant_args.h, and replies that
 * nobody waits for. They say what is valid; none of the faults is known to them.
 */
#include "fuzz/mutate/mutate.h"

#include "fuzz/planted/plant_service.h"
#include "harness/rpc/onc.h"

/* What words are remembered under. */
enum { TYPE = 1, PROC, FLAVOR, STAT, ATTR };

#define TABLE(name)                                                                                \
    static const struct mutate_table name = {#name, name##_fields, ARRAY_LEN(name##_fields)}
#define FIELDS(name) static const struct mutate_field name##_fields[]
#define KNOWN(list, most) .values = (list), .count = ARRAY_LEN(list), .usual = (most)
#define ARMS(list) .arms = (list), .arm_count = ARRAY_LEN(list)

FIELDS(number) = {{.name = "number", .kind = MUTATE_WORD}};
TABLE(number);

FIELDS(octets) = {{.name = "octets", .kind = MUTATE_REST}};
TABLE(octets);

/* ---- credentials ---- */

FIELDS(sys) = {
    {.name = "stamp", .kind = MUTATE_WORD},
    {.name = "machinename", .kind = MUTATE_COUNTED, .bound = ONC_MACHINE_MAX},
    {.name = "uid", .kind = MUTATE_WORD},
    {.name = "gid", .kind = MUTATE_WORD},
    {.name = "gids", .kind = MUTATE_ARRAY, .bound = ONC_GIDS_MAX, .table = &number},
};
TABLE(sys);

static const struct mutate_arm auth_arms[] = {
    {ONC_AUTH_NONE, NULL},
    {ONC_AUTH_SYS, &sys},
    {ONC_AUTH_SHORT, &octets},
    {ONC_RPCSEC_GSS, &octets},
};
FIELDS(auth_body) = {
    {.name = "body", .kind = MUTATE_UNION, .by = FLAVOR, .table = &octets, ARMS(auth_arms)}};
TABLE(auth_body);

static const uint32_t cred_flavors[] = {0, 0, 1, 2, 6, 3, 7};
FIELDS(credential) = {
    {.name = "flavor", .kind = MUTATE_WORD, .keep = FLAVOR, KNOWN(cred_flavors, 3)},
    {.name = "body", .kind = MUTATE_BODY, .bound = ONC_AUTH_BODY_MAX, .table = &auth_body},
};
TABLE(credential);

static const uint32_t verf_flavors[] = {0, 1, 6};
FIELDS(verifier) = {
    {.name = "flavor", .kind = MUTATE_WORD, .keep = FLAVOR, KNOWN(verf_flavors, 1)},
    {.name = "body", .kind = MUTATE_BODY, .bound = ONC_AUTH_BODY_MAX, .table = &auth_body},
};
TABLE(verifier);

/* ---- arguments ---- */

FIELDS(savemsg) = {{.name = "text", .kind = MUTATE_COUNTED, .bound = PLANT_TEXT_MAX}};
TABLE(savemsg);

static const uint32_t handles[] = {1, 2, 3, 0, 4, 63, 64, 65, 0x7fffffff, 0x80000000, 0xffffffff};
FIELDS(readmsg) = {{.name = "number", .kind = MUTATE_WORD, KNOWN(handles, 3)}};
TABLE(readmsg);

FIELDS(list) = {{.name = "list", .kind = MUTATE_LIST, .bound = MUTATE_NO_BOUND, .table = &number}};
TABLE(list);

FIELDS(entry) = {
    {.name = "id", .kind = MUTATE_WORD},
    {.name = "size", .kind = MUTATE_HYPER},
    {.name = "key", .kind = MUTATE_FIXED, .bound = 4},
};
TABLE(entry);

FIELDS(array) = {
    {.name = "entries", .kind = MUTATE_ARRAY, .bound = PLANT_ENTRIES_MAX, .table = &entry}};
TABLE(array);

FIELDS(size) = {{.name = "size", .kind = MUTATE_HYPER}};
TABLE(size);

FIELDS(name) = {{.name = "name", .kind = MUTATE_COUNTED, .bound = MUTATE_NO_BOUND}};
TABLE(name);

static const struct mutate_arm attr_arms[] = {
    {PLANT_ATTR_MODE, &number},
    {PLANT_ATTR_SIZE, &size},
    {PLANT_ATTR_OWNER, &name},
    {PLANT_ATTR_GROUP, &name},
};
static const uint32_t attr_numbers[] = {1, 2, 3, 4, 0, 5};
FIELDS(attr) = {
    {.name = "attr", .kind = MUTATE_WORD, .keep = ATTR, KNOWN(attr_numbers, 4)},
    {.name = "value", .kind = MUTATE_UNION, .by = ATTR, .table = &octets, ARMS(attr_arms)},
};
TABLE(attr);

/* As many as there are, which no kind of field says; these two, and octets behind them. */
FIELDS(attributes) = {
    {.name = "attributes", .kind = MUTATE_VECTOR, .bound = 2, .table = &attr},
    {.name = "more", .kind = MUTATE_REST},
};
TABLE(attributes);

FIELDS(attrs) = {
    {.name = "attrs", .kind = MUTATE_BODY, .bound = PLANT_ATTRS_MAX, .table = &attributes}};
TABLE(attrs);

FIELDS(key) = {{.name = "key", .kind = MUTATE_COUNTED, .bound = PLANT_KEY_MAX}};
TABLE(key);

static const uint32_t totals[] = {1, 2, 0, PLANT_KEYS_MAX};
FIELDS(keys) = {
    {.name = "total", .kind = MUTATE_WORD, KNOWN(totals, 3)},
    {.name = "keys", .kind = MUTATE_ARRAY, .bound = PLANT_KEYS_MAX, .table = &key},
};
TABLE(keys);

static const struct mutate_arm args_arms[] = {
    {PLANT_NULL, NULL},      {PLANT_SAVEMSG, &savemsg}, {PLANT_READMSG, &readmsg},
    {PLANT_LIST, &list},     {PLANT_ARRAY, &array},     {PLANT_ATTRS, &attrs},
    {PLANT_NOTIFY, &number}, {PLANT_KEYS, &keys},
};
FIELDS(arguments) = {
    {.name = "args", .kind = MUTATE_UNION, .by = PROC, .table = &octets, ARMS(args_arms)}};
TABLE(arguments);

/* ---- messages ---- */

static const uint32_t rpc_versions[] = {ONC_VERSION, 0, 1, 3};
static const uint32_t programs[] = {PLANT_PROGRAM, 100000, 0, 0xffffffff};
static const uint32_t versions[] = {PLANT_VERSION, 0, 1, 3};
static const uint32_t procs[] = {1, 2, 3, 4, 5, 6, 7, 0, 8, 0xffffffff};
FIELDS(call) = {
    {.name = "rpcvers", .kind = MUTATE_WORD, KNOWN(rpc_versions, 1)},
    {.name = "prog", .kind = MUTATE_WORD, KNOWN(programs, 1)},
    {.name = "vers", .kind = MUTATE_WORD, KNOWN(versions, 1)},
    {.name = "proc", .kind = MUTATE_WORD, .keep = PROC, KNOWN(procs, 8)},
    {.name = "cred", .kind = MUTATE_STRUCT, .table = &credential},
    {.name = "verf", .kind = MUTATE_STRUCT, .table = &verifier},
    {.name = "args", .kind = MUTATE_STRUCT, .table = &arguments},
};
TABLE(call);

static const uint32_t accept_stats[] = {0, 1, 2, 3, 4, 5, 6};
FIELDS(accepted) = {
    {.name = "verf", .kind = MUTATE_STRUCT, .table = &verifier},
    {.name = "accept_stat", .kind = MUTATE_WORD, KNOWN(accept_stats, 6)},
    {.name = "rest", .kind = MUTATE_REST},
};
TABLE(accepted);

static const uint32_t reject_stats[] = {0, 1, 2, 7};
FIELDS(denied) = {
    {.name = "reject_stat", .kind = MUTATE_WORD, KNOWN(reject_stats, 2)},
    {.name = "rest", .kind = MUTATE_REST},
};
TABLE(denied);

static const struct mutate_arm reply_arms[] = {{ONC_MSG_ACCEPTED, &accepted},
                                               {ONC_MSG_DENIED, &denied}};
static const uint32_t reply_stats[] = {0, 1, 2};
FIELDS(reply) = {
    {.name = "reply_stat", .kind = MUTATE_WORD, .keep = STAT, KNOWN(reply_stats, 2)},
    {.name = "reply", .kind = MUTATE_UNION, .by = STAT, ARMS(reply_arms)},
};
TABLE(reply);

static const struct mutate_arm type_arms[] = {{ONC_CALL, &call}, {ONC_REPLY, &reply}};
static const uint32_t types[] = {ONC_CALL, ONC_CALL, ONC_CALL, ONC_CALL, ONC_REPLY, 2};
FIELDS(message) = {
    {.name = "xid", .kind = MUTATE_WORD, .identity = true},
    {.name = "msg_type", .kind = MUTATE_WORD, .keep = TYPE, KNOWN(types, 5)},
    {.name = "body", .kind = MUTATE_UNION, .by = TYPE, .table = &octets, ARMS(type_arms)},
};
TABLE(message);

const struct mutate_grammar mutate_grammar_planted = {"planted", &message, true};
