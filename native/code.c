/*
 * Code that runs once, to start or to connect, would stay resident for good. Its pages are let go: they come back from
 * the file when it runs again. What runs while it streams lies together (streaming.txt), so that it alone comes back.
 */
#include "code.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"

/* By then it has connected, and the first fragment is not complete yet. */
#define FIRST_NS 1000000000
/* What connecting anew, an error or a line of the report has brought in does not stay for long either. */
#define EVERY_NS 10000000000

/* Set by the linker: the beginning of what is read only, and the end of the code in it. */
extern const char __executable_start[], etext[];

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
    static int64_t due_ns;
    int64_t present_ns = clock_now_ns();
    if (due_ns != 0 && present_ns >= due_ns)
        let_go();
    if (due_ns == 0 || present_ns >= due_ns)
        due_ns = present_ns + (due_ns == 0 ? FIRST_NS : EVERY_NS);
}
