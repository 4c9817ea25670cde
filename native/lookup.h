/* Name lookup that does not hold up the loop: a resolver that is gone costs getaddrinfo seconds. */
#ifndef KVS_LOOKUP_H
#define KVS_LOOKUP_H

#include <netdb.h>

struct lookup;

/* Called from the loop: NULL and addresses, which freeaddrinfo takes, or the name of an error ("EAI_NONAME"). */
typedef void lookup_done(void *owner, const char *error, struct addrinfo *addresses);

/* The addresses of a host written in numbers; NULL where it is a name, or memory is missing. */
struct addrinfo *lookup_number(const char *host, const char *port);

/* NULL and the reason in errno where no thread can be had. */
struct lookup *lookup_start(const char *host, const char *port, lookup_done *done, void *owner);
/* `done` is not called any more. */
void lookup_abandon(struct lookup *lookup);

#endif
