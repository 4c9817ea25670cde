/* Signals that end a program, handed to it as events: they stay blocked and are read from a descriptor. */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "engine.h"
#include "loop.h"

static void on_ready(struct watch *watch, short events);

static struct watch watch = {.descriptor = -1, .events = POLLIN, .ready = on_ready};
/* Held while the descriptor is open. */
static JSValue handler;

static void fill(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

static void on_ready(struct watch *ready, short events)
{
    (void)events;
    struct signalfd_siginfo info;
    if (read(ready->descriptor, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    JSValue signal = JS_NewInt32(engine_context, (int)info.ssi_signo);
    /* It may take itself off while it runs. */
    JSValue called = JS_DupValue(engine_context, handler);
    engine_call(called, 1, &signal);
    JS_FreeValue(engine_context, called);
}

static bool is_listening(void)
{
    return watch.descriptor >= 0;
}

static void listen_to_signals(void)
{
    sigset_t set;
    fill(&set);
    watch.descriptor = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (!is_listening() || sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        engine_mistake("signals cannot be listened to");
    loop_add(&watch);
}

void signals_release(void)
{
    if (!is_listening())
        return;
    loop_remove(&watch);
    close(watch.descriptor);
    watch.descriptor = -1;
    JS_FreeValue(engine_context, handler);
    sigset_t set;
    fill(&set);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* From one handler to the next there is no moment in which a signal would end the process. */
static void handle_with(JSValueConst next)
{
    if (is_listening())
        JS_FreeValue(engine_context, handler);
    else
        listen_to_signals();
    handler = JS_DupValue(engine_context, next);
}

static JSValue on_signal(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)context, (void)this, (void)argc;
    if (JS_IsNull(argv[0]))
        signals_release();
    else
        handle_with(argv[0]);
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("onSignal", 1, on_signal),
};

int signals_register(JSContext *context, JSValueConst native)
{
    JS_SetPropertyFunctionList(context, native, functions, sizeof functions / sizeof functions[0]);
    return 0;
}
