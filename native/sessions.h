/* TLS sessions remembered for the next connection to the same host: half a handshake, and no certificates. */
#ifndef KVS_SESSIONS_H
#define KVS_SESSIONS_H

#include <mbedtls/ssl.h>

struct sessions {
    /* The latest first. */
    struct session *first;
};

/* Offers the session remembered for host and port, if any, to a connection that has not begun. */
void sessions_offer(struct sessions *sessions, const char *host, int port, mbedtls_ssl_context *ssl);
/* Remembers what the connection may be resumed with. */
void sessions_keep(struct sessions *sessions, const char *host, int port, const mbedtls_ssl_context *ssl);
void sessions_forget(struct sessions *sessions, const char *host, int port);
void sessions_free(struct sessions *sessions);

#endif
