/* tri: three-valued logic (Kleene): yes, no, and "we do not know" for what a bad reading leaves open.
 *
 * An unknown never decides: `no AND unknown` is no, `yes OR unknown` is yes, everything else stays unknown. */
#ifndef OUTPOST_CORE_TRI_H
#define OUTPOST_CORE_TRI_H

#include <stdbool.h>

enum tri { TRI_NO, TRI_YES, TRI_UNKNOWN };

static inline enum tri tri_of(bool yes)
{
    return yes ? TRI_YES : TRI_NO;
}

static inline enum tri tri_not(enum tri a)
{
    return a == TRI_UNKNOWN ? TRI_UNKNOWN : tri_of(a == TRI_NO);
}

static inline enum tri tri_and(enum tri a, enum tri b)
{
    if (a == TRI_NO || b == TRI_NO)
        return TRI_NO;
    return a == TRI_YES && b == TRI_YES ? TRI_YES : TRI_UNKNOWN;
}

static inline enum tri tri_or(enum tri a, enum tri b)
{
    if (a == TRI_YES || b == TRI_YES)
        return TRI_YES;
    return a == TRI_NO && b == TRI_NO ? TRI_NO : TRI_UNKNOWN;
}

#endif
