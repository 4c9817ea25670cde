/* One address after the other until one answers. */
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
#include <unistd.h>

#include "errors.h"
#include "lookup.h"
#include "loop.h"

/* A peer that is gone without a word is noticed although nothing is sent to it. */
#define KEEP_ALIVE_IDLE_SECONDS 15

struct dial {
    /* Of the address being tried; its descriptor is -1 while there is none. */
    struct watch watch;
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

static void free_dial(struct dial *dial)
{
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

/*
 * Where there are more addresses the kernel gives one up after a single repetition, two or three seconds, instead of
 * the minutes that a connection attempt may take. It is a wish: a kernel that does not know it takes its time.
 */
static int set_options(int descriptor, bool more)
{
    if (more)
        (void)set_option(descriptor, IPPROTO_TCP, TCP_SYNCNT, 1);
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
    if (set_options(descriptor, address->ai_next != NULL) == 0 &&
        (connect(descriptor, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS || errno == EINTR))
        return descriptor;
    int error = errno;
    (void)close(descriptor);
    errno = error;
    return -1;
}

/* Goes to the next address that is not refused at once; false where there is none any more. */
static bool try_next(struct dial *dial)
{
    while (dial->next != NULL) {
        const struct addrinfo *address = dial->next;
        dial->next = address->ai_next;
        dial->watch.descriptor = begin_address(address);
        if (dial->watch.descriptor >= 0) {
            loop_add(&dial->watch);
            return true;
        }
        if (dial->error == 0)
            dial->error = errno;
    }
    return false;
}

static void on_ready(struct watch *watch, short events)
{
    (void)events;
    struct dial *dial = (struct dial *)watch;
    int descriptor = watch->descriptor;
    loop_remove(watch);
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        error = errno;
    if (error == 0) {
        finish(dial, descriptor, NULL);
        return;
    }
    (void)close(descriptor);
    if (dial->error == 0)
        dial->error = error;
    if (!try_next(dial))
        finish(dial, -1, error_name(dial->error));
}

static void on_addresses(void *owner, const char *error, struct addrinfo *addresses)
{
    struct dial *dial = owner;
    dial->lookup = NULL;
    dial->addresses = addresses;
    dial->next = addresses;
    if (error != NULL)
        finish(dial, -1, error);
    else if (!try_next(dial))
        finish(dial, -1, error_name(dial->error));
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
    dial->watch = (struct watch){.descriptor = -1, .events = POLLOUT, .ready = on_ready};
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
    if (dial->lookup != NULL) {
        lookup_abandon(dial->lookup);
    } else {
        loop_remove(&dial->watch);
        (void)close(dial->watch.descriptor);
    }
    free_dial(dial);
}
