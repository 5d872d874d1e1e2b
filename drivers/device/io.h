/* io: boards of relays and inputs: shut-off valves, sirens, feedback contacts. Open: the table only names the usual
 * channels; others may be added. Whoever relies on an output needs to know that its board is gone: comm.lost is high. */
#ifndef OUTPOST_DRIVERS_DEVICE_IO_H
#define OUTPOST_DRIVERS_DEVICE_IO_H

#include "gateway/model/class.h"

extern const struct device_class io_class;

#endif
