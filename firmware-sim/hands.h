/* hands: does an action of a scenario: by the simulator's control socket, by the gateway's own command line, or by asking a
 * person to. */
#ifndef OUTPOST_FIRMWARE_SIM_HANDS_H
#define OUTPOST_FIRMWARE_SIM_HANDS_H

#include <stdbool.h>

#include "firmware-sim/cast.h"
#include "firmware-sim/scenario.h"
#include "firmware-sim/session.h"
#include "firmware-sim/text.h"

struct hands {
    struct session *session;
    const char *file;    /* the site file, for orders */
    const char *socket;  /* of the simulator */
    const char *outpost; /* program that takes orders; NULL: ask a person */
    bool manual;         /* people provoke, not the simulator */
    bool chinese;        /* what they are asked in */
};

enum deed {
    DEED_DONE,
    DEED_NEEDLESS, /* it means something only to the simulator */
    DEED_SKIPPED,  /* the person says so */
    DEED_FAILED,   /* it could not be done; a sentence */
    DEED_STOPPED   /* Ctrl-C, or nobody at the keyboard */
};

/* The step is an action. Goes on listening while it waits for a person. */
enum deed hands_do(const struct hands *hands, const struct cast *cast, const struct step *step, struct text *why);

/* A person is asked to do it: that takes as long as it takes. */
bool hands_asks(const struct hands *hands, const struct action *action);

/* It only gives back what others took: "normal", a fault's end, a held value, the speed. */
bool action_restores(const struct action *action);

/* On stderr, for who has to tidy up after a stop: what would have been done. */
void hands_remind(const struct hands *hands, const struct cast *cast, const struct step *step);

#endif
