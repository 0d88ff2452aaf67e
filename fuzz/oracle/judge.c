/* Replies against calls. */
#include "fuzz/oracle/judge.h"

#include "fuzz/oracle/finding.h"

void judge_begin(struct judge *j, const struct model_rules *rules)
{
    model_reset(&j->model, rules);
    j->count = 0;
}

bool judge_call(struct judge *j, struct slice message)
{
    if (j->count == JUDGE_CALLS_MAX)
        return false;
    j->answered[j->count] = false;
    model_call(&j->model, message, &j->calls[j->count++]);
    return true;
}

/* "PROG_UNAVAIL or AUTH_ERROR". Mostly it is one, and known defects come by often. */
static const char *name_allowed(uint32_t allowed, char *room, size_t cap)
{
    struct buf out;

    for (unsigned i = 0; i < ANSWERS; i++) {
        if (allowed == 1U << i)
            return answer_name((enum answer)i);
    }
    buf_init(&out, cap);
    for (unsigned i = 0; i < ANSWERS; i++) {
        if (allowed & 1U << i)
            buf_printf(&out, "%s%s", out.len ? " or " : "", answer_name((enum answer)i));
    }
    text_copy(room, cap, buf_text(&out));
    buf_free(&out);
    return room;
}

static void tell_status(const struct expected *e, enum answer got)
{
    char room[120];
    const char *wanted = name_allowed(e->allowed, room, sizeof(room));

    finding_tell(e->allowed == 1U << ANSWER_NONE ? ORACLE_REPLIES : ORACLE_STATUS,
                 "wanted %s, got %s", wanted, answer_name(got));
}

/* The results of READMSG are a string, which has to have its length, its octets and zeros. */
static void judge_results(const struct expected *e, struct slice results)
{
    struct slice got = results;
    struct wire_in in;

    if (e->is_text) {
        wire_open(&in, results);
        got = wire_string(&in, "text", WIRE_NO_LIMIT);
        wire_end(&in, "text");
        if (!wire_ok(&in)) {
            finding_tell(ORACLE_REPLY, "results of READMSG: %s", in.text);
            return;
        }
    }
    if (!slice_eq(got, e->results))
        finding_tell(ORACLE_STATE, "%s: wanted %zu octets, got %zu, %zu of them the same",
                     e->is_text ? "READMSG" : "results", e->results.len, got.len,
                     slice_common(got, e->results));
}

static void judge_answer(const struct expected *e, const struct onc_reply *reply)
{
    enum answer got = answer_of(reply);

    if (!(e->allowed & 1U << got))
        tell_status(e, got);
    else if (got == ANSWER_SUCCESS && e->results_known)
        judge_results(e, reply->results);
}

static bool fits(const struct judge *j, size_t call, const struct onc_reply *reply)
{
    return j->calls[call].allowed & 1U << answer_of(reply);
}

/* The first call with this xid that has no reply and may have this one; else the first of them. */
void judge_reply(struct judge *j, struct slice message)
{
    struct onc_reply reply;
    struct wire_in in;

    wire_open(&in, message);
    if (!onc_read_reply(&in, &reply)) {
        finding_tell(ORACLE_REPLY, "%s: %s", in.field ? in.field : "reply", in.text);
        return;
    }
    size_t of = JUDGE_CALLS_MAX;
    bool known = false;
    for (size_t i = j->count; i-- > 0;) {
        if (j->calls[i].xid != reply.xid)
            continue;
        known = true;
        if (!j->answered[i] &&
            (fits(j, i, &reply) || of == JUDGE_CALLS_MAX || !fits(j, of, &reply)))
            of = i;
    }
    if (of != JUDGE_CALLS_MAX) {
        j->answered[of] = true;
        judge_answer(&j->calls[of], &reply);
    } else if (known) {
        finding_tell(ORACLE_REPLIES, "one more reply than calls: %s",
                     answer_name(answer_of(&reply)));
    } else {
        finding_tell(ORACLE_XID, "a reply to 0x%08x, which nobody called", reply.xid);
    }
}

void judge_end(struct judge *j)
{
    for (size_t i = 0; i < j->count; i++) {
        if (!j->answered[i] && !(j->calls[i].allowed & 1U << ANSWER_NONE))
            tell_status(&j->calls[i], ANSWER_NONE);
    }
}

void judge_end_closed(struct judge *j)
{
    for (size_t i = 0; i < j->count; i++) {
        if (j->answered[i])
            continue;
        if (!(j->calls[i].allowed & 1U << ANSWER_NONE))
            tell_status(&j->calls[i], ANSWER_NONE);
        return;
    }
}

bool judge_awaits(const struct judge *j, uint32_t xid)
{
    for (size_t i = 0; i < j->count; i++) {
        if (!j->answered[i] && j->calls[i].xid == xid)
            return true;
    }
    return false;
}
