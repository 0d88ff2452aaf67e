/* The server that the example tries: an echo server over TCP, a process for each client. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BACKLOG = 128, ROOM = 65536 };

static int listen_at(const char *port)
{
    struct sockaddr_in6 here = {.sin6_family = AF_INET6,
                                .sin6_port = htons((uint16_t)strtoul(port, NULL, 10))};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    int on = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 || listen(fd, BACKLOG) != 0) {
        perror("server");
        exit(EXIT_FAILURE);
    }
    return fd;
}

/* Until the client has sent all it wants to: what was read is sent back, in as many parts as that
   takes. */
static void serve(int fd)
{
    static char octets[ROOM];
    ssize_t got = 0;

    do {
        for (ssize_t at = 0; at < got;) {
            ssize_t sent = send(fd, octets + at, (size_t)(got - at), MSG_NOSIGNAL);

            if (sent < 0 && errno != EINTR)
                return;
            at += sent > 0 ? sent : 0;
        }
        got = read(fd, octets, sizeof(octets));
    } while (got > 0 || (got < 0 && errno == EINTR));
}

int main(int argc, char **argv)
{
    int listener = listen_at(argc > 1 ? argv[1] : "7");

    signal(SIGCHLD, SIG_IGN); /* nobody asks how a child has ended */
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd >= 0 && fork() == 0) {
            close(listener);
            serve(fd);
            _exit(EXIT_SUCCESS);
        }
        if (fd >= 0)
            close(fd);
    }
}
