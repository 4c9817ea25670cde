/* The JavaScript engine: how C calls the program, and how a capability registers its functions. */
#ifndef KVS_ENGINE_H
#define KVS_ENGINE_H

#include <stdint.h>

#include "quickjs.h"

/* Exit status for mistakes of the program and for lack of memory (EX_SOFTWARE). */
#define KVS_EXIT_INTERNAL 70

extern JSContext *engine_context;

/* Starts the engine, adds the functions of every capability and runs the program's first turn. */
void engine_start(void);
/* Lets every capability drop what it holds of the program, then frees the engine: nothing may be left. */
void engine_end(void);

/* Calls a function of the program from the event loop, then the promise jobs. What it throws ends the process. */
void engine_call(JSValueConst function, int argc, JSValueConst *argv);
/* The same with handlers.name(...). */
void engine_call_method(JSValueConst object, const char *name, int argc, JSValueConst *argv);

/* handlers.name(bytes): a Uint8Array over memory of the caller's, detached when the call is over. */
void engine_call_with_bytes(JSValueConst object, const char *name, uint8_t *bytes, size_t length);

/* Ends the process as an exception out of engine_call does, e.g. where arguments cannot be made. */
_Noreturn void engine_fail(void);
/* Says so without needing memory, and ends the process. */
_Noreturn void engine_out_of_memory(void);
/* The same for what only a mistake in this program can cause. */
_Noreturn void engine_mistake(const char *what);

/* A class of objects that C makes, with their methods. Returns -1 with an exception. */
int engine_add_class(JSClassID *id, const JSClassDef *class, const JSCFunctionListEntry *methods, int count);

/* One for each capability: adds its functions and constants to the object `native`. Returns -1 with an exception. */
int clock_register(JSContext *context, JSValueConst native);
int blocks_register(JSContext *context, JSValueConst native);
int search_register(JSContext *context, JSValueConst native);
int crypto_register(JSContext *context, JSValueConst native);
int random_register(JSContext *context, JSValueConst native);
int tls_register(JSContext *context, JSValueConst native);
int socket_register(JSContext *context, JSValueConst native);
int files_register(JSContext *context, JSValueConst native);
int storage_register(JSContext *context, JSValueConst native);
int input_register(JSContext *context, JSValueConst native);
int process_register(JSContext *context, JSValueConst native);
int signals_register(JSContext *context, JSValueConst native);

/* Of those that hold values of the program: drops them, and whatever waits for something (engine_end). */
void clock_release(void);
void socket_release(void);
void input_release(void);
void signals_release(void);

#endif
