/* Uint8Arrays as C sees them. */
#ifndef KVS_BYTES_H
#define KVS_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

/* The bytes of a Uint8Array; NULL and a pending exception where it is none. Of an empty one: not NULL. */
uint8_t *engine_bytes(JSValueConst value, size_t *length);
/* A new Uint8Array with a copy; JS_EXCEPTION where memory is missing. */
JSValue engine_copy_bytes(const uint8_t *bytes, size_t length);
/* A Uint8Array over memory of the caller's; `release`, where not NULL, is called when it is detached or collected. */
JSValue engine_wrap_bytes(uint8_t *bytes, size_t length, JSFreeArrayBufferDataFunc *release);
/* Detaches the memory below a Uint8Array. */
void engine_detach_bytes(JSValueConst array);

#endif
