/* A network namespace of the check's own: what happens there reaches nobody else. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/runner/check.h"

static void put_inet(struct sockaddr *out, const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};

    inet_pton(AF_INET, address, &in.sin_addr);
    memcpy(out, &in, sizeof(in));
}

static bool bring_up(int fd)
{
    struct ifreq request = {.ifr_name = "lo"};

    request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

/* Answers to these addresses go out on lo and come to nobody. */
static bool add_route(int fd)
{
    static char device[] = "lo";
    struct rtentry route = {.rt_flags = RTF_UP, .rt_dev = device};

    put_inet(&route.rt_dst, "10.9.0.0");
    put_inet(&route.rt_genmask, "255.255.0.0");
    put_inet(&route.rt_gateway, "0.0.0.0");
    return ioctl(fd, SIOCADDRT, &route) == 0;
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
    bool ok = fd >= 0 && bring_up(fd) && add_route(fd);
    if (!ok)
        check_skipped(c, "the network namespace cannot be set up: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}
