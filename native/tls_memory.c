#include "tls_memory.h"

#include <mbedtls/platform.h>

#include "memory.h"

static bool lacked;

static void *take(size_t count, size_t size)
{
    void *memory = memory_tls_calloc(count, size);
    if (memory == NULL)
        lacked = true;
    return memory;
}

void tls_memory_start(void)
{
    mbedtls_platform_set_calloc_free(take, memory_tls_free);
}

bool tls_memory_lacked(void)
{
    bool answer = lacked;
    lacked = false;
    return answer;
}
