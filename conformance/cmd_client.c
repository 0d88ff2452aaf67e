/* `assay client`: the options, what they say of the client, and its run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "conformance/client/client.h"
#include "conformance/run_command.h"
#include "harness/base/log.h"

enum {
    WORDS_MAX = 512, /* of the scenarios and the client's command */
    COMMAND_MAX = 8192,
    OPTIONS_MAX = 8 << 20, /* --reply may have a megabyte, and each octet of it be quoted */
    OCTETS_MAX = 1 << 20,
    JOBS = 8,            /* clients wait more than they work */
    PATIENCE_MS = 30000, /* stubs of rpcgen wait for 25 s, and they are not alone */
};

struct client_options {
    struct run_command common; /* first: its rows fill it */
    const char *listen;
    const char *input;
    const char *reply;
    const char *request_end;
    const char *shows;
    struct buf reply_octets; /* what client->reply and client->request_end point into */
    struct buf request_end_octets;
};

static bool take_listen(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct client_options *)into)->listen = value;
    return true;
}

static bool take_input(void *into, const char *value, struct problem *why)
{
    ((struct client_options *)into)->input = value;
    if (text_eq(value, "lines") || text_eq(value, "none"))
        return true;
    return problem_set(why, "--input \"%.100s\": expected lines or none", value);
}

static bool take_reply(void *into, const char *value, struct problem *why)
{
    ((struct client_options *)into)->reply = value;
    return *value || problem_set(why, "--reply: the text is empty");
}

static bool take_request_end(void *into, const char *value, struct problem *why)
{
    ((struct client_options *)into)->request_end = value;
    return *value || problem_set(why, "--request-end: the text is empty");
}

static bool take_shows(void *into, const char *value, struct problem *why)
{
    ((struct client_options *)into)->shows = value;
    return *value || problem_set(why, "--shows: the text is empty");
}

static bool take_relay(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct client_options *)into)->common.run.client_relays = true;
    return true;
}

static const struct option_row rows[] = {
    {"listen", "URL", "where the client looks for its server; port 0 chooses one", take_listen},
    {"input", "lines|none",
     "what the client asks for comes line by line on its standard input (the default), or it "
     "always asks the same; {text} in COMMAND: there, once in a run",
     take_input},
    {"reply", "TEXT",
     "the true reply, with \\r \\n \\t \\0 \\\\ \\xHH and {text} for what was asked; RPC: the "
     "results; "
     "default: as the exchange says",
     take_reply},
    {"request-end", "TEXT", "how a request without a text ends, as \\r\\n\\r\\n", take_request_end},
    {"shows", "TEXT", "what the client prints when it has the reply; it stands in --reply",
     take_shows},
    {"relay", NULL,
     "the client passes on what it gets and knows no replies, as socat does: it is not asked to "
     "notice that one is missing or wrong",
     take_relay},
};

static void print_help(void)
{
    printf("Usage: assay client SCENARIO|all --listen URL [OPTION]... -- COMMAND...\n\n"
           "Plays a server that misbehaves, runs COMMAND against it, and judges what the client\n"
           "does and how it ends. SCENARIO is the id of a check, a glob or a first part, with or\n"
           "without \"client.\" in front; `assay list client` names them. URL is tcp://HOST:PORT,\n"
           "udp://HOST:PORT, unix:PATH, unix-dgram:PATH, unix-seqpacket:PATH,\n"
           "rpc+tcp://HOST:PORT/PROG/VERS, rpc+udp://... or rpc+unix:PATH/PROG/VERS. In COMMAND\n"
           "{host} {port} {path} {url} say where the server is, and {text} what to ask for.\n"
           "A COMMAND of one word goes to the shell as it is.\n\n");
    options_help(rows, ARRAY_LEN(rows));
    run_command_help();
    printf("Examples:\n"
           "  assay client all --listen tcp://127.0.0.1:0 -- ./client {host} {port}\n"
           "  assay client dgram.loss --listen udp://127.0.0.1:0 -- ./ask {host} {port} {text}\n"
           "  assay client all --listen rpc+tcp://127.0.0.1:0/345678/2 -- assay-msg save {text} "
           "--host {host} --port {port}\n"
           "  assay client stream --listen tcp://127.0.0.1:0 --input none --shows hello \\\n"
           "      --reply 'HTTP/1.0 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello' \\\n"
           "      --request-end '\\r\\n\\r\\n' -- curl -sS --max-time 5 http://{host}:{port}/\n");
}

/* ---- what was said of the client ---- */

static bool hex_octet(const char *at, uint8_t *ret)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    unsigned value = 0;

    for (int i = 0; i < 2; i++) {
        const char *digit = at[i] ? strchr(digits, at[i]) : NULL;

        if (!digit)
            return false;
        value = value * 16 + (unsigned)(digit - digits) % 16;
    }
    *ret = (uint8_t)value;
    return true;
}

/* A text with escapes. *out is opened here and given back by the caller, in any case. */
static bool octets_of(const char *option, const char *text, struct buf *out, struct problem *why)
{
    static const char names[] = "rnt0\\";
    static const char values[] = "\r\n\t\0\\";

    buf_init(out, OCTETS_MAX);
    for (const char *at = text ? text : ""; *at; at++) {
        uint8_t octet = (uint8_t)*at;

        if (*at == '\\') {
            const char *name = at[1] ? strchr(names, at[1]) : NULL;

            if (name) {
                octet = (uint8_t)values[name - names];
                at++;
            } else if (at[1] == 'x' && hex_octet(at + 2, &octet)) {
                at += 3;
            } else {
                return problem_set(why,
                                   "%s: unknown escape at \"%.8s\"; known are \\r \\n \\t \\0 "
                                   "\\\\ \\xHH",
                                   option, at);
            }
        }
        buf_put_byte(out, octet);
    }
    return !out->failed || problem_set(why, "%s: more than %d octets", option, OCTETS_MAX);
}

/* One word is a command line of the shell; of several, each is a word of it. */
static const char *join_command(const char **words, struct problem *why)
{
    static struct buf line;

    buf_init(&line, COMMAND_MAX);
    if (words[0] && !words[1]) {
        buf_put_str(&line, words[0]);
    } else {
        buf_put_str(&line, "exec");
        for (size_t i = 0; words[i]; i++) {
            buf_put_byte(&line, ' ');
            text_shell_word(&line, words[i]);
        }
    }
    if (line.failed && line.cap == 0)
        problem_ours(why, "out of memory");
    else if (line.failed)
        problem_set(why, "the client's command is too long");
    return line.failed ? NULL : buf_text(&line);
}

static void put_option(struct buf *out, const char *option, const char *value)
{
    if (!value)
        return;
    buf_printf(out, " --%s ", option);
    text_shell_word(out, value);
}

/* The same once more, for the command that repeats a check. */
static const char *say_options(const struct client_options *o)
{
    static struct buf line;

    buf_init(&line, OPTIONS_MAX);
    put_option(&line, "input", o->input);
    put_option(&line, "reply", o->reply);
    put_option(&line, "request-end", o->request_end);
    put_option(&line, "shows", o->shows);
    if (o->common.run.client_relays)
        buf_put_str(&line, " --relay");
    return buf_text(&line);
}

static bool settle_client(struct client_options *o, struct client *client, struct problem *why)
{
    bool by_argument = strstr(client->command, "{text}") != NULL;

    if (by_argument && o->input)
        return problem_set(why, "--input does not go with {text} in the command, which says what "
                                "is asked for");
    client->input = by_argument                             ? CLIENT_ARGUMENT
                    : o->input && text_eq(o->input, "none") ? CLIENT_FIXED
                                                            : CLIENT_LINES;
    client->shows = o->shows;
    if (!octets_of("--reply", o->reply, &o->reply_octets, why) ||
        !octets_of("--request-end", o->request_end, &o->request_end_octets, why))
        return false;
    client->reply = buf_slice(&o->reply_octets);
    client->request_end = buf_slice(&o->request_end_octets);
    if (o->shows && slice_find(client->reply, slice_str(o->shows)) == client->reply.len)
        return problem_set(why, "--shows \"%.100s\" does not stand in --reply", o->shows);
    return true;
}

/* ---- which scenarios ---- */

/* Scenarios are named as their checks are, "client." left away or not. */
static bool take_scenario(struct run_options *r, const char *word, struct problem *why)
{
    static char names[SELECT_PATTERNS_MAX][256];
    struct selection *s = &r->selection;

    if (text_eq(word, "all"))
        return true;
    if (s->only_count == SELECT_PATTERNS_MAX)
        return problem_set(why, "more than %d scenarios", SELECT_PATTERNS_MAX);
    char *name = names[s->only_count];
    bool whole = text_starts(word, "client.") || text_eq(word, "client") || word[0] == '*';
    text_format(name, sizeof(names[0]), "%s%s", whole ? "" : "client.", word);
    s->only[s->only_count++] = name;
    return true;
}

static bool settle_place(struct client_options *o, struct exchange **ret_exchange,
                         struct problem *why)
{
    struct run_options *r = &o->common.run;
    struct buf command;

    if (!o->listen)
        return problem_set(why, "where should the server be? --listen URL as tcp://127.0.0.1:0");
    if (!endpoint_parse(o->listen, &r->endpoint, why))
        return false;
    if (r->endpoint.netpath)
        return problem_set(why, "\"%s\": which transport? rpc+tcp, rpc+udp or rpc+unix", o->listen);
    r->url = o->listen;
    if (!r->speak)
        r->speak = target_default_speak(&r->endpoint);
    if (!target_open_exchange(r->speak, &r->endpoint, ret_exchange, why))
        return false;
    r->exchange = *ret_exchange;
    buf_init(&command, COMMAND_MAX);
    bool ok = client_command(r->client, &r->endpoint, "text", &command, why);
    buf_free(&command);
    return ok;
}

/* Where the place is the user's choice, or the client cannot be told another one, there is one
   server at a time. */
static bool settle_jobs(struct run_options *r, struct problem *why)
{
    const char *command = r->client->command;
    bool unix = endpoint_is_unix(&r->endpoint);
    bool told = strstr(command, unix ? "{path}" : "{port}") || strstr(command, "{url}");

    if (!told && !unix && r->endpoint.port == 0)
        return problem_set(why, "port 0 needs a command with {port} or {url}, which is told the "
                                "port");
    r->client->moves = told && (unix || r->endpoint.port == 0);
    if (!r->client->moves)
        r->jobs = 1;
    else if (r->jobs == 0)
        r->jobs = JOBS;
    return true;
}

static bool settle_options(struct client_options *o, const char **words,
                           struct exchange **ret_exchange, struct waivers *waivers,
                           struct problem *why)
{
    struct run_options *r = &o->common.run;
    const struct check *selected[RUN_CHECKS_MAX];
    size_t scenarios = 0;
    size_t count = 0;

    while (words[scenarios] && !text_eq(words[scenarios], "--"))
        scenarios++;
    if (!words[scenarios] || !words[scenarios + 1])
        return problem_set(why, "which client? Give its command behind --");
    if (scenarios == 0)
        return problem_set(why, "which scenario? \"all\", or as in `assay list client`");
    for (size_t i = 0; i < scenarios; i++) {
        if (!take_scenario(r, words[i], why))
            return false;
    }
    r->client->command = r->client_command = join_command(words + scenarios + 1, why);
    if (!r->client->command)
        return false;
    r->selection.client = true;
    r->rehearse = client_rehearse;
    r->client_options = say_options(o);
    if (!settle_client(o, r->client, why) || !settle_place(o, ret_exchange, why))
        return false;
    if (r->patience_ms == 0)
        r->patience_ms = PATIENCE_MS;
    return select_checks(&r->selection, &r->endpoint, selected, RUN_CHECKS_MAX, &count, why) &&
           settle_jobs(r, why) && run_command_settle(&o->common, waivers, why);
}

int command_client(int argc, char **argv)
{
    static struct client_options o = {.common = {.repeat = 1}};
    static const char *words[WORDS_MAX];
    struct exchange *exchange = NULL;
    struct waivers waivers = {0};
    struct problem why;
    int status;

    struct option_set set = {.rows = rows,
                             .count = ARRAY_LEN(rows),
                             .into = &o,
                             .words = words,
                             .words_cap = ARRAY_LEN(words),
                             .common = run_command_rows,
                             .common_count = run_command_row_count,
                             .keeps_dashes = true};
    if (!options_read(&set, argc, argv, &why))
        return usage_error("client", &why);
    if (o.common.help) {
        print_help();
        return STATUS_OK;
    }
    o.common.run.client = mmap(NULL, sizeof(*o.common.run.client), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (o.common.run.client == MAP_FAILED) {
        log_error("out of memory");
        return STATUS_KIT;
    }
    if (settle_options(&o, words, &exchange, &waivers, &why))
        status = run_command_perform(&o.common);
    else
        status = usage_error("client", &why);
    munmap(o.common.run.client, sizeof(*o.common.run.client));
    buf_free(&o.reply_octets);
    buf_free(&o.request_end_octets);
    waivers_free(&waivers);
    exchange_close(exchange);
    return status;
}
