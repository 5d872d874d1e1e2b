/* Any bytes as telemetry payloads, one a line: nothing is read beyond them (each has a buffer of its own size), and the first
 * and the last record of all stay when they are of one device and bucket.
 *
 * Input: lines; the first byte of a line says how much later than the one before it is. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/core/thin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct thin thin;
    int64_t at_ms = 0;
    size_t count = 0;
    thin_begin(&thin, 60000);
    while (size > 0 && count < THIN_RECORDS_MAX) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t const line = end != NULL ? (size_t)(end - data) : size;
        char *payload = malloc(line + 1);
        CHECK(payload != NULL);
        size_t const payload_size = line > 0 ? line - 1 : 0;
        if (line > 0) {
            at_ms += data[0] * 1000;
            memcpy(payload, data + 1, payload_size);
        }
        char *exact = realloc(payload, payload_size > 0 ? payload_size : 1);
        CHECK(exact != NULL && thin_add(&thin, at_ms, "telemetry/d", exact, payload_size));
        free(exact);
        count++;
        size_t const used = line + (end != NULL ? 1 : 0);
        data += used;
        size -= used;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        kept += thin_keeps(&thin, i) ? 1 : 0;
    CHECK(kept <= count && (count == 0 || thin_keeps(&thin, count - 1)));
    return 0;
}
