/* Names of errors: strerrorname_np is not everywhere. */
#include "errors.h"

#include <errno.h>
#include <stdio.h>

#define NAME(error) {error, #error}

static const struct {
    int number;
    const char *name;
} names[] = {
    NAME(EACCES),        NAME(EADDRINUSE),   NAME(EADDRNOTAVAIL), NAME(EAFNOSUPPORT), NAME(EAGAIN),
    NAME(EBADF),         NAME(EBUSY),        NAME(ECONNABORTED),  NAME(ECONNREFUSED), NAME(ECONNRESET),
    NAME(EDQUOT),        NAME(EEXIST),       NAME(EFAULT),        NAME(EFBIG),        NAME(EHOSTDOWN),
    NAME(EHOSTUNREACH),  NAME(EINTR),        NAME(EINVAL),        NAME(EIO),          NAME(EISDIR),
    NAME(ELOOP),         NAME(EMFILE),       NAME(ENAMETOOLONG),  NAME(ENETDOWN),     NAME(ENETRESET),
    NAME(ENETUNREACH),   NAME(ENFILE),       NAME(ENOBUFS),       NAME(ENODEV),       NAME(ENOENT),
    NAME(ENOMEM),        NAME(ENOSPC),       NAME(ENOSYS),        NAME(ENOTCONN),     NAME(ENOTDIR),
    NAME(ENXIO),         NAME(EOPNOTSUPP),   NAME(EOVERFLOW),     NAME(EPERM),        NAME(EPIPE),
    NAME(EPROTO),        NAME(EROFS),        NAME(ESTALE),        NAME(ETIMEDOUT),    NAME(ETXTBSY),
};

const char *error_name(int error_number)
{
    static char unknown[24];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].number == error_number)
            return names[i].name;
    }
    snprintf(unknown, sizeof unknown, "errno %d", error_number);
    return unknown;
}

JSValue error_value(JSContext *context, int error_number)
{
    return JS_NewString(context, error_name(error_number));
}
