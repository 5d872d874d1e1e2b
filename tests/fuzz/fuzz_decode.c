/* Any registers under any description of a point: no byte outside the input is read, and what comes out is either bad or a
 * finite value. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/decode.h"

static uint8_t take(const uint8_t **at, size_t *left)
{
    if (*left == 0)
        return 0;
    (*left)--;
    return *(*at)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const double invalid[] = {32767, 65535};
    static const double scales[] = {1, 0.1, 0.01, -2, 1e300};
    static struct batch batch;
    struct slave_point point = {.id = "p", .invalid = invalid, .invalid_count = 2};
    point.function = (enum function)(1 + take(&data, &size) % 4);
    point.raw = (enum raw_type)(take(&data, &size) % (RAW_STRING + 1));
    point.type = (enum value_type)(take(&data, &size) % (VALUE_TEXT + 1));
    point.order = (enum word_order)(take(&data, &size) % 4);
    point.byte = (enum byte_half)(take(&data, &size) % 3);
    point.bit_first = take(&data, &size);
    point.bit_count = take(&data, &size);
    point.address = take(&data, &size);
    point.register_count = take(&data, &size);
    point.scale = scales[take(&data, &size) % 5];
    point.has_scale_from = take(&data, &size) & 1;
    point.scale_from.address = take(&data, &size);
    point.has_only_if = take(&data, &size) & 1;
    point.only_if.address = take(&data, &size);
    uint16_t const count = (uint16_t)(size / 2 < 125 ? size / 2 : 125);
    uint16_t *words = malloc(count * sizeof *words + 1);
    CHECK(words != NULL);
    memcpy(words, data, count * sizeof *words);
    struct site_slave const slave = {.points = &point, .point_count = 1};
    struct decode_input const input = {point.function, take(&data, &size), count, words, (const uint8_t *)words};
    uint16_t index = 0;
    decode_read(&slave, &index, 1, &input, &batch);
    if (batch.samples[0].quality == QUALITY_GOOD && point.type == VALUE_NUMBER)
        CHECK(isfinite(batch.samples[0].value.number));
    if (batch.samples[0].quality == QUALITY_GOOD && point.type == VALUE_TEXT)
        CHECK(batch.samples[0].value.text.offset + batch.samples[0].value.text.size <= batch.text_size);
    uint16_t raw;
    enum err err = decode_write_value(&point, batch.samples[0].value.number, &raw);
    (void)err;
    free(words);
    return 0;
}
