#include "gateway/base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "gateway/base/check.h"

void digest_sha256_hex(const void *bytes, size_t size, char ret_hex[static DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_size = 0;
    CHECK(EVP_Digest(bytes, size, digest, &digest_size, EVP_sha256(), NULL) == 1 && digest_size == 32);
    for (unsigned int i = 0; i < digest_size; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 0x0F];
    }
    ret_hex[64] = '\0';
}

const char *digest_library_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
