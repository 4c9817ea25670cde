/* Random bytes from the kernel: by getrandom, or from /dev/urandom before Linux 3.17, which many cameras still run. */
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "bytes.h"
#include "engine.h"

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

int random_fill(unsigned char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t got = getrandom(bytes, length, 0);
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
