/* view: the gateway's answers (reply.h) as a person reads them. Pure but for the time zone: JSON in, lines out. What is
 * missing in an answer is left out of the picture, so an older gateway is still readable. */
#ifndef OUTPOST_DESK_VIEW_H
#define OUTPOST_DESK_VIEW_H

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>

#include "gateway/desk/paper.h"
#include "gateway/desk/tongue.h"

/* Times are shown in the site's zone ("time_zone"). Sets TZ of this process: not with other threads about. */
void view_set_zone(const cJSON *answer);

/* Alarms that are not normal, gravest first, then interlocks; one sentence when there is nothing. */
void view_alarms(FILE *to, const struct tongue *tongue, const cJSON *answer);

/* Readings by device, alarms marked, and a footer with buses, centres and journal. */
void view_watch(FILE *to, const struct tongue *tongue, const cJSON *answer);

/* One device: its readings with their ages. */
void view_read(FILE *to, const struct tongue *tongue, const cJSON *answer);

/* How the gateway is doing: a heading, a sentence for each thing that is wrong with what to do about it, then tables of buses,
 * slaves, centres (what is wrong first), journal and interlocks. Returns how many things are wrong. */
size_t view_status(struct paper *paper, const cJSON *answer);
/* Only counts, one for each sentence. Wrong is: a bus that is closed (its slaves are not counted, too) or behind its plan, any
 * other slave whose state is not "good", a centre that is not connected, a journal in trouble, an interlock that failed. */
size_t view_status_wrong(const cJSON *answer);

#endif
