/* Twins that take the wrong reply, or let a wrong one end the call. */
#include "reference/twins-clients-rpc/twin.h"

enum { STRAYS_MOST = 3, READ_MS = 1000 };

static const struct twin twins[] = {
    {.name = "any-xid",
     .check = "client.rpc.wrong-xid",
     .what = "it takes whatever reply comes first",
     .fault = {.match = MATCH_ANY}},
    {.name = "any-xid-datagram",
     .check = "client.rpc.wrong-xid",
     .transport = "rpc+udp",
     .what = "it takes whatever reply comes first",
     .fault = {.match = MATCH_ANY}},
    {.name = "earlier-xid",
     .check = "client.rpc.stale-xid",
     .what = "it takes a reply to any call that it has made",
     .fault = {.match = MATCH_EARLIER}},
    {.name = "earlier-xid-datagram",
     .check = "client.rpc.stale-xid",
     .transport = "rpc+udp",
     .what = "it takes a reply to any call that it has made",
     .fault = {.match = MATCH_EARLIER}},
    {.name = "copy-ends-call",
     .check = "client.rpc.duplicate-reply",
     .transport = "rpc+udp",
     .what = "a second reply to the call before ends the call",
     .fault = {.copy_ends_call = true}},
    {.name = "strays-end-call",
     .check = "client.rpc.stray-budget",
     .transport = "rpc+udp",
     .what = "it gives up behind three replies with other xids",
     .fault = {.strays_most = STRAYS_MOST}},
    {.name = "any-source",
     .check = "client.rpc.reply-source",
     .transport = "rpc+udp",
     .what = "it does not look where a reply comes from",
     .fault = {.any_source = true}},
    {.name = "time-out-of-a-record",
     .check = "client.rpc.strays-for-ever",
     .what = "its time-out begins anew with each record",
     .fault = {.wait = WAIT_RECORD, .timeout_ms = READ_MS}},
};

TWINS(matches);
