#include "firmware-sim/path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PTS_DIR "/dev/pts/"

static const char *error_text(void)
{
    return strerror(errno); /* NOLINT(concurrency-mt-unsafe): one thread */
}

bool path_make_parents(const char *path, struct text *why)
{
    char part[PATH_MAX];
    if (strlen(path) >= sizeof part)
        return text_refuse(why, "%.80s…: path too long", path);
    for (const char *slash = strchr(path + 1, '/'); path[0] != '\0' && slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t length = (size_t)(slash - path);
        memcpy(part, path, length);
        part[length] = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return text_refuse(why, "cannot make the directory %s: %s", part, error_text());
    }
    return true;
}

/* What the symlink says; false when it is none. */
static bool read_link(const char *path, char ret_target[static PATH_MAX])
{
    ssize_t length = readlink(path, ret_target, PATH_MAX - 1);
    if (length < 0)
        return false;
    ret_target[length] = '\0';
    return true;
}

bool path_link_pts(const char *path, const char *target, struct text *why)
{
    char there[PATH_MAX];
    if (!path_make_parents(path, why))
        return false;
    if (symlink(target, path) == 0)
        return true;
    if (errno != EEXIST)
        return text_refuse(why, "cannot make the symlink %s: %s", path, error_text());
    if (!read_link(path, there) || strncmp(there, PTS_DIR, strlen(PTS_DIR)) != 0)
        return text_refuse(why,
                           "%s is there already and is not ours: a real port or file is never replaced. Give the bus "
                           "another port in the site file, or with --map BUS=PATH (an existing port: as a slave on it)",
                           path);
    if (unlink(path) != 0 || symlink(target, path) != 0)
        return text_refuse(why, "cannot replace the symlink %s: %s", path, error_text());
    return true;
}

bool path_relink_pts(const char *path, const char *target, const char *new_target)
{
    char there[PATH_MAX];
    char beside[PATH_MAX];
    int length = snprintf(beside, sizeof beside, "%s.%d", path, (int)getpid());
    if (length < 0 || (size_t)length >= sizeof beside || !read_link(path, there) || strcmp(there, target) != 0)
        return false;
    if (symlink(new_target, beside) != 0)
        return false;
    if (rename(beside, path) == 0)
        return true;
    (void)unlink(beside);
    return false;
}

void path_unlink_pts(const char *path, const char *target)
{
    char there[PATH_MAX];
    if (read_link(path, there) && strcmp(there, target) == 0)
        (void)unlink(path);
}
