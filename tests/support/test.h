/* What every unit test includes first: cmocka wants these four headers before its own. */
#ifndef OUTPOST_TESTS_SUPPORT_TEST_H
#define OUTPOST_TESTS_SUPPORT_TEST_H

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#endif
