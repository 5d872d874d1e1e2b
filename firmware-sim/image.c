#include "firmware-sim/image.h"

static uint16_t state_of(const struct finding *finding)
{
    switch (finding->outcome) {
    case OUTCOME_WORDS:
        return IMAGE_ANSWERS;
    case OUTCOME_SILENCE:
        return IMAGE_SILENT;
    case OUTCOME_EXCEPTION:
        break;
    }
    return (uint16_t)(IMAGE_EXCEPTION + finding->exception);
}

void image_apply(struct image *image, const struct finding *finding)
{
    uint16_t state = state_of(finding);
    uint16_t *states = image->states[finding->where.table] + finding->where.address;
    uint16_t *words = image->words[finding->where.table] + finding->where.address;
    for (size_t i = 0; i < finding->where.count; i++) {
        image->known += states[i] == IMAGE_UNKNOWN ? 1U : 0U;
        image->silent -= states[i] == IMAGE_SILENT ? 1U : 0U;
        image->silent += state == IMAGE_SILENT ? 1U : 0U;
        states[i] = state;
        if (finding->outcome == OUTCOME_WORDS)
            words[i] = finding->words[i];
    }
}

static bool differs(const struct image *image, const struct finding *finding, size_t i)
{
    const struct span *where = &finding->where;
    size_t at = where->address + i;
    if (image->states[where->table][at] != state_of(finding))
        return true;
    return finding->outcome == OUTCOME_WORDS && image->words[where->table][at] != finding->words[i];
}

void image_compare(const struct image *image, const struct finding *finding, image_news *tell, void *self)
{
    for (size_t i = 0; i < finding->where.count; i++) {
        size_t from = i;
        while (i < finding->where.count && differs(image, finding, i))
            i++;
        if (i == from)
            continue;
        struct finding news = *finding;
        news.where.address = (uint16_t)(finding->where.address + from);
        news.where.count = (uint16_t)(i - from);
        news.words = finding->outcome == OUTCOME_WORDS ? finding->words + from : NULL;
        tell(self, &news);
    }
}

enum outcome image_judge(const struct image *image, const struct span *where, uint8_t *ret_exception)
{
    enum outcome outcome = OUTCOME_WORDS;
    const uint16_t *states = image->states[where->table] + where->address;
    for (size_t i = 0; i < where->count; i++) {
        if (states[i] == IMAGE_SILENT)
            return OUTCOME_SILENCE;
        if (states[i] < IMAGE_EXCEPTION || outcome == OUTCOME_EXCEPTION)
            continue;
        outcome = OUTCOME_EXCEPTION;
        *ret_exception = (uint8_t)(states[i] - IMAGE_EXCEPTION);
    }
    return outcome;
}

bool image_is_silent(const struct image *image)
{
    return image->known > 0 && image->silent == image->known;
}

bool image_stretch(const struct image *image, enum table table, uint32_t from, uint32_t count_max,
                   struct span *ret_span)
{
    const uint16_t *states = image->states[table];
    while (from < IMAGE_REGISTERS && states[from] == IMAGE_UNKNOWN)
        from++;
    uint32_t end = from;
    while (end < IMAGE_REGISTERS && end - from < count_max && states[end] != IMAGE_UNKNOWN)
        end++;
    if (end == from)
        return false;
    *ret_span = (struct span){.table = table, .address = (uint16_t)from, .count = (uint16_t)(end - from)};
    return true;
}
