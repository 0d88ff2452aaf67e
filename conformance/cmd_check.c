/* `assay check`: one target, tried and reported. */
#include <stdio.h>

#include "conformance/check_command.h"

static void print_help(void)
{
    printf(
        "Usage: assay check URL [OPTION]...\n\n"
        "Tries a target and reports which promises it breaks, with the clause, the transcript\n"
        "and the command that repeats it. URL is tcp://HOST:PORT, udp://HOST:PORT, unix:PATH,\n"
        "unix-dgram:PATH or unix-seqpacket:PATH; @NAME for the abstract namespace. An RPC program\n"
        "is rpc+tcp://HOST:PORT/PROG/VERS, rpc+udp://HOST:PORT/PROG/VERS or\n"
        "rpc+unix:PATH/PROG/VERS; PROG a number or a name of /etc/rpc. rpc://HOST/PROG/VERS asks\n"
        "rpcbind at HOST and tries every transport of the program that it knows, one by one.\n\n");
    options_help(check_command_rows, check_command_row_count);
    run_command_help();
    printf("Examples:\n"
           "  assay check tcp://127.0.0.1:7\n"
           "  assay check unix:/run/echo.sock --speak 'echo:Echoed msg: '\n"
           "  assay check tcp://127.0.0.1:6379 --speak redis-ping\n"
           "  assay check tcp://127.0.0.1:0 --spawn './server {port}' --report junit=out.xml\n"
           "  assay check rpc+tcp://127.0.0.1:111/portmapper/2\n"
           "  assay check rpc://localhost/345678/2\n"
           "  assay check udp://[::1]:7 --only datagram.size --seed 7 --verbose\n");
}

int command_check(int argc, char **argv)
{
    static struct check_command o = {.common = {.repeat = 1}};
    struct exchange *exchange = NULL;
    struct waivers waivers = {0};
    const char *words[2];
    struct problem why;
    int status;

    struct option_set set = {.rows = check_command_rows,
                             .count = check_command_row_count,
                             .into = &o,
                             .words = words,
                             .words_cap = ARRAY_LEN(words),
                             .common = run_command_rows,
                             .common_count = run_command_row_count};
    if (!options_read(&set, argc, argv, &why))
        return usage_error("check", &why);
    if (o.common.help) {
        print_help();
        return STATUS_OK;
    }
    if (check_command_settle(&o, words[0], &exchange, &waivers, &why))
        status = run_command_perform(&o.common);
    else
        status = usage_error("check", &why);
    o.common.run.waivers = NULL;
    waivers_free(&waivers);
    exchange_close(exchange);
    return status;
}
