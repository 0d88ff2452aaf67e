/* A NULL call behind each case. */
#include "fuzz/oracle/alive.h"

#include <string.h>

#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/model.h"
#include "harness/rpc/record.h"

enum { XID = 0x6e756c6c, PROGRAM_AT = 12 };

static const uint8_t octets[] = {
    0x80, 0, 0, 40, 'n', 'u', 'l', 'l', 0, 0, 0, 0, 0, 0, 0, 2, 0, 5, 0x46, 0x4e, 0, 0,
    0,    2, 0, 0,  0,   0,   0,   0,   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0,    0, 0,
};

struct slice alive_record(void)
{
    return slice_of(octets, sizeof(octets));
}

struct slice alive_call(void)
{
    return slice_from(alive_record(), RECORD_HEADER);
}

struct slice alive_call_to(uint32_t prog, uint32_t vers)
{
    static uint8_t call[sizeof(octets) - RECORD_HEADER];
    struct buf program = {
        .data = call + PROGRAM_AT, .cap = sizeof(call) - PROGRAM_AT, .max = 2 * WIRE_UNIT};

    memcpy(call, octets + RECORD_HEADER, sizeof(call));
    wire_put_uint(&program, prog);
    wire_put_uint(&program, vers);
    return slice_of(call, sizeof(call));
}

bool alive_is_answer(struct slice reply)
{
    struct onc_reply answer;
    struct wire_in in;

    wire_open(&in, reply);
    return onc_read_reply(&in, &answer) && answer.xid == XID &&
           answer_of(&answer) == ANSWER_SUCCESS;
}

void alive_judge(size_t replies, struct slice first, const char *where)
{
    if (replies != 1)
        finding_tell(ORACLE_ALIVE, "%zu replies to a NULL call after the case, %s", replies, where);
    else if (!alive_is_answer(first))
        finding_tell(ORACLE_ALIVE, "a NULL call after the case, %s, gets another answer", where);
}
