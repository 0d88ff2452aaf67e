/*
 * assay-msgprog: MSGPROG as a good book would have it, over libtirpc and the stubs of rpcgen. Every
 * place is a socket of our own, which svc_tli_create turns into a transport; without --register
 * nothing talks to rpcbind.
 *
 * libtirpc serves one message at a time, and may wait for the rest of it for 35 s. So signals are
 * not for the serving thread: another one waits for them, cleans up and ends the process. This is
 * safe at any moment, since a message is durable before it is answered and a torn one is cut off at
 * the next start.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netconfig.h>
#include <rpc/rpc.h>

#include "harness/base/log.h"
#include "msg.h"
#include "reference/msgprog/service.h"
#include "reference/serve/serve.h"
#include "reference/setup/setup.h"

static struct setup setup;
static sigset_t ending;

/* The netid under which rpcbind knows the transport of a place. */
static const char *netid_of(const struct place_served *p)
{
    struct address local;

    if (endpoint_is_unix(&p->at))
        return "local";
    bool six =
        net_local(p->fd, endpoint_socktype(&p->at), &local) && address_family(&local) == AF_INET6;
    if (endpoint_is_datagram(&p->at))
        return six ? "udp6" : "udp";
    return six ? "tcp6" : "tcp";
}

/* A server that was killed has left its registration, which the new one would not replace. */
static void forget_registration(void)
{
    for (size_t i = 0; i < setup.count; i++) {
        struct netconfig *config = getnetconfigent(netid_of(&setup.places[i]));

        rpcb_unset(MSGPROG, MSGVER, config);
        if (config)
            freenetconfigent(config);
    }
}

/* Only the descriptors are left to the kernel: the serving thread may be using them. */
static void *await_end(void *unused)
{
    int number;

    (void)unused;
    sigwait(&ending, &number);
    if (setup.registers)
        forget_registration();
    for (size_t i = 0; i < setup.count; i++)
        net_forget(&setup.places[i].at);
    _exit(EXIT_SUCCESS);
}

static bool start_ending_thread(void)
{
    pthread_t thread;

    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    return signal(SIGPIPE, SIG_IGN) != SIG_ERR && pthread_sigmask(SIG_BLOCK, &ending, NULL) == 0 &&
           pthread_create(&thread, NULL, await_end, NULL) == 0;
}

/* With no netconfig svc_reg only fills the table of the dispatcher; with one it calls rpcbind. */
static bool offer(const struct place_served *p, struct problem *why)
{
    const char *netid = netid_of(p);
    struct netconfig *config = setup.registers ? getnetconfigent(netid) : NULL;
    SVCXPRT *transport = svc_tli_create(p->fd, config, NULL, 0, 0);
    bool ok = transport && (config || !setup.registers) &&
              svc_reg(transport, MSGPROG, MSGVER, msgprog_2, config);

    if (config)
        freenetconfigent(config);
    if (!transport)
        return problem_set(why, "libtirpc makes no transport of a socket for %s", netid);
    if (!ok)
        return problem_set(why, "--register: rpcbind does not take %s; does it run here?", netid);
    return true;
}

static bool offer_all(struct problem *why)
{
    if (setup.registers)
        forget_registration();
    for (size_t i = 0; i < setup.count; i++) {
        if (!offer(&setup.places[i], why))
            return false;
    }
    return true;
}

/* svc_run gives up where poll(2) fails, as it does when the limit of descriptors is lowered below
   those it watches. */
static void serve(void)
{
    svc_run();
    log_error("svc_run of libtirpc gave up: %s", strerror(errno));
}

int main(int argc, char **argv)
{
    struct problem why;

    log_open("assay-msgprog");
    int status = setup_begin(&setup, serve_name(argv), argc, argv);
    if (status != SETUP_OK) {
        setup_end(&setup);
        return status;
    }
    service_use(setup.store);
    if (!start_ending_thread())
        log_error("cannot wait for signals: %s", strerror(errno));
    else if (!offer_all(&why))
        log_error("%s", why.text);
    else if (setup_say_ready(&setup))
        serve();
    if (setup.registers)
        forget_registration();
    setup_end(&setup);
    return EXIT_FAILURE;
}
