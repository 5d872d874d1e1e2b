#include "gateway/core/vote.h"

#include "gateway/base/check.h"

enum ballot { BALLOT_AGAINST, BALLOT_FOR, BALLOT_UNKNOWN, BALLOT_REMOVED };

static enum ballot ballot_of(const struct vote_member *member, enum fault_vote fault_vote)
{
    if (member->condition) /* stored, and not read since: it does not fall out of the vote by going blind meanwhile */
        return member->known ? BALLOT_FOR : BALLOT_UNKNOWN;
    if (member->fault && fault_vote == FAULT_VOTE_REMOVE)
        return BALLOT_REMOVED;
    if (!member->known)
        return BALLOT_UNKNOWN;
    return member->fault ? BALLOT_FOR : BALLOT_AGAINST;
}

struct vote vote_take(const struct vote_member *members, size_t member_count, size_t n, enum fault_vote fault_vote)
{
    CHECK(n > 0 && member_count <= SITE_DETECTORS_MAX);
    struct vote vote = {.verdict = TRI_UNKNOWN};
    size_t in_favour = 0;
    size_t unknown = 0;
    size_t left = 0;
    for (size_t i = 0; i < member_count; i++) {
        enum ballot ballot = ballot_of(&members[i], fault_vote);
        if (ballot == BALLOT_REMOVED)
            continue;
        left++;
        if (ballot == BALLOT_UNKNOWN) {
            unknown++;
            vote.unknown |= UINT64_C(1) << i;
        }
        if (ballot == BALLOT_FOR) {
            in_favour++;
            vote.voters |= UINT64_C(1) << i;
        }
    }
    if (left == 0)
        return vote;
    size_t needed = n < left ? n : left;
    if (in_favour >= needed)
        vote.verdict = TRI_YES;
    else if (in_favour + unknown < needed)
        vote.verdict = TRI_NO;
    return vote;
}
