/* What TLS connections share. */
#ifndef KVS_TLS_H
#define KVS_TLS_H

#include <mbedtls/ssl.h>

#include "quickjs.h"
#include "sessions.h"

struct tls_settings {
    mbedtls_ssl_config config;
    mbedtls_x509_crt anchors;
    /* Of the client; empty without one. */
    mbedtls_x509_crt certificate;
    mbedtls_pk_context key;
    struct sessions sessions;
};

/* The settings behind the program's object; NULL and a pending exception where it is something else. */
struct tls_settings *tls_settings_of(JSValueConst value);

#endif
