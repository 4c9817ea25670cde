/* Memory by purpose, with counters: what the engine, TLS and media take, and the most they ever took. */
#ifndef KVS_MEMORY_H
#define KVS_MEMORY_H

#include <stddef.h>

#include "quickjs.h"

struct memory_count {
    const char *name;
    size_t now_bytes;
    size_t peak_bytes;
};

extern struct memory_count memory_engine, memory_tls, memory_media;

void memory_counted(struct memory_count *count, size_t added_bytes);
void memory_uncounted(struct memory_count *count, size_t removed_bytes);

/* The engine's allocator: small objects from slabs, the rest from malloc. */
extern const JSMallocFunctions memory_for_engine;

/* mbedTLS's allocator (mbedtls_platform_set_calloc_free). */
void *memory_tls_calloc(size_t count, size_t size);
void memory_tls_free(void *memory);

#endif
