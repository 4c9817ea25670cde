/* How an operation on a socket that does not block has come out. */
#ifndef KVS_IO_H
#define KVS_IO_H

enum io {
    IO_DONE,
    /* Again when there is something to read. */
    IO_READ,
    /* Again when there is room to write. */
    IO_WRITE,
    /* The peer has ended its side in order. */
    IO_END,
    IO_FAILED,
};

#endif
