/* Which ciphers a client offers, and in which order. */
#ifndef KVS_CIPHERS_H
#define KVS_CIPHERS_H

#include <stdbool.h>

/* Whether the processor has instructions for AES-GCM. */
bool ciphers_have_aes(void);

/* Numbers of cipher suites for TLS 1.3 and 1.2, ended by 0: the fastest of this processor first. */
const int *ciphers_in_order(void);

#endif
