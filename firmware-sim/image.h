/* image: all registers of one device as far as they are known, and how each answers. Pure. */
#ifndef OUTPOST_FIRMWARE_SIM_IMAGE_H
#define OUTPOST_FIRMWARE_SIM_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/finding.h"

#define IMAGE_REGISTERS 65536

enum image_state {
    IMAGE_UNKNOWN, /* never read */
    IMAGE_ANSWERS,
    IMAGE_SILENT,
    IMAGE_EXCEPTION, /* this plus the code */
};

struct image { /* starts zeroed; large: not for the stack */
    uint16_t words[TABLE_COUNT][IMAGE_REGISTERS];
    uint16_t states[TABLE_COUNT][IMAGE_REGISTERS];
    size_t known;
    size_t silent; /* among the known */
};

void image_apply(struct image *image, const struct finding *finding);

/* What a finding brings that the image does not have yet: each stretch of registers that differ, in order. */
typedef void image_news(void *self, const struct finding *news);
void image_compare(const struct image *image, const struct finding *finding, image_news *tell, void *self);

/* How a read of these registers ends: silence if one of them is silent, else the first exception, else words. */
enum outcome image_judge(const struct image *image, const struct span *where, uint8_t *ret_exception);

/* Everything that is known of the device is silent. */
bool image_is_silent(const struct image *image);

/* The next stretch of known registers of the table from `from` on; false when there is none. At most `count_max` long. */
bool image_stretch(const struct image *image, enum table table, uint32_t from, uint32_t count_max,
                   struct span *ret_span);

#endif
