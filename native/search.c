/* The search for start codes, 00 00 01: a loop that an interpreter is slow at. */
#include <string.h>

#include "bytes.h"
#include "engine.h"

#define WORD_BYTES sizeof(size_t)
#define EVERY_BYTE(value) (~(size_t)0 / 255 * (value))

static size_t word_at(const uint8_t *bytes)
{
    size_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Not 0 where two zeros follow each other, beginning with one of the word's bytes. */
static size_t zero_pairs(const uint8_t *bytes)
{
    size_t pairs = word_at(bytes) | word_at(bytes + 1);
    return (pairs - EVERY_BYTE(0x01)) & ~pairs & EVERY_BYTE(0x80);
}

/* Coded media has few zeros and hardly two together, so that most of it is passed over two words at a time. */
static const uint8_t *find(const uint8_t *at, const uint8_t *end)
{
    for (const uint8_t *last = end - 2; at < last; at++) {
        while ((size_t)(last - at) >= 2 * WORD_BYTES && (zero_pairs(at) | zero_pairs(at + WORD_BYTES)) == 0)
            at += 2 * WORD_BYTES;
        if (at < last && at[0] == 0 && at[1] == 0 && at[2] == 1)
            return at;
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
