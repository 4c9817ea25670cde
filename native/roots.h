/* The Amazon Trust Services roots, which the build takes from Node's trust store and compiles in. */
#ifndef KVS_ROOTS_H
#define KVS_ROOTS_H

struct amazon_root {
    /* A certificate in DER; it lies in the executable and needs no copy. */
    const unsigned char *der;
    unsigned int size;
};

extern const struct amazon_root amazon_roots[];
extern const unsigned int amazon_roots_count;

#endif
