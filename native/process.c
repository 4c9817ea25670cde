/* Arguments, environment, output, and what the kernel says about this process. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mbedtls/build_info.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "engine.h"
#include "loop.h"
#include "memory.h"

/* How long a reader may stand still before what it should read is dropped. */
#define OUTPUT_WAIT_MS 1000

static int argument_count;
static char **arguments;

/* One that is closed would become a connection's, and what is said would go out there, in the clear. */
static void fill_standard_descriptors(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) >= 0)
            continue;
        /* In an empty root there is no /dev/null; nothing can be written to a folder either. */
        int opened = open("/dev/null", O_RDWR);
        if (opened < 0)
            opened = open("/", O_RDONLY | O_DIRECTORY);
        if (opened != descriptor)
            _exit(KVS_EXIT_INTERNAL);
    }
}

void process_start(int argc, char **argv)
{
    fill_standard_descriptors();
    argument_count = argc;
    arguments = argv;
    /* Neither can fail on Linux; under an emulator that does not know them nothing is at stake. */
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* Waits once; a reader that stood still then is not waited for again before it has read. */
static bool has_room(int descriptor)
{
    static bool still[STDERR_FILENO + 1];
    struct pollfd room = {.fd = descriptor, .events = POLLOUT};
    int ready;
    do
        ready = poll(&room, 1, still[descriptor] ? 0 : OUTPUT_WAIT_MS);
    while (ready < 0 && errno == EINTR);
    still[descriptor] = ready <= 0;
    return ready > 0;
}

/* In pieces that a pipe which has room takes whole: a larger one waits for the reader, however long, signals or not. */
void process_write(int descriptor, const char *text, size_t length)
{
    while (length > 0 && has_room(descriptor)) {
        ssize_t written = write(descriptor, text, length < PIPE_BUF ? length : PIPE_BUF);
        if (written >= 0) {
            text += written;
            length -= (size_t)written;
        } else if (errno != EINTR) {
            return;
        }
    }
}

static JSValue write_text(JSContext *context, JSValueConst this, int argc, JSValueConst *argv, int descriptor)
{
    (void)this, (void)argc;
    size_t length;
    const char *text = JS_ToCStringLen(context, &length, argv[0]);
    if (text == NULL)
        return JS_EXCEPTION;
    process_write(descriptor, text, length);
    JS_FreeCString(context, text);
    return JS_UNDEFINED;
}

static JSValue env(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    const char *name = JS_ToCString(context, argv[0]);
    if (name == NULL)
        return JS_EXCEPTION;
    const char *value = getenv(name);
    JS_FreeCString(context, name);
    return value == NULL ? JS_UNDEFINED : JS_NewString(context, value);
}

static JSValue stderr_columns(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc, (void)argv;
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0)
        return JS_NewInt32(context, 0);
    return JS_NewInt32(context, size.ws_col == 0 ? 80 : size.ws_col);
}

static JSValue end(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    int status;
    if (JS_ToInt32(context, &status, argv[0]) != 0)
        return JS_EXCEPTION;
    loop_end(status);
    return JS_UNDEFINED;
}

static size_t status_bytes(const char *status, const char *name)
{
    const char *line = strstr(status, name);
    return line == NULL ? 0 : strtoul(line + strlen(name), NULL, 10) * 1024;
}

/* The kernel's own figures: getrusage's peak would be that of whoever started this program, if larger. */
static void read_resident(struct memory_count *resident)
{
    char status[4096] = "";
    FILE *file = fopen("/proc/self/status", "re");
    if (file == NULL)
        return;
    status[fread(status, 1, sizeof status - 1, file)] = '\0';
    fclose(file);
    resident->now_bytes = status_bytes(status, "VmRSS:");
    resident->peak_bytes = status_bytes(status, "VmHWM:");
}

static JSValue counted(JSContext *context, const struct memory_count *count)
{
    JSValue entry = JS_NewObject(context);
    if (JS_IsException(entry))
        return JS_EXCEPTION;
    if (JS_SetPropertyStr(context, entry, "name", JS_NewString(context, count->name)) < 0 ||
        JS_SetPropertyStr(context, entry, "nowBytes", JS_NewInt64(context, (int64_t)count->now_bytes)) < 0 ||
        JS_SetPropertyStr(context, entry, "peakBytes", JS_NewInt64(context, (int64_t)count->peak_bytes)) < 0) {
        JS_FreeValue(context, entry);
        return JS_EXCEPTION;
    }
    return entry;
}

static JSValue memory(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc, (void)argv;
    struct memory_count resident = {.name = "resident"};
    read_resident(&resident);
    const struct memory_count *counts[] = {&memory_engine, &memory_tls, &memory_media, &resident};
    JSValue list = JS_NewArray(context);
    if (JS_IsException(list))
        return JS_EXCEPTION;
    for (uint32_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (JS_SetPropertyUint32(context, list, i, counted(context, counts[i])) < 0) {
            JS_FreeValue(context, list);
            return JS_EXCEPTION;
        }
    }
    return list;
}

static int add_arguments(JSContext *context, JSValueConst native)
{
    JSValue list = JS_NewArray(context);
    if (JS_IsException(list))
        return -1;
    for (int i = 1; i < argument_count; i++) {
        if (JS_SetPropertyUint32(context, list, (uint32_t)i - 1, JS_NewString(context, arguments[i])) < 0)
            return -1;
    }
    return JS_SetPropertyStr(context, native, "args", list) < 0 ? -1 : 0;
}

static int add_system(JSContext *context, JSValueConst native)
{
    struct utsname name;
    char text[2 * sizeof name.release + sizeof name.machine];
    if (uname(&name) != 0)
        return -1;
    snprintf(text, sizeof text, "%s/%s %s", name.sysname, name.release, name.machine);
    return JS_SetPropertyStr(context, native, "system", JS_NewString(context, text)) < 0 ? -1 : 0;
}

static const JSCFunctionListEntry functions[] = {
    JS_PROP_STRING_DEF("runtime", "QuickJS " KVS_QUICKJS_VERSION ", mbedTLS " MBEDTLS_VERSION_STRING ", " KVS_TARGET,
                       JS_PROP_ENUMERABLE),
    JS_CFUNC_DEF("env", 1, env),
    JS_CFUNC_MAGIC_DEF("stdout", 1, write_text, STDOUT_FILENO),
    JS_CFUNC_MAGIC_DEF("stderr", 1, write_text, STDERR_FILENO),
    JS_CFUNC_DEF("stderrColumns", 0, stderr_columns),
    JS_CFUNC_DEF("memory", 0, memory),
    JS_CFUNC_DEF("exit", 1, end),
};

int process_register(JSContext *context, JSValueConst native)
{
    JS_SetPropertyFunctionList(context, native, functions, sizeof functions / sizeof functions[0]);
    if (add_arguments(context, native) != 0)
        return -1;
    return add_system(context, native);
}
