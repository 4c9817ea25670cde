#include "outgoing.h"

#include <string.h>

#include "bytes.h"
#include "engine.h"

/* Small parts become one record, and one packet. It is used for the length of a call, so one is enough for all. */
static uint8_t record[SECURE_RECORD_BYTES];

void outgoing_init(struct outgoing *outgoing)
{
    *outgoing = (struct outgoing){.parts = JS_UNDEFINED};
}

bool outgoing_held(const struct outgoing *outgoing)
{
    return !JS_IsUndefined(outgoing->parts);
}

bool outgoing_waits(const struct outgoing *outgoing)
{
    return outgoing_held(outgoing) || (outgoing->ending && !outgoing->ended);
}

void outgoing_drop(struct outgoing *outgoing)
{
    JS_FreeValue(engine_context, outgoing->parts);
    outgoing->parts = JS_UNDEFINED;
}

bool outgoing_start(struct outgoing *outgoing, JSValueConst parts)
{
    if (outgoing_held(outgoing)) {
        JS_ThrowInternalError(engine_context, "written before the last write was taken");
        return false;
    }
    JSValue count = JS_GetPropertyStr(engine_context, parts, "length");
    bool counted = !JS_IsException(count) && JS_ToUint32(engine_context, &outgoing->count, count) == 0;
    JS_FreeValue(engine_context, count);
    if (!counted)
        return false;
    outgoing->parts = JS_DupValue(engine_context, parts);
    outgoing->part = 0;
    outgoing->offset = 0;
    return true;
}

/* What is not sent of a part. A list that the program has changed meanwhile is a mistake that ends it. */
static const uint8_t *rest_of(const struct outgoing *outgoing, uint32_t index, size_t *length)
{
    JSValue part = JS_GetPropertyUint32(engine_context, outgoing->parts, index);
    const uint8_t *bytes = engine_bytes(part, length);
    JS_FreeValue(engine_context, part);
    if (bytes == NULL)
        engine_fail();
    size_t sent = index == outgoing->part ? outgoing->offset : 0;
    if (sent > *length)
        sent = *length;
    *length -= sent;
    return bytes + sent;
}

static size_t gather(const struct outgoing *outgoing)
{
    size_t filled = 0;
    for (uint32_t index = outgoing->part; index < outgoing->count && filled < sizeof record; index++) {
        size_t length;
        const uint8_t *bytes = rest_of(outgoing, index, &length);
        if (length > sizeof record - filled)
            length = sizeof record - filled;
        memcpy(record + filled, bytes, length);
        filled += length;
    }
    return filled;
}

/* The next bytes in one piece, without a copy where a part fills a record or is the last; `length` is 0 at the end. */
static const uint8_t *next_bytes(const struct outgoing *outgoing, size_t *length)
{
    *length = 0;
    if (outgoing->part == outgoing->count)
        return record;
    const uint8_t *bytes = rest_of(outgoing, outgoing->part, length);
    if (*length >= sizeof record || outgoing->part + 1 == outgoing->count)
        return bytes;
    *length = gather(outgoing);
    return record;
}

static void advance(struct outgoing *outgoing, size_t sent)
{
    while (outgoing->part < outgoing->count) {
        size_t length;
        (void)rest_of(outgoing, outgoing->part, &length);
        if (sent < length) {
            outgoing->offset += sent;
            return;
        }
        sent -= length;
        outgoing->part++;
        outgoing->offset = 0;
    }
}

static enum io push_parts(struct outgoing *outgoing, struct transport *transport)
{
    for (;;) {
        size_t length, taken;
        const uint8_t *bytes = next_bytes(outgoing, &length);
        if (length == 0)
            return IO_DONE;
        enum io io = transport_write(transport, bytes, length, &taken);
        advance(outgoing, taken);
        if (io != IO_DONE)
            return io;
    }
}

enum io outgoing_push(struct outgoing *outgoing, struct transport *transport)
{
    enum io io = transport_flush(transport);
    if (io == IO_DONE && outgoing_held(outgoing))
        io = push_parts(outgoing, transport);
    if (io != IO_DONE)
        return io;
    outgoing_drop(outgoing);
    if (!outgoing->ending || outgoing->ended)
        return IO_DONE;
    io = transport_end(transport);
    outgoing->ended = io == IO_DONE;
    return io;
}
