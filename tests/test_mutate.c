/* Tests of structure-aware mutation: what each mutation does, that it stays within its room, that
   the same seed gives the same case, and that valid cases come from nothing. */
#include "fuzz/mutate/mutate.h"

#include <string.h>

#include "fuzz/case/case.h"
#include "fuzz/mutate/tree.h"
#include "harness/base/rng.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"
#include "tests/guard.h"
#include "tests/unit.h"

enum {
    MSGPROG = 345678,
    ROOM = 4096,
    SEEDS = 400,       /* draws for one mutation */
    DRAWS = 20000,     /* draws for what chance decides */
    RECORDS_MAX = 128, /* of a case here */
};

/* ---- cases ---- */

static struct slice sys_body(struct buf *out)
{
    struct onc_sys sys = {
        .stamp = 7,
        .machine = wire_counted_of(slice_str("abcde")),
        .uid = 1000,
        .gid = 1001,
        .gids = {11, 12},
        .gids_count = 2,
    };

    onc_put_sys(out, &sys);
    return buf_slice(out);
}

static void put_call(struct buf *out, const struct onc_call *call)
{
    struct buf message;

    buf_init(&message, ROOM);
    onc_put_call(&message, call);
    record_put(out, buf_slice(&message));
    buf_free(&message);
}

/* SAVEMSG with AUTH_SYS, READMSG, SAVEMSG with AUTH_NONE: 3 records. */
static void put_three(struct buf *out)
{
    struct buf args;
    struct buf body;
    struct onc_call call = onc_call_of(0x101, MSGPROG, 2, 1);

    buf_init(&args, ROOM);
    buf_init(&body, ROOM);
    wire_put_string(&args, slice_str("first"));
    call.cred.flavor = ONC_AUTH_SYS;
    call.cred.body = wire_counted_of(sys_body(&body));
    call.args = buf_slice(&args);
    put_call(out, &call);
    call = onc_call_of(0x102, MSGPROG, 2, 2);
    buf_reset(&args);
    wire_put_uint(&args, 1);
    call.args = buf_slice(&args);
    put_call(out, &call);
    call = onc_call_of(0x103, MSGPROG, 2, 1);
    buf_reset(&args);
    wire_put_string(&args, slice_str("third"));
    call.args = buf_slice(&args);
    put_call(out, &call);
    buf_free(&args);
    buf_free(&body);
}

/* SAVEMSG with AUTH_NONE: a message in which a change of a length changes no other one. */
static void put_one(struct buf *out)
{
    struct buf args;
    struct onc_call call = onc_call_of(0x104, MSGPROG, 2, 1);

    buf_init(&args, ROOM);
    wire_put_string(&args, slice_str("plain"));
    call.args = buf_slice(&args);
    put_call(out, &call);
    buf_free(&args);
}

static void put_call_with_sys(struct buf *out)
{
    struct buf three;
    size_t used;
    struct record_in in;

    buf_init(&three, ROOM);
    put_three(&three);
    record_open(&in, &record_usual_limits);
    assert_int_equal(record_feed(&in, buf_slice(&three), &used), RECORD_WHOLE);
    buf_put(out, slice_sub(buf_slice(&three), 0, used));
    record_close(&in);
    buf_free(&three);
}

/* Three numbers. */
static void put_list(struct buf *out)
{
    for (uint32_t i = 0; i < 3; i++) {
        wire_put_bool(out, true);
        wire_put_uint(out, i + 100);
    }
    wire_put_bool(out, false);
}

/* ---- a case before and after ---- */

struct messages {
    size_t count;
    struct slice message[RECORDS_MAX];
    struct buf octets; /* of those that came in several fragments, too */
    size_t used;       /* by whole records */
};

static void take_apart(struct messages *m, struct slice stream)
{
    static struct case_reader reader;
    struct slice message;
    size_t at = 0;

    m->count = 0;
    m->used = 0;
    buf_init(&m->octets, ROOM * 2);
    case_open(&reader, stream);
    while (m->count < RECORDS_MAX && case_next(&reader, &message)) {
        buf_put(&m->octets, message);
        m->message[m->count++].len = message.len;
        m->used = reader.at;
    }
    for (size_t i = 0; i < m->count; i++) {
        m->message[i] = slice_sub(buf_slice(&m->octets), at, m->message[i].len);
        at += m->message[i].len;
    }
}

struct change {
    struct slice before, after; /* the streams */
    struct messages old, new;   /* of streams of records */
    struct slice from, to;      /* the message that is not the same, or an empty one */
    struct tree *from_tree, *to_tree;
};

static struct tree trees[2];

/* The one message that differs, where as many are there as before. */
static void find_changed(struct change *c)
{
    c->from = c->to = slice_of(NULL, 0);
    for (size_t i = 0; c->old.count == c->new.count &&i < c->old.count; i++) {
        if (slice_eq(c->old.message[i], c->new.message[i]))
            continue;
        c->from = c->old.message[i];
        c->to = c->new.message[i];
    }
}

static void compare(struct change *c, const struct mutate_grammar *grammar)
{
    if (grammar->records) {
        take_apart(&c->old, c->before);
        take_apart(&c->new, c->after);
        find_changed(c);
    } else {
        c->from = c->before;
        c->to = c->after;
    }
    c->from_tree = &trees[0];
    c->to_tree = &trees[1];
    tree_read(c->from_tree, grammar->message, c->from.data, (uint32_t)c->from.len);
    tree_read(c->to_tree, grammar->message, c->to.data, (uint32_t)c->to.len);
}

static void forget(struct change *c, const struct mutate_grammar *grammar)
{
    if (!grammar->records)
        return;
    buf_free(&c->old.octets);
    buf_free(&c->new.octets);
}

/* ---- what can be said of a message ---- */

/* All octets fit the table. */
static bool is_whole(const struct tree *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        if (!t->nodes[i].field || !t->nodes[i].whole)
            return false;
    }
    return t->count > 0;
}

static uint32_t word_at(struct slice octets, size_t at)
{
    return at + 4 <= octets.len ? tree_word(octets.data + at) : 0;
}

static const struct mutate_field no_field = {.name = "nothing", .kind = MUTATE_REST};
static const struct node nowhere = {.field = &no_field};

/* The node that holds the octet, the innermost one, or nowhere. */
static const struct node *node_at(const struct tree *t, size_t at)
{
    const struct node *found = &nowhere;

    for (uint32_t i = 0; i < t->count; i++) {
        if (t->nodes[i].at <= at && at < t->nodes[i].end)
            found = &t->nodes[i];
    }
    return found;
}

/* Exactly one word differs, and nothing moved. */
static bool one_word(const struct change *c, size_t *ret_at)
{
    size_t first = slice_common(c->from, c->to) / 4 * 4;

    *ret_at = first;
    return c->from.len == c->to.len && first < c->from.len &&
           slice_eq(slice_from(c->from, first + 4), slice_from(c->to, first + 4));
}

static bool is_known(const struct node *n, uint32_t value)
{
    for (size_t i = 0; i < n->field->count; i++) {
        if (n->field->values[i] == value)
            return true;
    }
    return false;
}

static bool says_value(const struct change *c)
{
    size_t at;

    return one_word(c, &at) && is_known(node_at(c->from_tree, at), word_at(c->to, at));
}

static bool says_neighbour(const struct change *c)
{
    size_t at;

    if (slice_eq(c->before, c->after))
        return true; /* the neighbour of one value may be the value that was there */
    return one_word(c, &at) && (is_known(node_at(c->from_tree, at), word_at(c->to, at) - 1) ||
                                is_known(node_at(c->from_tree, at), word_at(c->to, at) + 1));
}

static bool says_number(const struct change *c)
{
    size_t at;

    return slice_eq(c->before, c->after) ||
           (one_word(c, &at) && node_at(c->from_tree, at)->field->kind == MUTATE_WORD);
}

static bool says_claim(const struct change *c)
{
    size_t at;

    if (!one_word(c, &at))
        return false;
    for (uint32_t i = 0; i < c->from_tree->count; i++) {
        const struct node *n = &c->from_tree->nodes[i];

        if (n->at == at && !n->item &&
            (n->field->kind == MUTATE_COUNTED || n->field->kind == MUTATE_BODY ||
             n->field->kind == MUTATE_ARRAY))
            return true;
    }
    return false;
}

/* Another length, and what encloses it knows. */
static bool says_resize(const struct change *c)
{
    struct onc_call call;
    struct wire_in in;

    wire_open(&in, c->to);
    bool ok = onc_read_call(&in, &call);
    return c->to.len % 4 == 0 && !slice_eq(c->from, c->to) &&
           (ok || in.fault == WIRE_LIMIT || in.fault == WIRE_TRAILING);
}

static const struct node *find_kind(const struct tree *t, enum mutate_kind kind)
{
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->nodes[i].field && !t->nodes[i].item && t->nodes[i].field->kind == kind)
            return &t->nodes[i];
    }
    return NULL;
}

static bool says_elements(const struct change *c)
{
    const struct node *was = find_kind(c->from_tree, MUTATE_ARRAY);
    const struct node *is = find_kind(c->to_tree, MUTATE_ARRAY);

    return was && is && was->value != is->value && is_whole(c->to_tree);
}

/* More than the tree has room for is octets to it: the words tell. */
static bool says_nest(const struct change *c)
{
    size_t elements = 0;

    while (word_at(c->to, elements * 8) == 1)
        elements++;
    return elements >= 3 + 64 && c->to.len == elements * 8 + 4;
}

static bool says_padding_value(const struct change *c)
{
    struct wire_in in;

    wire_open(&in, slice_from(c->to, 40));
    wire_string(&in, "text", 9000);
    return c->from.len == c->to.len && in.fault == WIRE_PADDING;
}

static bool says_padding_gone(const struct change *c)
{
    return c->to.len + 3 == c->from.len && slice_common(c->from, c->to) == c->to.len;
}

/* The verifier is empty, so its padding is in front of the text. */
static bool says_padding_more(const struct change *c)
{
    size_t more = c->to.len - c->from.len;

    return c->to.len > c->from.len && more <= 5;
}

static bool says_cut(const struct change *c)
{
    return c->to.len < c->from.len && slice_starts(c->from, c->to);
}

static bool says_trail(const struct change *c)
{
    return c->to.len > c->from.len && slice_starts(c->to, c->from);
}

/* The words in front of the arm are the same. It may fit them by chance: test_arms counts. */
static bool says_arm(const struct change *c)
{
    return slice_eq(c->before, c->after) || slice_common(c->from, c->to) >= 8;
}

static bool says_switch(const struct change *c)
{
    return is_whole(c->to_tree) && !slice_eq(c->from, c->to);
}

/* The field that changed has octets that another one had. */
static bool says_copy(const struct change *c)
{
    if (slice_eq(c->before, c->after))
        return true;
    const struct node *to = node_at(c->from_tree, slice_common(c->from, c->to));
    for (uint32_t i = 0; i < c->from_tree->count; i++) {
        const struct node *n = &c->from_tree->nodes[i];
        struct slice value = slice_sub(c->from, n->at, n->end - n->at);

        if (n != to && value.len && slice_eq(value, slice_sub(c->to, to->at, value.len)))
            return true;
    }
    return false;
}

/* A word; or the octets of a field, and the words that count them. */
static bool says_octets(const struct change *c)
{
    size_t at;

    if (slice_eq(c->before, c->after))
        return true; /* what was drawn may be what was there */
    return one_word(c, &at) || is_whole(c->to_tree);
}

static bool says_fresh(const struct change *c)
{
    return slice_eq(c->before, c->after) || is_whole(c->to_tree);
}

/* Taking some octets out of the longer one gives the shorter one. */
static bool is_part(struct slice longer, struct slice shorter)
{
    size_t common = slice_common(longer, shorter);
    size_t more = longer.len - shorter.len;

    for (size_t at = 0; longer.len > shorter.len && at <= common; at++) {
        if (slice_eq(slice_from(longer, at + more), slice_from(shorter, at)))
            return true;
    }
    return false;
}

static bool says_field_repeat(const struct change *c)
{
    return is_part(c->to, c->from);
}

static bool says_field_drop(const struct change *c)
{
    return is_part(c->from, c->to);
}

/* ---- what can be said of a stream ---- */

static bool among(const struct messages *m, struct slice message)
{
    for (size_t i = 0; i < m->count; i++) {
        if (slice_eq(m->message[i], message))
            return true;
    }
    return false;
}

/* Those of `few` are in `many`, in the same order. */
static bool is_within(const struct messages *few, const struct messages *many)
{
    size_t found = 0;

    for (size_t i = 0; i < many->count && found < few->count; i++) {
        if (slice_eq(few->message[found], many->message[i]))
            found++;
    }
    return found == few->count;
}

static bool all_among(const struct messages *m, const struct messages *of)
{
    bool all = true;

    for (size_t i = 0; i < m->count; i++)
        all = all && among(of, m->message[i]);
    return all;
}

static bool same_messages(const struct change *c)
{
    return c->old.count == c->new.count &&is_within(&c->old, &c->new);
}

static bool says_record_fresh(const struct change *c)
{
    return c->new.count == c->old.count + 1 && is_within(&c->old, &c->new);
}

static bool says_record_repeat(const struct change *c)
{
    return c->new.count > c->old.count &&all_among(&c->new, &c->old);
}

static bool says_record_drop(const struct change *c)
{
    return c->new.count < c->old.count && c->new.count > 0 && is_within(&c->new, &c->old);
}

static bool says_record_swap(const struct change *c)
{
    return c->new.count == c->old.count &&all_among(&c->new, &c->old) &&
           all_among(&c->old, &c->new) && !is_within(&c->new, &c->old);
}

/* It begins like one of the others, and ends like itself. */
static bool says_record_splice(const struct change *c)
{
    bool begins = false;

    if (slice_eq(c->before, c->after))
        return true;
    for (size_t i = 0; i < c->old.count; i++)
        begins = begins || (slice_common(c->old.message[i], c->to) >= 4 &&
                            !slice_eq(c->old.message[i], c->from));
    return begins && c->old.count == c->new.count;
}

static bool says_identity(const struct change *c)
{
    size_t at;
    size_t same = 0;

    for (size_t i = 0; i < c->new.count; i++)
        same += word_at(c->new.message[i], 0) == word_at(c->to, 0);
    return one_word(c, &at) && at == 0 && same == 2;
}

static bool says_fragment_split(const struct change *c)
{
    return same_messages(c) && c->after.len > c->before.len &&
           (c->after.len - c->before.len) % RECORD_HEADER == 0;
}

static bool says_fragment_empty(const struct change *c)
{
    return same_messages(c) && c->after.len == c->before.len + RECORD_HEADER;
}

static bool says_fragment_open(const struct change *c)
{
    return c->new.count < c->old.count && c->after.len == c->before.len;
}

static bool says_fragment_claim(const struct change *c)
{
    return c->after.len == c->before.len && !same_messages(c);
}

static bool says_stream_cut(const struct change *c)
{
    return c->after.len < c->before.len && slice_starts(c->before, c->after);
}

static bool says_stream_trail(const struct change *c)
{
    return c->after.len > c->before.len && slice_starts(c->after, c->before);
}

static const struct {
    const struct mutate_grammar *grammar;
    void (*put)(struct buf *out);
    bool (*says)(const struct change *c);
} recognised[MUTATE_OPS] = {
    [MUTATE_VALUE] = {&mutate_grammar_calls, put_three, says_value},
    [MUTATE_NEIGHBOUR] = {&mutate_grammar_calls, put_three, says_neighbour},
    [MUTATE_NUMBER] = {&mutate_grammar_calls, put_three, says_number},
    [MUTATE_CLAIM] = {&mutate_grammar_calls, put_three, says_claim},
    [MUTATE_RESIZE] = {&mutate_grammar_calls, put_three, says_resize},
    [MUTATE_ELEMENTS] = {&mutate_grammar_calls, put_call_with_sys, says_elements},
    [MUTATE_NEST] = {&mutate_grammar_list, put_list, says_nest},
    [MUTATE_PADDING_VALUE] = {&mutate_grammar_calls, put_one, says_padding_value},
    [MUTATE_PADDING_GONE] = {&mutate_grammar_calls, put_one, says_padding_gone},
    [MUTATE_PADDING_MORE] = {&mutate_grammar_calls, put_one, says_padding_more},
    [MUTATE_CUT] = {&mutate_grammar_calls, put_three, says_cut},
    [MUTATE_TRAIL] = {&mutate_grammar_calls, put_three, says_trail},
    [MUTATE_ARM] = {&mutate_grammar_calls, put_three, says_arm},
    [MUTATE_SWITCH] = {&mutate_grammar_calls, put_three, says_switch},
    [MUTATE_COPY] = {&mutate_grammar_calls, put_three, says_copy},
    [MUTATE_OCTETS] = {&mutate_grammar_calls, put_three, says_octets},
    [MUTATE_FRESH] = {&mutate_grammar_calls, put_three, says_fresh},
    [MUTATE_FIELD_REPEAT] = {&mutate_grammar_calls, put_one, says_field_repeat},
    [MUTATE_FIELD_DROP] = {&mutate_grammar_calls, put_one, says_field_drop},
    [MUTATE_RECORD_FRESH] = {&mutate_grammar_calls, put_three, says_record_fresh},
    [MUTATE_RECORD_REPEAT] = {&mutate_grammar_calls, put_three, says_record_repeat},
    [MUTATE_RECORD_DROP] = {&mutate_grammar_calls, put_three, says_record_drop},
    [MUTATE_RECORD_SWAP] = {&mutate_grammar_calls, put_three, says_record_swap},
    [MUTATE_RECORD_SPLICE] = {&mutate_grammar_calls, put_three, says_record_splice},
    [MUTATE_IDENTITY] = {&mutate_grammar_calls, put_three, says_identity},
    [MUTATE_FRAGMENT_SPLIT] = {&mutate_grammar_calls, put_three, says_fragment_split},
    [MUTATE_FRAGMENT_EMPTY] = {&mutate_grammar_calls, put_three, says_fragment_empty},
    [MUTATE_FRAGMENT_OPEN] = {&mutate_grammar_calls, put_three, says_fragment_open},
    [MUTATE_FRAGMENT_CLAIM] = {&mutate_grammar_calls, put_three, says_fragment_claim},
    [MUTATE_STREAM_CUT] = {&mutate_grammar_calls, put_three, says_stream_cut},
    [MUTATE_STREAM_TRAIL] = {&mutate_grammar_calls, put_three, says_stream_trail},
};

/* Every mutation alone, by many seeds: it comes about, and what it did can be seen. A message with
   credentials is well formed before, so that what is wrong afterwards is the mutation's. */
static void test_each_mutation(void **state UNUSED)
{
    static uint8_t room[ROOM];

    for (unsigned op = 0; op < MUTATE_OPS; op++) {
        const struct mutate_grammar *grammar = recognised[op].grammar;
        unsigned done = 0;
        struct buf before;

        buf_init(&before, ROOM);
        recognised[op].put(&before);
        for (unsigned seed = 0; seed < SEEDS; seed++) {
            struct change c = {.before = buf_slice(&before)};
            size_t size = before.len;

            memcpy(room, before.data, before.len);
            if (!mutate_apply(grammar, (enum mutate_op)op, room, &size, sizeof(room), seed)) {
                assert_octets(slice_of(room, before.len), c.before);
                continue;
            }
            done++;
            c.after = slice_of(room, size);
            compare(&c, grammar);
            if (!recognised[op].says(&c))
                print_error("%s, seed %u\n", mutate_op_id((enum mutate_op)op), seed);
            assert_row(op, recognised[op].says(&c));
            assert_row(op, !grammar->records || op > MUTATE_FIELD_DROP ||
                               (c.new.count == c.old.count &&c.new.used == size));
            assert_true(mutate_done() == (uint64_t)1 << op);
            forget(&c, grammar);
        }
        if (done < SEEDS / 20)
            print_error("%s: %u of %u\n", mutate_op_id((enum mutate_op)op), done, SEEDS);
        assert_row(op, done >= SEEDS / 20);
        buf_free(&before);
    }
}

/* The mix holds all of them: for a conversation, and for a list. */
static void test_all_come_about(void **state UNUSED)
{
    static uint8_t room[ROOM];
    uint64_t seen = 0;

    for (unsigned op = MUTATE_NEST; op <= MUTATE_FIELD_DROP;
         op += MUTATE_FIELD_DROP - MUTATE_NEST) {
        const struct mutate_grammar *grammar = recognised[op].grammar;
        struct buf before;

        buf_init(&before, ROOM);
        if (grammar->records)
            put_three(&before);
        else
            put_list(&before);
        for (unsigned seed = 0; seed < DRAWS; seed++) {
            memcpy(room, before.data, before.len);
            mutate_case(grammar, room, before.len, sizeof(room), seed);
            seen |= mutate_done();
        }
        buf_free(&before);
    }
    for (unsigned op = 0; op < MUTATE_OPS; op++)
        assert_row(op, seen & (uint64_t)1 << op);
}

/* A union that is switched fits its discriminant, one whose arm alone is another mostly does not.
 */
static void test_arms(void **state UNUSED)
{
    static uint8_t room[ROOM];
    unsigned applied = 0;
    unsigned broken = 0;
    struct buf before;

    buf_init(&before, ROOM);
    put_call_with_sys(&before);
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        size_t size = before.len;

        memcpy(room, before.data, before.len);
        if (!mutate_apply(&mutate_grammar_calls, MUTATE_ARM, room, &size, sizeof(room), seed))
            continue;
        tree_read(&trees[0], mutate_grammar_calls.message, room + RECORD_HEADER,
                  (uint32_t)size - RECORD_HEADER);
        applied++;
        broken += !is_whole(&trees[0]);
    }
    assert_true(broken * 2 > applied);
    buf_free(&before);
}

/* A list grows to what kills a decoder that recurses, where there is room. */
static void test_nests_deep(void **state UNUSED)
{
    static uint8_t room[MUTATE_MAX];
    size_t longest = 0;
    struct buf before;

    buf_init(&before, ROOM);
    put_list(&before);
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        size_t size = before.len;

        memcpy(room, before.data, before.len);
        if (mutate_apply(&mutate_grammar_list, MUTATE_NEST, room, &size, sizeof(room), seed))
            longest = size_max(longest, size);
    }
    assert_int_equal(longest, 100003 * 8 + 4);
    buf_free(&before);
}

/* ---- from nothing ---- */

struct share {
    unsigned calls;  /* cases whose first message is a call by our own reader */
    unsigned stores; /* cases in which a valid SAVEMSG is */
    unsigned whole;  /* cases that are records to the end */
};

static bool is_save(struct slice message)
{
    struct onc_call call;
    struct wire_in in;

    wire_open(&in, message);
    if (!onc_read_call(&in, &call) || call.prog != MSGPROG || call.vers != 2 || call.proc != 1)
        return false;
    wire_open(&in, call.args);
    wire_string(&in, "text", 9000);
    wire_end(&in, "args");
    return wire_ok(&in);
}

static void count(struct share *s, struct slice stream)
{
    struct messages m;
    struct onc_call call;
    struct wire_in in;
    bool stores = false;

    take_apart(&m, stream);
    for (size_t i = 0; i < m.count; i++)
        stores = stores || is_save(m.message[i]);
    wire_open(&in, m.count ? m.message[0] : slice_of(NULL, 0));
    s->calls += onc_read_call(&in, &call);
    s->stores += stores;
    s->whole += m.used == stream.len;
    buf_free(&m.octets);
}

/* Of 10,000, 9,480 began with a call and 7,268 held a valid SAVEMSG when this was written. */
static void test_made_from_nothing(void **state UNUSED)
{
    static uint8_t room[ROOM];
    struct share s = {0};
    unsigned runs = DRAWS / 2;

    for (unsigned seed = 0; seed < runs; seed++) {
        size_t size = mutate_case(&mutate_grammar_calls, room, 0, sizeof(room), seed);

        count(&s, slice_of(room, size));
    }
    print_message("calls %u, SAVEMSG %u, whole %u of %u\n", s.calls, s.stores, s.whole, runs);
    assert_int_equal(s.whole, runs);
    assert_true(s.calls > runs / 10 * 9);
    assert_true(s.stores > runs / 10 * 6);
}

/* Changed once and again, most conversations still get somewhere: of 20,000 with two SAVEMSG in
   them, 19,274 held one afterwards. */
static void test_stays_deep(void **state UNUSED)
{
    static uint8_t room[ROOM];
    struct share s = {0};
    struct buf before;

    buf_init(&before, ROOM);
    put_three(&before);
    for (unsigned seed = 0; seed < DRAWS; seed++) {
        memcpy(room, before.data, before.len);
        size_t size = mutate_case(&mutate_grammar_calls, room, before.len, sizeof(room), seed);

        count(&s, slice_of(room, size));
    }
    print_message("calls %u, SAVEMSG %u, whole %u of %u\n", s.calls, s.stores, s.whole, DRAWS);
    assert_true(s.stores > DRAWS / 10 * 9);
    buf_free(&before);
}

static void test_replies_from_nothing(void **state UNUSED)
{
    static uint8_t room[ROOM];
    unsigned good = 0;

    for (unsigned seed = 0; seed < DRAWS / 2; seed++) {
        size_t size = mutate_make(&mutate_grammar_replies, room, sizeof(room), seed);
        struct messages m;
        struct onc_reply reply;
        struct wire_in in;

        take_apart(&m, slice_of(room, size));
        assert_true(m.count > 0 && m.used == size);
        wire_open(&in, m.message[0]);
        good += onc_read_reply(&in, &reply);
        buf_free(&m.octets);
    }
    print_message("replies %u of %u\n", good, DRAWS / 2);
    assert_true(good > DRAWS / 2 / 10 * 8);
}

/* What is made by a table is read by it without a rest. */
static void test_made_is_read(void **state UNUSED)
{
    static const struct mutate_grammar *const grammars[] = {&mutate_grammar_message,
                                                            &mutate_grammar_list};
    static uint8_t room[ROOM];

    for (size_t i = 0; i < ARRAY_LEN(grammars); i++) {
        for (unsigned seed = 0; seed < DRAWS / 10; seed++) {
            size_t size = mutate_make(grammars[i], room, sizeof(room), seed);

            tree_read(&trees[0], grammars[i]->message, room, (uint32_t)size);
            assert_row(seed, is_whole(&trees[0]));
        }
    }
}

/* ---- any octets, any room ---- */

static const char *const names[] = {"calls", "replies", "message", "bind", "list"};

/* The octets in front of the room stay, and behind it nothing can be written. */
static void mutate_in(struct guard *g, const struct mutate_grammar *grammar, struct slice octets,
                      size_t max, unsigned seed)
{
    uint8_t *at = guard_room(g, max + 1) + 1;

    at[-1] = 0x5a;
    if (octets.len)
        memcpy(at, octets.data, octets.len);
    size_t size = mutate_case(grammar, at, octets.len, max, seed);
    assert_true(size <= max);
    assert_int_equal(at[-1], 0x5a);
}

static void test_stays_in_its_room(void **state UNUSED)
{
    struct guard g;
    struct buf three;
    unsigned seed = 0;

    guard_open(&g, ROOM);
    buf_init(&three, ROOM);
    put_three(&three);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct mutate_grammar *grammar = mutate_grammar_find(names[i]);

        assert_non_null(grammar);
        for (size_t len = 0; len <= three.len; len++) {
            struct slice part = slice_sub(buf_slice(&three), 0, len);

            for (size_t more = 0; more < 40; more += 3, seed++)
                mutate_in(&g, grammar, part, len + more, seed);
            mutate_in(&g, grammar, part, ROOM - 1, seed);
        }
    }
    assert_null(mutate_grammar_find("nobody"));
    buf_free(&three);
    guard_close(&g);
}

/* Mutations of mutations, thousands deep, and noise. */
static void test_takes_any_octets(void **state UNUSED)
{
    struct guard g;
    struct rng rng;

    guard_open(&g, ROOM);
    rng_seed(&rng, 1, "test_mutate");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct mutate_grammar *grammar = mutate_grammar_find(names[i]);
        uint8_t *room = guard_room(&g, 600);
        size_t size = 0;

        for (unsigned seed = 0; seed < DRAWS / 2; seed++) {
            if (seed % 64 == 0)
                rng_fill(&rng, room, size = rng_below(&rng, 600));
            size = mutate_case(grammar, room, size, 600, seed);
            assert_true(size <= 600);
        }
    }
    guard_close(&g);
}

static void test_same_seed_same_case(void **state UNUSED)
{
    static uint8_t one[ROOM];
    static uint8_t other[ROOM];
    unsigned differ = 0;
    size_t before = 0;
    struct buf three;

    buf_init(&three, ROOM);
    put_three(&three);
    for (unsigned seed = 0; seed < DRAWS / 10; seed++) {
        memcpy(one, three.data, three.len);
        size_t size = mutate_case(&mutate_grammar_calls, one, three.len, ROOM, seed);
        mutate_case(&mutate_grammar_list, other, 0, ROOM, seed);
        memcpy(other, three.data, three.len);
        size_t again = mutate_case(&mutate_grammar_calls, other, three.len, ROOM, seed);

        assert_octets(slice_of(other, again), slice_of(one, size));
        differ += size != before;
        before = size;
    }
    assert_true(differ > DRAWS / 10 / 4);
    buf_free(&three);
}

/* ---- two cases ---- */

static void test_cross(void **state UNUSED)
{
    static uint8_t out[ROOM];
    struct guard g;
    unsigned of_both = 0;
    struct buf three;
    struct buf one;
    struct messages a;
    struct messages b;

    guard_open(&g, ROOM);
    buf_init(&three, ROOM);
    buf_init(&one, ROOM);
    put_three(&three);
    put_one(&one);
    take_apart(&a, buf_slice(&three));
    take_apart(&b, buf_slice(&one));
    const struct mutate_parent parents[2] = {{three.data, three.len}, {one.data, one.len}};
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        struct messages m;
        size_t size = mutate_cross(&mutate_grammar_calls, parents, out, sizeof(out), seed);

        take_apart(&m, slice_of(out, size));
        assert_int_equal(m.used, size);
        of_both += m.count > 1 && among(&m, a.message[0]) && among(&m, b.message[0]);
        buf_free(&m.octets);
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            size_t max = seed % (three.len + 8);

            size = mutate_cross(mutate_grammar_find(names[i]), parents, guard_room(&g, max), max,
                                seed);
            assert_true(size <= max);
        }
    }
    assert_true(of_both > SEEDS / 4);
    buf_free(&a.octets);
    buf_free(&b.octets);
    buf_free(&three);
    buf_free(&one);
    guard_close(&g);
}

/* ---- the tree ---- */

/* Golden: where the fields of a call lie. */
static void test_tree_of_a_call(void **state UNUSED)
{
    static const struct {
        const char *name;
        uint32_t at, end, value;
    } due[] = {
        {"xid", 0, 4, 0x101},       {"msg_type", 4, 8, 0}, {"rpcvers", 8, 12, 2},
        {"prog", 12, 16, MSGPROG},  {"vers", 16, 20, 2},   {"proc", 20, 24, 1},
        {"flavor", 24, 28, 1},      {"body", 28, 68, 36},  {"stamp", 32, 36, 7},
        {"machinename", 36, 48, 5}, {"uid", 48, 52, 1000}, {"gid", 52, 56, 1001},
        {"gids", 56, 68, 2},        {"text", 76, 88, 5},
    };
    struct buf stream;

    buf_init(&stream, ROOM);
    put_call_with_sys(&stream);
    tree_read(&trees[0], mutate_grammar_calls.message, stream.data + RECORD_HEADER,
              (uint32_t)stream.len - RECORD_HEADER);
    assert_true(is_whole(&trees[0]));
    for (size_t i = 0; i < ARRAY_LEN(due); i++) {
        bool found = false;

        for (uint32_t j = 0; j < trees[0].count; j++) {
            const struct node *n = &trees[0].nodes[j];

            found =
                found || (text_eq(n->field->name, due[i].name) && !n->item && n->at == due[i].at &&
                          n->end == due[i].end && n->value == due[i].value);
        }
        assert_row(i, found);
    }
    buf_free(&stream);
}

/* Cut anywhere, each octet of the message belongs to a node that has no others in it. */
static void test_tree_of_prefixes(void **state UNUSED)
{
    struct guard g;
    struct buf stream;

    guard_open(&g, ROOM);
    buf_init(&stream, ROOM);
    put_call_with_sys(&stream);
    struct slice message = slice_from(buf_slice(&stream), RECORD_HEADER);
    for (size_t len = 0; len <= message.len; len++) {
        struct slice part = guard_put(&g, slice_sub(message, 0, len));

        tree_read(&trees[0], mutate_grammar_calls.message, part.data, (uint32_t)len);
        for (size_t at = 0; at < len; at++)
            assert_row(len, node_at(&trees[0], at) != &nowhere);
        for (uint32_t i = 0; i < trees[0].count; i++)
            assert_row(len, trees[0].nodes[i].end <= len && trees[0].nodes[i].at <= len);
    }
    buf_free(&stream);
    guard_close(&g);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_mutation),
        cmocka_unit_test(test_all_come_about),
        cmocka_unit_test(test_arms),
        cmocka_unit_test(test_nests_deep),
        cmocka_unit_test(test_made_from_nothing),
        cmocka_unit_test(test_stays_deep),
        cmocka_unit_test(test_replies_from_nothing),
        cmocka_unit_test(test_made_is_read),
        cmocka_unit_test(test_stays_in_its_room),
        cmocka_unit_test(test_takes_any_octets),
        cmocka_unit_test(test_same_seed_same_case),
        cmocka_unit_test(test_cross),
        cmocka_unit_test(test_tree_of_a_call),
        cmocka_unit_test(test_tree_of_prefixes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
