#include "gateway/site/layout.h"

#include "gateway/base/check.h"
#include "gateway/site/profile.h"

#define SECOND_MS      1000.0
#define MINUTE_MS      60000.0
#define HOUR_MS        3600000.0
#define DAY_MS         86400000.0
#define PATH_MAX_BYTES 1024

const char *const kind_names[] = {
    [RULE_HIHI] = "hihi",     [RULE_HI] = "hi",
    [RULE_LO] = "lo",         [RULE_LOLO] = "lolo",
    [RULE_BIT] = "bit",       [RULE_CODE] = "code",
    [RULE_EQUALS] = "equals", [RULE_DEVIATION] = "deviation",
    [RULE_RATE] = "rate",     [RULE_STUCK] = "stuck",
    [RULE_COMM] = "comm",     [RULE_FAILED] = NULL, /* the rest is not to be written */
    [RULE_DUE] = "due",       [RULE_USED] = "used",
};
const char *const priority_names[] = {"critical", "high", "medium", "low", "info", NULL};
const char *const link_names[] = {"rtu", "tcp", "rtu-over-tcp", "replay", NULL};
static const char *const language_names[] = {"en", "zh", NULL};
static const char *const crs_names[] = {"WGS84", "CGCS2000", "GCJ02", NULL};
static const char *const fault_vote_names[] = {"for", "remove", NULL};
static const char *const release_names[] = {"auto", "manual", NULL};
static const char *const drill_names[] = {"mark", "drop", NULL};
static const char *const compress_names[] = {"deflate", NULL};

#define IN(type, member) offsetof(struct type, member)

static const struct field gateway_fields[] = {
    {.key = "id", .type = FIELD_ID, .offset = IN(raw_gateway, id), .required = true},
    {.key = "name", .type = FIELD_TEXT, .offset = IN(raw_gateway, name)},
    {.key = "time_zone", .type = FIELD_TEXT, .offset = IN(raw_gateway, time_zone), .minimum = 1, .maximum = 64},
    {.key = "language", .type = FIELD_CHOICE, .offset = IN(raw_gateway, language), .choices = language_names},
    {.key = "area_code", .type = FIELD_TEXT, .offset = IN(raw_gateway, area_code), .maximum = 32},
    {.key = "grid_code", .type = FIELD_TEXT, .offset = IN(raw_gateway, grid_code), .maximum = 32},
    {.key = "location", .type = FIELD_OBJECT, .offset = IN(raw_gateway, location)},
};
static const struct shape gateway_shape = SHAPE(gateway_fields);
static const struct raw_gateway gateway_default = {
    .name = "", .time_zone = "Asia/Shanghai", .language = LANGUAGE_ZH, .area_code = "", .grid_code = ""};

static const struct field location_fields[] = {
    {.key = "lon",
     .type = FIELD_NUMBER,
     .offset = IN(raw_location, lon),
     .minimum = -180,
     .maximum = 180,
     .required = true},
    {.key = "lat",
     .type = FIELD_NUMBER,
     .offset = IN(raw_location, lat),
     .minimum = -90,
     .maximum = 90,
     .required = true},
    {.key = "crs", .type = FIELD_CHOICE, .offset = IN(raw_location, crs), .choices = crs_names, .required = true},
};
const struct shape location_shape = SHAPE(location_fields);

static const struct field bus_fields[] = {
    {.key = "id", .type = FIELD_ID, .offset = IN(raw_bus, id), .required = true},
    {.key = "link", .type = FIELD_CHOICE, .offset = IN(raw_bus, link), .choices = link_names, .required = true},
    {.key = "port", .type = FIELD_ANY, .offset = IN(raw_bus, port)},
    {.key = "baud", .type = FIELD_WHOLE, .offset = IN(raw_bus, baud), .minimum = 300, .maximum = 4000000},
    {.key = "format", .type = FIELD_CHOICE, .offset = IN(raw_bus, format), .choices = format_names},
    {.key = "rs485", .type = FIELD_BOOL, .offset = IN(raw_bus, rs485)},
    {.key = "host", .type = FIELD_TEXT, .offset = IN(raw_bus, host), .minimum = 1, .maximum = 253},
    {.key = "file", .type = FIELD_TEXT, .offset = IN(raw_bus, file), .minimum = 1, .maximum = 4095},
    {.key = "timeout", .type = FIELD_DURATION, .offset = IN(raw_bus, timeout_ms), .minimum = 10, .maximum = MINUTE_MS},
    {.key = "guard", .type = FIELD_DURATION, .offset = IN(raw_bus, guard_ms), .maximum = 10 * SECOND_MS},
};
static const struct shape bus_shape = SHAPE(bus_fields);
static const struct raw_bus bus_default = {
    .link = NOT_GIVEN, .baud = NOT_GIVEN, .format = NOT_GIVEN, .rs485 = true, .timeout_ms = NOT_GIVEN};

/* A device may have all keys of a slave (the short form), at the same offsets. */
#define SLAVE_FIELDS                                                                                                   \
    {.key = "id", .type = FIELD_ID, .offset = IN(raw_slave, id), .required = true},                                    \
        {.key = "bus", .type = FIELD_TEXT, .offset = IN(raw_slave, bus), .minimum = 1, .maximum = SITE_ID_MAX},        \
        {.key = "unit", .type = FIELD_WHOLE, .offset = IN(raw_slave, unit), .maximum = 255},                           \
        {.key = "profile",                                                                                             \
         .type = FIELD_TEXT,                                                                                           \
         .offset = IN(raw_slave, profile),                                                                             \
         .minimum = 1,                                                                                                 \
         .maximum = SITE_ID_MAX},                                                                                      \
        {.key = "every", .type = FIELD_ANY, .offset = IN(raw_slave, every)},                                           \
        {.key = "write", .type = FIELD_LIST, .offset = IN(raw_slave, write)},                                          \
        {.key = "heartbeat", .type = FIELD_OBJECT, .offset = IN(raw_slave, heartbeat)},                                \
        {.key = "points", .type = FIELD_OBJECT, .offset = IN(raw_slave, points)},                                      \
        {.key = "order", .type = FIELD_CHOICE, .offset = IN(raw_slave, order), .choices = order_names},                \
        {.key = "guard", .type = FIELD_DURATION, .offset = IN(raw_slave, guard_ms), .maximum = 10 * SECOND_MS},        \
        {.key = "max_gap", .type = FIELD_WHOLE, .offset = IN(raw_slave, gap_max), .maximum = PROFILE_COUNT_MAX - 1},   \
        {.key = "base", .type = FIELD_WHOLE, .offset = IN(raw_slave, base), .minimum = -65535, .maximum = 65535},      \
        {.key = "channels",                                                                                            \
         .type = FIELD_WHOLE,                                                                                          \
         .offset = IN(raw_slave, channels),                                                                            \
         .minimum = 1,                                                                                                 \
         .maximum = SITE_POINTS_MAX},                                                                                  \
    {                                                                                                                  \
        .key = "max_count", .type = FIELD_WHOLE, .offset = IN(raw_slave, count_max), .minimum = 1,                     \
        .maximum = PROFILE_COUNT_MAX                                                                                   \
    }
#define SLAVE_DEFAULT                                                                                                  \
    {                                                                                                                  \
        .unit = NOT_GIVEN, .order = NOT_GIVEN, .guard_ms = NOT_GIVEN, .gap_max = NOT_GIVEN, .count_max = NOT_GIVEN,    \
        .channels = NOT_GIVEN                                                                                          \
    }

static const struct field slave_fields[] = {SLAVE_FIELDS};
static const struct shape slave_shape = SHAPE(slave_fields);
static const struct raw_slave slave_default = SLAVE_DEFAULT;

static const struct field device_fields[] = {
    SLAVE_FIELDS,
    {.key = "class", .type = FIELD_TEXT, .offset = IN(raw_device, class), .minimum = 1, .maximum = SITE_ID_MAX},
    {.key = "slaves", .type = FIELD_LIST, .offset = IN(raw_device, slaves)},
    {.key = "alarms", .type = FIELD_OBJECT, .offset = IN(raw_device, alarms)},
    {.key = "settings", .type = FIELD_OBJECT, .offset = IN(raw_device, settings)},
    {.key = "identity", .type = FIELD_OBJECT, .offset = IN(raw_device, identity)},
    {.key = "max_silence", .type = FIELD_DURATION, .offset = IN(raw_device, max_silence_ms), .maximum = DAY_MS},
};
_Static_assert(offsetof(struct raw_device, wire) == 0, "the slave's keys are read at the same offsets");
static const struct shape device_shape = SHAPE(device_fields);
static const struct raw_device device_default = {.wire = SLAVE_DEFAULT, .max_silence_ms = 60000};

static const struct field every_fields[] = {
    {.key = "safety", .type = FIELD_DURATION, .offset = IN(raw_every, ms[POLL_SAFETY]), .maximum = HOUR_MS},
    {.key = "normal", .type = FIELD_DURATION, .offset = IN(raw_every, ms[POLL_NORMAL]), .maximum = DAY_MS},
    {.key = "slow", .type = FIELD_DURATION, .offset = IN(raw_every, ms[POLL_SLOW]), .maximum = DAY_MS},
};
const struct shape every_shape = SHAPE(every_fields);

static const struct field heartbeat_fields[] = {
    {.key = "write", .type = FIELD_TEXT, .offset = IN(raw_heartbeat, write), .required = true},
    {.key = "every",
     .type = FIELD_DURATION,
     .offset = IN(raw_heartbeat, every_ms),
     .minimum = 100,
     .maximum = MINUTE_MS,
     .required = true},
};
const struct shape heartbeat_shape = SHAPE(heartbeat_fields);

/* What can be changed of any alarm; of one that is no device's, nothing else can. */
#define OWN_ALARM_FIELDS                                                                                               \
    {.key = "on_delay", .type = FIELD_DURATION, .offset = IN(raw_alarm, on_delay_ms), .maximum = DAY_MS},              \
        {.key = "off_delay", .type = FIELD_DURATION, .offset = IN(raw_alarm, off_delay_ms), .maximum = DAY_MS},        \
        {.key = "priority", .type = FIELD_CHOICE, .offset = IN(raw_alarm, priority), .choices = priority_names},       \
        {.key = "latch", .type = FIELD_BOOL, .offset = IN(raw_alarm, latch)},                                          \
        {.key = "shelvable", .type = FIELD_BOOL, .offset = IN(raw_alarm, shelvable)},                                  \
        {.key = "rearm",                                                                                               \
         .type = FIELD_DURATION,                                                                                       \
         .offset = IN(raw_alarm, rearm_ms),                                                                            \
         .minimum = MINUTE_MS,                                                                                         \
         .maximum = DAY_MS},                                                                                           \
        {.key = "group", .type = FIELD_TEXT, .offset = IN(raw_alarm, group), .minimum = 1, .maximum = SITE_ID_MAX},    \
        {.key = "zh", .type = FIELD_TEXT, .offset = IN(raw_alarm, zh), .maximum = 120},                                \
    {                                                                                                                  \
        .key = "en", .type = FIELD_TEXT, .offset = IN(raw_alarm, en), .maximum = 120                                   \
    }

static const struct field own_alarm_fields[] = {OWN_ALARM_FIELDS};
const struct shape own_alarm_shape = SHAPE(own_alarm_fields);

static const struct field alarm_fields[] = {
    {.key = "point", .type = FIELD_TEXT, .offset = IN(raw_alarm, point), .maximum = SITE_ID_MAX},
    {.key = "kind", .type = FIELD_CHOICE, .offset = IN(raw_alarm, kind), .choices = kind_names},
    {.key = "limit", .type = FIELD_ANY, .offset = IN(raw_alarm, limit)},
    {.key = "from", .type = FIELD_ANY, .offset = IN(raw_alarm, from)},
    {.key = "over", .type = FIELD_DURATION, .offset = IN(raw_alarm, over_ms), .minimum = SECOND_MS, .maximum = HOUR_MS},
    {.key = "deadband", .type = FIELD_NUMBER, .offset = IN(raw_alarm, deadband), .maximum = 1e12},
    {.key = "when", .type = FIELD_OBJECT, .offset = IN(raw_alarm, when)},
    {.key = "suppress", .type = FIELD_OBJECT, .offset = IN(raw_alarm, suppress)},
    OWN_ALARM_FIELDS,
};
const struct shape alarm_shape = SHAPE(alarm_fields);

static const struct field alarm_when_fields[] = {
    {.key = "point",
     .type = FIELD_TEXT,
     .offset = IN(raw_alarm_when, point),
     .minimum = 1,
     .maximum = SITE_ID_MAX,
     .required = true},
    {.key = "is", .type = FIELD_ANY, .offset = IN(raw_alarm_when, is)},
    {.key = "not", .type = FIELD_ANY, .offset = IN(raw_alarm_when, is_not)},
};
const struct shape alarm_when_shape = SHAPE(alarm_when_fields);

static const struct field vote_fields[] = {
    {.key = "n",
     .type = FIELD_WHOLE,
     .offset = IN(raw_vote, n),
     .minimum = 1,
     .maximum = SITE_DETECTORS_MAX,
     .required = true},
    {.key = "of",
     .type = FIELD_WHOLE,
     .offset = IN(raw_vote, of),
     .minimum = 1,
     .maximum = SITE_DETECTORS_MAX,
     .required = true},
};
const struct shape vote_shape = SHAPE(vote_fields);

static const struct field zone_fields[] = {
    {.key = "id", .type = FIELD_ID, .offset = IN(raw_zone, id), .required = true},
    {.key = "detectors", .type = FIELD_LIST, .offset = IN(raw_zone, detectors), .required = true},
    {.key = "vote", .type = FIELD_OBJECT, .offset = IN(raw_zone, vote)},
    {.key = "fault_vote", .type = FIELD_CHOICE, .offset = IN(raw_zone, fault_vote), .choices = fault_vote_names},
};
static const struct shape zone_shape = SHAPE(zone_fields);
static const struct raw_zone zone_default = {.fault_vote = FAULT_VOTE_FOR};

static const struct field when_fields[] = {
    {.key = "zone", .type = FIELD_TEXT, .offset = IN(raw_when, zone), .maximum = SITE_ID_MAX},
    {.key = "device", .type = FIELD_TEXT, .offset = IN(raw_when, device), .maximum = SITE_ID_MAX},
    {.key = "alarm", .type = FIELD_TEXT, .offset = IN(raw_when, alarm), .maximum = SITE_ID_MAX, .required = true},
};
const struct shape when_shape = SHAPE(when_fields);

static const struct field action_fields[] = {
    {.key = "write", .type = FIELD_TEXT, .offset = IN(raw_action, write), .maximum = REFERENCE_MAX, .required = true},
    {.key = "value", .type = FIELD_ANY, .offset = IN(raw_action, value), .required = true},
    {.key = "off_delay", .type = FIELD_DURATION, .offset = IN(raw_action, off_delay_ms), .maximum = HOUR_MS},
    {.key = "release", .type = FIELD_CHOICE, .offset = IN(raw_action, release), .choices = release_names},
};
const struct shape action_shape = SHAPE(action_fields);

static const struct field confirm_fields[] = {
    {.key = "point", .type = FIELD_TEXT, .offset = IN(raw_confirm, point), .maximum = REFERENCE_MAX, .required = true},
    {.key = "equals", .type = FIELD_ANY, .offset = IN(raw_confirm, equals), .required = true},
    {.key = "within", .type = FIELD_DURATION, .offset = IN(raw_confirm, within_ms), .minimum = 100, .maximum = HOUR_MS},
};
const struct shape confirm_shape = SHAPE(confirm_fields);

static const struct field interlock_fields[] = {
    {.key = "id", .type = FIELD_ID, .offset = IN(raw_interlock, id), .required = true},
    {.key = "when", .type = FIELD_OBJECT, .offset = IN(raw_interlock, when), .required = true},
    {.key = "latch", .type = FIELD_BOOL, .offset = IN(raw_interlock, latch)},
    {.key = "do", .type = FIELD_LIST, .offset = IN(raw_interlock, actions), .required = true},
    {.key = "confirm", .type = FIELD_OBJECT, .offset = IN(raw_interlock, confirm)},
    {.key = "silenceable", .type = FIELD_BOOL, .offset = IN(raw_interlock, silenceable)},
    {.key = "proof_test_next", .type = FIELD_TEXT, .offset = IN(raw_interlock, proof_test_next)},
};
static const struct shape interlock_shape = SHAPE(interlock_fields);
static const struct raw_interlock interlock_default = {0};

static const struct field only_fields[] = {
    {.key = "classes", .type = FIELD_LIST, .offset = IN(raw_only, classes)},
    {.key = "devices", .type = FIELD_LIST, .offset = IN(raw_only, devices)},
    {.key = "priority", .type = FIELD_CHOICE, .offset = IN(raw_only, priority), .choices = priority_names},
};
const struct shape only_shape = SHAPE(only_fields);

static const struct field centre_fields[] = {
    {.key = "id", .type = FIELD_ID, .offset = IN(raw_centre, id), .required = true},
    {.key = "url", .type = FIELD_ANY, .offset = IN(raw_centre, url), .required = true},
    {.key = "prefix", .type = FIELD_TEXT, .offset = IN(raw_centre, prefix), .minimum = 1},
    {.key = "mqtt", .type = FIELD_WHOLE, .offset = IN(raw_centre, mqtt), .minimum = 3, .maximum = 5},
    {.key = "username", .type = FIELD_TEXT, .offset = IN(raw_centre, username), .maximum = 128},
    {.key = "password_file", .type = FIELD_TEXT, .offset = IN(raw_centre, password_file), .maximum = PATH_MAX_BYTES},
    {.key = "ca_file", .type = FIELD_TEXT, .offset = IN(raw_centre, ca_file), .maximum = PATH_MAX_BYTES},
    {.key = "cert_file", .type = FIELD_TEXT, .offset = IN(raw_centre, cert_file), .maximum = PATH_MAX_BYTES},
    {.key = "key_file", .type = FIELD_TEXT, .offset = IN(raw_centre, key_file), .maximum = PATH_MAX_BYTES},
    {.key = "drills", .type = FIELD_CHOICE, .offset = IN(raw_centre, drills), .choices = drill_names},
    {.key = "only", .type = FIELD_OBJECT, .offset = IN(raw_centre, only)},
    {.key = "batch", .type = FIELD_DURATION, .offset = IN(raw_centre, batch_ms), .maximum = DAY_MS},
    {.key = "health",
     .type = FIELD_DURATION,
     .offset = IN(raw_centre, health_ms),
     .minimum = 10 * SECOND_MS,
     .maximum = DAY_MS},
    {.key = "compress", .type = FIELD_CHOICE, .offset = IN(raw_centre, compress), .choices = compress_names},
    {.key = "receipt", .type = FIELD_BOOL, .offset = IN(raw_centre, receipt)},
    {.key = "backoff_min",
     .type = FIELD_DURATION,
     .offset = IN(raw_centre, backoff_min_ms),
     .minimum = 100,
     .maximum = HOUR_MS},
    {.key = "backoff_max",
     .type = FIELD_DURATION,
     .offset = IN(raw_centre, backoff_max_ms),
     .minimum = SECOND_MS,
     .maximum = HOUR_MS},
    {.key = "history_rate",
     .type = FIELD_SIZE,
     .offset = IN(raw_centre, history_rate),
     .minimum = 1024,
     .maximum = 1024.0 * 1024 * 1024},
    {.key = "alarms", .type = FIELD_OBJECT, .offset = IN(raw_centre, alarms)},
};
static const struct shape centre_shape = SHAPE(centre_fields);
static const struct raw_centre centre_default = {.prefix = "outpost/v1",
                                                 .mqtt = 5,
                                                 .username = "",
                                                 .password_file = "",
                                                 .ca_file = "",
                                                 .cert_file = "",
                                                 .key_file = "",
                                                 .drills = DRILLS_MARK,
                                                 .compress = NOT_GIVEN,
                                                 .health_ms = 60000,
                                                 .backoff_min_ms = 1000,
                                                 .backoff_max_ms = 60000};

static const struct field cylinders_fields[] = {
    {.key = "allow", .type = FIELD_LIST, .offset = IN(raw_cylinders, allow), .required = true},
};
const struct shape cylinders_shape = SHAPE(cylinders_fields);

static const struct field journal_fields[] = {
    {.key = "dir", .type = FIELD_TEXT, .offset = IN(raw_journal, dir), .minimum = 1, .maximum = PATH_MAX_BYTES},
    {.key = "max_size",
     .type = FIELD_SIZE,
     .offset = IN(raw_journal, size_max),
     .minimum = 16.0 * 1024 * 1024,
     .maximum = 1024.0 * 1024 * 1024 * 1024},
    {.key = "keep_sent", .type = FIELD_DURATION, .offset = IN(raw_journal, keep_sent_ms), .maximum = 3650 * DAY_MS},
    {.key = "flash_budget",
     .type = FIELD_SIZE,
     .offset = IN(raw_journal, flash_budget),
     .or_none = true,
     .minimum = 1024.0 * 1024,
     .maximum = 1024.0 * 1024 * 1024 * 1024},
};
const struct shape journal_shape = SHAPE(journal_fields);

static const struct field page_fields[] = {
    {.key = "listen", .type = FIELD_TEXT, .offset = IN(raw_page, listen), .minimum = 1, .required = true},
};
const struct shape page_shape = SHAPE(page_fields);

static const struct field orders_fields[] = {
    {.key = "keys", .type = FIELD_OBJECT, .offset = IN(raw_orders, keys)},
    {.key = "write", .type = FIELD_LIST, .offset = IN(raw_orders, write)},
};
const struct shape orders_shape = SHAPE(orders_fields);

static const struct field order_write_fields[] = {
    {.key = "point",
     .type = FIELD_TEXT,
     .offset = IN(raw_order_write, point),
     .maximum = REFERENCE_MAX,
     .required = true},
    {.key = "values", .type = FIELD_LIST, .offset = IN(raw_order_write, values), .required = true},
    {.key = "min_interval", .type = FIELD_DURATION, .offset = IN(raw_order_write, min_interval_ms), .maximum = DAY_MS},
};
const struct shape order_write_shape = SHAPE(order_write_fields);

struct raw_root {
    SHAPED;
    const char *schema;
    const struct node *gateway, *buses, *slaves, *devices, *zones, *interlocks, *centres, *cylinders, *journal, *page,
        *orders;
};
static const struct field root_fields[] = {
    {.key = "$schema", .type = FIELD_TEXT, .offset = IN(raw_root, schema)},
    {.key = "gateway", .type = FIELD_OBJECT, .offset = IN(raw_root, gateway), .required = true},
    {.key = "buses", .type = FIELD_LIST, .offset = IN(raw_root, buses)},
    {.key = "slaves", .type = FIELD_LIST, .offset = IN(raw_root, slaves)},
    {.key = "devices", .type = FIELD_LIST, .offset = IN(raw_root, devices)},
    {.key = "zones", .type = FIELD_LIST, .offset = IN(raw_root, zones)},
    {.key = "interlocks", .type = FIELD_LIST, .offset = IN(raw_root, interlocks)},
    {.key = "centres", .type = FIELD_LIST, .offset = IN(raw_root, centres)},
    {.key = "cylinders", .type = FIELD_OBJECT, .offset = IN(raw_root, cylinders)},
    {.key = "journal", .type = FIELD_OBJECT, .offset = IN(raw_root, journal)},
    {.key = "page", .type = FIELD_OBJECT, .offset = IN(raw_root, page), .later = true},
    {.key = "orders", .type = FIELD_OBJECT, .offset = IN(raw_root, orders), .later = true},
};
static const struct shape root_shape = SHAPE(root_fields);

struct reader {
    const struct node *root;
    struct arena *scratch;
    struct complaints *complaints;
    bool good;
};

static void *read_list(struct reader *reader, const struct node *list, const struct shape *shape, const void *defaults,
                       size_t size, size_t count_max, size_t *ret_count)
{
    void *items = NULL;
    if (!shape_read_list(list, shape, defaults, size, count_max, reader->scratch, reader->complaints, &items,
                         ret_count)) {
        complain_node(reader->complaints, reader->root, ON_VALUE, S_MEMORY, NO_WORDS);
        reader->good = false;
    }
    return items;
}

#define READ_LIST(name, count_max)                                                                                     \
    read_list(&reader, root.name##s, &name##_shape, &name##_default, sizeof name##_default, count_max,                 \
              &raw.name##_count)

bool layout_read(const struct node *node, struct arena *scratch, struct complaints *complaints,
                 struct raw_site *ret_raw)
{
    struct reader reader = {.root = node, .scratch = scratch, .complaints = complaints, .good = true};
    struct raw_root root = {0};
    struct raw_site raw = {.gateway = gateway_default};
    if (!shape_read(node, &root_shape, &root, complaints))
        return false;
    raw.gateway.node = node;
    if (root.gateway != NULL)
        (void)shape_read(root.gateway, &gateway_shape, &raw.gateway, complaints);
    raw.buses =
        read_list(&reader, root.buses, &bus_shape, &bus_default, sizeof bus_default, SITE_BUSES_MAX, &raw.bus_count);
    raw.slaves = READ_LIST(slave, SITE_SLAVES_MAX);
    raw.devices = READ_LIST(device, SITE_DEVICES_MAX);
    raw.zones = READ_LIST(zone, SITE_ZONES_MAX);
    raw.interlocks = READ_LIST(interlock, SITE_INTERLOCKS_MAX);
    raw.centres = READ_LIST(centre, SITE_CENTRES_MAX);
    raw.cylinders = root.cylinders;
    raw.journal = root.journal;
    raw.page = root.page;
    raw.orders = root.orders;
    *ret_raw = raw;
    return reader.good;
}
