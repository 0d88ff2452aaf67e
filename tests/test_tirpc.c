/*
 * Our codec against that of libtirpc, which is linked to this test alone. What we write they must
 * read, and write again to the same octets; and over a great many broken messages nobody may be
 * laxer than the other, but for the rules that libtirpc is known to leave out.
 */
#include <rpc/rpc.h>

#include <rpc/pmap_prot.h>
#include <rpc/rpcb_prot.h>

#include "harness/base/rng.h"
#include "harness/rpc/bind.h"
#include "harness/rpc/onc.h"
#include "tests/unit.h"

enum { ROOM = 1 << 16, ROUNDS = 500, BROKEN_ROUNDS = 20000 };

static struct rng rng;
static struct buf ours;
static struct buf theirs;
static uint8_t room[ROOM];

static int begin(void **state UNUSED)
{
    rng_seed(&rng, 1, "tirpc");
    buf_init(&ours, ROOM);
    buf_init(&theirs, ROOM);
    return 0;
}

static int end(void **state UNUSED)
{
    buf_free(&ours);
    buf_free(&theirs);
    return 0;
}

#define PROC(function) ((xdrproc_t)(void (*)(void))(function))

static XDR decoder(struct slice octets)
{
    XDR xdr;

    buf_reset(&theirs);
    buf_put(&theirs, octets);
    xdrmem_create(&xdr, (char *)theirs.data, (u_int)octets.len, XDR_DECODE);
    return xdr;
}

/* Room of zeros: xdr_callmsg leaves the padding of credentials as it finds it. */
static XDR encoder(void)
{
    XDR xdr;

    memset(room, 0, sizeof(room));
    xdrmem_create(&xdr, (char *)room, sizeof(room), XDR_ENCODE);
    return xdr;
}

static struct slice encoded(XDR *xdr)
{
    return slice_of(room, xdr_getpos(xdr));
}

/* They read what we wrote, all of it, and write the same. The value is zeroed room for their type;
   it is freed by them. */
static void assert_agreement(xdrproc_t proc, void *value)
{
    XDR in = decoder(buf_slice(&ours));

    assert_false(ours.failed);
    assert_true(proc(&in, value));
    assert_int_equal(xdr_getpos(&in), ours.len);
    XDR out = encoder();
    assert_true(proc(&out, value));
    assert_octets(encoded(&out), buf_slice(&ours));
    xdr_free(proc, value);
    buf_reset(&ours);
}

/* ---- XDR ---- */

static void test_numbers(void **state UNUSED)
{
    for (size_t i = 0; i < ROUNDS; i++) {
        uint64_t number = rng_next(&rng) >> rng_below(&rng, 64);
        double real;
        float single;
        union {
            int32_t i;
            uint32_t u;
            int64_t h;
            uint64_t uh;
            float f;
            double d;
        } value = {.uh = 0};

        wire_put_int(&ours, (int32_t)number);
        assert_agreement(PROC(xdr_int32_t), &value);
        wire_put_uint(&ours, (uint32_t)number);
        assert_agreement(PROC(xdr_uint32_t), &value);
        wire_put_hyper(&ours, (int64_t)number);
        assert_agreement(PROC(xdr_int64_t), &value);
        wire_put_uhyper(&ours, number);
        assert_agreement(PROC(xdr_uint64_t), &value);
        memcpy(&real, &number, sizeof(real));
        wire_put_double(&ours, real);
        assert_agreement(PROC(xdr_double), &value);
        memcpy(&single, &number, sizeof(single));
        wire_put_float(&ours, single);
        assert_agreement(PROC(xdr_float), &value);
        wire_put_bool(&ours, number & 1);
        assert_agreement(PROC(xdr_bool), &value);
    }
}

/* Octets of chance, in memory that lives until the next call but three. */
static struct slice some_octets(size_t max)
{
    static uint8_t pool[4][512];
    static size_t turn;
    uint8_t *octets = pool[turn++ % ARRAY_LEN(pool)];
    size_t len = (size_t)rng_below(&rng, max + 1);

    rng_fill(&rng, octets, len);
    return slice_of(octets, len);
}

/* Letters of chance: libtirpc keeps strings as C strings. */
static struct slice some_text(size_t max)
{
    struct slice octets = some_octets(max);
    static uint8_t pool[4][512];
    static size_t turn;
    uint8_t *text = pool[turn++ % ARRAY_LEN(pool)];

    for (size_t i = 0; i < octets.len; i++)
        text[i] = (uint8_t)('a' + octets.data[i] % 26);
    return slice_of(text, octets.len);
}

static uint32_t some_word(void)
{
    return (uint32_t)(rng_next(&rng) >> rng_below(&rng, 33));
}

static void test_octets(void **state UNUSED)
{
    for (size_t i = 0; i < ROUNDS; i++) {
        char *string = NULL;

        wire_put_string(&ours, some_text(500));
        assert_agreement(PROC(xdr_wrapstring), &string);
        XDR out = encoder();
        struct slice octets = some_octets(500);
        struct buf copy;
        buf_init(&copy, ROOM);
        buf_put(&copy, octets);
        assert_true(octets.len == 0 || xdr_opaque(&out, (char *)copy.data, (u_int)octets.len));
        wire_put_fixed(&ours, octets);
        assert_octets(encoded(&out), buf_slice(&ours));
        buf_reset(&ours);
        buf_free(&copy);
    }
}

/* ---- messages ---- */

static struct onc_auth some_auth(void)
{
    return (struct onc_auth){.flavor = some_word(),
                             .body = wire_counted_of(some_octets(ONC_AUTH_BODY_MAX))};
}

/* Their reading of a call: what it was, written by them. */
static bool their_call(struct slice octets)
{
    struct rpc_msg message = {0};
    XDR in = decoder(octets);
    bool ok = xdr_callmsg(&in, &message);

    buf_reset(&ours);
    if (ok) {
        size_t header = xdr_getpos(&in);
        XDR out = encoder();

        assert_true(xdr_callmsg(&out, &message));
        buf_put(&ours, encoded(&out));
        buf_put(&ours, slice_from(octets, header));
    }
    free(message.rm_call.cb_cred.oa_base);
    free(message.rm_call.cb_verf.oa_base);
    return ok;
}

static bool their_reply(struct slice octets)
{
    struct rpc_msg message = {0};
    XDR in = decoder(octets);

    message.acpted_rply.ar_results.proc = PROC(xdr_void);
    bool ok = xdr_replymsg(&in, &message);
    buf_reset(&ours);
    if (ok) {
        size_t header = xdr_getpos(&in);
        XDR out = encoder();

        message.acpted_rply.ar_results.proc = PROC(xdr_void);
        assert_true(xdr_replymsg(&out, &message));
        buf_put(&ours, encoded(&out));
        buf_put(&ours, slice_from(octets, header));
    }
    if (message.rm_reply.rp_stat == MSG_ACCEPTED)
        free(message.acpted_rply.ar_verf.oa_base);
    return ok;
}

static void some_call(struct buf *out)
{
    struct onc_call call = onc_call_of(some_word(), some_word(), some_word(), some_word());
    struct slice args = some_octets(64);

    call.cred = some_auth();
    call.verf = some_auth();
    call.args = slice_sub(args, 0, args.len / WIRE_UNIT * WIRE_UNIT);
    onc_put_call(out, &call);
}

static void some_reply(struct buf *out)
{
    struct slice results = some_octets(64);
    struct onc_reply reply = onc_reply_of(some_word(), slice_of(NULL, 0));

    reply.verf = some_auth();
    reply.reply_stat = (uint32_t)rng_below(&rng, 2);
    reply.accept_stat = (uint32_t)rng_below(&rng, 6);
    reply.reject_stat = (uint32_t)rng_below(&rng, 2);
    reply.auth_stat = (uint32_t)rng_below(&rng, 15);
    reply.low = some_word();
    reply.high = reply.low + (UINT32_MAX - reply.low) / 2;
    if (reply.reply_stat == ONC_MSG_ACCEPTED && reply.accept_stat == ONC_SUCCESS)
        reply.results = slice_sub(results, 0, results.len / WIRE_UNIT * WIRE_UNIT);
    onc_put_reply(out, &reply);
}

static bool our_call(struct slice octets, struct wire_in *in)
{
    struct onc_call call;

    wire_open(in, octets);
    return onc_read_call(in, &call);
}

static bool our_reply(struct slice octets, struct wire_in *in)
{
    struct onc_reply reply;

    wire_open(in, octets);
    return onc_read_reply(in, &reply);
}

static const struct dialect {
    void (*make)(struct buf *out);
    bool (*ours)(struct slice octets, struct wire_in *in);
    bool (*theirs)(struct slice octets);
} dialects[] = {
    {some_call, our_call, their_call},
    {some_reply, our_reply, their_reply},
};

static void test_messages(void **state UNUSED)
{
    for (size_t d = 0; d < ARRAY_LEN(dialects); d++) {
        for (size_t i = 0; i < ROUNDS; i++) {
            struct buf message;
            struct wire_in in;

            buf_init(&message, ROOM);
            dialects[d].make(&message);
            assert_row(i, dialects[d].ours(buf_slice(&message), &in));
            assert_row(i, dialects[d].theirs(buf_slice(&message)));
            assert_octets(buf_slice(&ours), buf_slice(&message));
            buf_free(&message);
        }
    }
    buf_reset(&ours);
}

/* What we refuse and they do not: they look at no padding, no range, no end, no enumeration. */
static bool is_known_laxity(enum wire_fault fault)
{
    return fault == WIRE_PADDING || fault == WIRE_VALUE || fault == WIRE_TRAILING ||
           fault == WIRE_ENUM || fault == WIRE_UNEVEN;
}

static void test_broken_messages(void **state UNUSED)
{
    size_t refused = 0;

    for (size_t i = 0; i < BROKEN_ROUNDS; i++) {
        const struct dialect *d = &dialects[i % ARRAY_LEN(dialects)];
        struct buf message;
        struct wire_in in;

        buf_init(&message, ROOM);
        d->make(&message);
        size_t head = size_min(message.len, 48);
        for (uint64_t n = rng_below(&rng, 3); n > 0; n--)
            message.data[rng_below(&rng, head)] = (uint8_t)rng_next(&rng);
        if (rng_below(&rng, 2) == 0)
            message.len = (size_t)rng_below(&rng, message.len + 1);
        bool fine = d->ours(buf_slice(&message), &in);
        bool taken = message.len > 0 && d->theirs(buf_slice(&message));
        refused += !fine;
        if (fine) {
            assert_row(i, taken);
            assert_octets(buf_slice(&ours), buf_slice(&message));
        } else if (!is_known_laxity(in.fault)) {
            assert_row(i, !taken);
        }
        buf_free(&message);
    }
    assert_in_range(refused, BROKEN_ROUNDS / 4, BROKEN_ROUNDS - BROKEN_ROUNDS / 4);
    buf_reset(&ours);
}

static void test_credentials(void **state UNUSED)
{
    for (size_t i = 0; i < ROUNDS; i++) {
        struct authunix_parms parms = {0};
        struct opaque_auth auth = {0};
        struct onc_auth made = some_auth();
        struct onc_sys sys = {.stamp = some_word(),
                              .machine = wire_counted_of(some_text(ONC_MACHINE_MAX)),
                              .uid = some_word(),
                              .gid = some_word(),
                              .gids_count = (uint32_t)rng_below(&rng, ONC_GIDS_MAX + 1)};

        for (size_t n = 0; n < sys.gids_count; n++)
            sys.gids[n] = some_word();
        onc_put_sys(&ours, &sys);
        assert_agreement(PROC(xdr_authunix_parms), &parms);
        onc_put_auth(&ours, &made);
        assert_agreement(PROC(xdr_opaque_auth), &auth);
    }
}

/* ---- port mapper and rpcbind ---- */

static struct wire_counted text_item(void)
{
    return wire_counted_of(some_text(40));
}

static void test_mappings(void **state UNUSED)
{
    for (size_t i = 0; i < ROUNDS; i++) {
        struct pmap one = {0};
        struct pmaplist *list = NULL;
        struct bind_mapping m = {some_word(), some_word(), some_word(), some_word()};

        bind_put_mapping(&ours, &m);
        assert_agreement(PROC(xdr_pmap), &one);
        for (uint64_t n = rng_below(&rng, 5); n > 0; n--)
            bind_list_mapping(&ours, &m);
        bind_list_end(&ours);
        assert_agreement(PROC(xdr_pmaplist), &list);
    }
}

static struct bind_rpcb some_rpcb(void)
{
    return (struct bind_rpcb){some_word(), some_word(), text_item(), text_item(), text_item()};
}

static void test_rpcbs(void **state UNUSED)
{
    for (size_t i = 0; i < ROUNDS; i++) {
        rpcb_entry_list_ptr entries = NULL;
        rpcblist_ptr list = NULL;
        struct rpcb one = {0};
        struct bind_rpcb b = some_rpcb();
        struct bind_entry e = {text_item(), text_item(), some_word(), text_item(), text_item()};

        bind_put_rpcb(&ours, &b);
        assert_agreement(PROC(xdr_rpcb), &one);
        b = some_rpcb();
        for (uint64_t n = rng_below(&rng, 5); n > 0; n--)
            bind_list_rpcb(&ours, &b);
        bind_list_end(&ours);
        assert_agreement(PROC(xdr_rpcblist_ptr), &list);
        e.maddr = text_item();
        e.netid = text_item();
        for (uint64_t n = rng_below(&rng, 5); n > 0; n--)
            bind_list_entry(&ours, &e);
        bind_list_end(&ours);
        assert_agreement(PROC(xdr_rpcb_entry_list_ptr), &entries);
    }
}

static void test_netbufs(void **state UNUSED)
{
    for (size_t i = 0; i < ROUNDS; i++) {
        struct bind_netbuf n = {.maxlen = 128, .octets = wire_counted_of(some_octets(128))};
        struct netbuf value = {0};

        bind_put_netbuf(&ours, &n);
        assert_agreement(PROC(xdr_netbuf), &value);
    }
}

static void test_statistics(void **state UNUSED)
{
    struct buf addrs;
    struct buf remotes;

    buf_init(&addrs, ROOM);
    buf_init(&remotes, ROOM);
    for (size_t i = 0; i < ROUNDS; i++) {
        rpcb_stat_byvers all = {{.setinfo = 0}};
        struct bind_stat s = {.sets = (int32_t)some_word(), .unsets = (int32_t)some_word()};
        struct bind_stat_addr a = {1, 2, 3, -4, text_item()};
        struct bind_stat_remote r = {1, 2, 3, 4, 5, -6, text_item()};

        buf_reset(&addrs);
        buf_reset(&remotes);
        for (uint64_t n = rng_below(&rng, 4); n > 0; n--) {
            bind_list_stat_addr(&addrs, &a);
            bind_list_stat_remote(&remotes, &r);
        }
        bind_list_end(&addrs);
        bind_list_end(&remotes);
        s.addrs = buf_slice(&addrs);
        s.remotes = buf_slice(&remotes);
        for (size_t n = 0; n < BIND_RPCB_PROCS; n++)
            s.calls[n] = (int32_t)some_word();
        for (size_t n = 0; n < BIND_STAT_VERSIONS; n++)
            bind_put_stat(&ours, &s);
        assert_agreement(PROC(xdr_rpcb_stat_byvers), all);
    }
    buf_free(&addrs);
    buf_free(&remotes);
}

/* They can write the arguments of a remote call, and not read them. */
static void test_remote_calls(void **state UNUSED)
{
    uint32_t argument = some_word();
    struct r_rpcb_rmtcallargs args = {.prog = 345678,
                                      .vers = 2,
                                      .proc = 1,
                                      .args = {.args_val = (char *)&argument},
                                      .xdr_args = PROC(xdr_uint32_t)};
    struct buf body;
    XDR out = encoder();

    buf_init(&body, ROOM);
    wire_put_uint(&body, argument);
    struct bind_remote remote = {345678, 2, 1, wire_counted_of(buf_slice(&body))};
    bind_put_remote(&ours, &remote);
    assert_true(xdr_rpcb_rmtcallargs(&out, (struct rpcb_rmtcallargs *)(void *)&args));
    assert_octets(encoded(&out), buf_slice(&ours));
    buf_free(&body);
    buf_reset(&ours);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),     cmocka_unit_test(test_octets),
        cmocka_unit_test(test_messages),    cmocka_unit_test(test_broken_messages),
        cmocka_unit_test(test_credentials), cmocka_unit_test(test_mappings),
        cmocka_unit_test(test_rpcbs),       cmocka_unit_test(test_netbufs),
        cmocka_unit_test(test_statistics),  cmocka_unit_test(test_remote_calls),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
