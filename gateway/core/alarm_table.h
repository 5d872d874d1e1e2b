/* alarm_table: the whole behaviour of an alarm as a table, state x action (IEC 62682, table of states; domain of ISA-18.2).
 * Used by core/alarm.c only. */
#ifndef OUTPOST_CORE_ALARM_TABLE_H
#define OUTPOST_CORE_ALARM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/model/alarm_state.h"

enum alarm_action {
    DO_RAISE,
    DO_CLEAR,
    DO_ACK,
    DO_RESET,
    DO_SHELVE,
    DO_UNSHELVE,
    DO_SUPPRESS,
    DO_UNSUPPRESS,
    DO_DISABLE,
    DO_ENABLE,
    DO_REARM,
    ALARM_ACTION_COUNT
};

struct alarm_move {
    bool goes;
    bool leaves; /* into sight again: where to depends on what happened meanwhile */
    uint8_t event;
    uint8_t to;
    uint8_t to_latched;  /* the same for a rule that latches */
    const char *refusal; /* it does not go: the word that an order for it is answered with */
};

const struct alarm_move *alarm_move(uint8_t state, enum alarm_action action); /* static */

#endif
