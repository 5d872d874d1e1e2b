/* A step of a scenario as a line for people. */
#include "firmware-sim/scenario.h"

static const char *role_name(const struct scenario *scenario, size_t role)
{
    return role == SCENARIO_NONE ? "*" : scenario->roles[role].name;
}

static void print_action(const struct scenario *scenario, const struct action *action, struct text *out)
{
    const char *who = role_name(scenario, action->role);
    switch (action->kind) {
    case ACTION_DO:
        text_add(out, "do %s %s", who, action->rest);
        break;
    case ACTION_SET:
        text_add(out, "set %s.%s %s", who, action->point, action->rest);
        break;
    case ACTION_FAULT:
        text_add(out, "fault %s%s %s", action->bus ? "bus:" : "", who, action->rest);
        break;
    case ACTION_SPEED:
        text_add(out, "speed %g", action->speed);
        break;
    case ACTION_ORDER:
        text_add(out, "%s%s%s%s%s", action->verb, action->role == SCENARIO_NONE ? "" : " ",
                 action->role == SCENARIO_NONE ? "" : who, action->rest[0] == '\0' ? "" : " ", action->rest);
        break;
    }
}

static void print_comparison(const struct expectation *expectation, struct text *out)
{
    switch (expectation->compare) {
    case COMPARE_NUMBER:
        text_add(out, " = %g", expectation->number);
        break;
    case COMPARE_TRUTH:
        text_add(out, " = %s", expectation->number > 0 ? "true" : "false");
        break;
    case COMPARE_TEXT:
        text_add(out, " = %s", expectation->text);
        break;
    case COMPARE_ABOVE:
        text_add(out, " > %g", expectation->number);
        break;
    case COMPARE_BELOW:
        text_add(out, " < %g", expectation->number);
        break;
    }
}

static void print_expectation(const struct scenario *scenario, const struct expectation *expectation, struct text *out)
{
    static const char *const words[] = {[EXPECT_ALARM] = "alarm",
                                        [EXPECT_EVENT] = "event",
                                        [EXPECT_TELEMETRY] = "telemetry",
                                        [EXPECT_QUALITY] = "quality"};
    text_add(out, "%s%s %s", expectation->never ? "never " : "", words[expectation->kind], expectation->name);
    if (expectation->role != SCENARIO_NONE)
        text_add(out, " of %s", role_name(scenario, expectation->role));
    if (expectation->event != NULL)
        text_add(out, " %s", expectation->event);
    if (expectation->has_first_out)
        text_add(out, " %s", expectation->first_out ? "first out" : "not first out");
    if (expectation->kind == EXPECT_TELEMETRY)
        print_comparison(expectation, out);
    if (expectation->kind == EXPECT_QUALITY)
        text_add(out, " is %s", expectation->text);
    text_add(out, "%s", expectation->never ? " for " : " within ");
    text_add_duration(out, expectation->within_ms * 1000);
}

void step_print(const struct scenario *scenario, const struct step *step, struct text *out)
{
    if (step->is_action)
        print_action(scenario, &step->action, out);
    else
        print_expectation(scenario, &step->expectation, out);
}
