#include "tests/house/stage.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/base/check.h"

#define BLAMES_PRINTED 25

const char *invariant_text(enum invariant invariant)
{
#define INVARIANT_TEXT(name, text) text,
    static const char *const texts[INV_COUNT] = {INVARIANT_LIST(INVARIANT_TEXT)};
#undef INVARIANT_TEXT
    return texts[invariant];
}

struct now stage_now(const struct stage *stage)
{
    return (struct now){
        .mono_us = stage_mono_us(stage, stage->t_us),
        .utc_ms = stage_utc_ms(stage->t_us),
        .synced = true,
    };
}

void stage_blame(struct stage *stage, enum invariant invariant, int64_t t_us, const char *format, ...)
{
    stage->broken[invariant]++;
    if (++stage->broken_count > BLAMES_PRINTED || stage->quiet)
        return;
    (void)fprintf(stderr, "  %11.3f s  %s: ", (double)t_us / 1e6, invariant_text(invariant));
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

void stage_touch(struct stage *stage)
{
    if (stage->dead || stage->crash_in == 0 || --stage->crash_in > 0)
        return;
    stage->crash(stage->context);
    stage->dead = true;
}

void stage_sync(struct stage *stage)
{
    if (stage->dead || stage->sync_crash_in == 0 || --stage->sync_crash_in > 0)
        return;
    stage->crash(stage->context);
    stage->dead = true;
}

void *stage_grow(void *array, size_t count, size_t *max, size_t element_size)
{
    if (count < *max)
        return array;
    *max = *max == 0 ? 1024 : *max * 2;
    void *grown = realloc(array, *max * element_size);
    CHECK(grown != NULL);
    return grown;
}
