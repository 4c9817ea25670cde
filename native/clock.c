/* Few timers run at once: a sorted list is all they need. */
#include "clock.h"

#include <math.h>
#include <stdlib.h>

#include "engine.h"
#include "loop.h"

#define NS_PER_MS 1000000
#define NS_PER_S 1000000000
/* Beyond any uptime: a time that never comes. */
#define LONGEST_DELAY_MS 1e12

struct timer {
    int64_t due_ns;
    int64_t number;
    JSValue task;
    struct timer *next;
};

/* By due time, and in the order of setting where that is equal. */
static struct timer *timers;
static int64_t last_number;

static int64_t read_ns(clockid_t clock)
{
    struct timespec now = {0};
    /* These clocks are on every system. */
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_now_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

static JSValue wall_ms(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc, (void)argv;
    return JS_NewInt64(context, read_ns(CLOCK_REALTIME) / NS_PER_MS);
}

static JSValue monotonic_ms(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc, (void)argv;
    return JS_NewFloat64(context, (double)clock_now_ns() / NS_PER_MS);
}

static void insert(struct timer *timer)
{
    struct timer **at = &timers;
    while (*at != NULL && (*at)->due_ns <= timer->due_ns)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
}

/* Not a number and less than nothing are no delay. */
static int64_t delay_ns(double delay_ms)
{
    if (!(delay_ms > 0))
        return 0;
    return (int64_t)ceil(fmin(delay_ms, LONGEST_DELAY_MS) * NS_PER_MS);
}

static JSValue set_timer(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    double delay_ms;
    if (JS_ToFloat64(context, &delay_ms, argv[0]) != 0)
        return JS_EXCEPTION;
    struct timer *timer = js_malloc(context, sizeof *timer);
    if (timer == NULL)
        return JS_EXCEPTION;
    timer->due_ns = clock_now_ns() + delay_ns(delay_ms);
    timer->number = ++last_number;
    timer->task = JS_DupValue(context, argv[1]);
    insert(timer);
    return JS_NewInt64(context, timer->number);
}

/* Unlinks the timer; its task is then the caller's. */
static JSValue take(struct timer **at)
{
    struct timer *timer = *at;
    JSValue task = timer->task;
    *at = timer->next;
    js_free(engine_context, timer);
    return task;
}

static JSValue cancel_timer(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    int64_t number;
    if (JS_ToInt64(context, &number, argv[0]) != 0)
        return JS_EXCEPTION;
    struct timer **at = &timers;
    while (*at != NULL && (*at)->number != number)
        at = &(*at)->next;
    if (*at != NULL)
        JS_FreeValue(context, take(at));
    return JS_UNDEFINED;
}

bool clock_next(struct timespec *wait)
{
    if (timers == NULL)
        return false;
    int64_t wait_ns = timers->due_ns - clock_now_ns();
    if (wait_ns < 0)
        wait_ns = 0;
    wait->tv_sec = (time_t)(wait_ns / NS_PER_S);
    wait->tv_nsec = (long)(wait_ns % NS_PER_S);
    return true;
}

/* Those that are set meanwhile wait for the next turn, or descriptors would never have theirs. */
void clock_run_due(void)
{
    if (timers == NULL)
        return;
    int64_t until_ns = clock_now_ns();
    int64_t until_number = last_number;
    struct timer **at = &timers;
    while (!loop_ended() && *at != NULL && (*at)->due_ns <= until_ns) {
        if ((*at)->number > until_number) {
            at = &(*at)->next;
            continue;
        }
        JSValue task = take(at);
        engine_call(task, 0, NULL);
        JS_FreeValue(engine_context, task);
        at = &timers;
    }
}

void clock_release(void)
{
    while (timers != NULL)
        JS_FreeValue(engine_context, take(&timers));
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("wallMs", 0, wall_ms),
    JS_CFUNC_DEF("monotonicMs", 0, monotonic_ms),
    JS_CFUNC_DEF("setTimer", 2, set_timer),
    JS_CFUNC_DEF("cancelTimer", 1, cancel_timer),
};

int clock_register(JSContext *context, JSValueConst native)
{
    JS_SetPropertyFunctionList(context, native, functions, sizeof functions / sizeof functions[0]);
    return 0;
}
