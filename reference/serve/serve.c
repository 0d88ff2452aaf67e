/* What servers do alike around serving. */
#include "reference/serve/serve.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

void serve_raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

bool serve_say_ready(const struct endpoint *asked, int listener)
{
    struct endpoint at = *asked;
    struct address local;
    char url[ENDPOINT_TEXT_MAX];

    if (!net_local(listener, endpoint_socktype(asked), &local))
        return false;
    if (!endpoint_is_unix(asked))
        at.port = address_port(&local);
    endpoint_format(&at, url, sizeof(url));
    printf("READY %s\n", url);
    return fflush(stdout) == 0;
}

const char *serve_name(char **argv)
{
    const char *slash = strrchr(argv[0], '/');

    return slash ? slash + 1 : argv[0];
}

bool serve_wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (text_eq(argv[i], "--help"))
            return true;
    }
    return false;
}
