/* Time, and the timers of the program. */
#ifndef KVS_CLOCK_H
#define KVS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Nanoseconds from an arbitrary origin; never goes back. */
int64_t clock_now_ns(void);

/* How long until the next timer is due; false where there is none. */
bool clock_next(struct timespec *wait);
/* Runs the timers that are due. */
void clock_run_due(void);

#endif
