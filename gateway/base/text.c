#include "gateway/base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

void text_init(struct text *text, char *buffer, size_t size)
{
    CHECK(size > 0);
    *text = (struct text){.at = buffer, .size = size};
    buffer[0] = '\0';
}

void text_put_bytes(struct text *text, const char *bytes, size_t size)
{
    if (text->full || size >= text->size - text->used) {
        text->full = true;
        return;
    }
    memcpy(text->at + text->used, bytes, size);
    text->used += size;
    text->at[text->used] = '\0';
}

void text_put(struct text *text, const char *string)
{
    text_put_bytes(text, string, strlen(string));
}

void text_put_format(struct text *text, const char *format, ...)
{
    if (text->full)
        return;
    va_list arguments;
    va_start(arguments, format);
    size_t space = text->size - text->used;
    int wanted = vsnprintf(text->at + text->used, space, format, arguments);
    va_end(arguments);
    if (wanted < 0 || (size_t)wanted >= space) {
        text->at[text->used] = '\0';
        text->full = true;
        return;
    }
    text->used += (size_t)wanted;
}

void text_put_uint(struct text *text, uint64_t value)
{
    char digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    text_put_bytes(text, digits + first, sizeof digits - first);
}

void text_put_int(struct text *text, int64_t value)
{
    if (value < 0) {
        text_put_bytes(text, "-", 1);
        text_put_uint(text, (uint64_t)0 - (uint64_t)value);
    } else {
        text_put_uint(text, (uint64_t)value);
    }
}

void text_put_number(struct text *text, double value, bool single)
{
    CHECK(isfinite(value));
    if (value >= -1e15 && value <= 1e15 && value >= (double)(int64_t)value && value <= (double)(int64_t)value) {
        text_put_int(text, (int64_t)value);
        return;
    }
    char digits[32];
    int const least = single ? 6 : 15;
    int const most = single ? 9 : 17;
    for (int precision = least; precision <= most; precision++) {
        (void)snprintf(digits, sizeof digits, "%.*g", precision, value);
        double back = strtod(digits, NULL);
        bool same = single ? memcmp(&(float){(float)back}, &(float){(float)value}, sizeof(float)) == 0
                           : memcmp(&back, &value, sizeof back) == 0;
        if (same)
            break;
    }
    text_put(text, digits);
}

/* Length of the UTF-8 sequence that starts at `bytes`, or 0 when it is not one (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *bytes, size_t size)
{
    unsigned char const first = bytes[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || length > size)
        return 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (first == 0xE0)
        low = 0xA0;
    if (first == 0xED)
        high = 0x9F;
    if (first == 0xF0)
        low = 0x90;
    if (first == 0xF4)
        high = 0x8F;
    if (bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

bool text_is_utf8(const char *bytes, size_t size)
{
    const unsigned char *at = (const unsigned char *)bytes;
    while (size > 0) {
        size_t length = utf8_length(at, size);
        if (length == 0)
            return false;
        at += length;
        size -= length;
    }
    return true;
}

void text_put_json_bytes(struct text *text, const char *bytes, size_t size)
{
    const unsigned char *at = (const unsigned char *)bytes;
    text_put_bytes(text, "\"", 1);
    while (size > 0) {
        size_t length = utf8_length(at, size);
        if (length == 0) {
            text_put(text, "\xEF\xBF\xBD");
            length = 1;
        } else if (at[0] == '"' || at[0] == '\\') {
            char escaped[2] = {'\\', (char)at[0]};
            text_put_bytes(text, escaped, 2);
        } else if (at[0] < 0x20 || at[0] == 0x7F) {
            text_put_format(text, "\\u%04x", at[0]);
        } else {
            text_put_bytes(text, (const char *)at, length);
        }
        at += length;
        size -= length;
    }
    text_put_bytes(text, "\"", 1);
}

void text_put_json_string(struct text *text, const char *string)
{
    text_put_json_bytes(text, string, strlen(string));
}

void text_copy(char *to, size_t to_size, const char *from)
{
    CHECK(to_size > 0);
    size_t size = strlen(from);
    if (size >= to_size) {
        size = to_size - 1;
        while (size > 0 && ((unsigned char)from[size] & 0xC0) == 0x80)
            size--;
    }
    memcpy(to, from, size);
    to[size] = '\0';
}
