/* TCP connections: the host's addresses are looked up and tried, the first that answers wins. */
#ifndef KVS_DIAL_H
#define KVS_DIAL_H

struct dial;

/* Called once from the loop, when the dial is gone: a connected descriptor and NULL, or -1 and an error's name. */
typedef void dial_done(void *owner, int descriptor, const char *error);

/* Begins. Where it fails at once it returns NULL and the name of the error. */
struct dial *dial_start(const char *host, int port, dial_done *done, void *owner, const char **error);
/* `done` is not called any more. */
void dial_cancel(struct dial *dial);

#endif
