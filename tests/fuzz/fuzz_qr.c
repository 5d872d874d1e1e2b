/* Any bytes as the code on a cylinder: parts lie within it, days are days, and the code of a code is itself. */
#include <stdint.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/civil.h"
#include "gateway/core/qr.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_part(struct qr_part part, const char *text, size_t size)
{
    if (part.size > 0)
        CHECK(part.at >= text && part.at + part.size <= text + size);
}

static void check_day(bool has, int32_t day)
{
    if (has)
        CHECK(civil_day(civil_of_day(day)) == day && civil_of_day(day).year <= 9999);
}

static bool is_plain(struct qr_part part)
{
    return memchr(part.at, ',', part.size) == NULL && memchr(part.at, '[', part.size) == NULL &&
           (part.size < 4 || memcmp(part.at, "http", 4) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *text = (const char *)bytes;
    int32_t day = 0;
    struct qr const qr = qr_read(text, size);
    struct qr_part const parts[] = {qr.certificate, qr.registration, qr.maker, qr.number, qr.note, qr.code};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        check_part(parts[i], text, size);
    check_day(qr.has_made, qr.made_day);
    check_day(qr.has_scrap, qr.scrap_day);
    check_day(qr_read_day(text, size, &day), day);
    if (qr.code.size > 0 && is_plain(qr.code)) {
        struct qr const again = qr_read(qr.code.at, qr.code.size);
        CHECK(again.code.size == qr.code.size && memcmp(again.code.at, qr.code.at, qr.code.size) == 0);
    }
    return 0;
}
