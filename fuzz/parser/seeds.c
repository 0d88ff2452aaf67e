/* Seeds for the decoders of ONC RPC. */
#include "fuzz/parser/seeds.h"

#include <string.h>

#include "fuzz/case/msgprog.h"
#include "fuzz/parser/parser.h"
#include "harness/rpc/bind.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"

enum { XID = PARSER_XID, PROGRAM = MSGPROG_PROGRAM, VERSION = MSGPROG_VERSION };

bool parser_seed_call(unsigned number, struct buf *out)
{
    static const uint32_t gids[] = {1, 2, 3};
    struct onc_call call = onc_call_of(XID, PROGRAM, VERSION, number);
    struct onc_sys sys = {.machine = wire_counted_of(slice_str("host")), .gids_count = 3};
    struct buf body;

    if (number > 1)
        return false;
    buf_init(&body, ONC_AUTH_BODY_MAX);
    memcpy(sys.gids, gids, sizeof(gids));
    onc_put_sys(&body, &sys);
    if (number == 1) {
        call.cred.flavor = ONC_AUTH_SYS;
        call.cred.body = wire_counted_of(buf_slice(&body));
        call.args = slice_str("\0\0\0\4text");
        call.args.len = 8;
    }
    onc_put_call(out, &call);
    buf_free(&body);
    return true;
}

bool parser_seed_reply(unsigned number, struct buf *out)
{
    struct onc_reply replies[] = {
        onc_reply_of(XID, slice_of(NULL, 0)),
        onc_reply_of(XID, slice_of(NULL, 0)),
        {.xid = XID,
         .msg_type = ONC_REPLY,
         .reply_stat = ONC_MSG_DENIED,
         .reject_stat = ONC_AUTH_ERROR,
         .auth_stat = ONC_AUTH_BADCRED},
        {.xid = XID,
         .msg_type = ONC_REPLY,
         .reply_stat = ONC_MSG_DENIED,
         .reject_stat = ONC_RPC_MISMATCH,
         .low = 2,
         .high = 2},
    };

    replies[1].accept_stat = ONC_PROG_MISMATCH;
    replies[1].low = 2;
    replies[1].high = 4;
    if (number >= ARRAY_LEN(replies))
        return false;
    onc_put_reply(out, &replies[number]);
    return true;
}

bool parser_seed_message(unsigned number, struct buf *out)
{
    return number < 2 ? parser_seed_call(number, out) : parser_seed_reply(number - 2, out);
}

bool parser_seed_right_reply(unsigned number, struct buf *out)
{
    return number == 0 && parser_seed_reply(0, out);
}

bool parser_seed_right_record(unsigned number, struct buf *out)
{
    struct buf message;

    if (number > 1)
        return false;
    buf_init(&message, PARSER_INPUT_MAX);
    parser_seed_reply(0, &message);
    record_put_pieces(out, buf_slice(&message), number == 0 ? message.len : 5);
    buf_free(&message);
    return true;
}

bool parser_seed_sys(unsigned number, struct buf *out)
{
    struct onc_sys sys = {.stamp = 9, .machine = wire_counted_of(slice_str("host")), .uid = 1};

    sys.gids_count = number * ONC_GIDS_MAX;
    if (number > 1)
        return false;
    onc_put_sys(out, &sys);
    return true;
}

bool parser_seed_gss(unsigned number, struct buf *out)
{
    struct onc_gss gss = {.version = ONC_GSS_VERSION,
                          .proc = ONC_GSS_INIT,
                          .service = ONC_GSS_NONE,
                          .handle = wire_counted_of(slice_str("handle"))};

    if (number > 0)
        return false;
    onc_put_gss(out, &gss);
    return true;
}

bool parser_seed_gss_init(unsigned number, struct buf *out)
{
    struct onc_gss_init init = {.handle = wire_counted_of(slice_str("handle")),
                                .window = 128,
                                .token = wire_counted_of(slice_str("token"))};

    if (number > 0)
        return false;
    onc_put_gss_init(out, &init);
    return true;
}

/* What rpcbind says and is told, one structure after the other. */
static const struct bind_mapping mapping = {PROGRAM, VERSION, BIND_PROTO_TCP, 7};

static struct bind_rpcb rpcb_of(void)
{
    return (struct bind_rpcb){.prog = PROGRAM,
                              .vers = VERSION,
                              .netid = wire_counted_of(slice_str("tcp")),
                              .addr = wire_counted_of(slice_str("127.0.0.1.0.7")),
                              .owner = wire_counted_of(slice_str("superuser"))};
}

/* SEED(name, how it is put into `out`) */
#define SEED(name, ...)                                                                            \
    bool parser_seed_##name(unsigned number, struct buf *out)                                      \
    {                                                                                              \
        if (number > 0)                                                                            \
            return false;                                                                          \
        __VA_ARGS__                                                                                \
        return true;                                                                               \
    }
SEED(mapping, bind_put_mapping(out, &mapping);)
SEED(mappings, bind_list_mapping(out, &mapping); bind_list_mapping(out, &mapping);
     bind_list_end(out);)
SEED(rpcb, struct bind_rpcb b = rpcb_of(); bind_put_rpcb(out, &b);)
SEED(rpcbs, struct bind_rpcb b = rpcb_of(); bind_list_rpcb(out, &b); bind_list_end(out);)
SEED(remote, struct bind_remote r = {PROGRAM, VERSION, 1, wire_counted_of(slice_str("args"))};
     bind_put_remote(out, &r);)
SEED(remote_port, struct bind_remote_port r = {7, wire_counted_of(slice_str("results"))};
     bind_put_remote_port(out, &r);)
SEED(remote_addr, struct bind_remote_addr r = {wire_counted_of(slice_str("127.0.0.1.0.7")),
                                               wire_counted_of(slice_str("results"))};
     bind_put_remote_addr(out, &r);)
SEED(netbuf, struct bind_netbuf n = {128, wire_counted_of(slice_str("octets"))};
     bind_put_netbuf(out, &n);)
SEED(entries, struct bind_entry e = {.maddr = wire_counted_of(slice_str("127.0.0.1.0.7")),
                                     .netid = wire_counted_of(slice_str("tcp")),
                                     .semantics = BIND_TPI_COTS_ORD,
                                     .protofmly = wire_counted_of(slice_str("inet")),
                                     .proto = wire_counted_of(slice_str("tcp"))};
     bind_list_entry(out, &e); bind_list_end(out);)
SEED(stat_addrs,
     struct bind_stat_addr a = {PROGRAM, VERSION, 1, 2, wire_counted_of(slice_str("tcp"))};
     bind_list_stat_addr(out, &a); bind_list_end(out);)
SEED(stat_remotes,
     struct bind_stat_remote r = {PROGRAM, VERSION, 1, 2, 3, 4, wire_counted_of(slice_str("tcp"))};
     bind_list_stat_remote(out, &r); bind_list_end(out);)
SEED(stat, struct bind_stat s = {.sets = 1}; bind_put_stat(out, &s);)
SEED(items, buf_put_byte(out, 0); wire_put_int(out, -1); wire_put_opaque(out, slice_str("opaque"));
     wire_put_string(out, slice_str("text")); wire_put_bool(out, true); wire_put_uhyper(out, 1);)
#undef SEED
