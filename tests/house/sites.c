#include "tests/house/sites.h"

#include "gateway/base/check.h"

#define HALF_SECOND (SECOND / 2)

/* Defaults of the classes, as drivers/device documents them (GB/T 50493-2019, GB 16808). */
static const struct expect_rule gas_rules[] = {
    {"gas-kitchen", "gas.high", 40, 3, 0, 10 * SECOND},
    {"gas-kitchen", "gas.low", 20, 2, 3 * SECOND, 10 * SECOND},
    {"gas-store", "gas.high", 40, 3, 0, 10 * SECOND},
    {"gas-store", "gas.low", 20, 2, 3 * SECOND, 10 * SECOND},
};

static const struct plant_row example_rows[] = {
    {"gas-kitchen", "rs485-1", 1, PLANT_XCD},      {"gas-store", "rs485-1", 2, PLANT_GAS6IN1},
    {"valve-kitchen", "rs485-1", 9, PLANT_RELAYS}, {"di-1", "lift-room", 5, PLANT_INPUTS},
    {"speed-1", "lift-room", 6, PLANT_SPEED},
};

static const struct expect_device example_devices[] = {
    {"gas-kitchen", {"gas-kitchen"}, HALF_SECOND, MINUTE, 30 * SECOND, 5 * SECOND, 0, "high"},
    {"gas-store", {"gas-store"}, SECOND, MINUTE, 30 * SECOND, 5 * SECOND, 0, "high"},
    {"valve-kitchen", {"valve-kitchen"}, HALF_SECOND, MINUTE, 10 * SECOND, 5 * SECOND, 0, "high"},
    {"lift-1", {"di-1", "speed-1"}, HALF_SECOND, MINUTE, MINUTE, 10 * SECOND, 0, "medium"},
};

const struct stage_set example_site = {
    .setup = {.site_file = "config/outpost.example.json",
              .rows = example_rows,
              .row_count = ARRAY_SIZE(example_rows),
              .seed = 1},
    .expectations = {.rules = gas_rules,
                     .rule_count = ARRAY_SIZE(gas_rules),
                     .devices = example_devices,
                     .device_count = ARRAY_SIZE(example_devices),
                     .trip = "kitchen-gas-trip",
                     .board = "valve-kitchen"},
};

#define STAMPS                                                                                                         \
    "'points': { 'r0': { 'function': 'holding', 'address': 0, 'type': 'u32' },"                                        \
    "            'r2': { 'function': 'holding', 'address': 2, 'type': 'u32' },"                                        \
    "            'r12': { 'function': 'holding', 'address': 12, 'type': 'u32' },"                                      \
    "            'r40': { 'function': 'holding', 'address': 40, 'type': 'u32' } }"

static const char street_text[] =
    "{ 'gateway': { 'id': 'street-1', 'name': 'doll', 'language': 'en' },"
    "  'buses': [ { 'id': 'rs485-1', 'link': 'rtu', 'port': '/nowhere/rs485-1', 'baud': 9600, 'format': '8N1', "
    "'timeout': '300ms' },"
    "             { 'id': 'lift-room', 'link': 'tcp', 'host': '127.0.0.1', 'port': 15020, 'timeout': '300ms' } ],"
    "  'slaves': [ { 'id': 'di-1', 'bus': 'lift-room', 'unit': 5, 'profile': 'di-8ch', 'every': '500ms' },"
    "              { 'id': 'speed-1', 'bus': 'lift-room', 'unit': 6, 'every': '500ms', 'points':"
    "                { 'car_speed': { 'function': 'holding', 'address': 0, 'type': 's16', 'scale': 0.01, 'unit': 'm/s' "
    "} } } ],"
    "  'devices': ["
    "    { 'id': 'gas-kitchen', 'bus': 'rs485-1', 'unit': 1, 'profile': 'honeywell-xcd', 'every': '500ms' },"
    "    { 'id': 'gas-store', 'bus': 'rs485-1', 'unit': 2, 'profile': 'cn-gas6in1', 'every':"
    "      { 'safety': '1s', 'normal': '2s', 'slow': '60s' } },"
    "    { 'id': 'valve-kitchen', 'bus': 'rs485-1', 'unit': 9, 'profile': 'relay-8ch', 'every': '500ms',"
    "      'write': ['relay_1', 'relay_2'] },"
    "    { 'id': 'lift-1', 'class': 'lift', 'points': { 'door_closed': 'di-1.in_1', 'door_zone': 'di-1.in_2',"
    "      'passenger_present': 'di-1.in_3', 'alarm_button': 'di-1.in_4', 'car_speed': 'speed-1.car_speed' } },"
    "    { 'id': 'stamp-1', 'bus': 'rs485-1', 'unit': 20, 'class': 'generic', 'every': '2s', " STAMPS " },"
    "    { 'id': 'stamp-2', 'bus': 'rs485-1', 'unit': 21, 'class': 'generic', 'every': '2s', " STAMPS " },"
    "    { 'id': 'stamp-3', 'bus': 'lift-room', 'unit': 22, 'class': 'generic', 'every': '5s', " STAMPS " } ],"
    "  'zones': [ { 'id': 'kitchen', 'detectors': ['gas-kitchen', 'gas-store'], 'vote': { 'n': 1, 'of': 2 },"
    "               'fault_vote': 'for' } ],"
    "  'interlocks': ["
    "    { 'id': 'kitchen-gas-trip', 'when': { 'zone': 'kitchen', 'alarm': 'gas.high' }, 'latch': true,"
    "      'do': [ { 'write': 'valve-kitchen.relay_1', 'value': true } ],"
    "      'confirm': { 'point': 'valve-kitchen.input_1', 'equals': true, 'within': '10s' } },"
    "    { 'id': 'kitchen-siren', 'when': { 'zone': 'kitchen', 'alarm': 'gas.low' },"
    "      'do': [ { 'write': 'valve-kitchen.relay_2', 'value': true } ], 'silenceable': true } ],"
    "  'centres': [ { 'id': 'property', 'url': 'mqtt://127.0.0.1:18883' },"
    "               { 'id': 'district', 'url': 'mqtt://127.0.0.1:18884' } ],"
    "  'journal': { 'dir': 'unused' } }";

static const struct plant_row street_rows[] = {
    {"gas-kitchen", "rs485-1", 1, PLANT_XCD},      {"gas-store", "rs485-1", 2, PLANT_GAS6IN1},
    {"valve-kitchen", "rs485-1", 9, PLANT_RELAYS}, {"di-1", "lift-room", 5, PLANT_INPUTS},
    {"speed-1", "lift-room", 6, PLANT_SPEED},      {"stamp-1", "rs485-1", 20, PLANT_STAMPS},
    {"stamp-2", "rs485-1", 21, PLANT_STAMPS},      {"stamp-3", "lift-room", 22, PLANT_STAMPS},
};

static const struct expect_device street_devices[] = {
    {"gas-kitchen", {"gas-kitchen"}, HALF_SECOND, MINUTE, 30 * SECOND, 5 * SECOND, 0, "high"},
    {"gas-store", {"gas-store"}, SECOND, MINUTE, 30 * SECOND, 5 * SECOND, 0, "high"},
    {"valve-kitchen", {"valve-kitchen"}, HALF_SECOND, MINUTE, 10 * SECOND, 5 * SECOND, 0, "high"},
    {"lift-1", {"di-1", "speed-1"}, HALF_SECOND, MINUTE, MINUTE, 10 * SECOND, 0, "medium"},
    {"stamp-1", {"stamp-1"}, 2 * SECOND, MINUTE, MINUTE, 10 * SECOND, 0, "medium"},
    {"stamp-2", {"stamp-2"}, 2 * SECOND, MINUTE, MINUTE, 10 * SECOND, 0, "medium"},
    {"stamp-3", {"stamp-3"}, 5 * SECOND, MINUTE, MINUTE, 10 * SECOND, 0, "medium"},
};

const struct stage_set street_site = {
    .setup = {.site_text = street_text, .rows = street_rows, .row_count = ARRAY_SIZE(street_rows), .seed = 1},
    .expectations = {.rules = gas_rules,
                     .rule_count = ARRAY_SIZE(gas_rules),
                     .devices = street_devices,
                     .device_count = ARRAY_SIZE(street_devices),
                     .trip = "kitchen-gas-trip",
                     .board = "valve-kitchen"},
};

static const char works_text[] =
    "{ 'gateway': { 'id': 'works-1', 'name': 'doll', 'language': 'en' },"
    "  'buses': [ { 'id': 'rs485-1', 'link': 'rtu', 'port': '/nowhere/rs485-1', 'baud': 9600, 'format': '8N1', "
    "'timeout': '300ms' } ],"
    "  'slaves': [ { 'id': 'panel-1', 'bus': 'rs485-1', 'unit': 7, 'profile': 'igd-toc635', 'every': '1s' },"
    "              { 'id': 'inputs-1', 'bus': 'rs485-1', 'unit': 5, 'profile': 'di-8ch', 'every': '500ms' },"
    "              { 'id': 'gauge-1', 'bus': 'rs485-1', 'unit': 6, 'every': '500ms', 'points':"
    "                { 'pressure': { 'function': 'holding', 'address': 0, 'type': 's16', 'scale': 0.01, 'unit': 'MPa' "
    "} } } ],"
    "  'devices': ["
    "    { 'id': 'gas-boiler', 'bus': 'rs485-1', 'unit': 3, 'profile': 'honeywell-xrl', 'every': '1s' },"
    "    { 'id': 'gas-17', 'class': 'gas_detector', 'slaves': ['panel-1.ch17'] },"
    "    { 'id': 'boiler-1', 'class': 'generic', 'points': { 'pressure': 'gauge-1.pressure', 'firing': 'inputs-1.in_1' "
    "},"
    "      'alarms': { 'boiler.pressure': { 'point': 'pressure', 'kind': 'hi', 'limit': 2, 'deadband': 0.1,"
    "        'on_delay': '2s', 'off_delay': '5s', 'priority': 'high', 'when': { 'point': 'firing', 'is': true } } } },"
    "    { 'id': 'valve-boiler', 'bus': 'rs485-1', 'unit': 9, 'profile': 'relay-8ch', 'every': '500ms',"
    "      'write': ['relay_1'] } ],"
    "  'zones': [ { 'id': 'boiler-room', 'detectors': ['gas-boiler'], 'vote': { 'n': 1, 'of': 1 },"
    "               'fault_vote': 'for' } ],"
    "  'interlocks': ["
    "    { 'id': 'boiler-gas-trip', 'when': { 'zone': 'boiler-room', 'alarm': 'gas.high' }, 'latch': true,"
    "      'do': [ { 'write': 'valve-boiler.relay_1', 'value': true } ],"
    "      'confirm': { 'point': 'valve-boiler.input_1', 'equals': true, 'within': '10s' } } ],"
    "  'centres': [ { 'id': 'property', 'url': 'mqtt://127.0.0.1:18883' } ],"
    "  'journal': { 'dir': 'unused' } }";

static const struct plant_row works_rows[] = {
    {"gas-boiler", "rs485-1", 3, PLANT_XRL},      {"panel-1", "rs485-1", 7, PLANT_PANEL},
    {"inputs-1", "rs485-1", 5, PLANT_INPUTS},     {"gauge-1", "rs485-1", 6, PLANT_SPEED},
    {"valve-boiler", "rs485-1", 9, PLANT_RELAYS},
};

static const struct expect_device works_devices[] = {
    {"gas-boiler", {"gas-boiler"}, SECOND, MINUTE, 30 * SECOND, 5 * SECOND, MINUTE, "high"},
    {"gas-17", {"panel-1"}, SECOND, MINUTE, 30 * SECOND, 5 * SECOND, 0, "high"},
    {"boiler-1", {"inputs-1", "gauge-1"}, HALF_SECOND, MINUTE, MINUTE, 10 * SECOND, 0, "medium"},
    {"valve-boiler", {"valve-boiler"}, HALF_SECOND, MINUTE, 10 * SECOND, 5 * SECOND, 0, "high"},
};

static const struct expect_rule works_rules[] = {{"gas-boiler", "gas.high", 40, 3, 0, 10 * SECOND}};

const struct stage_set works_site = {
    .setup = {.site_text = works_text, .rows = works_rows, .row_count = ARRAY_SIZE(works_rows), .seed = 1},
    .expectations = {.rules = works_rules,
                     .rule_count = ARRAY_SIZE(works_rules),
                     .devices = works_devices,
                     .device_count = ARRAY_SIZE(works_devices),
                     .trip = "boiler-gas-trip",
                     .board = "valve-boiler"},
};

static const char yard_text[] =
    "{ 'gateway': { 'id': 'yard-1', 'name': 'doll', 'language': 'en' },"
    "  'buses': [ { 'id': 'rs485-1', 'link': 'rtu', 'port': '/nowhere/rs485-1', 'baud': 9600, 'format': '8N1', "
    "'timeout': '300ms' } ],"
    "  'slaves': [ { 'id': 'inputs-1', 'bus': 'rs485-1', 'unit': 5, 'profile': 'di-8ch', 'every': '500ms' },"
    "              { 'id': 'inputs-2', 'bus': 'rs485-1', 'unit': 6, 'profile': 'di-8ch', 'every': '500ms' } ],"
    "  'devices': ["
    "    { 'id': 'yard', 'class': 'generic', 'points': {"
    "        'a1': 'inputs-1.in_1', 'a2': 'inputs-1.in_2', 'a3': 'inputs-1.in_3', 'a4': 'inputs-1.in_4',"
    "        'a5': 'inputs-1.in_5', 'a6': 'inputs-1.in_6', 'a7': 'inputs-1.in_7', 'a8': 'inputs-1.in_8',"
    "        'b1': 'inputs-2.in_1', 'b2': 'inputs-2.in_2', 'b3': 'inputs-2.in_3', 'b4': 'inputs-2.in_4',"
    "        'b5': 'inputs-2.in_5', 'b6': 'inputs-2.in_6', 'b7': 'inputs-2.in_7', 'b8': 'inputs-2.in_8' },"
    "      'alarms': {"
    "        'a.1': { 'point': 'a1', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'medium' },"
    "        'a.2': { 'point': 'a2', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'medium' },"
    "        'a.3': { 'point': 'a3', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'medium' },"
    "        'a.4': { 'point': 'a4', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'medium' },"
    "        'a.5': { 'point': 'a5', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'medium' },"
    "        'a.6': { 'point': 'a6', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'medium' },"
    "        'a.7': { 'point': 'a7', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'medium' },"
    "        'b.1': { 'point': 'b1', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'low' },"
    "        'b.2': { 'point': 'b2', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'low' },"
    "        'b.3': { 'point': 'b3', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'low' },"
    "        'b.4': { 'point': 'b4', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'low' },"
    "        'b.5': { 'point': 'b5', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'low' },"
    "        'b.6': { 'point': 'b6', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'low' },"
    "        'b.7': { 'point': 'b7', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'high' },"
    "        'b.8': { 'point': 'b8', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'critical' },"
    "        'quiet.1': { 'point': 'a1', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'high', "
    "'suppress': { 'point': 'a8', 'is': true }, 'latch': true },"
    "        'again.1': { 'point': 'a1', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'high', "
    "'rearm': '1m' },"
    "        'first.1': { 'point': 'a1', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'high', "
    "'group': 'yard' },"
    "        'first.2': { 'point': 'a2', 'kind': 'bit', 'on_delay': '0s', 'off_delay': '0s', 'priority': 'high', "
    "'group': 'yard' } } } ],"
    "  'centres': [ { 'id': 'property', 'url': 'mqtt://127.0.0.1:18883' } ],"
    "  'journal': { 'dir': 'unused' } }";

static const struct plant_row yard_rows[] = {
    {"inputs-1", "rs485-1", 5, PLANT_INPUTS},
    {"inputs-2", "rs485-1", 6, PLANT_INPUTS},
};

static const struct expect_device yard_devices[] = {
    {"yard", {"inputs-1", "inputs-2"}, HALF_SECOND, MINUTE, MINUTE, 10 * SECOND, 0, "medium"},
};

const struct stage_set yard_site = {
    .setup = {.site_text = yard_text, .rows = yard_rows, .row_count = ARRAY_SIZE(yard_rows), .seed = 1},
    .expectations = {.devices = yard_devices, .device_count = ARRAY_SIZE(yard_devices)},
};

static const char mill_text[] =
    "{ 'gateway': { 'id': 'mill-1', 'name': 'doll', 'language': 'en' },"
    "  'buses': [ { 'id': 'rs485-1', 'link': 'rtu', 'port': '/nowhere/rs485-1', 'baud': 9600, 'format': '8N1', "
    "'timeout': '300ms' } ],"
    "  'devices': ["
    "    { 'id': 'mill', 'bus': 'rs485-1', 'unit': 6, 'class': 'generic', 'every': '500ms', 'points': {"
    "        'level': { 'function': 'holding', 'poll': 'normal', 'address': 0, 'type': 's16', 'scale': 0.1 },"
    "        'target': { 'function': 'holding', 'poll': 'normal', 'address': 1, 'type': 's16', 'scale': 0.1 },"
    "        'mode': { 'function': 'holding', 'poll': 'normal', 'address': 2, 'type': 'u16' },"
    "        'running': { 'function': 'holding', 'poll': 'normal', 'address': 3, 'type': 'bits', 'bit': 0 },"
    "        'quieting': { 'function': 'holding', 'poll': 'normal', 'address': 3, 'type': 'bits', 'bit': 1 },"
    "        'own': { 'function': 'holding', 'poll': 'normal', 'address': 3, 'type': 'bits', 'bit': 2 },"
    "        'flow': { 'function': 'holding', 'poll': 'normal', 'address': 4, 'type': 's16', 'scale': 0.1, 'invalid': "
    "[32767] },"
    "        'stage': { 'function': 'holding', 'poll': 'normal', 'address': 5, 'type': 'u16', 'map': { '0': 'off', "
    "'1': 'run', '2': "
    "'hot', '3': 'trip' } } },"
    "      'alarms': {"
    "        'hi': { 'point': 'level', 'kind': 'hi', 'limit': 50, 'deadband': 5, 'on_delay': '3s', 'off_delay': '6s', "
    "'priority': 'high' },"
    "        'lo': { 'point': 'level', 'kind': 'lo', 'limit': 10, 'deadband': 5, 'priority': 'high' },"
    "        'dev': { 'point': 'level', 'kind': 'deviation', 'from': 'target', 'limit': 20, 'deadband': 5, 'on_delay': "
    "'2s', 'off_delay': '4s', 'priority': 'high' },"
    "        'rate': { 'point': 'level', 'kind': 'rate', 'limit': 15, 'over': '20s', 'deadband': 5, 'off_delay': '2s', "
    "'priority': 'high' },"
    "        'stuck': { 'point': 'flow', 'kind': 'stuck', 'deadband': 1, 'on_delay': '1m', 'priority': 'high' },"
    "        'equals': { 'point': 'mode', 'kind': 'equals', 'limit': 7, 'on_delay': '1s', 'off_delay': '1s', "
    "'priority': 'high' },"
    "        'bit': { 'point': 'running', 'kind': 'bit', 'on_delay': '5s', 'off_delay': '3s', 'priority': 'high' },"
    "        'gated': { 'point': 'level', 'kind': 'hi', 'limit': 40, 'on_delay': '2s', 'off_delay': '2s', "
    "'priority': 'high', 'when': { 'point': 'running', 'is': true } },"
    "        'quiet': { 'point': 'level', 'kind': 'hi', 'limit': 60, 'priority': 'high',"
    "          'suppress': { 'point': 'quieting', 'is': true } },"
    "        'again': { 'point': 'level', 'kind': 'hi', 'limit': 55, 'deadband': 5, 'priority': 'high', 'rearm': '1m' "
    "},"
    "        'code': { 'point': 'stage', 'kind': 'code', 'limit': ['hot', 'trip'], 'on_delay': '2s', 'off_delay': "
    "'3s', "
    "'priority': 'high' },"
    "        'own': { 'point': 'own', 'kind': 'bit', 'off_delay': '2s', 'priority': 'high', 'latch': true },"
    "        'shelf': { 'point': 'level', 'kind': 'hi', 'limit': 45, 'deadband': 5, 'on_delay': '2s', 'off_delay': "
    "'3s', 'priority': 'high' },"
    "        'served': { 'point': 'level', 'kind': 'lo', 'limit': 20, 'on_delay': '1s', 'off_delay': '4s', 'priority': "
    "'high' },"
    "        'grave': { 'point': 'level', 'kind': 'hi', 'limit': 58, 'deadband': 2, 'priority': 'critical' }"
    "} } ],"
    "  'centres': [ { 'id': 'property', 'url': 'mqtt://127.0.0.1:18883' } ],"
    "  'journal': { 'dir': 'unused' } }";

static const struct plant_row mill_rows[] = {{"mill", "rs485-1", 6, PLANT_BANK}};

static const struct expect_device mill_devices[] = {
    {"mill", {"mill"}, HALF_SECOND, MINUTE, MINUTE, 10 * SECOND, 0, "medium"},
};

const struct stage_set mill_site = {
    .setup = {.site_text = mill_text, .rows = mill_rows, .row_count = ARRAY_SIZE(mill_rows), .seed = 1},
    .expectations = {.devices = mill_devices, .device_count = ARRAY_SIZE(mill_devices)},
};
