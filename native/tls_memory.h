/* mbedTLS reports a lack of memory under a dozen codes; its allocator knows better. */
#ifndef KVS_TLS_MEMORY_H
#define KVS_TLS_MEMORY_H

#include <stdbool.h>

void tls_memory_start(void);
/* Whether memory has been refused since this was asked last. */
bool tls_memory_lacked(void);

#endif
