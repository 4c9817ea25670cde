/* The program: src/device/kvs.ts as bytecode of the engine, which the build compiles in. */
#ifndef KVS_PROGRAM_H
#define KVS_PROGRAM_H

/* Aligned to 8, since the engine reads it in place. */
extern const unsigned char program_bytecode[];
extern const unsigned int program_bytecode_size;

#endif
