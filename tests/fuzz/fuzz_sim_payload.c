/* Whatever a broker hands over, message by message: a topic, a newline, the payload up to a zero byte. The picture stays one
 * that can be asked and written down, and the page that is made of it is text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-sim/picture.h"
#include "firmware-sim/report.h"
#include "firmware-sim/roll.h"
#include "firmware-sim/utf8.h"

#define ROOT "r/g"

static const char plant[] =
    "{\"buses\":[{\"id\":\"b\",\"link\":\"rtu\",\"port\":\"p\"}],\"devices\":[{\"id\":\"d\",\"bus\":\"b\",\"unit\":1,"
    "\"class\":"
    "\"gas_detector\",\"points\":{\"p\":{\"address\":0}}},{\"id\":\"e\",\"bus\":\"b\",\"unit\":2,\"class\":\"io\"}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(struct picture *picture, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    char topic[64];
    const uint8_t *end = memchr(bytes, '\n', size);
    size_t length = end == NULL ? size : (size_t)(end - bytes);
    (void)snprintf(topic, sizeof topic, ROOT "/%.*s", (int)(length < 40 ? length : 40), (const char *)bytes);
    length = end == NULL ? size : length + 1;
    picture_take(picture, topic, bytes + length, size - length, (now_ms & 1) != 0, now_ms);
}

static void write_down(const struct picture *picture)
{
    static char page[1024 * 1024];
    struct pool pool = {0};
    static const struct waivers waivers = {.list = {{.device = 0, .point = "p", .reason = "why"}}, .count = 1};
    struct report_device devices[2];
    for (size_t i = 0; i < 2; i++) {
        char bytes[256];
        struct text text;
        struct outlook outlook;
        struct sentence why;
        roll_device(picture, &waivers, i, &pool, &devices[i]);
        roll_look(picture, &waivers, i, &outlook);
        if (devices[i].good != (outlook.readiness == READY_GOOD))
            abort();
        text_init(&text, bytes, sizeof bytes);
        roll_print_outlook(&outlook, picture, i, &text);
        if (!waivers_check(&waivers, picture, sentence_init(&why)) && why.text.used == 0)
            abort();
    }
    const struct report report = {.site = "",
                                  .gateway = "",
                                  .file = "",
                                  .sha256 = "",
                                  .running_sha256 = "",
                                  .gateway_version = "",
                                  .version = "",
                                  .broker = "",
                                  .delay_ms = REPORT_NEVER,
                                  .devices = devices,
                                  .device_count = 2};
    FILE *stream = fmemopen(page, sizeof page, "w");
    if (stream == NULL)
        abort();
    bool whole = report_put_html(&report, stream);
    (void)fclose(stream);
    for (size_t i = 0, length = whole ? strlen(page) : 0; i < length;) {
        size_t character = page[i] == '\n' ? 1 : utf8_size(page + i, length - i);
        if (character == 0)
            abort();
        i += character;
    }
    pool_close(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct site site;
    static const size_t watched[] = {0};
    struct picture picture;
    struct sentence why;
    struct sentence warnings;
    if (site.bus_count == 0 &&
        !site_open_bytes(&site, "f", plant, sizeof plant - 1, NULL, sentence_init(&warnings), sentence_init(&why)))
        abort();
    picture_open(&picture, &site, ROOT, 64);
    picture_watch(&picture, watched, 1);
    int64_t now_ms = 1000;
    for (size_t at = 0; at < size; now_ms++) {
        const uint8_t *end = memchr(data + at, '\0', size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - data) - at;
        take(&picture, data + at, length, now_ms);
        at += length + 1;
    }
    write_down(&picture);
    picture_watch(&picture, watched, 1);
    picture_close(&picture);
    return 0;
}
