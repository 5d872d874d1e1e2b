/* burner: a gas burner and its control: the program of a start, the flame, and what makes it stop. Pure.
 *
 *   12 standby → 22 fan → 24 air damper opens → 30 pre-purge → 36 damper to ignition → 38 spark → 40 pilot valve →
 *   42 spark off → 44 interval → 50 main valve → 52 interval → 60 operation → 62 to low fire → 70 valves closed →
 *   72 damper opens → 74, 78 post-purge → 10 damper closes → 12
 *   78 → 80 evacuate → 81 test at atmosphere → 82 fill → 83 test under pressure → 10, where it proves its valves
 *   any, when a limiter opens, the flame is gone or is seen where none may be → 2 safety → 0 lockout, until a person
 *   resets it
 *   22 … 62, when the gas is gone → 90 gas shortage, until there is gas → 10
 *
 * The numbers are those of the Siemens LMV2/LMV3 (technical instructions, program phases), as are the lockout codes.
 * Dampers travel 90 degrees in DAMPER_S, so the phases that wait for them last as long as they have to go. Pre-purge
 * is LMV's 30 s; safety time 3 s and flame failure 1 s are what EN 676 and GB/T 16508.5 allow a burner of this size;
 * every phase lasts at least 3 s (engineering choice), so that who polls each second sees each of them. */
#ifndef OUTPOST_FIRMWARE_SIM_BURNER_H
#define OUTPOST_FIRMWARE_SIM_BURNER_H

#include <stdbool.h>

#include "firmware-sim/random.h"
#include "firmware-sim/text.h"

enum burner_phase {
    PHASE_LOCKOUT = 0,
    PHASE_SAFETY = 2,
    PHASE_HOME = 10,
    PHASE_STANDBY = 12,
    PHASE_FAN = 22,
    PHASE_TO_PREPURGE = 24,
    PHASE_PREPURGE = 30,
    PHASE_TO_IGNITION = 36,
    PHASE_SPARK = 38,
    PHASE_PILOT = 40,
    PHASE_SPARK_OFF = 42,
    PHASE_INTERVAL_1 = 44,
    PHASE_MAIN = 50,
    PHASE_INTERVAL_2 = 52,
    PHASE_OPERATION = 60,
    PHASE_TO_LOW = 62,
    PHASE_AFTERBURN = 70,
    PHASE_TO_POSTPURGE = 72,
    PHASE_POSTPURGE = 74,
    PHASE_POSTPURGE_END = 78,
    PHASE_PROVE_EVACUATE = 80,
    PHASE_PROVE_ATMOSPHERE = 81,
    PHASE_PROVE_FILL = 82,
    PHASE_PROVE_PRESSURE = 83,
    PHASE_SHORTAGE = 90,
};

#define BURNER_PREPURGE_S 30.0
#define BURNER_LOW_FIRE   0.2 /* of full fire */

/* Why it locked out. */
enum burner_cause {
    CAUSE_NONE,
    CAUSE_NO_FLAME, /* did not light */
    CAUSE_NO_AIR,
    CAUSE_PARASITIC, /* a flame where none may be */
    CAUSE_FLAME_LOST,
    CAUSE_LOW_WATER, /* limiters in the safety chain */
    CAUSE_PRESSURE,
    CAUSE_HIGH_TEMP,
    CAUSE_NO_FLOW,
    CAUSE_VALVES, /* a gas valve does not close tight */
    CAUSE_OTHER,
};

struct burner_inputs {
    bool power;
    bool gas;
    bool demand;
    double rate;             /* wanted, of full fire */
    enum burner_cause chain; /* the limiter that is open; CAUSE_NONE: the safety chain is closed */
    bool attended;           /* somebody stands by: an open chain stops it and does not lock it out */
};

struct burner {
    enum burner_phase phase;
    double in_phase_s;
    bool off;         /* by its switch */
    bool snuff;       /* the flame goes out as soon as it is there */
    bool no_ignition; /* the pilot does not light */
    bool parasitic;   /* the flame detector sees what is no flame of its own */
    bool no_air;      /* the fan does not run */
    bool proves;      /* its gas valves, after each stop */
    bool leaky;       /* the first of them is not tight */
    bool dark;        /* no mains */
    bool gas;
    enum burner_cause chain;
    enum burner_cause cause; /* of the lockout */
    int error;               /* its LMV code; 0 none */
    enum burner_phase error_phase;
    bool lit;
    double seen;   /* what the flame detector says, 0 … 1 */
    double gone_s; /* it sees no flame where there must be one */
    double here_s; /* it sees one where there must be none */
    double flicker;
    double damper; /* 0 closed … 1 open */
    double rate;   /* of full fire */
    double starts;
    double lockouts;
    double fired_s;
};

/* In operation, with the history of a burner of some years. */
void burner_open(struct burner *burner, struct random *random);
void burner_step(struct burner *burner, const struct burner_inputs *inputs, double dt_s, struct random *random);

bool burner_fan_runs(const struct burner *burner);
bool burner_main_open(const struct burner *burner);
bool burner_pilot_open(const struct burner *burner);
bool burner_sparks(const struct burner *burner);
bool burner_is_locked(const struct burner *burner);
double burner_heat(const struct burner *burner);  /* 0 … 1 of full fire, now */
double burner_flame(const struct burner *burner); /* flame signal, 0 … 1 */

void burner_lock_out(struct burner *burner, int error, enum burner_cause cause);

/* The button at the burner. False, with a sentence, when it is not locked out or the cause is still there. */
SIM_CHECKED bool burner_reset(struct burner *burner, struct text *why);

/* All that can be broken is whole again, and a lockout is reset. */
void burner_mend(struct burner *burner);

const char *burner_phase_word(enum burner_phase phase);     /* as the gateway's classes name it */
const char *burner_cause_word(enum burner_cause cause);     /* of `lockout_code` */
int burner_error_of(enum burner_cause cause);               /* LMV code */
const char *burner_cause_sentence(enum burner_cause cause); /* for people */

#endif
