/* Memory by purpose. */
#define _GNU_SOURCE
#include "memory.h"

#include <malloc.h>
#include <stdlib.h>

struct memory_count memory_engine = {.name = "engine"};
struct memory_count memory_tls = {.name = "TLS"};
struct memory_count memory_media = {.name = "media"};

void memory_counted(struct memory_count *count, size_t added_bytes)
{
    count->now_bytes += added_bytes;
    if (count->now_bytes > count->peak_bytes)
        count->peak_bytes = count->now_bytes;
}

void memory_uncounted(struct memory_count *count, size_t removed_bytes)
{
    count->now_bytes -= removed_bytes;
}

void *memory_tls_calloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory != NULL)
        memory_counted(&memory_tls, malloc_usable_size(memory));
    return memory;
}

void memory_tls_free(void *memory)
{
    if (memory == NULL)
        return;
    memory_uncounted(&memory_tls, malloc_usable_size(memory));
    free(memory);
}

static void *engine_malloc(JSMallocState *state, size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL)
        return NULL;
    size_t usable = malloc_usable_size(memory);
    state->malloc_count++;
    state->malloc_size += usable;
    memory_counted(&memory_engine, usable);
    return memory;
}

static void engine_free(JSMallocState *state, void *memory)
{
    if (memory == NULL)
        return;
    size_t usable = malloc_usable_size(memory);
    state->malloc_count--;
    state->malloc_size -= usable;
    memory_uncounted(&memory_engine, usable);
    free(memory);
}

static void *engine_realloc(JSMallocState *state, void *memory, size_t size)
{
    if (memory == NULL)
        return size == 0 ? NULL : engine_malloc(state, size);
    if (size == 0) {
        engine_free(state, memory);
        return NULL;
    }
    size_t before = malloc_usable_size(memory);
    void *moved = realloc(memory, size);
    if (moved == NULL)
        return NULL;
    size_t after = malloc_usable_size(moved);
    state->malloc_size += after - before;
    memory_uncounted(&memory_engine, before);
    memory_counted(&memory_engine, after);
    return moved;
}

static size_t engine_usable(const void *memory)
{
    return malloc_usable_size((void *)memory);
}

const JSMallocFunctions memory_for_engine = {engine_malloc, engine_free, engine_realloc, engine_usable};
