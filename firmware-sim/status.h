/* status: what `ctl status` says of buses and slaves, for people a line each, for programs a JSON object each. Pure. */
#ifndef OUTPOST_FIRMWARE_SIM_STATUS_H
#define OUTPOST_FIRMWARE_SIM_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/text.h"

struct status {
    struct text *out;
    bool json;
    bool inside; /* JSON: the list has an object, the object a member */
};

/* `name` is that of the list: "buses". */
void status_begin_list(struct status *status, const char *name);
void status_end_list(struct status *status);

/* One thing of a list: "bus line …\n" or {"id":"line", …}. */
void status_begin(struct status *status, const char *kind, const char *id);
void status_word(struct status *status, const char *name, const char *word);
void status_number(struct status *status, const char *name, uint64_t number);
void status_real(struct status *status, const char *name, double number);
void status_end(struct status *status);

#endif
