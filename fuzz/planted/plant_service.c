/* The dispatcher, the procedures, the texts, and the cache of replies. */
#include "fuzz/planted/plant_service.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/planted/plant.h"

enum { REPLY_MAX = 16384, FLAVOR_NONE = 0, FLAVOR_SYS = 1, FLAVOR_GSS = 6, FIXED = 64, SLACK = 64 };

struct request {
    const struct plant_caller *caller;
    const struct plant_call *call;
    struct plant_take arguments;
};

void plant_service_open(struct plant_service *s, void (*send)(void *to, struct slice reply),
                        void *to)
{
    *s = (struct plant_service){.send = send, .to = to};
    buf_init(&s->out, REPLY_MAX);
}

static void free_waiters(struct plant_service *s)
{
    for (size_t i = 0; i < s->waiters_count && !planted(PLANT_CALLER_ADDRESS); i++)
        free(s->waiters[i].address);
    s->waiters_count = 0;
}

void plant_service_close(struct plant_service *s)
{
    for (size_t i = 0; i < s->texts_count; i++)
        free(s->texts[i].text);
    for (size_t i = 0; i < s->cached_count; i++) {
        free(s->cached[i].message);
        free(s->cached[i].reply);
    }
    free_waiters(s);
    plant_free_keys(&s->partial);
    free(s->sys);
    free(s->kept);
    buf_free(&s->out);
}

/* ---- the store ---- */

static size_t count_lines(struct slice text)
{
    size_t lines = 0;

    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n';
    return lines;
}

/* A copy with a NUL behind it. */
static struct plant_string keep_text(struct slice text)
{
    char *copy = malloc(text.len + 1);

    if (!copy)
        return (struct plant_string){0};
    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    return (struct plant_string){copy, (uint32_t)text.len};
}

/* Statistics need the text without leading blanks. */
static size_t count_words(struct slice text)
{
    struct plant_string copy = keep_text(text);
    char *at = copy.text;
    size_t words = 0;

    if (!at)
        return 0;
    at += strspn(at, " ");
    for (const char *word = at; *word; word += strspn(word, " ")) {
        words++;
        word += strcspn(word, " ");
    }
    free(planted(PLANT_WRONG_FREE) ? at : copy.text);
    return words;
}

static uint32_t store(struct plant_service *s, struct slice text)
{
    s->lines += count_lines(text);
    if (s->texts_count == PLANT_TEXTS_MAX || text.len > PLANT_TEXT_MAX)
        return 0;
    s->words += count_words(text);
    s->texts[s->texts_count] = keep_text(text);
    return s->texts[s->texts_count].text ? (uint32_t)++s->texts_count : 0;
}

/* ---- results ---- */

static void put_text(struct buf *out, const char *text, uint32_t len)
{
    uint8_t octet = planted(PLANT_PADDING) ? ' ' : 0;

    buf_put_u32(out, len);
    buf_put(out, slice_of(text, len));
    for (uint32_t i = 0; i < plant_padding(len); i++)
        buf_put_byte(out, octet);
}

static void succeed(struct plant_service *s, const struct request *r)
{
    plant_accept(&s->out, r->call->xid, PLANT_SUCCESS);
}

static void put_summary(struct plant_service *s, const struct request *r, uint32_t count,
                        uint32_t sum)
{
    succeed(s, r);
    buf_put_u32(&s->out, count);
    buf_put_u32(&s->out, sum);
}

/* ---- the procedures: false where the arguments cannot be read ---- */

static bool call_null(struct plant_service *s, struct request *r)
{
    succeed(s, r);
    return true;
}

static bool call_savemsg(struct plant_service *s, struct request *r)
{
    struct plant_take ahead = r->arguments;
    uint8_t *room = planted(PLANT_ANNOUNCED) ? malloc(plant_take_u32(&ahead)) : NULL;
    struct slice text = plant_take_opaque(&r->arguments, PLANT_NO_LIMIT);

    free(room);
    if (r->arguments.failed)
        return false;
    uint32_t number = store(s, text);
    succeed(s, r);
    buf_put_u32(&s->out, number);
    return true;
}

static bool call_readmsg(struct plant_service *s, struct request *r)
{
    static const struct plant_string none;
    const struct plant_string *text = &none;
    uint32_t number = plant_take_u32(&r->arguments);

    if (r->arguments.failed)
        return false;
    if (planted(PLANT_LAST_MESSAGE) && number > s->texts_count)
        number = (uint32_t)s->texts_count;
    if (number > 0 && number <= s->texts_count)
        text = &s->texts[number - 1];
    succeed(s, r);
    put_text(&s->out, text->text, text->len);
    return true;
}

static bool call_list(struct plant_service *s, struct request *r)
{
    struct plant_node *list = NULL;
    uint32_t count = 0;
    uint32_t sum = 0;

    if (!plant_read_list(&r->arguments, &list))
        return false;
    for (const struct plant_node *node = list; node; node = node->next) {
        count++;
        sum += node->value;
    }
    plant_free_list(list);
    put_summary(s, r, count, sum);
    return true;
}

static bool call_array(struct plant_service *s, struct request *r)
{
    struct plant_array array = {0};
    uint32_t sum = 0;

    if (!plant_read_array(&r->arguments, &array))
        return false;
    for (uint32_t i = 0; i < array.count; i++)
        sum += array.entries[i].id + (uint32_t)array.entries[i].size;
    plant_free_array(&array);
    put_summary(s, r, array.count, sum);
    return true;
}

static bool call_attrs(struct plant_service *s, struct request *r)
{
    struct plant_attrs attrs = {0};
    bool ok = plant_read_attrs(&r->arguments, &attrs);

    if (ok) {
        succeed(s, r);
        buf_put_u32(&s->out, attrs.mode);
        buf_put_u32(&s->out, (uint32_t)(attrs.size >> 32));
        buf_put_u32(&s->out, (uint32_t)attrs.size);
        buf_put_u32(&s->out, attrs.at);
        put_text(&s->out, attrs.owner.text, attrs.owner.len);
        put_text(&s->out, attrs.group.text, attrs.group.len);
    }
    plant_free_attrs(&attrs);
    return ok;
}

static bool call_notify(struct plant_service *s, struct request *r)
{
    uint32_t events = plant_take_u32(&r->arguments);

    if (r->arguments.failed)
        return false;
    if (s->waiters_count < PLANT_WAITERS_MAX)
        s->waiters[s->waiters_count++] = (struct plant_waiter){
            .address = planted(PLANT_CALLER_ADDRESS)
                           ? r->caller->address
                           : plant_copy(slice_of(r->caller->address, PLANT_ADDRESS)),
            .events = events,
        };
    succeed(s, r);
    buf_put_u32(&s->out, events);
    return true;
}

static bool call_keys(struct plant_service *s, struct request *r)
{
    struct plant_keys keys = {0};
    uint32_t sum = 0;

    if (!plant_read_keys(&r->arguments, &keys)) {
        plant_free_keys(&s->partial);
        s->partial = keys;
        return false;
    }
    for (uint32_t i = 0; i < keys.count; i++)
        sum += keys.keys[i].len;
    plant_free_keys(&keys);
    put_summary(s, r, keys.count, sum);
    return true;
}

static const struct {
    bool (*call)(struct plant_service *s, struct request *r);
    bool once; /* it must not be executed again for a call that is sent again */
} procedures[] = {
    [PLANT_NULL] = {call_null, false},       [PLANT_SAVEMSG] = {call_savemsg, true},
    [PLANT_READMSG] = {call_readmsg, false}, [PLANT_LIST] = {call_list, false},
    [PLANT_ARRAY] = {call_array, false},     [PLANT_ATTRS] = {call_attrs, true},
    [PLANT_NOTIFY] = {call_notify, true},    [PLANT_KEYS] = {call_keys, false},
};

/* ---- dispatching ---- */

/* The number that a good credential has given us to answer with; before it there is none. */
PLANT_UNDEFINED static uint32_t verifier_of(const struct plant_service *s)
{
    return *(const volatile uint32_t *)s->verifier; /* NOLINT: planted */
}

static void deny(struct plant_service *s, const struct request *r, enum plant_auth_stat stat)
{
    uint32_t verifier = planted(PLANT_ERROR_HANDLE) ? verifier_of(s) : 0;

    plant_deny_auth(&s->out, r->call->xid, (enum plant_auth_stat)(stat + verifier));
}

static bool credential_ok(struct plant_service *s, const struct request *r)
{
    static const uint32_t none = 0;
    const struct plant_auth *credential = &r->call->credential;

    if (credential->flavor == FLAVOR_SYS) {
        s->sys = plant_read_sys(credential->body);
        if (!s->sys) {
            deny(s, r, PLANT_BADCRED);
            return false;
        }
    } else if (credential->flavor != FLAVOR_NONE) {
        if (credential->flavor == FLAVOR_GSS)
            plant_check_gss(r->call);
        deny(s, r, PLANT_REJECTEDCRED);
        return false;
    }
    s->verifier = &none;
    return true;
}

/* What is decoded is the arguments, and no octet of a call before. */
static struct slice arguments_of(struct plant_service *s, struct slice arguments)
{
    if (!planted(PLANT_ARGUMENTS_KEPT))
        return arguments;
    if (arguments.len > s->kept_len) {
        uint8_t *more = realloc(s->kept, arguments.len);

        if (!more)
            return arguments;
        s->kept = more;
        s->kept_len = arguments.len;
    }
    if (arguments.len)
        memcpy(s->kept, arguments.data, arguments.len);
    return slice_of(s->kept, s->kept_len);
}

static void mismatch(struct plant_service *s, const struct request *r)
{
    plant_accept(&s->out, r->call->xid, PLANT_PROG_MISMATCH);
    buf_put_u32(&s->out, PLANT_VERSION);
    buf_put_u32(&s->out, PLANT_VERSION);
}

static void dispatch(struct plant_service *s, struct request *r)
{
    const struct plant_call *call = r->call;

    if (!credential_ok(s, r))
        return;
    if (planted(PLANT_VERSION_FIRST) && call->version != PLANT_VERSION) { /* NOLINT: planted */
        mismatch(s, r);
    } else if (call->program != PLANT_PROGRAM) {
        plant_accept(&s->out, call->xid, PLANT_PROG_UNAVAIL);
    } else if (call->version != PLANT_VERSION) {
        mismatch(s, r);
    } else if (call->procedure >= PLANT_PROCEDURES) {
        plant_accept(&s->out, call->xid, PLANT_PROC_UNAVAIL);
    } else {
        r->arguments = plant_take_of(arguments_of(s, call->arguments));
        if (!procedures[call->procedure].call(s, r))
            plant_accept(&s->out, call->xid, PLANT_GARBAGE_ARGS);
    }
}

/* ---- the cache ---- */

static bool is_once(const struct plant_call *call)
{
    return call->program == PLANT_PROGRAM && call->version == PLANT_VERSION &&
           call->procedure < PLANT_PROCEDURES && procedures[call->procedure].once;
}

/* Where the arguments begin, if the verifier is empty. */
static size_t arguments_offset(struct slice message)
{
    struct plant_take t = plant_take_of(slice_from(message, 28));
    uint32_t len = plant_take_u32(&t);

    return len > PLANT_AUTH_MAX ? message.len : PLANT_CALL_LEAST + len + plant_padding(len);
}

/* A number by which two calls can be told apart without looking at all of both. It is made before
   anybody has read the message. */
static uint32_t digest(struct slice message)
{
    size_t end = planted(PLANT_ARGUMENTS_OFFSET) && message.len >= PLANT_CALL_LEAST
                     ? arguments_offset(message)
                     : message.len;
    uint32_t sum = 0;

    for (size_t i = 0; i < end; i++)
        sum = sum * 31 + message.data[i];
    return sum;
}

static struct plant_cached *find_cached(struct plant_service *s, const struct request *r,
                                        struct slice message)
{
    for (size_t i = 0; i < s->cached_count; i++) {
        struct plant_cached *c = &s->cached[i];

        if (c->xid != r->call->xid)
            continue;
        if (planted(PLANT_CACHE_XID) || (c->caller == r->caller->number && c->digest == s->digest &&
                                         slice_eq(slice_of(c->message, c->message_len), message)))
            return c;
    }
    return NULL;
}

static void cache(struct plant_service *s, const struct request *r, struct slice message)
{
    if (s->cached_count == PLANT_CACHE_MAX || s->out.len == 0)
        return;
    struct plant_cached *c = &s->cached[s->cached_count++];
    *c = (struct plant_cached){
        .caller = r->caller->number,
        .xid = r->call->xid,
        .digest = s->digest,
        .message = plant_copy(message),
        .message_len = message.len,
        .reply = malloc(planted(PLANT_CACHE_FIXED) ? FIXED : s->out.len),
        .reply_len = s->out.len,
    };
    if (c->message && c->reply) {
        memcpy(c->reply, s->out.data, s->out.len);
        return;
    }
    free(c->message);
    free(c->reply);
    s->cached_count--;
}

static void send_cached(struct plant_service *s, struct plant_cached *c)
{
    buf_put(&s->out, slice_of(c->reply, c->reply_len));
    if (planted(PLANT_CACHE_FREED))
        free(c->reply);
}

static void answer_call(struct plant_service *s, struct request *r, struct slice message)
{
    bool once = r->caller->again && is_once(r->call);
    struct plant_cached *cached = once ? find_cached(s, r, message) : NULL;

    if (cached) {
        send_cached(s, cached);
        return;
    }
    dispatch(s, r);
    if (once)
        cache(s, r, message);
}

/* ---- one message ---- */

/* Who waits to be notified is, as soon as something happens. */
static void notify(struct plant_service *s)
{
    for (size_t i = 0; i < s->waiters_count; i++) {
        const struct plant_waiter *w = &s->waiters[i];

        for (size_t j = 0; w->address && j < PLANT_ADDRESS; j++)
            s->notified = s->notified * 31 + (w->address[j] ^ w->events);
    }
    free_waiters(s);
}

/* The reply leaves in a block of its own size. */
static void send_reply(struct plant_service *s, size_t trailing)
{
    size_t room = s->out.len;

    if (planted(PLANT_TRAILING_OCTETS))
        room = room + SLACK - size_min(trailing, room + SLACK);
    uint8_t *block = s->out.failed || s->out.len == 0 ? NULL : malloc(room); /* NOLINT: planted */
    if (!block)
        return;
    memcpy(block, s->out.data, s->out.len);
    s->send(s->to, slice_of(block, s->out.len));
    free(block);
}

enum plant_form plant_service_take(struct plant_service *s, const struct plant_caller *caller,
                                   struct slice message)
{
    struct plant_call call;
    struct request r = {.caller = caller, .call = &call};

    notify(s);
    buf_reset(&s->out);
    free(s->sys);
    s->sys = NULL;
    s->verifier = NULL;
    if (caller->again)
        s->digest = digest(message);
    enum plant_form form = plant_read_call(message, &call);
    switch (form) {
    case PLANT_GOOD:
        answer_call(s, &r, message);
        break;
    case PLANT_STRAY:
        if (planted(PLANT_STRAY_ANSWERED))
            plant_accept(&s->out, call.xid, PLANT_SYSTEM_ERR);
        break;
    case PLANT_WRONG_RPC:
        plant_deny_rpc(&s->out, call.xid);
        break;
    case PLANT_LONG_AUTH:
        deny(s, &r, PLANT_BADCRED);
        break;
    case PLANT_NO_CALL:
        break;
    }
    send_reply(s, plant_take_rest(&r.arguments).len);
    return form;
}
