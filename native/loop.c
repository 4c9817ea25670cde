/* One poll(2) a turn: descriptors first, then timers. */
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "clock.h"
#include "code.h"
#include "engine.h"

static struct watch *watches;
static size_t watch_count;

/* What poll is asked about, and whose each descriptor is; NULL once it has been removed during the turn. */
static struct pollfd *polled;
static struct watch **owners;
static size_t polled_count;
static size_t capacity;

static bool ended;
static int end_status;

/* Done on adding, so that a turn of the loop needs no memory. */
static void reserve(size_t count)
{
    if (count <= capacity)
        return;
    size_t wanted = capacity == 0 ? 8 : capacity * 2;
    struct pollfd *more_polled = realloc(polled, wanted * sizeof *polled);
    if (more_polled == NULL)
        engine_out_of_memory();
    polled = more_polled;
    struct watch **more_owners = realloc(owners, wanted * sizeof *owners);
    if (more_owners == NULL)
        engine_out_of_memory();
    owners = more_owners;
    capacity = wanted;
}

void loop_add(struct watch *watch)
{
    reserve(watch_count + 1);
    watch->next = watches;
    watches = watch;
    watch_count++;
}

void loop_remove(struct watch *watch)
{
    struct watch **at = &watches;
    while (*at != NULL && *at != watch)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = watch->next;
    watch_count--;
    for (size_t i = 0; i < polled_count; i++) {
        if (owners[i] == watch)
            owners[i] = NULL;
    }
}

static void collect(void)
{
    polled_count = 0;
    for (struct watch *watch = watches; watch != NULL; watch = watch->next) {
        polled[polled_count] = (struct pollfd){.fd = watch->descriptor, .events = watch->events};
        owners[polled_count++] = watch;
    }
}

static void dispatch(void)
{
    for (size_t i = 0; i < polled_count && !ended; i++) {
        if (owners[i] != NULL && polled[i].revents != 0)
            owners[i]->ready(owners[i], polled[i].revents);
    }
    polled_count = 0;
}

static void turn(void)
{
    struct timespec wait;
    bool timer = clock_next(&wait);
    /* It would wait for good. */
    if (!timer && watch_count == 0)
        engine_mistake("nothing is left to wait for");
    collect();
    int ready = ppoll(polled, polled_count, timer ? &wait : NULL, NULL);
    if (ready < 0 && errno != EINTR)
        engine_mistake("poll has failed");
    if (ready > 0)
        dispatch();
    polled_count = 0;
    clock_run_due();
    code_let_go();
}

int loop_run(void)
{
    while (!ended)
        turn();
    free(polled);
    free(owners);
    return end_status;
}

void loop_end(int status)
{
    ended = true;
    end_status = status;
}

bool loop_ended(void)
{
    return ended;
}
