/* The reply to the order `read`. */
#include "gateway/base/check.h"
#include "gateway/core/payload.h"
#include "gateway/core/payload_words.h"

#define TAIL_SIZE 40 /* room for },"more":4294967295} and its zero */

static const char *quality_text(uint8_t quality)
{
    return quality == QUALITY_UNCERTAIN ? "uncertain" : "good";
}

static void put_point(struct text *out, const struct device_point *point, const struct payload_reading *reading,
                      size_t at)
{
    const struct sample *sample = &reading->samples[at];
    enum reason const reason = payload_why_bad(point, sample, reading->text_size);
    text_put_json_string(out, point->id);
    text_put(out, ":{");
    if (reason == REASON_NONE) {
        text_put(out, "\"value\":");
        payload_put_value(out, point, sample, reading->texts);
        payload_put_text(out, "quality", quality_text(sample->quality));
    } else {
        text_put(out, "\"quality\":\"bad\"");
        payload_put_text(out, "reason", reason_text(reason));
    }
    if (reading->read_mono_us[at] > 0)
        payload_put_int(out, "age_ms", (reading->mono_us - reading->read_mono_us[at]) / 1000);
    text_put(out, "}");
}

void payload_reading(struct text *out, const struct site *site, const struct payload_reading *reading)
{
    CHECK(reading->device < site->device_count);
    const struct site_device *device = &site->devices[reading->device];
    size_t left_out = 0;
    bool first = true;
    text_put(out, "{\"v\":1");
    payload_put_text(out, "id", reading->id);
    payload_put_bool(out, "ok", true);
    payload_put_text(out, "dev", device->id);
    payload_put_text(out, "cls", device->class->id);
    payload_put_int(out, "at", reading->at_utc_ms);
    text_put(out, ",\"points\":{");
    for (size_t i = 0; i < device->point_count; i++) {
        struct text const before = *out;
        text_put(out, first ? "" : ",");
        put_point(out, &device->points[i], reading, i);
        if (out->full || out->size - out->used < TAIL_SIZE) {
            payload_take_back(out, before);
            left_out++;
        } else {
            first = false;
        }
    }
    text_put(out, "}");
    if (left_out > 0)
        payload_put_uint(out, "more", left_out);
    text_put(out, "}");
}
