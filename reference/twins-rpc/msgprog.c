/* The program MSGPROG (msg.x). */
#include "reference/twins-rpc/server.h"

enum { TEXT_MAX = 16 << 20 };

void msgprog_save(struct request *r, struct slice text)
{
    struct problem why;

    buf_put_u32(&r->reply.results, store_save(r->server->store, text, &why));
}

void msgprog_read(struct request *r, int32_t number)
{
    size_t len = store_length(r->server->store, number);
    struct problem why = {0};
    struct buf text;

    buf_init(&text, TEXT_MAX);
    bool fits = CALL_REPLY_HEADER + 4 + len + words_padding(len) <= r->reply_max;
    if (!fits || (!store_read(r->server->store, number, &text, &why) && why.text[0]))
        request_accept(r, ACCEPT_SYSTEM_ERR);
    else
        words_put_opaque(&r->reply.results, buf_slice(&text));
    buf_free(&text);
}

bool msgprog_save_what_came(struct request *r)
{
    struct words w = r->args;
    uint32_t len = words_u32(&w);

    if (r->call.procedure != MSG_SAVEMSG || w.failed || len <= words_rest(&w).len)
        return false;
    request_accept(r, ACCEPT_SUCCESS);
    msgprog_save(r, words_rest(&w));
    return true;
}

static void save(struct request *r)
{
    const struct message_fault *f = &r->server->fault->message;
    struct slice text = words_opaque(&r->args, UINT32_MAX);

    request_accept(r, r->args.failed ? ACCEPT_GARBAGE_ARGS : ACCEPT_SUCCESS);
    if (!r->args.failed && f->save)
        f->save(r, text);
    else if (!r->args.failed)
        msgprog_save(r, text);
}

static void read_(struct request *r)
{
    const struct message_fault *f = &r->server->fault->message;
    int32_t number = words_i32(&r->args);

    request_accept(r, r->args.failed ? ACCEPT_GARBAGE_ARGS : ACCEPT_SUCCESS);
    if (!r->args.failed && f->read)
        f->read(r, number);
    else if (!r->args.failed)
        msgprog_read(r, number);
}

static bool serve(struct request *r)
{
    switch (r->call.procedure) {
    case MSG_NULL:
        request_accept(r, ACCEPT_SUCCESS);
        return true;
    case MSG_SAVEMSG:
        save(r);
        return true;
    case MSG_READMSG:
        read_(r);
        return true;
    default:
        return false;
    }
}

const struct program program_msgprog = {
    .number = MSG_PROGRAM, .low = MSG_VERSION, .high = MSG_VERSION, .serve = serve};
