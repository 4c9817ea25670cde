/* TLS over a connected descriptor. */
#ifndef KVS_SECURE_H
#define KVS_SECURE_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "io.h"
#include "tls.h"

/* The most bytes that one record carries in either version; TLS 1.3 puts one of its own beside them. */
#define SECURE_RECORD_BYTES (MBEDTLS_SSL_OUT_CONTENT_LEN - 1)

struct secure;

/* NULL where memory is missing. The settings must outlive it. */
struct secure *secure_new(struct tls_settings *settings, const char *host, int port, int descriptor);
enum io secure_handshake(struct secure *secure, struct failure *failure);
enum io secure_read(struct secure *secure, uint8_t *into, size_t room, size_t *length, struct failure *failure);
/* Sends a record. What was `taken` is encrypted and must not be written again, even where there was no room. */
enum io secure_write(struct secure *secure, const uint8_t *bytes, size_t length, size_t *taken,
                     struct failure *failure);
/* Sends the rest of a record that found no room; before anything else is written. */
enum io secure_flush(struct secure *secure, struct failure *failure);
/* Tells the peer that nothing more is sent; to be called again, after a flush, where there was no room. */
enum io secure_end(struct secure *secure, struct failure *failure);
void secure_free(struct secure *secure);

#endif
