/* dies: which calls end the process with a CHECK? Here a failed CHECK ends only the call that assert_dies() makes; anywhere
 * else it ends the program as ever. Takes the place of gateway/base/check.c, so one file of a program includes it. */
#ifndef OUTPOST_TESTS_SUPPORT_DIES_H
#define OUTPOST_TESTS_SUPPORT_DIES_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/base/check.h"
#include "tests/support/test.h"

static struct {
    jmp_buf back;
    bool wanted;
} death;

_Noreturn void check_failed(const char *file, int line, const char *condition)
{
    if (!death.wanted) {
        (void)fprintf(stderr, "bug at %s:%d: CHECK(%s) failed\n", file, line, condition);
        abort();
    }
    death.wanted = false;
    longjmp(death.back, 1);
}

/* The call fails a CHECK. Locals that change between here and there are not to be looked at afterwards. */
#define assert_dies(call)                                                                                              \
    do {                                                                                                               \
        if (setjmp(death.back) == 0) {                                                                                 \
            death.wanted = true;                                                                                       \
            (void)(call);                                                                                              \
            death.wanted = false;                                                                                      \
            fail_msg("lives on: %s", #call);                                                                           \
        }                                                                                                              \
    } while (0)

#endif
