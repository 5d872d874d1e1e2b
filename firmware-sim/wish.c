#include "firmware-sim/wish.h"

#include <string.h>

const struct wish *wish_find(const struct wishes *wishes, const char *bus)
{
    for (size_t i = 0; i < wishes->count; i++) {
        if (text_equals(wishes->all[i].bus, bus))
            return &wishes->all[i];
    }
    return NULL;
}

/* The wish of the bus whose name ends at `end`, a new one if need be; NULL with a sentence. */
static struct wish *wish_of(struct wishes *wishes, const char *word, const char *end, struct text *why)
{
    char bus[WISH_BUS_SIZE];
    size_t length = (size_t)(end - word);
    if (length == 0 || length >= sizeof bus) {
        (void)text_refuse(why, "\"%.80s\" names no bus", word);
        return NULL;
    }
    memcpy(bus, word, length);
    bus[length] = '\0';
    for (size_t i = 0; i < wishes->count; i++) {
        if (text_equals(wishes->all[i].bus, bus))
            return &wishes->all[i];
    }
    if (wishes->count == WISHES_MAX) {
        (void)text_refuse(why, "at most %d buses", WISHES_MAX);
        return NULL;
    }
    struct wish *wish = &wishes->all[wishes->count++];
    *wish = (struct wish){.path = NULL};
    memcpy(wish->bus, bus, length + 1);
    return wish;
}

bool wish_map(struct wishes *wishes, const char *word, struct text *why)
{
    const char *sign = strchr(word, '=');
    if (sign == NULL || sign[1] == '\0')
        return text_refuse(why, "--map BUS=PATH, not \"%.80s\"", word);
    struct wish *wish = wish_of(wishes, word, sign, why);
    if (wish == NULL)
        return false;
    if (wish->path != NULL)
        return text_refuse(why, "--map names bus %s twice", wish->bus);
    wish->path = sign + 1;
    return true;
}

bool wish_echo(struct wishes *wishes, const char *word, struct text *why)
{
    struct wish *wish = wish_of(wishes, word, word + strlen(word), why);
    if (wish != NULL)
        wish->echo = true;
    return wish != NULL;
}

bool wish_latency(struct wishes *wishes, const char *word, struct text *why)
{
    const char *sign = strchr(word, '=');
    int64_t latency_us = 0;
    if (sign == NULL || !text_to_duration(sign + 1, &latency_us) || latency_us < 1000 ||
        latency_us > WISH_LATENCY_MAX_US)
        return text_refuse(
            why, "--latency BUS=TIME with 1ms to 255ms (16ms is what FTDI chips come with), not \"%.80s\"", word);
    struct wish *wish = wish_of(wishes, word, sign, why);
    if (wish != NULL)
        wish->latency_us = latency_us;
    return wish != NULL;
}

static bool has_bus(const struct site *site, const char *bus)
{
    for (size_t i = 0; i < site->bus_count; i++) {
        if (text_equals(site->buses[i].id, bus))
            return true;
    }
    return false;
}

bool wish_check(const struct wishes *wishes, const struct site *site, struct text *why)
{
    for (size_t i = 0; i < wishes->count; i++) {
        if (has_bus(site, wishes->all[i].bus))
            continue;
        text_add(why, "there is no bus %s; there are:", wishes->all[i].bus);
        for (size_t k = 0; k < site->bus_count; k++)
            text_add(why, " %s", site->buses[k].id);
        return false;
    }
    return true;
}
