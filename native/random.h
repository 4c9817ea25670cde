#ifndef KVS_RANDOM_H
#define KVS_RANDOM_H

#include <stddef.h>

/* Fills with random bytes fit for keys. 0, or -1 where the system has none. */
int random_fill(unsigned char *bytes, size_t length);

#endif
