/* Replies against calls. */
#include "fuzz/oracle/judge.h"

#include "fuzz/oracle/finding.h"

void judge_begin(struct judge *j, const struct model_rules *rules)
{
    model_reset(&j->model, rules);
    j->count = 0;
    j->ended = 0;
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

/* The results of READMSG are a string, which has to have its length, its octets and zeros. False
   where they are none. */
static bool read_text(struct slice results, struct slice *ret)
{
    struct wire_in in;

    wire_open(&in, results);
    *ret = wire_string(&in, "text", WIRE_NO_LIMIT);
    wire_end(&in, "text");
    if (!wire_ok(&in))
        finding_tell(ORACLE_REPLY, "results of READMSG: %s", in.text);
    return wire_ok(&in);
}

static void judge_results(const struct expected *e, struct slice results)
{
    struct slice got = results;

    if (e->is_text && !read_text(results, &got))
        return;
    if (!slice_eq(got, e->results))
        finding_tell(ORACLE_STATE, "%s: wanted %zu octets, got %zu, %zu of them the same",
                     e->is_text ? "READMSG" : "results", e->results.len, got.len,
                     slice_common(got, e->results));
}

/* The message that bears the number, or NULL. */
static struct model_text *find_message(struct model *m, int32_t number)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->messages[i].number == number)
            return &m->messages[i];
    }
    return NULL;
}

/* The server says by which number it wants to be asked for a message; below 1 it has none. */
static void learn_number(struct model *m, size_t message, struct slice results)
{
    struct wire_in in;

    wire_open(&in, results);
    int32_t number = wire_int(&in, "number");
    wire_end(&in, "number");
    if (!wire_ok(&in))
        finding_tell(ORACLE_REPLY, "results of SAVEMSG: %s", in.text);
    else if (number > 0 && find_message(m, number))
        finding_tell(ORACLE_STATE, "SAVEMSG: two messages have the number %d", number);
    else if (number > 0)
        m->messages[message - 1].number = number;
}

/* What was there before the conversation is not known. */
static void judge_reading(struct model *m, const struct expected *e, struct slice results)
{
    const struct model_text *message = e->reads > 0 ? find_message(m, e->reads) : NULL;
    struct slice got;

    if (!read_text(results, &got) || !message)
        return;
    if (!e->settled && got.len == 0)
        return; /* calls that are under way together may be executed in any order */
    struct slice wanted = slice_of(m->texts + message->at, message->len);
    if (!slice_eq(got, wanted))
        finding_tell(ORACLE_STATE, "READMSG: wanted %zu octets, got %zu, %zu of them the same",
                     wanted.len, got.len, slice_common(got, wanted));
}

/* A text that was there before may be one that no datagram holds. */
static bool is_too_large(struct model *m, const struct expected *e, enum answer got)
{
    return got == ANSWER_SYSTEM_ERR && m->rules->in_datagrams && e->is_text && e->reads > 0 &&
           !find_message(m, e->reads);
}

/* `alone`: no other call has this xid, or replies come in the order of the calls. Else nobody knows
   whose results these are. */
static void judge_answer(struct judge *j, const struct expected *e, const struct onc_reply *reply,
                         bool alone)
{
    enum answer got = answer_of(reply);

    if (is_too_large(&j->model, e, got))
        return;
    if (!(e->allowed & 1U << got))
        tell_status(e, got);
    else if (got != ANSWER_SUCCESS || !alone)
        return;
    else if (e->results_known)
        judge_results(e, reply->results);
    else if (e->saves)
        learn_number(&j->model, e->saves, reply->results);
    else if (e->is_text)
        judge_reading(&j->model, e, reply->results);
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
    size_t same = 0;
    for (size_t i = j->count; i-- > 0;) {
        if (j->calls[i].xid != reply.xid)
            continue;
        same++;
        if (!j->answered[i] &&
            (fits(j, i, &reply) || of == JUDGE_CALLS_MAX || !fits(j, of, &reply)))
            of = i;
    }
    if (of != JUDGE_CALLS_MAX) {
        j->answered[of] = true;
        judge_answer(j, &j->calls[of], &reply, same == 1 || j->model.rules->strict);
    } else if (same > 0) {
        finding_tell(ORACLE_REPLIES, "one more reply than calls: %s",
                     answer_name(answer_of(&reply)));
    } else {
        finding_tell(ORACLE_XID, "a reply to 0x%08x, which nobody called", reply.xid);
    }
}

static bool is_owed(const struct judge *j, size_t call)
{
    return !j->answered[call] && !(j->calls[call].allowed & 1U << ANSWER_NONE);
}

bool judge_owes(const struct judge *j)
{
    for (size_t i = j->ended; i < j->count; i++) {
        if (is_owed(j, i))
            return true;
    }
    return false;
}

void judge_end(struct judge *j)
{
    for (size_t i = j->ended; i < j->count; i++) {
        if (is_owed(j, i))
            tell_status(&j->calls[i], ANSWER_NONE);
        j->answered[i] = true;
    }
    j->ended = j->count;
}

void judge_end_closed(struct judge *j)
{
    size_t first = j->ended;

    while (first < j->count && j->answered[first])
        first++;
    if (first < j->count && is_owed(j, first))
        tell_status(&j->calls[first], ANSWER_NONE);
    j->ended = j->count;
}

bool judge_awaits(const struct judge *j, uint32_t xid)
{
    for (size_t i = 0; i < j->count; i++) {
        if (!j->answered[i] && j->calls[i].xid == xid)
            return true;
    }
    return false;
}
