/*
 * Every page holds objects of one size, which stands at its beginning: the header of 8 bytes leaves all objects at odd
 * multiples of 8, by which they are told from memory of malloc's. Free objects are linked by size, the last one given
 * back is the first to be used again. The engine's heap grows at the start and then hardly changes, but for what was needed
 * once, such as the names in a folder: pages of it that are empty are given back.
 */
#include "slab.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096
#define CHUNK_BYTES (16 * PAGE_BYTES)
#define STEP_BYTES 16
#define SIZES (256 / STEP_BYTES + 1)

struct page {
    uint32_t object_bytes;
    uint32_t objects_in_use;
};
#define HEADER_BYTES 8
_Static_assert(sizeof(struct page) == HEADER_BYTES, "objects begin behind the header");

/* So much of a size may be free before pages are looked at: what comes and goes with every frame stays below. */
#define FREE_BYTES (4 * PAGE_BYTES)

struct free_object {
    struct free_object *next;
};

static struct free_object *free_objects[SIZES];
static size_t free_bytes[SIZES];

/* Pages that the kernel has back until they are used again. Where there are more, they stay with their size. */
static struct page *spare[64];
static size_t spare_count;

/* The part of the latest page of each size that has not been used yet, and of the latest chunk. */
static struct {
    char *next;
    char *end;
} fresh[SIZES], chunk;

static struct page *take_page(void)
{
    if (spare_count > 0)
        return spare[--spare_count];
    if (chunk.next == chunk.end) {
        void *memory = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            return NULL;
        chunk.next = memory;
        chunk.end = chunk.next + CHUNK_BYTES;
    }
    struct page *page = (struct page *)chunk.next;
    chunk.next += PAGE_BYTES;
    return page;
}

static void *take_fresh(size_t index)
{
    size_t bytes = index * STEP_BYTES;
    if ((size_t)(fresh[index].end - fresh[index].next) < bytes) {
        struct page *page = take_page();
        if (page == NULL)
            return NULL;
        *page = (struct page){.object_bytes = (uint32_t)bytes};
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
    if (object == NULL) {
        object = take_fresh(index);
        if (object == NULL)
            return NULL;
    } else {
        free_objects[index] = object->next;
        free_bytes[index] -= index * STEP_BYTES;
    }
    page_of(object)->objects_in_use++;
    return object;
}

static void unlink_objects(const struct page *page, size_t index)
{
    struct free_object **at = &free_objects[index];
    while (*at != NULL) {
        if (page_of(*at) != page) {
            at = &(*at)->next;
        } else {
            *at = (*at)->next;
            free_bytes[index] -= index * STEP_BYTES;
        }
    }
}

/* Not the latest page of its size, of which a part was never used. */
static void give_back(struct page *page, size_t index)
{
    bool latest = page_of(fresh[index].end - 1) == page;
    if (latest || spare_count == sizeof spare / sizeof spare[0])
        return;
    unlink_objects(page, index);
    /* Where the kernel's pages are larger it refuses: then the page is used again as it is. */
    (void)madvise(page, PAGE_BYTES, MADV_DONTNEED);
    spare[spare_count++] = page;
}

void slab_give(void *object)
{
    struct free_object *freed = object;
    struct page *page = page_of(object);
    size_t index = page->object_bytes / STEP_BYTES;
    freed->next = free_objects[index];
    free_objects[index] = freed;
    free_bytes[index] += page->object_bytes;
    page->objects_in_use--;
    if (page->objects_in_use == 0 && free_bytes[index] > FREE_BYTES)
        give_back(page, index);
}

bool slab_owns(const void *memory)
{
    return ((uintptr_t)memory & 8) != 0;
}

size_t slab_room(const void *object)
{
    return page_of(object)->object_bytes;
}
