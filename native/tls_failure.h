/* What has gone wrong in a TLS connection. */
#ifndef KVS_TLS_FAILURE_H
#define KVS_TLS_FAILURE_H

#include <mbedtls/ssl.h>

#include "failure.h"

/* Of mbedTLS's result `code`; `error` is the errno of the last system call that failed. */
void tls_failure(struct failure *failure, mbedtls_ssl_context *ssl, int code, int error);

#endif
