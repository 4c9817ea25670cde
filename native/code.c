/*
 * Code that runs once, to start or to connect, would stay resident for good. Its pages are let go: they come back from
 * the file when it runs again. What runs while it streams lies together (streaming.txt), so that it alone comes back.
 */
#include "code.h"

#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* By then it has connected, and the first fragment is not complete yet. */
#define FIRST_MS 1000
/* What connecting anew, an error or a line of the report has brought in does not stay for long either. */
#define EVERY_MS 10000

/* Set by the linker: the beginning of what is read only, and the end of the code in it. */
extern const char __executable_start[], etext[];

static int64_t now_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Refused by the kernel it costs memory and nothing else. */
static void let_go(void)
{
    uintptr_t start = (uintptr_t)__executable_start;
    uintptr_t length = (uintptr_t)etext - start;
    uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)madvise((void *)start, length - length % page_bytes, MADV_DONTNEED);
}

void code_let_go(void)
{
    static int64_t due_ms;
    int64_t present_ms = now_ms();
    if (due_ms != 0 && present_ms >= due_ms)
        let_go();
    if (due_ms == 0 || present_ms >= due_ms)
        due_ms = present_ms + (due_ms == 0 ? FIRST_MS : EVERY_MS);
}
