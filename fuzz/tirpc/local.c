/* Sockets with names of the kernel's choice. */
#include "fuzz/tirpc/local.h"

#include <stdlib.h>

int local_bind(struct sockaddr_un *ret, socklen_t *ret_len)
{
    const struct sockaddr unnamed = {.sa_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    *ret_len = sizeof(*ret);
    if (fd < 0 || bind(fd, &unnamed, sizeof(unnamed.sa_family)) < 0 ||
        getsockname(fd, (struct sockaddr *)ret, ret_len) < 0)
        abort();
    return fd;
}
