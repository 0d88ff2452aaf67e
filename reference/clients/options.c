/* The command line of the reference clients. */
#include "reference/clients/options.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/log.h"

enum { MS_PER_S = 1000, SECONDS_TEXT_MAX = 8, FRACTION_DIGITS = 3 };

/* By hand and not by strtod(3), which takes "inf", "0x2" and the comma of a locale. */
static bool read_seconds(const char *text, int64_t *ret_ms)
{
    static const uint64_t scales[FRACTION_DIGITS + 1] = {0, 100, 10, 1};
    char whole[SECONDS_TEXT_MAX];
    size_t len = strcspn(text, ".");
    const char *fraction = text[len] == '.' ? text + len + 1 : "";
    size_t digits = strlen(fraction);
    uint64_t s;
    uint64_t parts = 0;

    if (len >= sizeof(whole) || digits > FRACTION_DIGITS || (text[len] == '.' && digits == 0))
        return false;
    text_format(whole, sizeof(whole), "%.*s", (int)len, text);
    if (!text_number(whole, 0, SECONDS_MAX, &s) ||
        (digits > 0 && !text_number(fraction, 0, MS_PER_S, &parts)))
        return false;
    uint64_t ms = s * MS_PER_S + parts * scales[digits];
    if (ms < 1 || ms > (uint64_t)SECONDS_MAX * MS_PER_S)
        return false;
    *ret_ms = (int64_t)ms;
    return true;
}

static const struct option *find_option(const struct options *o, const char *name)
{
    for (size_t i = 0; i < o->count; i++) {
        if (text_eq(o->rows[i].name, name))
            return &o->rows[i];
    }
    return NULL;
}

/* Takes the option's value from the word behind it. */
static bool take_value(const struct option *option, const char *value, struct problem *why)
{
    if (!value)
        return problem_set(why, "%s needs a value", option->name);
    if (option->ms && !read_seconds(value, option->ms))
        return problem_set(why, "%s \"%s\": expected seconds from 0.001 to %d", option->name, value,
                           SECONDS_MAX);
    if (option->number && !text_number(value, 1, option->max, option->number))
        return problem_set(why, "%s \"%s\": expected a number from 1 to %llu", option->name, value,
                           (unsigned long long)option->max);
    return true;
}

static bool read_words(const struct options *o, char **argv, const char **ret_url,
                       struct problem *why)
{
    const char *url = NULL;

    for (char **word = argv + 1; *word; word++) {
        const struct option *option = find_option(o, *word);

        if (option && option->flag)
            *option->flag = true;
        else if (option && !take_value(option, word[1], why))
            return false;
        else if (option)
            word++;
        else if (text_starts(*word, "-"))
            return problem_set(why, "unknown option %s", *word);
        else if (url)
            return problem_set(why, "\"%s\": one word too many", *word);
        else
            url = *word;
    }
    *ret_url = url;
    return url || problem_set(why, "where is the server? a URL is missing");
}

static bool wants_help(char **argv)
{
    for (char **word = argv + 1; *word; word++) {
        if (text_eq(*word, "--help"))
            return true;
    }
    return false;
}

/* Where one of the three is closed, the first socket takes its number, and what is printed goes to
   the server. */
static bool has_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            return false;
    }
    return true;
}

bool options_read(const struct options *o, char **argv, struct endpoint *ret_at, int *ret_status)
{
    struct problem why;
    struct endpoint at;
    const char *url = NULL;

    if (!has_standard_streams()) {
        log_error("standard input, output and error must be open");
        *ret_status = STATUS_FAILED;
        return false;
    }
    if (wants_help(argv)) {
        *ret_status =
            fputs(o->help, stdout) >= 0 && fflush(stdout) == 0 ? STATUS_OK : STATUS_FAILED;
        return false;
    }
    *ret_status = STATUS_USAGE;
    if (!read_words(o, argv, &url, &why)) {
        log_error("%s; --help tells more", why.text);
        return false;
    }
    if (!endpoint_parse(url, &at, &why)) {
        log_error("%s", why.text);
        return false;
    }
    if (at.rpc) {
        log_error("\"%s\": an echo server has no RPC program; write it without rpc", url);
        return false;
    }
    *ret_at = at;
    return true;
}
