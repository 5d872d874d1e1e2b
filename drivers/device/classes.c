#include "drivers/device/classes.h"

#include "drivers/device/gas_detector.h"
#include "drivers/device/generic.h"
#include "drivers/device/io.h"
#include "drivers/device/lift.h"
#include "gateway/base/check.h"

static const struct device_class *const all[] = {
    &generic_class,
    &io_class,
    &gas_detector_class,
    &lift_class,
};

const struct class_table classes = {all, ARRAY_SIZE(all)};
