/* How an operation on a socket that does not block has come out. */
#ifndef KVS_IO_H
#define KVS_IO_H

enum io {
    IO_DONE,
    /* Again when there is something to read. */
    IO_READ,
    /* Again when there is room to write. */
    IO_WRITE,
    /*
     * The peer sends nothing more. Over TLS it need not have said so, as on Node.js, which does not tell: whatever is
     * read must show by itself whether it is whole (a length, chunks, the end of JSON).
     */
    IO_END,
    IO_FAILED,
};

#endif
