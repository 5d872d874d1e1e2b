/* utf8: is it text? What comes from outside may be anything; what goes into a report must be characters. */
#ifndef OUTPOST_FIRMWARE_SIM_UTF8_H
#define OUTPOST_FIRMWARE_SIM_UTF8_H

#include <stddef.h>

/* Bytes of the character at the start of `bytes`; 0: it is none, a control character, or one that XML does not allow. */
size_t utf8_size(const char *bytes, size_t left);

/* Every byte that belongs to no such character becomes a question mark. */
void utf8_clean(char *bytes, size_t size);

#endif
