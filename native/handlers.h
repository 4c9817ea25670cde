/* The program's handlers of a connection (NativeSocketHandlers in src/device/native.ts): any of them may drop it. */
#ifndef KVS_HANDLERS_H
#define KVS_HANDLERS_H

#include <stdint.h>

#include "failure.h"
#include "quickjs.h"

/* One that is given nothing. */
void handlers_tell(JSValueConst handlers, const char *event);
/* Lends it bytes until it returns. */
void handlers_tell_data(JSValueConst handlers, uint8_t *bytes, size_t length);
/* NULL for an orderly end. */
void handlers_tell_close(JSValueConst handlers, const struct failure *failure);

#endif
