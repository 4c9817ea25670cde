/* A connection, TCP or TLS, with handlers of the program's (NativeSocketHandlers in src/device/native.ts). */
#ifndef KVS_CONNECTION_H
#define KVS_CONNECTION_H

#include <stdbool.h>

#include "quickjs.h"

struct connection;

struct connection_options {
    const char *host;
    int port;
    /* TlsSettings, or null for plain TCP. */
    JSValueConst settings;
    JSValueConst handlers;
};

/* NULL where memory is missing. What fails is told to the handlers, later. */
struct connection *connection_new(JSContext *context, const struct connection_options *options);
/* Begins. The connection holds `object`, the one that the program has of it, until it is closed. */
void connection_start(struct connection *connection, JSValueConst object);
/* True: all is taken; false: not, or not yet, in which case the list is held; JS_EXCEPTION: no list. */
JSValue connection_write(struct connection *connection, JSValueConst parts);
/* Goes on in TLS (NativeSocket.secure): 0 or an errno. `settings`: the program's object. */
int connection_secure(struct connection *connection, JSValueConst settings, const char *host, int port);
/* Ends this side when all is sent. */
void connection_end(struct connection *connection);
/* Drops it without a word; `connection_free` is called when the program's object is collected. */
void connection_drop(struct connection *connection);
void connection_free(JSRuntime *runtime, struct connection *connection);
/* Drops all that there are. */
void connection_drop_all(void);

#endif
