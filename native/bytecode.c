/*
 * A tool of the build, not part of the executable: compiles a script to the engine's bytecode.
 *   bytecode SCRIPT OUTPUT [debug] [regexp]
 *     debug: function names and line numbers stay in it, for traces of errors
 *     regexp: for executables with regular expressions; of others a script that needs them fails here
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quickjs.h"

static _Noreturn void fail(const char *what, const char *path) {
    fprintf(stderr, "bytecode: cannot %s %s\n", what, path);
    exit(1);
}

/* The engine wants a 0 after the source. */
static char *read_script(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) fail("read", path);
    long size = ftell(file);
    if (size < 0 || fseek(file, 0, SEEK_SET) != 0) fail("read", path);
    char *script = malloc((size_t)size + 1);
    if (script == NULL || fread(script, 1, (size_t)size, file) != (size_t)size) fail("read", path);
    script[size] = '\0';
    *length = (size_t)size;
    fclose(file);
    return script;
}

static void write_bytecode(const char *path, const uint8_t *bytecode, size_t length) {
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytecode, 1, length, file) != length || fclose(file) != 0) fail("write", path);
}

static _Noreturn void fail_with_exception(JSContext *context) {
    JSValue exception = JS_GetException(context);
    const char *message = JS_ToCString(context, exception);
    JSValue stack = JS_GetPropertyStr(context, exception, "stack");
    const char *where = JS_ToCString(context, stack);
    fprintf(stderr, "bytecode: %s\n%s", message != NULL ? message : "exception", where != NULL ? where : "");
    exit(1);
}

static int has_word(char **words, const char *word) {
    while (*words != NULL && strcmp(*words, word) != 0) words++;
    return *words != NULL;
}

int main(int argc, char **argv) {
    if (argc < 3) fail("go on without", "SCRIPT OUTPUT");
    char **words = argv + 3;
    size_t length;
    char *script = read_script(argv[1], &length);

    JSRuntime *runtime = JS_NewRuntime();
    JSContext *context = runtime != NULL ? JS_NewContextRaw(runtime) : NULL;
    if (context == NULL) fail("start", "the engine");
    JS_AddIntrinsicBaseObjects(context);
    JS_AddIntrinsicEval(context);
    if (has_word(words, "regexp")) JS_AddIntrinsicRegExpCompiler(context);
    JS_SetStripInfo(runtime, has_word(words, "debug") ? JS_STRIP_SOURCE : JS_STRIP_DEBUG);

    JSValue program = JS_Eval(context, script, length, "kvs.js", JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(program)) fail_with_exception(context);
    size_t bytecode_length;
    uint8_t *bytecode = JS_WriteObject(context, &bytecode_length, program, JS_WRITE_OBJ_BYTECODE);
    if (bytecode == NULL) fail_with_exception(context);
    write_bytecode(argv[2], bytecode, bytecode_length);

    js_free(context, bytecode);
    JS_FreeValue(context, program);
    JS_FreeContext(context);
    JS_FreeRuntime(runtime);
    free(script);
    return 0;
}
