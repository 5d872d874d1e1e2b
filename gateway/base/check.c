#include "gateway/base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "outpost: bug at %s:%d: CHECK(%s) failed\n", file, line, condition);
    abort();
}
