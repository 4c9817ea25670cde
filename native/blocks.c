/* Blocks of media, mapped on demand and unmapped when given back, so that what is not in flight is not resident. */
#include <sys/mman.h>

#include "bytes.h"
#include "engine.h"
#include "memory.h"

#define BLOCK_BYTES 16384

/* Called again without memory when the detached array is collected. */
static void release(JSRuntime *runtime, void *opaque, void *memory)
{
    (void)runtime, (void)opaque;
    if (memory == NULL)
        return;
    munmap(memory, BLOCK_BYTES);
    memory_uncounted(&memory_media, BLOCK_BYTES);
}

static JSValue take_block(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)context, (void)this, (void)argc, (void)argv;
    void *memory = mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return JS_NULL;
    memory_counted(&memory_media, BLOCK_BYTES);
    return engine_wrap_bytes(memory, BLOCK_BYTES, release);
}

static JSValue give_block(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)context, (void)this, (void)argc;
    engine_detach_bytes(argv[0]);
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry functions[] = {
    JS_PROP_INT32_DEF("blockBytes", BLOCK_BYTES, JS_PROP_ENUMERABLE),
    JS_CFUNC_DEF("takeBlock", 0, take_block),
    JS_CFUNC_DEF("giveBlock", 1, give_block),
};

int blocks_register(JSContext *context, JSValueConst native)
{
    JS_SetPropertyFunctionList(context, native, functions, sizeof functions / sizeof functions[0]);
    return 0;
}
