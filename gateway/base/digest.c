#include "gateway/base/digest.h"

#include <sha2.h>
#include <stddef.h>
#include <stdint.h>

void digest_sha256_hex(const void *bytes, size_t size, char ret_hex[static DIGEST_HEX_SIZE])
{
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, bytes, size);
    SHA256End(&context, ret_hex);
}
