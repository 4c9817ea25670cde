#include "bytes.h"

#include "engine.h"

/* Where an empty array points: NULL is for mistakes. */
static uint8_t nothing[1];

uint8_t *engine_bytes(JSValueConst value, size_t *length)
{
    size_t offset, element_bytes, buffer_length;
    JSValue buffer = JS_GetTypedArrayBuffer(engine_context, value, &offset, length, &element_bytes);
    if (JS_IsException(buffer))
        return NULL;
    uint8_t *bytes = JS_GetArrayBuffer(engine_context, &buffer_length, buffer);
    JS_FreeValue(engine_context, buffer);
    if (*length == 0)
        return nothing;
    if (element_bytes != 1) {
        JS_ThrowTypeError(engine_context, "not a Uint8Array");
        return NULL;
    }
    return bytes + offset;
}

/* Takes the buffer over. */
static JSValue array_over(JSValue buffer)
{
    if (JS_IsException(buffer))
        return JS_EXCEPTION;
    JSValueConst arguments[] = {buffer, JS_UNDEFINED, JS_UNDEFINED};
    JSValue array = JS_NewTypedArray(engine_context, 3, arguments, JS_TYPED_ARRAY_UINT8);
    JS_FreeValue(engine_context, buffer);
    return array;
}

JSValue engine_copy_bytes(const uint8_t *bytes, size_t length)
{
    return array_over(JS_NewArrayBufferCopy(engine_context, bytes, length));
}

JSValue engine_wrap_bytes(uint8_t *bytes, size_t length, JSFreeArrayBufferDataFunc *release)
{
    return array_over(JS_NewArrayBuffer(engine_context, bytes, length, release, NULL, 0));
}

void engine_detach_bytes(JSValueConst array)
{
    JSValue buffer = JS_GetTypedArrayBuffer(engine_context, array, NULL, NULL, NULL);
    if (JS_IsException(buffer)) {
        JS_FreeValue(engine_context, JS_GetException(engine_context));
        return;
    }
    JS_DetachArrayBuffer(engine_context, buffer);
    JS_FreeValue(engine_context, buffer);
}
