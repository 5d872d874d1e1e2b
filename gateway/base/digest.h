/* digest: SHA-256, by OpenSSL's libcrypto (which Paho's TLS brings along anyway). */
#ifndef OUTPOST_BASE_DIGEST_H
#define OUTPOST_BASE_DIGEST_H

#include <stddef.h>

#define DIGEST_HEX_SIZE 65

/* 64 lower-case hex digits and a zero. Any thread; does not block. */
void digest_sha256_hex(const void *bytes, size_t size, char ret_hex[static DIGEST_HEX_SIZE]);

/* What runs behind it, as it calls itself: "OpenSSL 3.0.17 1 Jul 2025". Static. */
const char *digest_library_version(void);

#endif
