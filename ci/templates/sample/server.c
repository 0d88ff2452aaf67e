/*
 * The sample of ci/templates: an echo server over TCP, right as it is. Built with -DFAULT it has
 * the bug that C servers come with: it takes what was read for a string, so a message ends at its
 * first NUL and the rest is lost.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PART = 4096, BREATH_MS = 10 };

static int listen_at(unsigned long port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, SOMAXCONN) != 0)
        return -1;
    return fd;
}

/* Sends all of it; the kernel may take less at a time. */
static int send_all(int fd, const char *octets, size_t count)
{
#ifdef FAULT
    count = strnlen(octets, count);
#endif
    while (count > 0) {
        ssize_t n = send(fd, octets, count, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        octets += n;
        count -= (size_t)n;
    }
    return 0;
}

/* Until the client has ended its half: what it sent before is still echoed. */
static void serve(int fd)
{
    char part[PART];

    for (;;) {
        ssize_t n = recv(fd, part, sizeof(part), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || send_all(fd, part, (size_t)n) != 0)
            return;
    }
}

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long port = argc == 2 ? strtoul(argv[1], &end, 10) : 0;

    if (port < 1 || port > 65535 || *end != '\0') {
        fprintf(stderr, "Usage: server PORT\n");
        return 2;
    }
    int listener = listen_at(port);
    if (listener < 0) {
        fprintf(stderr, "server: port %lu: %s\n", port, strerror(errno));
        return 1;
    }
    signal(SIGCHLD, SIG_IGN); /* the kernel buries the children */
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0) { /* descriptors have run out, say: some come back */
            poll(NULL, 0, BREATH_MS);
            continue;
        }
        if (fork() == 0) {
            close(listener);
            serve(fd);
            _exit(0);
        }
        close(fd);
    }
}
