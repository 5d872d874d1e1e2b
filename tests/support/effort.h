/* effort: how much of a test is done. SCALE (environment) below 10 is every day's work, from 10 on the full size; under a
 * sanitizer a tenth of either. */
#ifndef OUTPOST_TESTS_SUPPORT_EFFORT_H
#define OUTPOST_TESTS_SUPPORT_EFFORT_H

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define EFFORT_SLOWER 10
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define EFFORT_SLOWER 10
#endif
#endif
#ifndef EFFORT_SLOWER
#define EFFORT_SLOWER 1
#endif

static inline unsigned effort(unsigned daily, unsigned full)
{
    const char *scale = getenv("SCALE");
    return (scale != NULL && strtod(scale, NULL) >= 10 ? full : daily) / EFFORT_SLOWER;
}

#endif
