/* effort: how much of a test is done. SCALE (environment) below 10 is every day's work, from 10 on the full size; under a
 * sanitizer a tenth of either: what it looks for does not depend on the seed, and it is several times as slow. */
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

/* The step of a loop over moments of the same course. */
#define EFFORT_STRIDE (EFFORT_SLOWER > 1 ? 5 : 1)

static inline unsigned effort(unsigned daily, unsigned full)
{
    const char *scale = getenv("SCALE");
    return (scale != NULL && strtod(scale, NULL) >= 10 ? full : daily) / EFFORT_SLOWER;
}

/* So many of what grows with SCALE, and at least one. */
static inline unsigned effort_times(unsigned at_scale_1)
{
    const char *scale = getenv("SCALE");
    unsigned long const factor = scale != NULL && strtoul(scale, NULL, 10) > 0 ? strtoul(scale, NULL, 10) : 1;
    return (unsigned)((at_scale_1 * factor + EFFORT_SLOWER - 1) / EFFORT_SLOWER);
}

#endif
