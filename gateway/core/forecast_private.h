/* forecast_private: of two times. */
#ifndef OUTPOST_CORE_FORECAST_PRIVATE_H
#define OUTPOST_CORE_FORECAST_PRIVATE_H

#include <stdint.h>

static inline int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
