/* The system's random bytes in the two forms that mbedTLS asks for them. */
#ifndef KVS_TLS_RANDOM_H
#define KVS_TLS_RANDOM_H

#include <stddef.h>

int tls_random(void *unused, unsigned char *bytes, size_t length);

#endif
