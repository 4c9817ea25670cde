/* Random bytes from the kernel: by getrandom, or from /dev/urandom before Linux 3.17, which many cameras still run. */
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/random.h>
#include <unistd.h>

#include "bytes.h"
#include "engine.h"
#include "process.h"

static int fill_from_device(unsigned char *bytes, size_t length)
{
    int device = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (device < 0)
        return -1;
    while (length > 0) {
        ssize_t got = read(device, bytes, length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        bytes += got;
        length -= (size_t)got;
    }
    close(device);
    return length == 0 ? 0 : -1;
}

/* Keys can be guessed that are made before the kernel, just started, has gathered what random bytes come of. */
static ssize_t wait_for_kernel(unsigned char *bytes, size_t length)
{
    static const char text[] = "kvs: waiting for the kernel, which has no random bytes for keys yet\n";
    static bool told;
    if (!told)
        process_write(STDERR_FILENO, text, sizeof text - 1);
    told = true;
    return getrandom(bytes, length, 0);
}

int random_fill(unsigned char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t got = getrandom(bytes, length, GRND_NONBLOCK);
        if (got < 0 && errno == EAGAIN)
            got = wait_for_kernel(bytes, length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fill_from_device(bytes, length);
        bytes += got;
        length -= (size_t)got;
    }
    return 0;
}

static JSValue fill(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    size_t length;
    uint8_t *bytes = engine_bytes(argv[0], &length);
    if (bytes == NULL)
        return JS_EXCEPTION;
    if (random_fill(bytes, length) != 0)
        return JS_ThrowInternalError(context, "the system has no random bytes");
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("random", 1, fill),
};

int random_register(JSContext *context, JSValueConst native)
{
    JS_SetPropertyFunctionList(context, native, functions, sizeof functions / sizeof functions[0]);
    return 0;
}
