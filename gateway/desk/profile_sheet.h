/* profile_sheet: a register map on paper: what is said once, then a row a point, addresses as on the wire and in the notation of
 * manuals. */
#ifndef OUTPOST_DESK_PROFILE_SHEET_H
#define OUTPOST_DESK_PROFILE_SHEET_H

#include "gateway/desk/paper.h"
#include "gateway/site/profiles.h"

void profile_sheet_put(struct paper *paper, const struct profile *profile);

#endif
