#include "failure.h"

#include <stdio.h>

#include "errors.h"

void failure_set(struct failure *failure, const char *name, const char *detail)
{
    snprintf(failure->name, sizeof failure->name, "%s", name);
    snprintf(failure->detail, sizeof failure->detail, "%s", detail);
}

void failure_errno(struct failure *failure, int error)
{
    failure_set(failure, error_name(error), "");
}
