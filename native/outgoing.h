/* What is sent of a connection: the program's lists of bytes one after the other, and the end. */
#ifndef KVS_OUTGOING_H
#define KVS_OUTGOING_H

#include "quickjs.h"
#include "transport.h"

struct outgoing {
    /* The Uint8Arrays being sent, held until all are; undefined where there are none. */
    JSValue parts;
    uint32_t count;
    uint32_t part;
    /* How much of that part is sent. */
    size_t offset;
    /* This side ends when all is sent; and has ended. */
    bool ending;
    bool ended;
};

void outgoing_init(struct outgoing *outgoing);
/* False with a pending exception where `parts` is no list, or the last one is not sent yet. */
bool outgoing_start(struct outgoing *outgoing, JSValueConst parts);
/* Sends what there is room for, and after the last part what ends this side. */
enum io outgoing_push(struct outgoing *outgoing, struct transport *transport);
/* Whether a list is still being sent. */
bool outgoing_held(const struct outgoing *outgoing);
/* Whether there is a list or an end to be sent. */
bool outgoing_waits(const struct outgoing *outgoing);
void outgoing_drop(struct outgoing *outgoing);

#endif
