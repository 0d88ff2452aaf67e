/* The cases of the faults, written by the writers of harness/rpc. */
#include "fuzz/planted/plant_cases.h"

#include "fuzz/case/case.h"
#include "fuzz/planted/plant_service.h"
#include "fuzz/seed/sets.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"

/* A case that is being made: the arguments and the credential of the next call are put together
   first. */
struct maker {
    struct buf *out;
    struct buf args, body, message;
    uint32_t xid;
};

static void put_message(struct maker *m, const struct onc_call *call)
{
    buf_reset(&m->message);
    onc_put_call(&m->message, call);
    case_put(m->out, buf_slice(&m->message));
    buf_reset(&m->args);
    buf_reset(&m->body);
}

static struct onc_call call_of(struct maker *m, uint32_t procedure)
{
    struct onc_call call = onc_call_of(++m->xid, PLANT_PROGRAM, PLANT_VERSION, procedure);

    call.args = buf_slice(&m->args);
    return call;
}

static void call(struct maker *m, uint32_t procedure)
{
    struct onc_call c = call_of(m, procedure);

    put_message(m, &c);
}

/* NULL with the body as its credential. */
static void call_with(struct maker *m, uint32_t flavor)
{
    struct onc_call c = call_of(m, PLANT_NULL);

    c.cred = (struct onc_auth){flavor, wire_counted_of(buf_slice(&m->body))};
    put_message(m, &c);
}

static void call_as(struct maker *m, const struct onc_sys *sys)
{
    onc_put_sys(&m->body, sys);
    call_with(m, ONC_AUTH_SYS);
}

static void save(struct maker *m, const char *text)
{
    wire_put_string(&m->args, slice_str(text));
    call(m, PLANT_SAVEMSG);
}

static void read_back(struct maker *m, uint32_t number)
{
    wire_put_uint(&m->args, number);
    call(m, PLANT_READMSG);
}

/* A length that is not true, and the octets. */
static void put_claim(struct buf *out, uint32_t claimed, const char *octets)
{
    wire_put_counted(
        out, &(struct wire_counted){.octets = slice_str(octets), .lies = true, .claimed = claimed});
}

static void put_words(struct buf *out, uint32_t word, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        wire_put_uint(out, word);
}

/* A reply to nobody: these words behind its xid and type. */
static void stray(struct maker *m, const uint32_t *words, size_t count)
{
    buf_reset(&m->message);
    wire_put_uint(&m->message, ++m->xid);
    wire_put_uint(&m->message, ONC_REPLY);
    for (size_t i = 0; i < count; i++)
        wire_put_uint(&m->message, words[i]);
    case_put(m->out, buf_slice(&m->message));
}

/* ATTRS of what is in the body. */
static void call_attrs(struct maker *m)
{
    wire_put_opaque(&m->args, buf_slice(&m->body));
    call(m, PLANT_ATTRS);
}

static void put_owner(struct maker *m, const char *owner)
{
    wire_put_uint(&m->body, PLANT_ATTR_OWNER);
    wire_put_string(&m->body, slice_str(owner));
}

/* A record that is announced and does not come. */
static void announce(struct maker *m, bool last, uint32_t len, const char *octets)
{
    record_put_header(m->out, last, len);
    buf_put_str(m->out, octets);
}

/* ---- lengths and counts ---- */

static void make_word_unchecked(struct maker *m)
{
    case_put(m->out, slice_str("abc"));
}

static void put_array(struct maker *m, uint32_t count, unsigned words)
{
    wire_put_uint(&m->args, count);
    put_words(&m->args, 7, words);
    call(m, PLANT_ARRAY);
}

static void make_array_multiply(struct maker *m)
{
    put_array(m, 0x10000001, 2 * 4);
}

static void make_array_unbounded(struct maker *m)
{
    put_array(m, PLANT_ENTRIES_MAX + 1, (PLANT_ENTRIES_MAX + 1) * 4);
}

static void make_array_off_by_four(struct maker *m)
{
    put_array(m, 1, 3);
}

static void make_opaque_sign(struct maker *m)
{
    put_claim(&m->args, 0xfffffff0, "text");
    call(m, PLANT_SAVEMSG);
}

static void make_string_plus_one(struct maker *m)
{
    wire_put_uint(&m->body, PLANT_ATTR_OWNER);
    put_claim(&m->body, UINT32_MAX, "root");
    call_attrs(m);
}

static void make_name_sign(struct maker *m)
{
    struct onc_sys sys = {
        .machine = {.octets = slice_str("host"), .lies = true, .claimed = 0xffffff00}};

    call_as(m, &sys);
}

static void make_gss_header(struct maker *m)
{
    put_words(&m->body, 1, 100);
    call_with(m, ONC_RPCSEC_GSS);
}

static void make_gids_unbounded(struct maker *m)
{
    call_as(m, &(struct onc_sys){.gids_count = ONC_GIDS_MAX + 1});
}

static void make_gids_int(struct maker *m)
{
    call_as(m, &(struct onc_sys){.gids_count = 2, .lies = true, .claimed = 0x40000001});
}

static void make_body_unchecked(struct maker *m)
{
    wire_put_uint(&m->body, 1);
    call_with(m, ONC_AUTH_SYS);
}

static void make_attr_wrap(struct maker *m)
{
    wire_put_uint(&m->body, PLANT_ATTR_OWNER);
    put_claim(&m->body, 0xfffffff8, "root");
    call_attrs(m);
}

static void make_attr_drift(struct maker *m)
{
    put_owner(m, "root@host");
    call_attrs(m);
}

static void make_arguments_offset(struct maker *m)
{
    struct onc_call c = call_of(m, PLANT_NOTIFY);

    c.cred.body = (struct wire_counted){.lies = true, .claimed = PLANT_AUTH_MAX};
    put_message(m, &c);
}

static void make_trailing_octets(struct maker *m)
{
    put_words(&m->args, 0, 50);
    call(m, PLANT_NULL);
}

static void make_noise(struct maker *m)
{
    announce(m, false, RECORD_LENGTH_MAX, "GET / HTTP/1.1\r\nHost: server.example.net\r\n\r\n");
}

static void make_announced(struct maker *m)
{
    put_claim(&m->args, 1 << 20, "text");
    call(m, PLANT_SAVEMSG);
}

/* ---- who owns what ---- */

static void make_freed_twice(struct maker *m)
{
    put_owner(m, "root");
    wire_put_uint(&m->body, 9);
    call_attrs(m);
}

/* Two keys, of which the second is not there. */
static void make_partial_kept(struct maker *m)
{
    put_words(&m->args, 2, 2);
    wire_put_opaque(&m->args, slice_str("key"));
    call(m, PLANT_KEYS);
}

static void make_count_twice(struct maker *m)
{
    wire_put_uint(&m->args, 4);
    wire_put_uint(&m->args, 1);
    wire_put_opaque(&m->args, slice_str("key"));
    call(m, PLANT_KEYS);
}

static void make_wrong_free(struct maker *m)
{
    save(m, " a text");
}

static void make_denied(struct maker *m)
{
    call_with(m, ONC_AUTH_SHORT);
}

static void make_assertion(struct maker *m)
{
    stray(m, (const uint32_t[]){ONC_MSG_DENIED, 7}, 2);
}

/* ---- stale ---- */

static void make_caller_address(struct maker *m)
{
    wire_put_uint(&m->args, 1);
    call(m, PLANT_NOTIFY);
    call(m, PLANT_NULL);
}

static void make_arguments_kept(struct maker *m)
{
    save(m, "a text");
    call(m, PLANT_READMSG);
}

static void make_datagram_stale(struct maker *m)
{
    call(m, PLANT_NOTIFY);
}

static void make_saved(struct maker *m)
{
    save(m, "a text");
}

static void make_cache_fixed(struct maker *m)
{
    put_owner(m, "an owner of more octets than anybody expects");
    call_attrs(m);
}

static void make_cache_xid(struct maker *m)
{
    save(m, "a text");
    m->xid--;
    save(m, "another");
}

/* ---- recursion, loops, deafness ---- */

static void make_list_recursion(struct maker *m)
{
    put_words(&m->args, 1, 2 * 400);
    wire_put_bool(&m->args, false);
    call(m, PLANT_LIST);
}

static void make_stack_per_packet(struct maker *m)
{
    for (unsigned i = 0; i < 12; i++)
        stray(m, NULL, 0);
}

static void make_empty_fragment(struct maker *m)
{
    record_put_header(m->out, false, 0);
    call(m, PLANT_NULL);
}

static void make_crowd(struct maker *m)
{
    for (unsigned i = 0; i < 10; i++)
        call(m, PLANT_NULL);
}

static void make_reset_twice(struct maker *m)
{
    case_put(m->out, slice_str(""));
}

static void make_datagram_deaf(struct maker *m)
{
    case_put(m->out, slice_str("noise"));
}

static void make_half_a_record(struct maker *m)
{
    announce(m, true, 100, "half a record");
}

/* ---- answers ---- */

static void make_stray_answered(struct maker *m)
{
    stray(m, (const uint32_t[]){ONC_MSG_ACCEPTED, 0, 0, ONC_SUCCESS}, 4);
}

static void make_xid_sign(struct maker *m)
{
    m->xid = 0x80000000;
    call_with(m, ONC_AUTH_SHORT);
}

static void make_padding(struct maker *m)
{
    save(m, "a text");
    read_back(m, 1);
}

static void make_version_first(struct maker *m)
{
    struct onc_call c = onc_call_of(++m->xid, PLANT_PROGRAM + 1, PLANT_VERSION + 1, PLANT_NULL);

    put_message(m, &c);
}

static void make_last_message(struct maker *m)
{
    save(m, "a text");
    read_back(m, 7);
}

static void make_null(struct maker *m)
{
    call(m, PLANT_NULL);
}

static void make_uid_short(struct maker *m)
{
    call_as(m, &(struct onc_sys){.machine = wire_counted_of(slice_str("host")), .uid = 100000});
}

static void make_size_half(struct maker *m)
{
    wire_put_uint(&m->body, PLANT_ATTR_SIZE);
    wire_put_uhyper(&m->body, (uint64_t)1 << 40);
    call_attrs(m);
}

static void (*const makers[])(struct maker *m) = {
    [PLANT_WORD_UNCHECKED] = make_word_unchecked,
    [PLANT_ARRAY_MULTIPLY] = make_array_multiply,
    [PLANT_ARRAY_UNBOUNDED] = make_array_unbounded,
    [PLANT_ARRAY_OFF_BY_FOUR] = make_array_off_by_four,
    [PLANT_OPAQUE_SIGN] = make_opaque_sign,
    [PLANT_STRING_PLUS_ONE] = make_string_plus_one,
    [PLANT_NAME_SIGN] = make_name_sign,
    [PLANT_GSS_HEADER] = make_gss_header,
    [PLANT_GIDS_UNBOUNDED] = make_gids_unbounded,
    [PLANT_GIDS_INT] = make_gids_int,
    [PLANT_BODY_UNCHECKED] = make_body_unchecked,
    [PLANT_ATTR_WRAP] = make_attr_wrap,
    [PLANT_ATTR_DRIFT] = make_attr_drift,
    [PLANT_ARGUMENTS_OFFSET] = make_arguments_offset,
    [PLANT_TRAILING_OCTETS] = make_trailing_octets,
    [PLANT_NOISE] = make_noise,
    [PLANT_ANNOUNCED] = make_announced,
    [PLANT_FREED_TWICE] = make_freed_twice,
    [PLANT_PARTIAL_KEPT] = make_partial_kept,
    [PLANT_COUNT_TWICE] = make_count_twice,
    [PLANT_WRONG_FREE] = make_wrong_free,
    [PLANT_ERROR_LEAK] = make_partial_kept,
    [PLANT_ERROR_HANDLE] = make_denied,
    [PLANT_ASSERTION] = make_assertion,
    [PLANT_DESCRIPTOR_KEPT] = make_denied,
    [PLANT_CALLER_ADDRESS] = make_caller_address,
    [PLANT_ARGUMENTS_KEPT] = make_arguments_kept,
    [PLANT_DATAGRAM_STALE] = make_datagram_stale,
    [PLANT_CACHE_FREED] = make_saved,
    [PLANT_CACHE_FIXED] = make_cache_fixed,
    [PLANT_CACHE_XID] = make_cache_xid,
    [PLANT_LIST_RECURSION] = make_list_recursion,
    [PLANT_STACK_PER_PACKET] = make_stack_per_packet,
    [PLANT_EMPTY_FRAGMENT] = make_empty_fragment,
    [PLANT_ACCEPT_SPIN] = make_crowd,
    [PLANT_ACCEPT_NULL] = make_crowd,
    [PLANT_RESET_TWICE] = make_reset_twice,
    [PLANT_DATAGRAM_DEAF] = make_datagram_deaf,
    [PLANT_WAITS] = make_half_a_record,
    [PLANT_STRAY_ANSWERED] = make_stray_answered,
    [PLANT_XID_SIGN] = make_xid_sign,
    [PLANT_PADDING] = make_padding,
    [PLANT_VERSION_FIRST] = make_version_first,
    [PLANT_LAST_MESSAGE] = make_last_message,
    [PLANT_MARK_CUT] = make_null,
    [PLANT_PRINTS] = make_gids_unbounded,
    [PLANT_UID_SHORT] = make_uid_short,
    [PLANT_SIZE_HALF] = make_size_half,
    [PLANT_CONSUMES_MORE] = make_half_a_record,
    [PLANT_CANARY] = make_saved,
};

void plant_case(enum plant fault, struct buf *out)
{
    struct maker m = {.out = out, .xid = 0x41000000};

    buf_init(&m.args, PLANT_CASE_MAX);
    buf_init(&m.body, PLANT_CASE_MAX);
    buf_init(&m.message, PLANT_CASE_MAX);
    makers[fault](&m);
    out->failed |= m.args.failed || m.body.failed || m.message.failed;
    buf_free(&m.args);
    buf_free(&m.body);
    buf_free(&m.message);
}

void seed_planted(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    struct buf octets;

    buf_init(&octets, PLANT_CASE_MAX);
    for (unsigned i = 0; i < PLANTS; i++) {
        buf_reset(&octets);
        plant_case((enum plant)i, &octets);
        v->visit(v->into, plant_row((enum plant)i)->name, buf_slice(&octets));
    }
    buf_free(&octets);
}
