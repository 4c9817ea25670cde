/* The event loop: one poll(2) over every descriptor that waits for something, and the next timer. */
#ifndef KVS_LOOP_H
#define KVS_LOOP_H

#include <stdbool.h>

/* A descriptor being watched; part of the structure that owns it. */
struct watch {
    int descriptor;
    /* POLLIN, POLLOUT or both; 0: only errors and hang-ups. May be changed at any time. */
    short events;
    /* Called from the loop, never from within loop_add. The watch may remove and free itself in it. */
    void (*ready)(struct watch *watch, short events);
    /* The loop's own. */
    struct watch *next;
};

void loop_add(struct watch *watch);
/* The watch may be freed afterwards, from within `ready` of any watch as well. */
void loop_remove(struct watch *watch);

/* Runs until loop_end; returns the status given there. */
int loop_run(void);
/* Ends the loop when the present turn is over. */
void loop_end(int status);

/* True once loop_end was called: no further function of the program is called. */
bool loop_ended(void);

#endif
