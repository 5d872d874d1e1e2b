/* Settings of a device: what the class must be told about it and nobody can measure: {"rated_speed": 1.75, "fuel": "oil"}.
 * The class's table says which there are, in which unit, within which bounds, or which words. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/site/loader.h"

static const char *name_of_setting(const void *context, size_t index)
{
    const struct device_class *class = context;
    return index < class->setting_count ? class->settings[index].id : NULL;
}

static const char *name_of_choice(const void *context, size_t index)
{
    const struct class_setting *setting = context;
    return index < setting->choice_count ? setting->choices[index].id : NULL;
}

static size_t find_setting(const struct device_class *class, const char *id)
{
    size_t i = 0;
    while (i < class->setting_count && strcmp(class->settings[i].id, id) != 0)
        i++;
    return i;
}

static void read_choice(struct loader *l, const struct node *node, const struct class_setting *setting,
                        double *ret_value)
{
    const char *word;
    if (!shape_text(node, SITE_ID_MAX, l->complaints, &word))
        return;
    for (size_t i = 0; i < setting->choice_count; i++) {
        if (strcmp(setting->choices[i].id, word) == 0) {
            *ret_value = (double)i;
            return;
        }
    }
    complain_node(l->complaints, node, ON_VALUE, S_BAD_CHOICE,
                  WORDS(words_quote(l->complaints, word), words_suggest(l->complaints, word, name_of_choice, setting)));
}

static void read_number(struct loader *l, const struct node *node, const struct class_setting *setting,
                        double *ret_value)
{
    double value;
    double const minimum = has_limit(setting->minimum) ? setting->minimum : -1e15;
    double const maximum = has_limit(setting->maximum) ? setting->maximum : 1e15;
    if (!shape_number(node, -1e300, 1e300, l->complaints, &value))
        return;
    if (value >= minimum && value <= maximum)
        *ret_value = value;
    else
        complain_node(
            l->complaints, node, ON_VALUE, S_OUT_OF_RANGE,
            WORDS(words_found(l->complaints, node), words_format(l->complaints, "%.15g … %.15g%s%s", minimum, maximum,
                                                                 setting->unit[0] != '\0' ? " " : "", setting->unit)));
}

static void read_settings(struct loader *l, const struct node *settings, const struct device_class *class,
                          double *values)
{
    for (const struct node *child = node_first(settings); child != NULL; child = node_next(child)) {
        size_t const index = find_setting(class, node_key(child));
        if (index == class->setting_count)
            complain_node(l->complaints, child, ON_KEY, S_NO_SETTING,
                          WORDS(same(class->id), words_quote(l->complaints, node_key(child)),
                                words_suggest(l->complaints, node_key(child), name_of_setting, class)));
        else if (class->settings[index].choices != NULL)
            read_choice(l, child, &class->settings[index], &values[index]);
        else
            read_number(l, child, &class->settings[index], &values[index]);
    }
}

void load_settings(struct loader *l, size_t index)
{
    struct site_device *device = &l->devices[index];
    const struct device_class *class = device->class;
    const struct node *settings = l->build_devices[index].raw->settings;
    if (class == NULL)
        return;
    double *values = take_array(l->arena, class->setting_count, sizeof *values, l->complaints);
    if (values == NULL)
        return;
    for (size_t i = 0; i < class->setting_count; i++)
        values[i] = class->settings[i].standard;
    if (settings != NULL)
        read_settings(l, settings, class, values);
    device->settings = values;
}
