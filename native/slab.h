/* Small objects of the engine: many times faster than malloc, and without its overhead for each. */
#ifndef KVS_SLAB_H
#define KVS_SLAB_H

#include <stdbool.h>
#include <stddef.h>

/* AddressSanitizer is to see every object by itself. */
#ifdef __SANITIZE_ADDRESS__
#define SLAB_LARGEST_BYTES 0
#else
#define SLAB_LARGEST_BYTES 256
#endif

/* `size`: 1 to SLAB_LARGEST_BYTES. Aligned to 8. NULL where memory is missing. */
void *slab_take(size_t size);
void slab_give(void *object);

/* True for objects from here, as against any memory that is aligned to 16. */
bool slab_owns(const void *memory);
/* What the object has room for. */
size_t slab_room(const void *object);

#endif
