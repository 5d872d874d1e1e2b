/* report_pieces: what all parts of the page have in common: two languages, verdicts, values. */
#ifndef OUTPOST_FIRMWARE_SIM_REPORT_PIECES_H
#define OUTPOST_FIRMWARE_SIM_REPORT_PIECES_H

#include <stdio.h>

#include "firmware-sim/report.h"

/* "中文 English": the people who sign read one of them. */
void put_both(FILE *out, const char *en, const char *zh);
void put_label(FILE *out, const struct label *label, const char *fallback);
void put_result(FILE *out, enum report_result result);

/* With how many of its points were let pass. */
void put_result_of_device(FILE *out, const struct report_device *device);

/* Why it was let pass. */
void put_reason(FILE *out, const struct report_point *point);

/* A reading as people write it: five digits, yes and no. The JSON form has all of them. */
void put_value(FILE *out, const char *value);

#endif
