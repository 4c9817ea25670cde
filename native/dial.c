/* The addresses of a name, each tried as well when those before it have not answered for a while (RFC 8305, section 5). */
#define _GNU_SOURCE
#include "dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "errors.h"
#include "lookup.h"
#include "loop.h"

/* A peer that is gone without a word is noticed although nothing is sent to it. */
#define KEEP_ALIVE_IDLE_SECONDS 15
/* More than most links take to answer, so that few connections are begun in vain. */
#define PATIENCE_NS 500000000

struct attempt {
    struct watch watch;
    struct dial *dial;
    struct attempt *next;
};

struct dial {
    /* A timer; its descriptor is -1 while no address is left to try. */
    struct watch patience;
    struct attempt *attempts;
    /* NULL unless the name is being looked up. */
    struct lookup *lookup;
    struct addrinfo *addresses;
    /* The one to try next. */
    const struct addrinfo *next;
    /* What the first address failed of: later ones are the less likely ways. */
    int error;
    dial_done *done;
    void *owner;
};

static void drop_watch(struct watch *watch)
{
    if (watch->descriptor < 0)
        return;
    loop_remove(watch);
    (void)close(watch->descriptor);
    watch->descriptor = -1;
}

/* The descriptor is the caller's from now on. */
static int take_attempt(struct attempt *attempt)
{
    struct attempt **at = &attempt->dial->attempts;
    while (*at != attempt)
        at = &(*at)->next;
    *at = attempt->next;
    int descriptor = attempt->watch.descriptor;
    loop_remove(&attempt->watch);
    free(attempt);
    return descriptor;
}

static void free_dial(struct dial *dial)
{
    while (dial->attempts != NULL)
        (void)close(take_attempt(dial->attempts));
    drop_watch(&dial->patience);
    if (dial->addresses != NULL)
        freeaddrinfo(dial->addresses);
    free(dial);
}

static void finish(struct dial *dial, int descriptor, const char *error)
{
    dial_done *done = dial->done;
    void *owner = dial->owner;
    free_dial(dial);
    done(owner, descriptor, error);
}

static int set_option(int descriptor, int level, int option, int value)
{
    return setsockopt(descriptor, level, option, &value, sizeof value);
}

static int set_options(int descriptor)
{
    if (set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1) != 0 ||
        set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1) != 0)
        return -1;
    return set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_ALIVE_IDLE_SECONDS);
}

/* Begins with an address: the descriptor, or -1 and errno. */
static int begin_address(const struct addrinfo *address)
{
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    if (set_options(descriptor) == 0 &&
        (connect(descriptor, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS || errno == EINTR))
        return descriptor;
    int error = errno;
    (void)close(descriptor);
    errno = error;
    return -1;
}

static void on_answer(struct watch *watch, short events);
static void on_patience(struct watch *watch, short events);

static bool begin_attempt(struct dial *dial, const struct addrinfo *address)
{
    struct attempt *attempt = calloc(1, sizeof *attempt);
    if (attempt == NULL) {
        errno = ENOMEM;
        return false;
    }
    int descriptor = begin_address(address);
    if (descriptor < 0) {
        free(attempt);
        return false;
    }
    attempt->watch = (struct watch){.descriptor = descriptor, .events = POLLOUT, .ready = on_answer};
    attempt->dial = dial;
    attempt->next = dial->attempts;
    dial->attempts = attempt;
    loop_add(&attempt->watch);
    return true;
}

/* Without a timer, which the kernel may refuse, the next address is tried when the one before has failed. */
static void be_patient(struct dial *dial)
{
    if (dial->next == NULL) {
        drop_watch(&dial->patience);
        return;
    }
    if (dial->patience.descriptor < 0) {
        int descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (descriptor < 0)
            return;
        dial->patience = (struct watch){.descriptor = descriptor, .events = POLLIN, .ready = on_patience};
        loop_add(&dial->patience);
    }
    /* Set anew it is no longer ready. It fails for times that are none only. */
    struct itimerspec once = {.it_value = {.tv_nsec = PATIENCE_NS}};
    (void)timerfd_settime(dial->patience.descriptor, 0, &once, NULL);
}

/* Goes to the next address that is not refused at once; false where none is being tried any more. */
static bool try_next(struct dial *dial)
{
    bool begun = false;
    while (!begun && dial->next != NULL) {
        const struct addrinfo *address = dial->next;
        dial->next = address->ai_next;
        begun = begin_attempt(dial, address);
        if (!begun && dial->error == 0)
            dial->error = errno;
    }
    be_patient(dial);
    return dial->attempts != NULL;
}

static void go_on(struct dial *dial)
{
    if (!try_next(dial))
        finish(dial, -1, error_name(dial->error));
}

static void on_patience(struct watch *watch, short events)
{
    (void)events;
    go_on((struct dial *)watch);
}

/*
 * 0 where the connection stands, else its error. SO_ERROR says the same, but QEMU before version 8 passes it on in the
 * numbers of its own machine, which MIPS does not share.
 */
static int outcome(int descriptor)
{
    char byte;
    return recv(descriptor, &byte, 1, MSG_PEEK) >= 0 || errno == EAGAIN ? 0 : errno;
}

static void on_answer(struct watch *watch, short events)
{
    (void)events;
    struct attempt *attempt = (struct attempt *)watch;
    struct dial *dial = attempt->dial;
    int descriptor = take_attempt(attempt);
    int error = outcome(descriptor);
    if (error == 0) {
        finish(dial, descriptor, NULL);
        return;
    }
    (void)close(descriptor);
    if (dial->error == 0)
        dial->error = error;
    go_on(dial);
}

static void on_addresses(void *owner, const char *error, struct addrinfo *addresses)
{
    struct dial *dial = owner;
    dial->lookup = NULL;
    dial->addresses = addresses;
    dial->next = addresses;
    if (error != NULL)
        finish(dial, -1, error);
    else
        go_on(dial);
}

/* False with the reason in `error` where there is neither an address to try nor a lookup for one. */
static bool begin(struct dial *dial, const char *host, const char *port)
{
    dial->addresses = lookup_number(host, port);
    dial->next = dial->addresses;
    if (dial->addresses != NULL)
        return try_next(dial);
    dial->lookup = lookup_start(host, port, on_addresses, dial);
    if (dial->lookup == NULL)
        dial->error = errno;
    return dial->lookup != NULL;
}

struct dial *dial_start(const char *host, int port, dial_done *done, void *owner, const char **error)
{
    struct dial *dial = calloc(1, sizeof *dial);
    if (dial == NULL) {
        *error = error_name(ENOMEM);
        return NULL;
    }
    dial->patience.descriptor = -1;
    dial->done = done;
    dial->owner = owner;
    char service[sizeof "65535"];
    snprintf(service, sizeof service, "%u", (unsigned)port & 0xffffu);
    if (begin(dial, host, service))
        return dial;
    *error = error_name(dial->error);
    free_dial(dial);
    return NULL;
}

void dial_cancel(struct dial *dial)
{
    if (dial->lookup != NULL)
        lookup_abandon(dial->lookup);
    free_dial(dial);
}
