/*
 * Clients without a fault that do things in their own way: who accuses one of these is wrong. The
 * check of a row is the part of the suite that it must pass.
 */
#include "reference/twins-clients/threads.h"
#include "reference/twins-clients/twin.h"

enum { SLOW_MS = 200, STEADY_MS = 400, STEADY_TRIES = 5 };

static const struct twin twins[] = {
    {
        .name = "none",
        .check = "client.stream",
        .what = "no fault: the engine as it is, non-blocking and with poll",
    },
    {
        .name = "none-reads-octets",
        .check = "client.stream",
        .what = "no fault: has a receive buffer of one octet",
        .stream = {.read_max = 1},
    },
    {
        .name = "none-writes-octets",
        .check = "client.stream",
        .what = "no fault: writes requests octet by octet",
        .stream = {.write_max = 1},
    },
    {
        .name = "none-starts-slowly",
        .check = "client.stream",
        .what = "no fault: takes a fifth of a second before it connects",
        .manners = {.start_ms = SLOW_MS},
    },
    {
        .name = "none-prints-late",
        .check = "client.stream",
        .what = "no fault: shows its replies when its buffer is full, or at the end",
        .manners = {.prints_late = true},
    },
    {
        .name = "none-prompts",
        .check = "client.stream",
        .what = "no fault: puts \"> \" in front of each reply",
        .manners = {.prompt = "> "},
    },
    {
        .name = "none-talks",
        .check = "client.stream",
        .what = "no fault: tells on standard error what goes well, too",
        .manners = {.talks = true},
    },
    {
        .name = "none-binds",
        .check = "client.stream",
        .what = "no fault: chooses its own port before it connects",
        .stream = {.binds = true},
    },
    {
        .name = "none-threads",
        .check = "client.stream",
        .what = "no fault: a thread for each direction, so that requests do not wait for replies",
        .stream = {.converse = threads_converse},
    },
    {
        .name = "none",
        .check = "client.dgram",
        .transport = "udp",
        .what = "no fault: the engine as it is",
    },
    {
        .name = "none-steady",
        .check = "client.dgram",
        .transport = "udp",
        .what = "no fault: sends again at an interval that does not grow, five times in all",
        .datagram = {.wait_ms = STEADY_MS, .growth = 100, .tries = STEADY_TRIES},
    },
    {
        .name = "none-unconnected",
        .check = "client.dgram",
        .transport = "udp",
        .what = "no fault: compares the source of replies by itself",
        .datagram = {.source = SOURCE_EXACT},
    },
    {
        .name = "none-starts-slowly",
        .check = "client.dgram",
        .transport = "udp",
        .what = "no fault: takes a fifth of a second before it sends",
        .manners = {.start_ms = SLOW_MS},
    },
    {
        .name = "none-prints-late",
        .check = "client.dgram",
        .transport = "udp",
        .what = "no fault: shows its replies when its buffer is full, or at the end",
        .manners = {.prints_late = true},
    },
    {
        .name = "none-prompts",
        .check = "client.dgram",
        .transport = "udp",
        .what = "no fault: puts \"> \" in front of each reply",
        .manners = {.prompt = "> "},
    },
    {
        .name = "none-talks",
        .check = "client.dgram",
        .transport = "udp",
        .what = "no fault: tells on standard error what goes well, too",
        .manners = {.talks = true},
    },
    {
        .name = "none-binds",
        .check = "client.dgram",
        .transport = "udp",
        .what = "no fault: chooses its own port before it sends",
        .datagram = {.binds = true},
    },
};

TWINS(sound);
