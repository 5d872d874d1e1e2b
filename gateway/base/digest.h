/* digest: SHA-256 (FIPS 180-4), to tell one content from another. By libmd, which dpkg brings to every Debian and
 * whose 40 KiB are little beside the 3 MiB that libcrypto takes by being loaded. */
#ifndef OUTPOST_BASE_DIGEST_H
#define OUTPOST_BASE_DIGEST_H

#include <stddef.h>

#define DIGEST_HEX_SIZE 65

/* 64 lower-case hex digits and a zero. Any thread; does not block. */
void digest_sha256_hex(const void *bytes, size_t size, char ret_hex[static DIGEST_HEX_SIZE]);

/* libmd has no way to tell: the file that is loaded, "libmd.so.0.0.5". Reads a link of the file system. */
struct text;
void digest_library_version(struct text *to);

#endif
