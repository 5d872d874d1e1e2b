#include "drivers/device/classes.h"

#include "drivers/device/boiler_burner.h"
#include "drivers/device/boiler_hot_water.h"
#include "drivers/device/boiler_steam.h"
#include "drivers/device/boiler_thermal_oil.h"
#include "drivers/device/escalator.h"
#include "drivers/device/forklift.h"
#include "drivers/device/gas_detector.h"
#include "drivers/device/gas_panel.h"
#include "drivers/device/generic.h"
#include "drivers/device/io.h"
#include "drivers/device/lift.h"
#include "drivers/device/lpg.h"
#include "gateway/base/check.h"

static const struct device_class *const all[] = {
    &generic_class,
    &io_class,
    &gas_detector_class,
    &gas_panel_class,
    &lpg_cylinder_class,
    &lpg_scale_class,
    &lift_class,
    &escalator_class,
    &moving_walk_class,
    &forklift_class,
    &boiler_steam_class,
    &boiler_hot_water_class,
    &boiler_thermal_oil_class,
    &boiler_burner_class,
};

const struct class_table classes = {all, ARRAY_SIZE(all)};
