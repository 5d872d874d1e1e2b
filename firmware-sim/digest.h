/* digest: SHA-256 of a file, to say which site file was tested. By OpenSSL's libcrypto, which Paho's TLS brings along. */
#ifndef OUTPOST_FIRMWARE_SIM_DIGEST_H
#define OUTPOST_FIRMWARE_SIM_DIGEST_H

#include <stdbool.h>

#include "firmware-sim/text.h"

#define DIGEST_HEX_SIZE 65

/* 64 small hexadecimal digits and a zero. False, with a sentence, when the file cannot be read. */
SIM_CHECKED bool digest_file(const char *path, char ret_hex[static DIGEST_HEX_SIZE], struct text *why);

#endif
