/* A promise may be rejected before somebody asks for it, so each is kept until the end of the turn. */
#include "rejections.h"

#include <stddef.h>

#include "engine.h"

struct rejection {
    JSValue promise;
    JSValue reason;
    struct rejection *next;
};

static struct rejection *first;

static void add(JSContext *context, JSValueConst promise, JSValueConst reason)
{
    struct rejection *rejection = js_malloc(context, sizeof *rejection);
    if (rejection == NULL)
        engine_out_of_memory();
    rejection->promise = JS_DupValue(context, promise);
    rejection->reason = JS_DupValue(context, reason);
    rejection->next = NULL;
    struct rejection **end = &first;
    while (*end != NULL)
        end = &(*end)->next;
    *end = rejection;
}

static void drop(JSContext *context, JSValueConst promise)
{
    for (struct rejection **at = &first; *at != NULL; at = &(*at)->next) {
        struct rejection *rejection = *at;
        if (JS_VALUE_GET_PTR(rejection->promise) != JS_VALUE_GET_PTR(promise))
            continue;
        *at = rejection->next;
        JS_FreeValue(context, rejection->promise);
        JS_FreeValue(context, rejection->reason);
        js_free(context, rejection);
        return;
    }
}

void rejections_track(JSContext *context, JSValueConst promise, JSValueConst reason, JS_BOOL is_handled, void *opaque)
{
    (void)opaque;
    if (is_handled)
        drop(context, promise);
    else
        add(context, promise, reason);
}

const JSValue *rejections_first(void)
{
    return first == NULL ? NULL : &first->reason;
}
