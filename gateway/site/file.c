#include "gateway/site/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/site/load.h"

struct words words_read_error(enum err err)
{
    switch ((int)err) {
    case ERR_NOT_FOUND:
        return both("there is no such file", "没有这个文件");
    case ERR_PERMISSION:
        return both("permission denied; who runs this must be allowed to read it", "没有读取权限");
    case ERR_UNSUPPORTED:
        return both("it is not an ordinary file", "不是普通文件");
    case ERR_MEMORY:
        return both("out of memory", "内存不足");
    default:
        return both("input/output error", "读写错误");
    }
}

static enum err err_of_open(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
        return ERR_PERMISSION;
    default:
        return ERR_IO;
    }
}

static enum err read_all(int fd, char *bytes, size_t size_max, size_t *ret_size)
{
    size_t size = 0;
    while (size < size_max) {
        ssize_t got = read(fd, bytes + size, size_max - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        if (got == 0)
            break;
        size += (size_t)got;
    }
    *ret_size = size;
    return ERR_OK;
}

enum err file_read(const char *path, char **ret_bytes, size_t *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hang us */
    if (fd < 0)
        return err_of_open();
    struct stat status;
    enum err err = ERR_UNSUPPORTED;
    char *bytes = NULL;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        size_t size_max = SITE_FILE_MAX + 1;
        if (status.st_size >= 0 && (size_t)status.st_size < SITE_FILE_MAX)
            size_max = (size_t)status.st_size + 1;
        bytes = malloc(size_max);
        err = bytes == NULL ? ERR_MEMORY : read_all(fd, bytes, size_max, ret_size);
    }
    (void)close(fd);
    if (err != ERR_OK) {
        free(bytes);
        return err;
    }
    *ret_bytes = bytes;
    return ERR_OK;
}

bool file_mode(const char *path, unsigned *ret_mode)
{
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return false;
    *ret_mode = about.st_mode & 0777;
    return true;
}

const char *path_join(struct arena *arena, const char *directory, const char *path)
{
    if (path[0] == '/')
        return arena_copy_text(arena, path, strlen(path));
    size_t const before = strlen(directory);
    size_t const after = strlen(path);
    char *joined = arena_take(arena, before + after + 2, 1);
    if (joined == NULL)
        return NULL;
    memcpy(joined, directory, before);
    joined[before] = '/';
    memcpy(joined + before + 1, path, after);
    return joined;
}

const char *path_directory(struct arena *arena, const char *file)
{
    const char *slash = strrchr(file, '/');
    if (slash == NULL)
        return ".";
    return arena_copy_text(arena, file, slash == file ? 1 : (size_t)(slash - file));
}

const char *path_absolute(struct arena *arena, const char *file)
{
    char current[PATH_MAX];
    if (file[0] == '/' || getcwd(current, sizeof current) == NULL)
        return arena_copy_text(arena, file, strlen(file));
    return path_join(arena, current, file);
}
