/* Whatever samples hold, a record is JSON that reads back: every point once, as the same number or as bad. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/payload.h"
#include "tests/support/wire_site.h"

static void check_point(const cJSON *record, const struct device_point *point, const struct sample *sample)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItem(record, "values"), point->id);
    const cJSON *bad = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItem(record, "bad"), point->id);
    CHECK((value == NULL) != (bad == NULL));
    CHECK(sample->quality != QUALITY_BAD || bad != NULL);
    if (value != NULL && point->type == VALUE_NUMBER) {
        CHECK(cJSON_IsNumber(value));
        float const wanted = (float)sample->value.number;
        float const got = (float)value->valuedouble;
        CHECK(memcmp(&wanted, &got, sizeof got) == 0 || fpclassify(wanted) == FP_ZERO);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char buffer[PAYLOAD_RECORD_MAX];
    static const struct site_centre no_centres[1];
    struct site const site = wire_site(no_centres, 0, "");
    struct payload_stamp const stamp = {.stream = "9f3c2a71", .lane = 't', .seq = 1, .boot = 1};
    struct news_telemetry news = {.device = WIRE_GAS, .sample_count = WIRE_GAS_POINTS};
    struct text text;
    if (size < WIRE_GAS_POINTS * 10)
        return 0;
    for (uint16_t i = 0; i < WIRE_GAS_POINTS; i++) {
        memcpy(&news.samples[i].value, data + i * 10, 8);
        if (i == WIRE_LEL) /* the register holds a float */
            news.samples[i].value.number = (double)(float)news.samples[i].value.number;
        if (i == WIRE_FAULT)
            news.samples[i].value.boolean = (data[i * 10] & 1) != 0;
        news.samples[i].quality = data[i * 10 + 8] % 4;
        news.samples[i].reason = data[i * 10 + 9];
        news.samples[i].point = i;
    }
    size_t const rest = size - WIRE_GAS_POINTS * 10;
    news.text_size = (uint16_t)(rest < NEWS_TEXTS_MAX ? rest : NEWS_TEXTS_MAX);
    memcpy(news.texts, data + WIRE_GAS_POINTS * 10, news.text_size);
    text_init(&text, buffer, sizeof buffer);
    payload_telemetry(&text, &site, &stamp, &news);
    CHECK(!text.full && text_is_utf8(buffer, text.used));
    cJSON *record = cJSON_ParseWithLength(buffer, text.used);
    CHECK(record != NULL);
    for (size_t i = 0; i < WIRE_GAS_POINTS; i++)
        check_point(record, &wire_gas_points[i], &news.samples[i]);
    cJSON_Delete(record);
    return 0;
}
