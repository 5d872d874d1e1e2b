#include "drivers/device/robust.h"

#include "gateway/base/check.h"

static void swap(double *a, double *b)
{
    double const kept = *a;
    *a = *b;
    *b = kept;
}

/* Puts values[k] where sorting would: nothing greater before it, nothing smaller after it. */
static double select_kth(double *values, ptrdiff_t count, ptrdiff_t k)
{
    ptrdiff_t first = 0;
    ptrdiff_t last = count - 1;
    while (first < last) {
        double const pivot = values[k];
        ptrdiff_t i = first;
        ptrdiff_t j = last;
        while (i <= j) {
            while (values[i] < pivot)
                i++;
            while (pivot < values[j])
                j--;
            if (i <= j)
                swap(&values[i++], &values[j--]);
        }
        if (j < k)
            first = i;
        if (k < i)
            last = j;
    }
    return values[k];
}

double robust_median(double *values, size_t count)
{
    CHECK(count > 0);
    size_t const middle = count / 2;
    double const upper = select_kth(values, (ptrdiff_t)count, (ptrdiff_t)middle);
    if (count % 2 == 1)
        return upper;
    double lower = values[0];
    for (size_t i = 1; i < middle; i++)
        lower = values[i] > lower ? values[i] : lower;
    return (lower + upper) / 2;
}

double robust_slope(const struct robust_point *points, size_t count)
{
    CHECK(count >= 2 && count <= ROBUST_SLOPE_MAX);
    double slopes[ROBUST_SLOPE_MAX * (ROBUST_SLOPE_MAX - 1) / 2];
    size_t pairs = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            slopes[pairs++] = (points[j].y - points[i].y) / (points[j].x - points[i].x);
    return robust_median(slopes, pairs);
}
