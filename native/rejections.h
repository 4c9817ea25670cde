/* Rejected promises that nobody has asked for yet. */
#ifndef KVS_REJECTIONS_H
#define KVS_REJECTIONS_H

#include "quickjs.h"

/* For JS_SetHostPromiseRejectionTracker. */
void rejections_track(JSContext *context, JSValueConst promise, JSValueConst reason, JS_BOOL is_handled, void *opaque);

/* Why the earliest of them was rejected; NULL where there is none. */
const JSValue *rejections_first(void);

#endif
