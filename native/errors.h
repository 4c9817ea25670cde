/* Names of errors as the program sees them. */
#ifndef KVS_ERRORS_H
#define KVS_ERRORS_H

#include "quickjs.h"

/* "ENOENT" for ENOENT; numbers that have no name here: "errno 123". Valid until the next call. */
const char *error_name(int error_number);
/* The same as a string of the program's. */
JSValue error_value(JSContext *context, int error_number);

#endif
