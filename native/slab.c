/*
 * Every page holds objects of one size, which stands at its beginning: the header of 8 bytes leaves all objects at odd
 * multiples of 8, by which they are told from memory of malloc's. Free objects are linked by size, the last one given
 * back is the first to be used again. Pages stay with their size: the engine's heap grows at the start and then hardly
 * changes.
 */
#include "slab.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096
#define CHUNK_BYTES (16 * PAGE_BYTES)
#define STEP_BYTES 16
#define SIZES (256 / STEP_BYTES + 1)

struct page {
    size_t object_bytes;
};
#define HEADER_BYTES 8

struct free_object {
    struct free_object *next;
};

static struct free_object *free_objects[SIZES];

/* The part of the latest page of each size that has not been used yet, and of the latest chunk. */
static struct {
    char *next;
    char *end;
} fresh[SIZES], chunk;

static struct page *new_page(size_t object_bytes)
{
    if (chunk.next == chunk.end) {
        void *memory = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            return NULL;
        chunk.next = memory;
        chunk.end = chunk.next + CHUNK_BYTES;
    }
    struct page *page = (struct page *)chunk.next;
    chunk.next += PAGE_BYTES;
    page->object_bytes = object_bytes;
    return page;
}

static void *take_fresh(size_t index)
{
    size_t bytes = index * STEP_BYTES;
    if ((size_t)(fresh[index].end - fresh[index].next) < bytes) {
        struct page *page = new_page(bytes);
        if (page == NULL)
            return NULL;
        fresh[index].next = (char *)page + HEADER_BYTES;
        fresh[index].end = (char *)page + PAGE_BYTES;
    }
    void *object = fresh[index].next;
    fresh[index].next += bytes;
    return object;
}

static struct page *page_of(const void *object)
{
    return (struct page *)((uintptr_t)object & ~(uintptr_t)(PAGE_BYTES - 1));
}

void *slab_take(size_t size)
{
    size_t index = (size + STEP_BYTES - 1) / STEP_BYTES;
    struct free_object *object = free_objects[index];
    if (object == NULL)
        return take_fresh(index);
    free_objects[index] = object->next;
    return object;
}

void slab_give(void *object)
{
    struct free_object *freed = object;
    size_t index = slab_room(object) / STEP_BYTES;
    freed->next = free_objects[index];
    free_objects[index] = freed;
}

bool slab_owns(const void *memory)
{
    return ((uintptr_t)memory & 8) != 0;
}

size_t slab_room(const void *object)
{
    return page_of(object)->object_bytes;
}
