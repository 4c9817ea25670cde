/* A connected socket, with TLS over it or without. */
#ifndef KVS_TRANSPORT_H
#define KVS_TRANSPORT_H

#include <stdbool.h>

#include "secure.h"

struct transport {
    /* -1 without a connection. */
    int descriptor;
    /* NULL: plain TCP. */
    struct secure *secure;
    /* Why an operation has returned IO_FAILED. */
    struct failure failure;
};

/* Puts TLS over a connected descriptor; a handshake is to follow. False where memory is missing: nothing has changed. */
bool transport_secure(struct transport *transport, struct tls_settings *settings, const char *host, int port);
enum io transport_handshake(struct transport *transport);
/* `length` bytes, at least one, where it is IO_DONE. */
enum io transport_read(struct transport *transport, uint8_t *into, size_t room, size_t *length);
/* However it comes out, `taken` bytes are on their way. */
enum io transport_write(struct transport *transport, const uint8_t *bytes, size_t length, size_t *taken);
/* Sends what was taken and found no room. */
enum io transport_flush(struct transport *transport);
/* Ends this side in order. */
enum io transport_end(struct transport *transport);
void transport_close(struct transport *transport);

#endif
