/* rows: how the tables of the classes are written: one row a point, one row an alarm. A row stands in braces, and further
 * members follow it: {POINT_BOOL("trapped", POLL_SAFETY, "困人", "passenger trapped"), .derived = true}. What a row does not
 * name is none (NO_LIMIT, NULL, false). */
#ifndef OUTPOST_DRIVERS_DEVICE_ROWS_H
#define OUTPOST_DRIVERS_DEVICE_ROWS_H

#include "gateway/base/check.h"
#include "gateway/model/class.h"

/* clang-format off */
#define POINT_ANY(id_, unit_, type_, low_, high_, poll_, zh_, en_) \
    .id = (id_), .unit = (unit_), .type = (type_), .minimum = (low_), .maximum = (high_), .poll = (poll_), \
    .zh = (zh_), .en = (en_)
#define POINT_PLAIN(id_, unit_, type_, poll_, zh_, en_) POINT_ANY(id_, unit_, type_, NO_LIMIT, NO_LIMIT, poll_, zh_, en_)
#define POINT_BOOL(id_, poll_, zh_, en_)         POINT_PLAIN(id_, "", VALUE_BOOL, poll_, zh_, en_)
#define POINT_TEXT(id_, poll_, zh_, en_)         POINT_PLAIN(id_, "", VALUE_TEXT, poll_, zh_, en_)
#define POINT_WHOLE(id_, unit_, poll_, zh_, en_) POINT_PLAIN(id_, unit_, VALUE_INT, poll_, zh_, en_)
/* low … high: the physical range, outside is implausible; band: smaller changes are no news */
#define POINT_NUMBER(id_, unit_, low_, high_, band_, poll_, zh_, en_) \
    POINT_ANY(id_, unit_, VALUE_NUMBER, low_, high_, poll_, zh_, en_), .deadband = (band_)
#define POINT_CODED(id_, list_, poll_, zh_, en_) \
    POINT_PLAIN(id_, "", VALUE_ENUM, poll_, zh_, en_), .codes = (list_), .code_count = ARRAY_SIZE(list_)
/* standard: when the site file says nothing; NO_LIMIT: then it is unknown */
#define SETTING_ANY(id_, unit_, low_, high_, zh_, en_) \
    .id = (id_), .unit = (unit_), .minimum = (low_), .maximum = (high_), .zh = (zh_), .en = (en_)
#define SETTING_NUMBER(id_, unit_, low_, high_, standard_, zh_, en_) \
    SETTING_ANY(id_, unit_, low_, high_, zh_, en_), .standard = (standard_)
#define SETTING_CHOICE(id_, list_, standard_, zh_, en_) \
    SETTING_ANY(id_, "", NO_LIMIT, NO_LIMIT, zh_, en_), .standard = (standard_), .choices = (list_), \
    .choice_count = ARRAY_SIZE(list_)
/* one dialect of the codes of one point */
#define DIALECT(system_, point_, list_) \
    .system = (system_), .point = (point_), .codes = (list_), .code_count = ARRAY_SIZE(list_)
#define DERIVED(needs_) .derived = true, .needs = (needs_)

#define SECONDS(n_) ((n_) * 1000U)
#define LATCHED     true
#define FREE        false

/* on, off, on_max: seconds of on-delay, off-delay, and the longest on-delay a site file may ask for */
#define ALARM_ANY(id_, point_, kind_, limit_, ceiling_, on_, off_, on_max_, priority_, latch_, zh_, en_) \
    .id = (id_), .point = (point_), .kind = (kind_), .limit = (limit_), .limit_ceiling = (ceiling_), \
    .on_delay_ms = SECONDS(on_), .off_delay_ms = SECONDS(off_), .on_delay_max_ms = SECONDS(on_max_), \
    .priority = (priority_), .latch = (latch_), .shelvable = (priority_) != PRIORITY_CRITICAL, .zh = (zh_), .en = (en_)
#define ALARM_BIT(id_, point_, on_, off_, on_max_, priority_, latch_, zh_, en_) \
    ALARM_ANY(id_, point_, RULE_BIT, NO_LIMIT, NO_LIMIT, on_, off_, on_max_, priority_, latch_, zh_, en_)
#define ALARM_CODE(id_, point_, on_, off_, on_max_, priority_, latch_, zh_, en_) /* and .codes = {…} */ \
    ALARM_ANY(id_, point_, RULE_CODE, NO_LIMIT, NO_LIMIT, on_, off_, on_max_, priority_, latch_, zh_, en_)
#define ALARM_LIMIT(id_, point_, kind_, limit_, ceiling_, band_, on_, off_, on_max_, priority_, latch_, zh_, en_) \
    ALARM_ANY(id_, point_, kind_, limit_, ceiling_, on_, off_, on_max_, priority_, latch_, zh_, en_), .deadband = (band_)
#define ALARM_COMM(on_, off_, on_max_, priority_, zh_, en_) \
    ALARM_ANY("comm.lost", NULL, RULE_COMM, NO_LIMIT, NO_LIMIT, on_, off_, on_max_, priority_, FREE, zh_, en_)
/* clang-format on */

#endif
