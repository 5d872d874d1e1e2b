#include "gateway/model/alarm_state.h"

#define WORD_CASE(name, text)                                                                                          \
    case name:                                                                                                         \
        return text;

const char *alarm_state_text(enum alarm_state state)
{
    switch (state) {
        ALARM_STATE_LIST(WORD_CASE)
    case ALARM_STATE_COUNT:
        break;
    }
    return "NORM";
}

const char *alarm_event_text(enum alarm_event event)
{
    switch (event) {
        ALARM_EVENT_LIST(WORD_CASE)
    case ALARM_EVENT_COUNT:
        break;
    }
    return "raised";
}

const char *priority_text(enum priority priority)
{
    static const char *const words[PRIORITY_COUNT] = {"critical", "high", "medium", "low", "info"};
    return priority < PRIORITY_COUNT ? words[priority] : "info";
}

const char *priority_colour(enum priority priority)
{
    static const char *const words[PRIORITY_COUNT] = {"red", "orange", "yellow", "blue", "none"};
    return priority < PRIORITY_COUNT ? words[priority] : "none";
}

const char *priority_zh(enum priority priority)
{
    static const char *const words[PRIORITY_COUNT] = {"红", "橙", "黄", "蓝", "—"};
    return priority < PRIORITY_COUNT ? words[priority] : "—";
}
