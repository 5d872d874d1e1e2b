#include "firmware-sim/utf8.h"

#include <stdbool.h>
#include <stdint.h>

static size_t size_of_lead(unsigned char lead)
{
    if (lead < 0x80)
        return lead < 0x20 || lead == 0x7F ? 0 : 1;
    if (lead >> 5 == 0x6)
        return 2;
    if (lead >> 4 == 0xE)
        return 3;
    return lead >> 3 == 0x1E ? 4 : 0;
}

size_t utf8_size(const char *bytes, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = left == 0 ? 0 : size_of_lead((unsigned char)bytes[0]);
    if (size < 2 || size > left)
        return size == 1 ? 1 : 0;
    uint32_t code = (unsigned char)bytes[0] & (0x7FU >> size);
    for (size_t i = 1; i < size; i++) {
        if (((unsigned char)bytes[i] & 0xC0U) != 0x80U)
            return 0;
        code = code << 6 | ((unsigned char)bytes[i] & 0x3FU);
    }
    bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    bool control = code >= 0x80 && code < 0xA0;
    return code < least[size] || code > 0x10FFFF || surrogate || control || (code & 0xFFFE) == 0xFFFE ? 0 : size;
}

void utf8_clean(char *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t length = utf8_size(bytes + i, size - i);
        if (length == 0)
            bytes[i] = '?';
        i += length == 0 ? 1 : length;
    }
}
