#include "firmware-sim/setting.h"

#include <math.h>

#include "firmware-sim/text.h"

static const struct setting *find(const struct settings *settings, const char *id)
{
    for (size_t i = 0; i < settings->count; i++) {
        if (text_equals(settings->rows[i].id, id))
            return &settings->rows[i];
    }
    return NULL;
}

double setting_number(const struct settings *settings, const char *id, double otherwise)
{
    const struct setting *setting = find(settings, id);
    return setting == NULL || isnan(setting->number) ? otherwise : setting->number;
}

const char *setting_text(const struct settings *settings, const char *id, const char *otherwise)
{
    const struct setting *setting = find(settings, id);
    return setting == NULL || setting->text == NULL ? otherwise : setting->text;
}
