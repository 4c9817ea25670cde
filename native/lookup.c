/* getaddrinfo in a short-lived thread. */
#define _GNU_SOURCE
#include "lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"
#include "loop.h"

/* What musl gives a thread by itself, stated because glibc's 8 MB count against a limit on virtual memory. */
#define LOOKUP_STACK_BYTES (128 * 1024)

/* A lookup under way, in a thread of its own that touches `error`, `system_error` and `addresses` alone. */
struct lookup {
    /* The end of a pipe that is closed at its other end when the thread is done. */
    struct watch watch;
    int other_end;
    pthread_t thread;
    int error;
    int system_error;
    struct addrinfo *addresses;
    /* NULL once abandoned. */
    lookup_done *done;
    void *owner;
    const char *port;
    /* Host, then port. */
    char names[];
};

static const struct addrinfo usual_hints = {
    .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG,
    .ai_family = AF_UNSPEC,
    .ai_socktype = SOCK_STREAM,
};

struct addrinfo *lookup_number(const char *host, const char *port)
{
    struct addrinfo hints = usual_hints;
    struct addrinfo *addresses = NULL;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    return getaddrinfo(host, port, &hints, &addresses) == 0 ? addresses : NULL;
}

static const char *name_of(int error, int system_error)
{
    switch (error) {
    case EAI_AGAIN:
        return "EAI_AGAIN";
    case EAI_FAIL:
        return "EAI_FAIL";
    case EAI_FAMILY:
        return "EAI_FAMILY";
    case EAI_MEMORY:
        return "EAI_MEMORY";
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
    case EAI_NONAME:
        return "EAI_NONAME";
    case EAI_OVERFLOW:
        return "EAI_OVERFLOW";
    case EAI_SERVICE:
        return "EAI_SERVICE";
    case EAI_SYSTEM:
        return error_name(system_error);
    default:
        return "EAI_FAIL";
    }
}

static void *run(void *opaque)
{
    struct lookup *lookup = opaque;
    lookup->error = getaddrinfo(lookup->names, lookup->port, &usual_hints, &lookup->addresses);
    lookup->system_error = errno;
    /* Reported by the hang-up at the other end; a failing close releases the descriptor all the same. */
    (void)close(lookup->other_end);
    return NULL;
}

static void free_lookup(struct lookup *lookup)
{
    if (lookup->addresses != NULL)
        freeaddrinfo(lookup->addresses);
    free(lookup);
}

static void on_ready(struct watch *watch, short events)
{
    (void)events;
    struct lookup *lookup = (struct lookup *)watch;
    loop_remove(watch);
    (void)close(watch->descriptor);
    /* Fails for no thread that was made; it is over but for its last instructions. */
    (void)pthread_join(lookup->thread, NULL);
    if (lookup->done != NULL && lookup->error == 0) {
        struct addrinfo *addresses = lookup->addresses;
        lookup->addresses = NULL;
        lookup->done(lookup->owner, NULL, addresses);
    } else if (lookup->done != NULL) {
        lookup->done(lookup->owner, name_of(lookup->error, lookup->system_error), NULL);
    }
    free_lookup(lookup);
}

/* 0, or the errno why there is no thread. It leaves signals to the thread that runs the loop. */
static int spawn(struct lookup *lookup)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return error;
    error = pthread_attr_setstacksize(&attributes, LOOKUP_STACK_BYTES);
    if (error == 0) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&lookup->thread, &attributes, run, lookup);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attributes);
    /* EAGAIN tells of a limit on threads or of missing memory; here it is the second. */
    return error == EAGAIN ? ENOMEM : error;
}

static struct lookup *new_lookup(const char *host, const char *port)
{
    size_t host_size = strlen(host) + 1, port_size = strlen(port) + 1;
    struct lookup *lookup = calloc(1, sizeof *lookup + host_size + port_size);
    if (lookup == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(lookup->names, host, host_size);
    memcpy(lookup->names + host_size, port, port_size);
    lookup->port = lookup->names + host_size;
    return lookup;
}

struct lookup *lookup_start(const char *host, const char *port, lookup_done *done, void *owner)
{
    struct lookup *lookup = new_lookup(host, port);
    if (lookup == NULL)
        return NULL;
    int ends[2];
    int error;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        error = errno;
        goto no_pipe;
    }
    lookup->watch = (struct watch){.descriptor = ends[0], .events = POLLIN, .ready = on_ready};
    lookup->other_end = ends[1];
    lookup->done = done;
    lookup->owner = owner;
    error = spawn(lookup);
    if (error != 0)
        goto no_thread;
    loop_add(&lookup->watch);
    return lookup;

no_thread:
    (void)close(ends[0]);
    (void)close(ends[1]);
no_pipe:
    free(lookup);
    errno = error;
    return NULL;
}

void lookup_abandon(struct lookup *lookup)
{
    lookup->done = NULL;
}
