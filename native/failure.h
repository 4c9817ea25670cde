/* Why a connection has ended, in the words that src/device/native.ts lists. */
#ifndef KVS_FAILURE_H
#define KVS_FAILURE_H

struct failure {
    char name[24];
    /* What else there is to say; empty for nothing. */
    char detail[64];
};

void failure_set(struct failure *failure, const char *name, const char *detail);
/* Named after an errno. */
void failure_errno(struct failure *failure, int error);

#endif
