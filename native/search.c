/* The search for start codes, 00 00 01: a loop that an interpreter is slow at. */
#include <string.h>

#include "engine.h"

static const uint8_t *find(const uint8_t *from, const uint8_t *end)
{
    const uint8_t *at = from + 2;
    while (at < end && (at = memchr(at, 1, (size_t)(end - at))) != NULL) {
        if (at[-1] == 0 && at[-2] == 0)
            return at - 2;
        at++;
    }
    return NULL;
}

static JSValue start_code(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    size_t length;
    int64_t from;
    const uint8_t *bytes = engine_bytes(argv[0], &length);
    if (bytes == NULL || JS_ToInt64(context, &from, argv[1]) != 0)
        return JS_EXCEPTION;
    if (from < 0)
        from = 0;
    if (length < 3 || (uint64_t)from > length - 3)
        return JS_NewInt32(context, -1);
    const uint8_t *found = find(bytes + from, bytes + length);
    return found == NULL ? JS_NewInt32(context, -1) : JS_NewInt64(context, found - bytes);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("startCode", 2, start_code),
};

int search_register(JSContext *context, JSValueConst native)
{
    JS_SetPropertyFunctionList(context, native, functions, sizeof functions / sizeof functions[0]);
    return 0;
}
