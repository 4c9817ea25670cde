#include "handlers.h"

#include "engine.h"

void handlers_tell(JSValueConst handlers, const char *event)
{
    JSValue held = JS_DupValue(engine_context, handlers);
    engine_call_method(held, event, 0, NULL);
    JS_FreeValue(engine_context, held);
}

void handlers_tell_data(JSValueConst handlers, uint8_t *bytes, size_t length)
{
    JSValue held = JS_DupValue(engine_context, handlers);
    engine_call_with_bytes(held, "onData", bytes, length);
    JS_FreeValue(engine_context, held);
}

void handlers_tell_close(JSValueConst handlers, const struct failure *failure)
{
    JSValue held = JS_DupValue(engine_context, handlers);
    JSValue why[] = {
        failure == NULL ? JS_NULL : JS_NewString(engine_context, failure->name),
        JS_NewString(engine_context, failure == NULL ? "" : failure->detail),
    };
    if (JS_IsException(why[0]) || JS_IsException(why[1]))
        engine_fail();
    engine_call_method(held, "onClose", 2, why);
    JS_FreeValue(engine_context, why[0]);
    JS_FreeValue(engine_context, why[1]);
    JS_FreeValue(engine_context, held);
}
