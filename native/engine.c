/* The JavaScript engine, its start and its end. */
#include "engine.h"

#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "loop.h"
#include "memory.h"
#include "process.h"
#include "program.h"
#include "rejections.h"

/*
 * The program needs a third of it. The kernel maps 128 KB before a process starts; of what comes after, a limit could
 * leave too little, which would end the process without a word.
 */
#if defined __SANITIZE_ADDRESS__ || defined KVS_FOR_TESTS
#define STACK_BYTES (1024 * 1024)
#else
#define STACK_BYTES (96 * 1024)
#endif

JSContext *engine_context;

static const struct capability {
    int (*add)(JSContext *context, JSValueConst native);
    void (*release)(void);
} capabilities[] = {
    {clock_register, clock_release},
    {blocks_register, NULL},
    {search_register, NULL},
    {crypto_register, NULL},
    {random_register, NULL},
    {tls_register, NULL},
    {socket_register, socket_release},
    {files_register, NULL},
    {storage_register, NULL},
    {input_register, input_release},
    {process_register, NULL},
    {signals_register, signals_release},
};
static const size_t capability_count = sizeof capabilities / sizeof capabilities[0];

static const char out_of_memory_text[] =
    "kvs: no memory left\n"
    "  likely cause: the system has no memory left, or a limit is set for this program\n"
    "  cure: give it a smaller --size, or free memory\n";

_Noreturn void engine_out_of_memory(void)
{
    process_write(STDERR_FILENO, out_of_memory_text, sizeof out_of_memory_text - 1);
    _exit(KVS_EXIT_INTERNAL);
}

static void print(const char *text)
{
    process_write(STDERR_FILENO, text, strlen(text));
}

_Noreturn void engine_mistake(const char *what)
{
    print("kvs: ");
    print(what);
    print("\n  likely cause: a mistake in this program\n  cure: report it\n");
    _exit(KVS_EXIT_INTERNAL);
}

/* Null is what the engine throws where not even the error found room. */
_Noreturn static void fail_with(JSValueConst thrown)
{
    const char *text = JS_IsNull(thrown) ? NULL : JS_ToCString(engine_context, thrown);
    if (text == NULL || strcmp(text, "InternalError: out of memory") == 0)
        engine_out_of_memory();
    engine_mistake(text);
}

_Noreturn void engine_fail(void)
{
    fail_with(JS_GetException(engine_context));
}

/* Promises settle before anything else happens; a rejection that nobody has asked for by then is a mistake. */
static void run_jobs(void)
{
    JSContext *context;
    int ran;
    while ((ran = JS_ExecutePendingJob(JS_GetRuntime(engine_context), &context)) > 0)
        continue;
    if (ran < 0)
        engine_fail();
    if (rejections_first() != NULL)
        fail_with(*rejections_first());
}

static void finish_call(JSValue result)
{
    if (JS_IsException(result))
        engine_fail();
    JS_FreeValue(engine_context, result);
    run_jobs();
}

void engine_call(JSValueConst function, int argc, JSValueConst *argv)
{
    finish_call(JS_Call(engine_context, function, JS_UNDEFINED, argc, argv));
}

void engine_call_method(JSValueConst object, const char *name, int argc, JSValueConst *argv)
{
    JSValue method = JS_GetPropertyStr(engine_context, object, name);
    if (JS_IsException(method))
        engine_fail();
    JSValue result = JS_Call(engine_context, method, object, argc, argv);
    JS_FreeValue(engine_context, method);
    finish_call(result);
}

void engine_call_with_bytes(JSValueConst object, const char *name, uint8_t *bytes, size_t length)
{
    JSValue array = engine_wrap_bytes(bytes, length, NULL);
    if (JS_IsException(array))
        engine_fail();
    engine_call_method(object, name, 1, &array);
    engine_detach_bytes(array);
    JS_FreeValue(engine_context, array);
}

int engine_add_class(JSClassID *id, const JSClassDef *class, const JSCFunctionListEntry *methods, int count)
{
    JS_NewClassID(id);
    if (JS_NewClass(JS_GetRuntime(engine_context), *id, class) != 0)
        return -1;
    JSValue prototype = JS_NewObject(engine_context);
    if (JS_IsException(prototype))
        return -1;
    JS_SetPropertyFunctionList(engine_context, prototype, methods, count);
    JS_SetClassProto(engine_context, *id, prototype);
    return 0;
}

/* Only what the program uses: every intrinsic costs memory, and some bring much code along. */
static void add_intrinsics(JSContext *context)
{
    JS_AddIntrinsicBaseObjects(context);
    JS_AddIntrinsicDate(context);
    JS_AddIntrinsicJSON(context);
    JS_AddIntrinsicMapSet(context);
    JS_AddIntrinsicTypedArrays(context);
    JS_AddIntrinsicPromise(context);
#ifdef KVS_FOR_TESTS
    JS_AddIntrinsicRegExp(context);
#endif
}

static void add_native(JSContext *context)
{
    JSValue native = JS_NewObject(context);
    if (JS_IsException(native))
        engine_fail();
    for (size_t i = 0; i < capability_count; i++) {
        if (capabilities[i].add(context, native) != 0)
            engine_fail();
    }
    JSValue global = JS_GetGlobalObject(context);
    if (JS_SetPropertyStr(context, global, "native", native) < 0)
        engine_fail();
    JS_FreeValue(context, global);
}

static JSContext *new_context(void)
{
    JSRuntime *runtime = JS_NewRuntime2(&memory_for_engine, NULL);
    if (runtime == NULL)
        engine_out_of_memory();
    JS_SetMaxStackSize(runtime, STACK_BYTES);
    JS_SetHostPromiseRejectionTracker(runtime, rejections_track, NULL);
    JSContext *context = JS_NewContextRaw(runtime);
    if (context == NULL)
        engine_out_of_memory();
    return context;
}

/*
 * The bytecode is read before the base objects are there: only as long as no other names are known do the numbers of
 * its names stand as they are in it, so that it can be run where it lies, without a copy.
 */
void engine_start(void)
{
    engine_context = new_context();
    JSValue program = JS_ReadObject(engine_context, program_bytecode, program_bytecode_size,
                                    JS_READ_OBJ_BYTECODE | JS_READ_OBJ_ROM_DATA);
    if (JS_IsException(program))
        engine_fail();
    add_intrinsics(engine_context);
    add_native(engine_context);
    finish_call(JS_EvalFunction(engine_context, program));
}

void engine_end(void)
{
    for (size_t i = 0; i < capability_count; i++) {
        if (capabilities[i].release != NULL)
            capabilities[i].release();
    }
    JSRuntime *runtime = JS_GetRuntime(engine_context);
    JS_FreeContext(engine_context);
    JS_FreeRuntime(runtime);
}
