#include "gateway/base/digest.h"

#include <dlfcn.h>
#include <limits.h>
#include <sha2.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"

void digest_sha256_hex(const void *bytes, size_t size, char ret_hex[static DIGEST_HEX_SIZE])
{
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, bytes, size);
    SHA256End(&context, ret_hex);
}

void digest_library_version(struct text *to)
{
    Dl_info info = {.dli_fname = NULL};
    char path[PATH_MAX];
    void *function = dlsym(RTLD_DEFAULT, "SHA256Init");
    bool const is_known = function != NULL && dladdr(function, &info) != 0 && realpath(info.dli_fname, path) != NULL;
    const char *slash = is_known ? strrchr(path, '/') : NULL;
    text_put(to, slash != NULL ? slash + 1 : "unknown");
}
