#include "firmware-sim/html.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "firmware-sim/measure.h"
#include "firmware-sim/utf8.h"

void html_put(FILE *out, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t size = utf8_size(text, left);
        const char *name = text[0] == '&'    ? "&amp;"
                           : text[0] == '<'  ? "&lt;"
                           : text[0] == '>'  ? "&gt;"
                           : text[0] == '"'  ? "&quot;"
                           : text[0] == '\'' ? "&#39;"
                           : size == 0       ? "?"
                                             : NULL;
        size = size == 0 ? 1 : size;
        if (name != NULL)
            (void)fputs(name, out);
        else
            (void)fwrite(text, 1, size, out);
        text += size;
        left -= size;
    }
}

void html_put_unit(FILE *out, const char *unit)
{
    html_put(out, measure_name(unit));
}

static struct tm parts_of(int64_t wall_ms, int utc_offset_min)
{
    time_t seconds = (time_t)(wall_ms / 1000 + (int64_t)utc_offset_min * 60);
    struct tm parts = {0};
    (void)gmtime_r(&seconds, &parts);
    return parts;
}

void html_put_date(FILE *out, int64_t wall_ms, int utc_offset_min)
{
    struct tm parts = parts_of(wall_ms, utc_offset_min);
    (void)fprintf(out, "%04d-%02d-%02d %02d:%02d:%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                  parts.tm_hour, parts.tm_min, parts.tm_sec);
}

void html_put_clock(FILE *out, int64_t wall_ms, int utc_offset_min)
{
    struct tm parts = parts_of(wall_ms, utc_offset_min);
    (void)fprintf(out, "%02d:%02d:%02d.%03" PRId64, parts.tm_hour, parts.tm_min, parts.tm_sec, wall_ms % 1000);
}
