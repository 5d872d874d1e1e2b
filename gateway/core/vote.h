/* vote: n of m over the detectors of a zone. Pure.
 *
 * A detector votes when the condition of its alarm holds, or of its over-range alarm, once it was read since start.
 * A detector that is faulty or does not answer (its fault or comm alarm's condition, after delays) votes as the zone
 * says: FAULT_VOTE_FOR: it votes, once it was read since start (also by its own word that it is faulty);
 * FAULT_VOTE_REMOVE: it no longer counts, n falls to at most the number that is left, and a vote it was holding when it
 * went blind stays; over a restart as one that is not known.
 *
 * The verdict is three-valued. Unknown, when detectors not read since start could still decide it, or when all are
 * removed: an unknown vote trips nothing and releases nothing. */
#ifndef OUTPOST_CORE_VOTE_H
#define OUTPOST_CORE_VOTE_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/core/tri.h"
#include "gateway/model/site.h"

struct vote_member {
    bool known;     /* read since start */
    bool condition; /* of the alarm asked for, or over-range */
    bool fault;     /* condition of a fault or comm alarm */
};

struct vote {
    enum tri verdict;
    uint64_t voters;  /* bit i: member i votes for it */
    uint64_t unknown; /* bit i: it is not known how member i votes */
};

/* 1 <= n; member_count <= SITE_DETECTORS_MAX. */
struct vote vote_take(const struct vote_member *members, size_t member_count, size_t n, enum fault_vote fault_vote);

#endif
