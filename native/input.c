/* Files, FIFOs and devices read as their bytes come. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "errors.h"
#include "loop.h"

#define READ_BYTES 16384

/* While it is open the loop keeps the program's object, and so this, alive. */
struct input {
    struct watch watch;
    JSValue object;
    JSValue handlers;
    bool open;
    bool paused;
    struct input *next;
};

static JSClassID class_id;
static struct input *inputs;

/* The program borrows it for the length of a call, so one is enough for all. */
static uint8_t buffer[READ_BYTES];

static void set_paused(struct input *input, bool paused)
{
    if (!input->open || input->paused == paused)
        return;
    input->paused = paused;
    if (paused)
        loop_remove(&input->watch);
    else
        loop_add(&input->watch);
}

static void unlink_input(struct input *input)
{
    struct input **at = &inputs;
    while (*at != input)
        at = &(*at)->next;
    *at = input->next;
}

/* May free the input, with the last reference to the program's object. */
static void close_input(struct input *input)
{
    if (!input->open)
        return;
    set_paused(input, true);
    input->open = false;
    unlink_input(input);
    close(input->watch.descriptor);
    JS_FreeValue(engine_context, input->handlers);
    JS_FreeValue(engine_context, input->object);
}

static void end_input(struct input *input, int error)
{
    JSValue handlers = JS_DupValue(engine_context, input->handlers);
    close_input(input);
    JSValue reason = error == 0 ? JS_NULL : error_value(engine_context, error);
    if (JS_IsException(reason))
        engine_fail();
    engine_call_method(handlers, "onEnd", 1, &reason);
    JS_FreeValue(engine_context, reason);
    JS_FreeValue(engine_context, handlers);
}

/*
 * A FIFO that nobody has opened for writing yet is not "ready", and so not at its end: Linux reports a hang-up only after
 * a writer has come and gone.
 */
static void on_ready(struct watch *watch, short events)
{
    (void)events;
    struct input *input = (struct input *)watch;
    ssize_t got = read(watch->descriptor, buffer, sizeof buffer);
    if (got > 0) {
        JSValue handlers = JS_DupValue(engine_context, input->handlers);
        engine_call_with_bytes(handlers, "onData", buffer, (size_t)got);
        JS_FreeValue(engine_context, handlers);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        end_input(input, got == 0 ? 0 : errno);
    }
}

static void start(struct input *input, int descriptor, JSValueConst object, JSValueConst handlers)
{
    *input = (struct input){
        .watch = {.descriptor = descriptor, .events = POLLIN, .ready = on_ready},
        .object = JS_DupValue(engine_context, object),
        .handlers = JS_DupValue(engine_context, handlers),
        .open = true,
        .next = inputs,
    };
    inputs = input;
    loop_add(&input->watch);
}

static JSValue new_input(JSContext *context, int descriptor, JSValueConst handlers)
{
    JSValue object = JS_NewObjectClass(context, (int)class_id);
    if (JS_IsException(object))
        return JS_EXCEPTION;
    struct input *input = js_malloc(context, sizeof *input);
    if (input == NULL) {
        JS_FreeValue(context, object);
        return JS_EXCEPTION;
    }
    JS_SetOpaque(object, input);
    start(input, descriptor, object, handlers);
    return object;
}

/* Standard input may be a socket, which cannot be opened by a name. */
static int open_path(const char *path)
{
    if (strcmp(path, "-") == 0)
        return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static JSValue open_input(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    const char *path = JS_ToCString(context, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    int descriptor = open_path(path);
    int error = errno;
    JS_FreeCString(context, path);
    if (descriptor < 0)
        return error_value(context, error);
    JSValue object = new_input(context, descriptor, argv[1]);
    if (JS_IsException(object))
        close(descriptor);
    return object;
}

enum action { PAUSE, RESUME, CLOSE };

static JSValue act(JSContext *context, JSValueConst this, int argc, JSValueConst *argv, int action)
{
    (void)argc, (void)argv;
    struct input *input = JS_GetOpaque2(context, this, class_id);
    if (input == NULL)
        return JS_EXCEPTION;
    if (action == CLOSE)
        close_input(input);
    else
        set_paused(input, action == PAUSE);
    return JS_UNDEFINED;
}

static void finalize(JSRuntime *runtime, JSValue object)
{
    js_free_rt(runtime, JS_GetOpaque(object, class_id));
}

void input_release(void)
{
    while (inputs != NULL)
        close_input(inputs);
}

static const JSClassDef class = {.class_name = "Input", .finalizer = finalize};

static const JSCFunctionListEntry methods[] = {
    JS_CFUNC_MAGIC_DEF("pause", 0, act, PAUSE),
    JS_CFUNC_MAGIC_DEF("resume", 0, act, RESUME),
    JS_CFUNC_MAGIC_DEF("close", 0, act, CLOSE),
};

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("openInput", 2, open_input),
};

int input_register(JSContext *context, JSValueConst native)
{
    if (engine_add_class(&class_id, &class, methods, sizeof methods / sizeof methods[0]) != 0)
        return -1;
    JS_SetPropertyFunctionList(context, native, functions, sizeof functions / sizeof functions[0]);
    return 0;
}
