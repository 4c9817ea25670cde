/* A connection from its first packet to its last. */
#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "dial.h"
#include "engine.h"
#include "handlers.h"
#include "loop.h"
#include "outgoing.h"

/* The largest record, so that TLS never holds back bytes of which poll does not know. */
#define READ_BYTES MBEDTLS_SSL_IN_CONTENT_LEN
/* A peer that never pauses must not keep others waiting. */
#define READS_PER_TURN 4

enum phase {
    DIALLING,
    HANDSHAKING,
    OPEN,
    /* Has failed, which the program is told in a moment. */
    BROKEN,
    CLOSED,
};

/* Until it is closed the loop keeps the program's object, and so this, alive. */
struct connection {
    struct watch watch;
    enum phase phase;
    JSValue object;
    JSValue handlers;
    /* TlsSettings, or null for plain TCP. */
    JSValue settings;
    struct dial *dial;
    struct transport transport;
    struct outgoing outgoing;
    bool peer_ended;
    struct connection *next;
    int port;
    char host[];
};

static struct connection *connections;

/* The program borrows it for the length of a call, so one is enough for all. */
static uint8_t incoming[READ_BYTES];

static void unlink_connection(struct connection *connection)
{
    struct connection **at = &connections;
    while (*at != connection)
        at = &(*at)->next;
    *at = connection->next;
}

/* May free the connection, with the last reference to the program's object. */
void connection_drop(struct connection *connection)
{
    if (connection->phase == CLOSED)
        return;
    connection->phase = CLOSED;
    unlink_connection(connection);
    if (connection->dial != NULL)
        dial_cancel(connection->dial);
    loop_remove(&connection->watch);
    transport_close(&connection->transport);
    outgoing_drop(&connection->outgoing);
    JS_FreeValue(engine_context, connection->settings);
    JS_FreeValue(engine_context, connection->handlers);
    JS_FreeValue(engine_context, connection->object);
}

/* Drops it and says why; NULL for an orderly end. */
static void close_connection(struct connection *connection, const struct failure *failure)
{
    JSValue handlers = JS_DupValue(engine_context, connection->handlers);
    /* It may be the connection's own. */
    struct failure why = failure == NULL ? (struct failure){.name = ""} : *failure;
    connection_drop(connection);
    handlers_tell_close(handlers, failure == NULL ? NULL : &why);
    JS_FreeValue(engine_context, handlers);
}

static void watch_on(struct connection *connection)
{
    int reading = connection->peer_ended ? 0 : POLLIN;
    int writing = outgoing_waits(&connection->outgoing) ? POLLOUT : 0;
    connection->watch.events = (short)(reading | writing);
}

/* Gives the program what there is, up to a limit; tells what came after. */
static enum io receive(struct connection *connection)
{
    enum io io = IO_DONE;
    enum phase phase = connection->phase;
    for (int i = 0; io == IO_DONE && i < READS_PER_TURN && connection->phase == phase && !loop_ended(); i++) {
        size_t length;
        io = transport_read(&connection->transport, incoming, sizeof incoming, &length);
        if (io == IO_DONE)
            handlers_tell_data(connection->handlers, incoming, length);
    }
    return io;
}

/* Told after what the peer has said before it broke off, which may be why; an alert of TLS is, for certain. */
static void fail(struct connection *connection)
{
    struct failure failure = connection->transport.failure;
    connection->phase = BROKEN;
    if (connection->transport.descriptor >= 0 && !connection->peer_ended && receive(connection) == IO_FAILED)
        failure = connection->transport.failure;
    if (connection->phase != CLOSED)
        close_connection(connection, &failure);
}

static JSValue fail_job(JSContext *context, int argc, JSValueConst *argv)
{
    (void)context, (void)argc;
    JSClassID class_id;
    struct connection *connection = JS_GetAnyOpaque(argv[0], &class_id);
    if (connection->phase != CLOSED)
        fail(connection);
    return JS_UNDEFINED;
}

/* For what fails while the program is calling: handlers are not called before that is over. */
static void fail_later(struct connection *connection)
{
    connection->phase = BROKEN;
    if (JS_EnqueueJob(engine_context, fail_job, 1, &connection->object) < 0)
        engine_fail();
}

/* There may be room again. */
static void push_on(struct connection *connection)
{
    bool waited = outgoing_held(&connection->outgoing);
    enum io io = outgoing_push(&connection->outgoing, &connection->transport);
    if (io == IO_FAILED && (waited || !connection->peer_ended)) {
        fail(connection);
    } else if (io == IO_FAILED || (connection->outgoing.ended && connection->peer_ended)) {
        /* A peer that has ended may be gone before it is told that this side ends, too. */
        close_connection(connection, NULL);
    } else {
        watch_on(connection);
        if (io == IO_DONE && waited)
            handlers_tell(connection->handlers, "onDrain");
    }
}

static void read_on(struct connection *connection)
{
    enum io io = receive(connection);
    if (io == IO_FAILED) {
        close_connection(connection, &connection->transport.failure);
    } else if (io == IO_END) {
        connection->peer_ended = true;
        connection->outgoing.ending = true;
        push_on(connection);
    }
}

static void shake_hands(struct connection *connection)
{
    enum io io = transport_handshake(&connection->transport);
    if (io == IO_FAILED) {
        close_connection(connection, &connection->transport.failure);
    } else if (io != IO_DONE) {
        connection->watch.events = io == IO_READ ? POLLIN : POLLOUT;
    } else {
        connection->phase = OPEN;
        watch_on(connection);
        handlers_tell(connection->handlers, "onOpen");
    }
}

static void on_ready(struct watch *watch, short events)
{
    struct connection *connection = (struct connection *)watch;
    JSValue object = JS_DupValue(engine_context, connection->object);
    if (connection->phase == HANDSHAKING)
        shake_hands(connection);
    if (connection->phase == OPEN && (events & ~POLLOUT) != 0 && !connection->peer_ended)
        read_on(connection);
    if (connection->phase == OPEN && (events & ~POLLIN) != 0 && outgoing_waits(&connection->outgoing))
        push_on(connection);
    JS_FreeValue(engine_context, object);
}

static bool open_transport(struct connection *connection, int descriptor)
{
    connection->transport.descriptor = descriptor;
    return JS_IsNull(connection->settings) ||
           transport_secure(&connection->transport, tls_settings_of(connection->settings), connection->host,
                            connection->port);
}

static void on_dialled(void *owner, int descriptor, const char *error)
{
    struct connection *connection = owner;
    JSValue object = JS_DupValue(engine_context, connection->object);
    connection->dial = NULL;
    if (error != NULL)
        failure_set(&connection->transport.failure, error, "");
    if (error != NULL || !open_transport(connection, descriptor)) {
        close_connection(connection, &connection->transport.failure);
    } else {
        connection->phase = HANDSHAKING;
        connection->watch = (struct watch){.descriptor = descriptor, .ready = on_ready};
        loop_add(&connection->watch);
        shake_hands(connection);
    }
    JS_FreeValue(engine_context, object);
}

struct connection *connection_new(JSContext *context, const struct connection_options *options)
{
    size_t size = strlen(options->host) + 1;
    struct connection *connection = js_mallocz(context, sizeof *connection + size);
    if (connection == NULL)
        return NULL;
    connection->handlers = JS_DupValue(context, options->handlers);
    connection->settings = JS_DupValue(context, options->settings);
    outgoing_init(&connection->outgoing);
    connection->transport.descriptor = -1;
    connection->port = options->port;
    memcpy(connection->host, options->host, size);
    return connection;
}

void connection_start(struct connection *connection, JSValueConst object)
{
    connection->object = JS_DupValue(engine_context, object);
    connection->next = connections;
    connections = connection;
    const char *error;
    connection->dial = dial_start(connection->host, connection->port, on_dialled, connection, &error);
    if (connection->dial != NULL)
        return;
    failure_set(&connection->transport.failure, error, "");
    fail_later(connection);
}

int connection_secure(struct connection *connection, JSValueConst settings, const char *host, int port)
{
    if (connection->phase != OPEN)
        return ENOTCONN;
    if (connection->transport.secure != NULL || outgoing_waits(&connection->outgoing))
        return EBUSY;
    if (!transport_secure(&connection->transport, tls_settings_of(settings), host, port))
        return ENOMEM;
    connection->settings = JS_DupValue(engine_context, settings);
    connection->phase = HANDSHAKING;
    /* The client speaks first; not before the program's call is over. */
    connection->watch.events = POLLOUT;
    return 0;
}

/* While the program is calling. */
static enum io push_now(struct connection *connection)
{
    enum io io = outgoing_push(&connection->outgoing, &connection->transport);
    if (io == IO_FAILED)
        fail_later(connection);
    else
        watch_on(connection);
    return io;
}

JSValue connection_write(struct connection *connection, JSValueConst parts)
{
    if (connection->phase != OPEN || connection->outgoing.ending)
        return JS_FALSE;
    if (!outgoing_start(&connection->outgoing, parts))
        return JS_EXCEPTION;
    return JS_NewBool(engine_context, push_now(connection) == IO_DONE);
}

void connection_end(struct connection *connection)
{
    if (connection->outgoing.ending)
        return;
    connection->outgoing.ending = true;
    if (connection->phase == OPEN)
        (void)push_now(connection);
}

void connection_free(JSRuntime *runtime, struct connection *connection)
{
    js_free_rt(runtime, connection);
}

void connection_drop_all(void)
{
    while (connections != NULL)
        connection_drop(connections);
}
