/* classes: the table of all kinds of equipment the gateway knows. Handed by main (and tests) to whoever needs it. */
#ifndef OUTPOST_DRIVERS_DEVICE_CLASSES_H
#define OUTPOST_DRIVERS_DEVICE_CLASSES_H

#include "gateway/model/class.h"

extern const struct class_table classes; /* static, immutable */

#endif
