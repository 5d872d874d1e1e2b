/* scenario: a rehearsal as a file: who plays (roles), what is done and when (steps), what a centre must then see.
 *
 * A file is one JSON object, comments allowed:
 *
 *   "$schema"        for editors
 *   "scenario"       its name: small letters, digits and -; that of the file without .json
 *   "zh", "en"       what it is called
 *   "seed"           for the chance in the plant while it plays (the simulator's --seed goes before); default 1
 *   "roles"          name -> which device of a site plays it; a name is small letters, digits and _
 *   "steps"          what happens, in order: actions and expectations
 *
 * A role asks for one or more of these; what fits first, in the order of the site file, is taken, and one device
 * plays one role:
 *
 *   "class"          "gas_detector", or a list of classes
 *   "points"         ["service_mode"]: the device has all these points
 *   "wire"           "rtu" or "tcp": the kind of its frames (rtu-over-tcp is "rtu")
 *   "interlock"      true: a shut-off valve and the board at whose coil it hangs; with "of": of an interlock that
 *                    watches that role
 *   "zone_of"        a role: another detector of the same zone
 *   "vote"           2: of a zone in which so many must see gas; 1: also of no zone
 *   "all"            true: every device that fits plays it; an action is then done by all, an expectation asked of each
 *   "at_least"       with "all": so many must be there (default 1)
 *   "settings"       ["nox_limit"]: the site file says these of the device
 *   "optional"       true: where nothing fits, what the role does and is asked is left out; an order there may be
 *                    refused
 *
 * An action is a step with one of these, and ROLE stands where ctl.h has a device or a slave (* stays *):
 *
 *   "do"             "leaking leak 60"; "* power_off": the whole site
 *   "set"            "leaking.gas_lel_pct 12", "leaking.gas_lel_pct auto"
 *   "fault"          "leaking silence": all slaves of that device; "bus:leaking gone", "bus:leaking back": its bus
 *   "speed"          10: the plant lives ten times faster from now on; the times of the scenario do not
 *   "order"          "ack leaking gas.high", "reset leaking gas.high", "reset valve", "silence": what an operator
 *                    does at the gateway
 *
 * and with "at": "15s" after the start, or "+15s" after everything before is over (default "+0s"). An action is over at
 * once; an expectation when it is met or its time has run out; a `never` when its time has passed. Who plays without
 * a judge waits each time out, so that the same file and seed give the same plant; who judges may go on as soon as
 * all is met.
 *
 * An expectation is a step with "expect", and inside it one of
 *
 *   "alarm"          "gas.high", with "of" (a role) and "event" ("raised"; without: any); "first_out": true or false
 *   "event"          "interlock_confirmed", with "of" where it is about a device, a bus of it, or an interlock
 *   "telemetry"      a point, with "of" and one of "equals" (number, yes/no, word), "above", "below"
 *   "quality"        a point, with "of" and "is": "good", or the reason it must stand under `bad` with; "bad": any
 *   "never"          an object with one of the above, which must not come; with "for": so long
 *
 * beside it "within", counted from the last action before it, or from the step whose "id" stands in "after": from
 * when that action was done or that expectation met. A `never` is counted the same way.
 *
 * Any step may have "id" and a label "zh", "en"; an action also "manual" {"zh", "en"}: what a person does on a real
 * site, with {role} for the device. Times: "500ms", "15s", "2min", "1h". */
#ifndef OUTPOST_FIRMWARE_SIM_SCENARIO_H
#define OUTPOST_FIRMWARE_SIM_SCENARIO_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/pool.h"
#include "firmware-sim/text.h"

#define SCENARIO_NONE      SIZE_MAX
#define SCENARIO_ROLES_MAX 8
#define SCENARIO_STEPS_MAX 256
#define SCENARIO_TIME_MAX  ((int64_t)7 * 24 * 3600 * 1000)

struct label { /* NULL both: none */
    const char *zh;
    const char *en;
};

enum role_wire { ROLE_ANY_WIRE, ROLE_RTU, ROLE_TCP };

struct role {
    const char *name;
    const char *const *classes;
    size_t class_count; /* 0: any */
    const char *const *points;
    size_t point_count;
    const char *const *settings;
    size_t setting_count;
    enum role_wire wire;
    bool interlock;
    size_t of;      /* role, with interlock; SCENARIO_NONE */
    size_t zone_of; /* role; SCENARIO_NONE */
    unsigned vote;  /* 0: any */
    bool optional;
    bool all;
    size_t at_least; /* with all; else 1 */
};

enum action_kind { ACTION_DO, ACTION_SET, ACTION_FAULT, ACTION_SPEED, ACTION_ORDER };

struct action {
    enum action_kind kind;
    size_t role;       /* SCENARIO_NONE: none ("silence"), or all slaves ("* silence") */
    bool bus;          /* a fault of the role's bus */
    const char *verb;  /* of an order: ack, reset, silence */
    const char *point; /* of a set */
    const char *rest;  /* what follows the role: "leak 60", "silence", "gas.high"; "" nothing */
    double speed;
    bool waits; /* `at` is after all before is over; else after the start */
    int64_t at_ms;
    struct label manual;
};

enum expect_kind { EXPECT_ALARM, EXPECT_EVENT, EXPECT_TELEMETRY, EXPECT_QUALITY };
enum comparison { COMPARE_NUMBER, COMPARE_TRUTH, COMPARE_TEXT, COMPARE_ABOVE, COMPARE_BELOW };

struct expectation {
    enum expect_kind kind;
    bool never;
    size_t role;        /* SCENARIO_NONE: whoever */
    const char *name;   /* alarm, event or point */
    const char *event;  /* of an alarm; NULL any */
    bool has_first_out; /* of an alarm */
    bool first_out;
    enum comparison compare; /* of telemetry */
    double number;           /* truth: 0 or 1 */
    const char *text;        /* telemetry: the word; quality: "good", "bad" or the reason */
    int64_t within_ms;       /* for so long, of a `never` */
    size_t since;            /* step it is counted from; SCENARIO_NONE: the start */
};

struct step {
    const char *id; /* NULL: none */
    struct label label;
    bool is_action;
    struct action action;
    struct expectation expectation;
};

struct scenario {
    struct pool pool;
    cJSON *tree; /* all texts point into it or the pool */
    const char *name;
    struct label label;
    uint64_t seed;
    const struct role *roles;
    size_t role_count;
    const struct step *steps;
    size_t step_count;
};

/* False, with a sentence that names file and key; the scenario is then empty and needs no close. */
SIM_CHECKED bool scenario_open(struct scenario *scenario, const char *file, struct text *why);
/* The same from memory; `name` stands for the file. */
SIM_CHECKED bool scenario_open_bytes(struct scenario *scenario, const char *name, const char *bytes, size_t size,
                                     struct text *why);
void scenario_close(struct scenario *scenario); /* accepts the zeroed */

size_t scenario_find_role(const struct scenario *scenario, const char *name, size_t length); /* SCENARIO_NONE */

/* One line for people: "do leaking leak 60", "alarm gas.high of leaking raised within 60s". */
void step_print(const struct scenario *scenario, const struct step *step, struct text *out);

#endif
