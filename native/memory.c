#include "memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "slab.h"

/* malloc of some C libraries aligns to 8 only; slab.h tells its own by the difference. */
#define LARGE_ALIGNMENT 16

/*
 * Where the engine cannot have even this, it cannot go on: it would need memory to say so, and not all of it is prepared
 * to have none. Of more than this it throws an error that the program may handle.
 */
#define VITAL_BYTES 65536

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

static size_t engine_room(const void *memory)
{
    return slab_owns(memory) ? slab_room(memory) : malloc_usable_size((void *)memory);
}

/* Not aligned_alloc: of the size that it wants to be rounded up, AddressSanitizer would not see the last bytes overrun. */
static void *take_large(size_t size)
{
    void *memory;
    return posix_memalign(&memory, LARGE_ALIGNMENT, size) == 0 ? memory : NULL;
}

static void *engine_malloc(JSMallocState *state, size_t size)
{
    void *memory = size <= SLAB_LARGEST_BYTES ? slab_take(size) : take_large(size);
    if (memory == NULL && size <= VITAL_BYTES)
        engine_out_of_memory();
    if (memory == NULL)
        return NULL;
    size_t room = engine_room(memory);
    state->malloc_count++;
    state->malloc_size += room;
    memory_counted(&memory_engine, room);
    return memory;
}

static void engine_free(JSMallocState *state, void *memory)
{
    if (memory == NULL)
        return;
    size_t room = engine_room(memory);
    state->malloc_count--;
    state->malloc_size -= room;
    memory_uncounted(&memory_engine, room);
    if (slab_owns(memory))
        slab_give(memory);
    else
        free(memory);
}

/* Memory that shrinks a little stays where it is. */
static bool fits(size_t room, size_t size)
{
    return size <= room && size >= room / 2;
}

static void *engine_realloc(JSMallocState *state, void *memory, size_t size)
{
    if (size == 0) {
        engine_free(state, memory);
        return NULL;
    }
    if (memory == NULL)
        return engine_malloc(state, size);
    size_t room = engine_room(memory);
    if (fits(room, size))
        return memory;
    void *moved = engine_malloc(state, size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, memory, size < room ? size : room);
    engine_free(state, memory);
    return moved;
}

const JSMallocFunctions memory_for_engine = {engine_malloc, engine_free, engine_realloc, engine_room};
