/* plant_rig: one plant on its own, without registers: stepped, ordered about and looked at by the ids of its points. */
#ifndef OUTPOST_TESTS_SUPPORT_PLANT_RIG_H
#define OUTPOST_TESTS_SUPPORT_PLANT_RIG_H

#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-sim/plant.h"

#define RIG_SIGNALS_MAX 128
#define RIG_STEP_S      0.1

struct rig {
    const struct plant_kind *kind;
    void *state;
    struct random random;
    struct surroundings around;
    double held[RIG_SIGNALS_MAX];
    struct value values[RIG_SIGNALS_MAX];
    double seconds;
    char why[SENTENCE_SIZE]; /* of the last order that was refused */
};

static inline void rig_open(struct rig *rig, const struct plant_kind *kind, uint64_t seed,
                            const struct settings *settings)
{
    *rig = (struct rig){.kind = kind, .around = {.supply_open = true, .power = true, .held = rig->held}};
    assert_true(kind->signal_count <= RIG_SIGNALS_MAX);
    for (size_t i = 0; i < RIG_SIGNALS_MAX; i++)
        rig->held[i] = (double)NAN;
    random_init(&rig->random, seed);
    rig->state = calloc(1, kind->state_size);
    assert_non_null(rig->state);
    kind->open(rig->state, NULL, 0, &rig->random);
    if (settings != NULL)
        kind->configure(rig->state, settings);
    kind->show(rig->state, rig->values);
}

static inline void rig_close(struct rig *rig)
{
    free(rig->state);
}

static inline void rig_step(struct rig *rig)
{
    rig->kind->step(rig->state, RIG_STEP_S, &rig->around, &rig->random);
    rig->kind->show(rig->state, rig->values);
    rig->seconds += RIG_STEP_S;
}

static inline void rig_pass(struct rig *rig, double seconds)
{
    for (long i = lround(seconds / RIG_STEP_S); i > 0; i--)
        rig_step(rig);
}

static inline size_t rig_signal(const struct rig *rig, const char *id)
{
    for (size_t i = 0; i < rig->kind->signal_count; i++) {
        if (strcmp(rig->kind->signals[i].id, id) == 0)
            return i;
    }
    fail_msg("no signal %s", id);
    return 0;
}

static inline double rig_shows(const struct rig *rig, const char *id)
{
    return rig->values[rig_signal(rig, id)].number;
}

static inline bool rig_is(const struct rig *rig, const char *id)
{
    return rig_shows(rig, id) > 0;
}

static inline const char *rig_word(const struct rig *rig, const char *id)
{
    const char *word = rig->values[rig_signal(rig, id)].text;
    return word == NULL ? "" : word;
}

static inline bool rig_says(const struct rig *rig, const char *id, const char *word)
{
    return strcmp(rig_word(rig, id), word) == 0;
}

/* "leak 60" */
static inline bool rig_order(struct rig *rig, const char *order)
{
    char line[128];
    char *words[8];
    struct sentence why;
    (void)snprintf(line, sizeof line, "%s", order);
    size_t count = text_split(line, words, 8);
    bool done = rig->kind->act(rig->state, words, count, sentence_init(&why));
    (void)snprintf(rig->why, sizeof rig->why, "%s", done ? "" : why.bytes);
    return done;
}

static inline void rig_do(struct rig *rig, const char *order)
{
    if (!rig_order(rig, order))
        fail_msg("%s: %s", order, rig->why);
}

/* Steps until the number crosses, and returns the seconds it took; fails after `limit_s`. */
static inline double rig_until(struct rig *rig, const char *id, double level, bool above, double limit_s)
{
    double from = rig->seconds;
    while (rig->seconds - from < limit_s) {
        rig_step(rig);
        if (above ? rig_shows(rig, id) >= level : rig_shows(rig, id) <= level)
            return rig->seconds - from;
    }
    fail_msg("%s did not reach %g within %g s; it is %g", id, level, limit_s, rig_shows(rig, id));
    return 0;
}

static inline double rig_until_says(struct rig *rig, const char *id, const char *word, double limit_s)
{
    double from = rig->seconds;
    while (rig->seconds - from < limit_s) {
        rig_step(rig);
        if (rig_says(rig, id, word))
            return rig->seconds - from;
    }
    fail_msg("%s did not become %s within %g s; it is %s", id, word, limit_s, rig_word(rig, id));
    return 0;
}

static inline void rig_until_true(struct rig *rig, const char *id, double limit_s)
{
    (void)rig_until(rig, id, 1, true, limit_s);
}

static inline void rig_until_false(struct rig *rig, const char *id, double limit_s)
{
    (void)rig_until(rig, id, 0, false, limit_s);
}

/* No value is nothing: what NaN gets into stays in. */
static inline void rig_all_finite(const struct rig *rig)
{
    for (size_t i = 0; i < rig->kind->signal_count; i++) {
        if (!isfinite(rig->values[i].number))
            fail_msg("%s is not finite", rig->kind->signals[i].id);
    }
}

/* A number that two lives share only when they are the same in every value. */
static inline uint64_t rig_trace(const struct plant_kind *kind, uint64_t seed, const char *order, double seconds)
{
    struct rig rig;
    uint64_t trace = 1469598103934665603U; /* FNV-1a */
    rig_open(&rig, kind, seed, NULL);
    for (long i = lround(seconds / RIG_STEP_S); i > 0; i--) {
        if (i == 600 && order != NULL)
            rig_do(&rig, order);
        rig_step(&rig);
        for (size_t k = 0; k < kind->signal_count; k++) {
            uint64_t bits;
            memcpy(&bits, &rig.values[k].number, sizeof bits);
            trace = (trace ^ bits) * 1099511628211U;
        }
    }
    rig_close(&rig);
    return trace;
}

#endif
