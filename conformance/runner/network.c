/* A network namespace of the check's own: what happens there reaches nobody else. */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/runner/check.h"

static bool bring_up(int fd)
{
    struct ifreq request = {.ifr_name = "lo"};

    request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

bool check_enter_network(struct check_ctx *c)
{
    if (!check_alive(c))
        return false;
    if (unshare(CLONE_NEWNET) != 0) {
        check_skipped(c, "no network namespace of its own: %s", strerror(errno));
        return false;
    }
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bring_up(fd);
    if (!ok)
        check_skipped(c, "the network namespace cannot be set up: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}
