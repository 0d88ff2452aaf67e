/* A network namespace of the check's own: what happens there reaches nobody else. */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/runner/check.h"
#include "harness/base/deadline.h"

enum {
    MTU = 1500,           /* lo's own would carry whole conversations in one packet */
    NFT_LIMIT_MS = 20000, /* a busy machine starts a program late */
};

static bool bring_up(int fd)
{
    struct ifreq request = {.ifr_name = "lo"};

    request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

static bool shorten_packets(int fd)
{
    struct ifreq request = {.ifr_name = "lo"};

    request.ifr_mtu = MTU;
    return ioctl(fd, SIOCSIFMTU, &request) == 0;
}

/* Changes the namespace's lo; a skip where that is not allowed. */
static bool change_lo(struct check_ctx *c, bool (*change)(int fd))
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && change(fd);

    if (!ok)
        check_skipped(c, "the network namespace cannot be set up: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

bool check_enter_network(struct check_ctx *c)
{
    if (!check_alive(c))
        return false;
    if (unshare(CLONE_NEWNET) != 0) {
        check_skipped(c, "no network namespace of its own: %s", strerror(errno));
        return false;
    }
    return change_lo(c, bring_up);
}

/* Runs a program of the system to its end; a skip where it fails. */
static void run_nft(struct check_ctx *c, const char *command)
{
    static struct process nft;
    struct process_options options = {.command = command, .umask = -1};
    struct problem why;

    if (!process_start(&nft, &options, &why)) {
        check_trouble(c, "%s", why.text);
        return;
    }
    if (!process_wait(&nft, deadline_in_ms(NFT_LIMIT_MS)) || !process_ended_well(&nft)) {
        process_read(&nft);
        check_skipped(c, "no packets can be lost here by nft, of the package nftables: %.200s",
                      nft.complained.text);
    }
    process_stop(&nft, 0);
}

void check_lose_packets(struct check_ctx *c, unsigned percent, bool replies)
{
    char from[32] = "";
    char chance[64] = "";
    char command[512];

    if (!check_alive(c) || !change_lo(c, shorten_packets))
        return;
    if (replies)
        text_format(from, sizeof(from), "tcp sport %u", address_port(&c->target.address));
    if (percent < 100) /* nft takes no 100 of 100 */
        text_format(chance, sizeof(chance), "numgen random mod 100 < %u", percent);
    text_format(command, sizeof(command),
                "nft 'add table inet assay; add chain inet assay in { type filter hook input "
                "priority 0; }; flush chain inet assay in; add rule inet assay in %s meta l4proto "
                "tcp %s drop'",
                from, chance);
    run_nft(c, command);
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "from here on %u of 100 %s are lost", percent,
               replies ? "TCP packets of the target" : "TCP packets");
}
