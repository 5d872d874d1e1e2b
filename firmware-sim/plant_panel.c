/* A gas control panel: what it says of itself and of all of its channels together. The channels are gas detectors of their
 * own (plant_gas.c); each tells its panel how it is.
 *
 * As GB 16808 has it: the channel that alarmed first stays shown until the panel is reset; muting lasts until a further channel
 * alarms; a fault of any channel, of the mains or of the battery is a fault of the panel. Area 1 is all channels. */
#include <math.h>

#include "firmware-sim/plant.h"

#define HEARTBEAT_S 5.0
#define ACTIONS     "mute | mains_off | battery_fault | earth_fault | fault | freeze | reset | normal"

struct panel {
    struct channels channels;
    unsigned first; /* channel that alarmed first; 0 none */
    unsigned alarms_muted;
    bool muted;
    bool mains_off;
    bool power;
    bool battery_fault;
    bool earth_fault;
    bool fault;
    bool frozen;
    double beats;
};

static bool has_fault(const struct panel *panel)
{
    return panel->fault || panel->earth_fault || panel->battery_fault || panel->mains_off || !panel->power;
}

/* id, unit, value; in the words of `panel` */
#define SIGNALS(X_)                                                                                                    \
    X_("panel_fault", NULL, plant_truth(has_fault(panel)))                                                             \
    X_("mains_ok", NULL, plant_truth(panel->power && !panel->mains_off))                                               \
    X_("battery_ok", NULL, plant_truth(!panel->battery_fault))                                                         \
    X_("earth_fault", NULL, plant_truth(panel->earth_fault))                                                           \
    X_("alarm_count", NULL, plant_number(panel->channels.low))                                                         \
    X_("fault_count", NULL, plant_number(panel->channels.fault))                                                       \
    X_("disabled_count", NULL, plant_number(panel->channels.disabled))                                                 \
    X_("any_alarm1", NULL, plant_truth(panel->channels.low > 0))                                                       \
    X_("any_alarm2", NULL, plant_truth(panel->channels.high > 0))                                                      \
    X_("any_fault", NULL, plant_truth(panel->channels.fault > 0))                                                      \
    X_("area_alarm1", NULL, plant_truth(panel->channels.low > 0))                                                      \
    X_("area_alarm2", NULL, plant_truth(panel->channels.high > 0))                                                     \
    X_("area_alarm3", NULL, plant_truth(false))                                                                        \
    X_("area_fault", NULL, plant_truth(panel->channels.fault > 0))                                                     \
    X_("area_disabled", NULL, plant_truth(panel->channels.disabled > 0))                                               \
    X_("muted", NULL, plant_truth(panel->muted))                                                                       \
    X_("first_alarm", NULL, plant_number(panel->first))                                                                \
    X_("heartbeat", NULL, plant_number(fmod(floor(panel->beats), 65536)))

#define ROW(id_, unit_, value_)   {(id_), (unit_)},
#define VALUE(id_, unit_, value_) (value_),

static const struct plant_signal signals[] = {SIGNALS(ROW)};
#define SIGNAL_COUNT (sizeof signals / sizeof *signals)

static void open(void *state, const struct point *const *points, size_t point_count, struct random *random)
{
    (void)points;
    (void)point_count;
    (void)random;
    struct panel *panel = state;
    panel->power = true;
}

static void step(void *state, double dt_s, const struct surroundings *around, struct random *random)
{
    (void)random;
    struct panel *panel = state;
    panel->channels = around->channels;
    panel->power = around->power;
    panel->first = panel->first == 0 ? panel->channels.first : panel->first;
    if (panel->channels.low > panel->alarms_muted)
        panel->muted = false;
    panel->alarms_muted = panel->muted ? panel->alarms_muted : panel->channels.low;
    panel->beats += panel->frozen ? 0 : dt_s / HEARTBEAT_S;
}

static void show(const void *state, struct value *ret_values)
{
    const struct panel *panel = state;
    const struct value values[] = {SIGNALS(VALUE)};
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        ret_values[i] = values[i];
}

static void reset(struct panel *panel)
{
    panel->first = 0;
    panel->muted = false;
}

static bool act(void *state, char *const *words, size_t count, struct text *why)
{
    static const char *const flag_words[] = {"mute", "mains_off", "battery_fault", "earth_fault", "fault", "freeze"};
    struct panel *panel = state;
    bool *const flags[] = {&panel->muted,       &panel->mains_off, &panel->battery_fault,
                           &panel->earth_fault, &panel->fault,     &panel->frozen};
    const char *word = count == 1 ? words[0] : "";
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (text_equals(flag_words[i], word)) {
            *flags[i] = true;
            return true;
        }
    }
    if (!text_equals(word, "reset") && !text_equals(word, "normal"))
        return text_refuse(why, "a panel can: " ACTIONS "; gas comes to one of its channels");
    reset(panel);
    for (size_t i = 0; i < sizeof flags / sizeof *flags && text_equals(word, "normal"); i++)
        *flags[i] = false;
    return true;
}

static void describe(const void *state, struct text *out)
{
    const struct panel *panel = state;
    text_add(out, "%u channels: %u in alarm, %u in fault, %u disabled%s%s", panel->channels.count, panel->channels.low,
             panel->channels.fault, panel->channels.disabled, panel->muted ? ", muted" : "",
             has_fault(panel) ? ", PANEL FAULT" : "");
}

const struct plant_kind plant_panel = {
    .actions = ACTIONS,
    .signals = signals,
    .signal_count = SIGNAL_COUNT,
    .state_size = sizeof(struct panel),
    .open = open,
    .step = step,
    .show = show,
    .act = act,
    .describe = describe,
};
