/* main: the composition root. The only file that sees everything; nobody sees it. It hands the desk the doors it may not
 * open itself: how to reach field buses and centres, what devices are, and where profiles lie. */
#include <gnu/libc-version.h>
#include <limits.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "drivers/device/classes.h"
#include "drivers/link/links.h"
#include "drivers/uplink/uplinks.h"
#include "gateway/base/check.h"
#include "gateway/base/deflate.h"
#include "gateway/base/digest.h"
#include "gateway/base/text.h"
#include "gateway/desk/desk.h"
#include "gateway/run/journal.h"

/* Rings and buffers of this size and more are mappings of their own, of which only the pages cost memory that were ever
 * touched; said, because else glibc moves the limit up when the first of them is freed. */
#define MAPPED_MIN (64 * 1024)

struct places { /* where this program lies and what lies around it */
    char program[PATH_MAX];
    char beside[2][PATH_MAX]; /* profiles of a build tree, seen from build/ and from build/<flavour>/ */
    const char *profile_dirs[4];
};

static void find_program(struct places *places)
{
    ssize_t size = readlink("/proc/self/exe", places->program, sizeof places->program - 1);
    places->program[size > 0 ? size : 0] = '\0';
}

/* What is installed comes first, then the build tree; the loader itself looks beside the site file before all of them. */
static void find_profiles(struct places *places)
{
    static const char *const ways[] = {"../config/profiles", "../../config/profiles"};
    const char *slash = strrchr(places->program, '/');
    size_t count = 0;
    places->profile_dirs[count++] = OUTPOST_PREFIX "/share/outpost/profiles";
    for (size_t i = 0; slash != NULL && i < ARRAY_SIZE(ways); i++) {
        struct text path;
        text_init(&path, places->beside[i], sizeof places->beside[i]);
        text_put_bytes(&path, places->program, (size_t)(slash - places->program) + 1);
        text_put(&path, ways[i]);
        if (!path.full && access(path.at, R_OK | X_OK) == 0)
            places->profile_dirs[count++] = path.at;
    }
    places->profile_dirs[count] = NULL;
}

static void c_library_version(struct text *to)
{
    text_put(to, gnu_get_libc_version());
}

int main(int argc, char **argv)
{
    struct places places;
    struct library const libraries[] = {
        {"libmodbus", link_library_version}, {"paho-mqtt-c", uplink_library_version},
        {"libcrypto", uplink_tls_version},   {"sqlite", journal_library_version},
        {"zlib", deflate_library_version},   {"libmd", digest_library_version},
        {"glibc", c_library_version},        {NULL, NULL},
    };
    find_program(&places);
    find_profiles(&places);
    (void)mallopt(M_ARENA_MAX, 1); /* threads allocate next to nothing: one heap is smaller than one each */
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_MIN);
    return desk_run(
        &(struct desk_doors){
            .version = OUTPOST_VERSION,
            .program = places.program,
            .classes = &classes,
            .profile_dirs = places.profile_dirs,
            .libraries = libraries,
            .prepare_uplinks = uplink_library_init,
            .make_link = link_make,
            .make_uplink = uplink_make,
        },
        argc, argv);
}
