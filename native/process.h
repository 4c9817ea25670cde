/* The process that the program runs in. */
#ifndef KVS_PROCESS_H
#define KVS_PROCESS_H

#include <stddef.h>

/* Keeps the arguments for the program, and keeps what the memory holds from core files and other processes. */
void process_start(int argc, char **argv);

/* Writes what can be written: a reader that has gone away, or that has not read for a second, is no reason to stop. */
void process_write(int descriptor, const char *text, size_t length);

#endif
