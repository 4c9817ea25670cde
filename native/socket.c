/* Connections as objects of the program's. */
#include "connection.h"
#include "engine.h"
#include "errors.h"
#include "tls.h"

static JSClassID class_id;

static JSValue open_socket(JSContext *context, const struct connection_options *options)
{
    JSValue object = JS_NewObjectClass(context, (int)class_id);
    if (JS_IsException(object))
        return JS_EXCEPTION;
    struct connection *connection = connection_new(context, options);
    if (connection == NULL) {
        JS_FreeValue(context, object);
        return JS_EXCEPTION;
    }
    JS_SetOpaque(object, connection);
    connection_start(connection, object);
    return object;
}

static int read_port(JSContext *context, JSValueConst from, int *port)
{
    JSValue value = JS_GetPropertyStr(context, from, "port");
    int32_t number = 0;
    int read = JS_IsException(value) ? -1 : JS_ToInt32(context, &number, value);
    JS_FreeValue(context, value);
    *port = number;
    return read;
}

/* NULL and a pending exception where it has none; JS_FreeCString takes it. */
static const char *read_host(JSContext *context, JSValueConst from)
{
    JSValue value = JS_GetPropertyStr(context, from, "host");
    const char *host = JS_IsException(value) ? NULL : JS_ToCString(context, value);
    JS_FreeValue(context, value);
    return host;
}

static JSValue read_settings(JSContext *context, JSValueConst from)
{
    JSValue value = JS_GetPropertyStr(context, from, "tls");
    if (JS_IsNull(value) || JS_IsException(value) || tls_settings_of(value) != NULL)
        return value;
    JS_FreeValue(context, value);
    return JS_EXCEPTION;
}

static JSValue connect_to(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    struct connection_options options = {.handlers = argv[1]};
    if (read_port(context, argv[0], &options.port) != 0)
        return JS_EXCEPTION;
    options.host = read_host(context, argv[0]);
    if (options.host == NULL)
        return JS_EXCEPTION;
    JSValue settings = read_settings(context, argv[0]);
    options.settings = settings;
    JSValue object = JS_IsException(settings) ? JS_EXCEPTION : open_socket(context, &options);
    JS_FreeValue(context, settings);
    JS_FreeCString(context, options.host);
    return object;
}

static JSValue write_parts(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)argc;
    struct connection *connection = JS_GetOpaque2(context, this, class_id);
    return connection == NULL ? JS_EXCEPTION : connection_write(connection, argv[0]);
}

static JSValue secure(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)argc;
    struct connection *connection = JS_GetOpaque2(context, this, class_id);
    int32_t port;
    if (connection == NULL || tls_settings_of(argv[0]) == NULL || JS_ToInt32(context, &port, argv[2]) != 0)
        return JS_EXCEPTION;
    const char *host = JS_ToCString(context, argv[1]);
    if (host == NULL)
        return JS_EXCEPTION;
    int error = connection_secure(connection, argv[0], host, port);
    JS_FreeCString(context, host);
    return error == 0 ? JS_NULL : error_value(context, error);
}

static JSValue end(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)argc, (void)argv;
    struct connection *connection = JS_GetOpaque2(context, this, class_id);
    if (connection == NULL)
        return JS_EXCEPTION;
    connection_end(connection);
    return JS_UNDEFINED;
}

static JSValue destroy(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)argc, (void)argv;
    struct connection *connection = JS_GetOpaque2(context, this, class_id);
    if (connection == NULL)
        return JS_EXCEPTION;
    connection_drop(connection);
    return JS_UNDEFINED;
}

static void finalize(JSRuntime *runtime, JSValue object)
{
    connection_free(runtime, JS_GetOpaque(object, class_id));
}

void socket_release(void)
{
    connection_drop_all();
}

static const JSClassDef class = {.class_name = "Socket", .finalizer = finalize};

static const JSCFunctionListEntry methods[] = {
    JS_CFUNC_DEF("write", 1, write_parts),
    JS_CFUNC_DEF("secure", 3, secure),
    JS_CFUNC_DEF("end", 0, end),
    JS_CFUNC_DEF("destroy", 0, destroy),
};

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("connect", 2, connect_to),
};

int socket_register(JSContext *context, JSValueConst native)
{
    if (engine_add_class(&class_id, &class, methods, sizeof methods / sizeof methods[0]) != 0)
        return -1;
    JS_SetPropertyFunctionList(context, native, functions, sizeof functions / sizeof functions[0]);
    return 0;
}
