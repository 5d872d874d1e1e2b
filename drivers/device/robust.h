/* robust: numbers that a few wild readings do not move. Pure, no allocation. */
#ifndef OUTPOST_DRIVERS_DEVICE_ROBUST_H
#define OUTPOST_DRIVERS_DEVICE_ROBUST_H

#include <stddef.h>

#define ROBUST_SLOPE_MAX 45 /* points of one slope: 990 pairs, 8 kB of stack */

/* The middle one of values[0 … count), of an even count the mean of the middle two; count > 0. Reorders the values.
 * Selection by Hoare's FIND (Communications of the ACM 4, 1961). */
double robust_median(double *values, size_t count);

struct robust_point {
    double x;
    double y;
};

/* Change of y per x: the median of the slopes of all pairs (Theil 1950, Sen 1968). It stands up to 29 % of wild points.
 * 2 <= count <= ROBUST_SLOPE_MAX, no x twice. */
double robust_slope(const struct robust_point *points, size_t count);

#endif
