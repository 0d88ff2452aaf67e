/* Twins that are wrong about record marking (RFC 5531 11) and about ends. */
#include "reference/twins-clients-rpc/twin.h"

enum { READ_MS = 1000, RECORD_MOST = 64 << 20 };

static const struct twin twins[] = {
    {.name = "one-fragment",
     .check = "client.rpc.fragments",
     .what = "it takes each fragment for a message",
     .fault = {.one_fragment = true}},
    {.name = "empty-is-answer",
     .check = "client.rpc.empty-fragments",
     .what = "behind an empty fragment it reads no result, and shows 0",
     .fault = {.empty_is_answer = true}},
    {.name = "last-of-read",
     .check = "client.rpc.one-segment",
     .what = "of records that come together it takes the last, whatever its xid",
     .fault = {.last_of_read = true, .match = MATCH_ANY}},
    {.name = "end-is-record",
     .check = "client.rpc.eof-in-record",
     .what = "at end of file the record is what has come of it, and then zeros",
     .fault = {.eof = END_IS_RECORD}},
    {.name = "reset-is-zero",
     .check = "client.rpc.reset-in-record",
     .what = "a reset is the answer 0",
     .fault = {.reset = END_IS_ZERO}},
    {.name = "end-is-zero",
     .check = "client.rpc.server-dies",
     .what = "end of file is the answer 0",
     .fault = {.eof = END_IS_ZERO}},
    {.name = "allocates-announced",
     .check = "client.rpc.announced-record",
     .what = "it takes memory for what a record announces",
     .fault = {.allocates = true, .record_most = UINT32_MAX}},
    {.name = "time-out-of-a-fragment",
     .check = "client.rpc.endless-record",
     .what = "its time-out begins anew with each fragment",
     .fault = {.wait = WAIT_FRAGMENT, .timeout_ms = READ_MS, .record_most = RECORD_MOST}},
    {.name = "time-out-of-a-read",
     .check = "client.rpc.trickle",
     .what = "its time-out begins anew with each read",
     .fault = {.wait = WAIT_READ, .timeout_ms = READ_MS}},
};

TWINS(records);
