/* The JavaScript engine: how C calls the program, and how a capability registers its functions. */
#ifndef KVS_ENGINE_H
#define KVS_ENGINE_H

#include <stdint.h>

#include "quickjs.h"

/* Exit status for mistakes of the program and for lack of memory (EX_SOFTWARE). */
#define KVS_EXIT_INTERNAL 70

extern JSContext *engine_context;

/* Starts the engine, adds the functions of every capability and runs the program's first turn. */
void engine_start(int argc, char **argv);

/* Calls a function of the program from the event loop, then the promise jobs. What it throws ends the process. */
void engine_call(JSValueConst function, int argc, JSValueConst *argv);
/* The same with handlers.name(...). */
void engine_call_method(JSValueConst object, const char *name, int argc, JSValueConst *argv);

/* Drops what the program throws as engine_call does, e.g. where memory for arguments is missing. */
_Noreturn void engine_fail(void);
_Noreturn void engine_out_of_memory(void);

/* Bytes of a Uint8Array; NULL and a pending exception where it is none. */
uint8_t *engine_bytes(JSValueConst value, size_t *length);

/* One for each capability: adds its functions and constants to the object `native`. Returns -1 with an exception. */
int clock_register(JSContext *context, JSValueConst native);
int blocks_register(JSContext *context, JSValueConst native);
int search_register(JSContext *context, JSValueConst native);
int crypto_register(JSContext *context, JSValueConst native);
int random_register(JSContext *context, JSValueConst native);
int tls_register(JSContext *context, JSValueConst native);
int socket_register(JSContext *context, JSValueConst native);
int files_register(JSContext *context, JSValueConst native);
int input_register(JSContext *context, JSValueConst native);
int process_register(JSContext *context, JSValueConst native);
int signals_register(JSContext *context, JSValueConst native);

#endif
