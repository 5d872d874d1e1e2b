#include "firmware-sim/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static bool feed(EVP_MD_CTX *context, FILE *file)
{
    char bytes[8192];
    size_t size;
    bool good = true;
    while (good && (size = fread(bytes, 1, sizeof bytes, file)) > 0)
        good = EVP_DigestUpdate(context, bytes, size) == 1;
    return good && ferror(file) == 0;
}

static bool digest_stream(FILE *file, char *ret_hex)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 && feed(context, file) &&
                EVP_DigestFinal_ex(context, digest, &size) == 1 && 2 * size + 1 == DIGEST_HEX_SIZE;
    for (unsigned int i = 0; good && i < size; i++)
        (void)snprintf(ret_hex + (size_t)2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(context);
    return good;
}

bool digest_file(const char *path, char ret_hex[static DIGEST_HEX_SIZE], struct text *why)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return text_refuse(why, "%s: %s", path, strerror(errno)); /* NOLINT(concurrency-mt-unsafe): one thread */
    bool good = digest_stream(file, ret_hex);
    (void)fclose(file);
    return good || text_refuse(why, "%s: cannot be read", path);
}
