/* file: reading a whole file, bounded, and making paths. */
#ifndef OUTPOST_SITE_FILE_H
#define OUTPOST_SITE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/arena.h"
#include "gateway/base/err.h"
#include "gateway/site/sentences.h"

/* Why a file cannot be read, for a sentence. */
struct words words_read_error(enum err err);

/* A regular file of at most SITE_FILE_MAX bytes, of which one more is read so that a larger one is seen to be too large.
 * *ret_bytes is free()d by the caller. ERR_NOT_FOUND, ERR_PERMISSION, ERR_MEMORY, ERR_IO; ERR_UNSUPPORTED: a directory,
 * a pipe … */
MUST_CHECK enum err file_read(const char *path, char **ret_bytes, size_t *ret_size);

/* Its permission bits; false: there is no such file, or it is no ordinary one. */
bool file_mode(const char *path, unsigned *ret_mode);

/* `path` if it is absolute, else directory/path. NULL when memory is out. */
const char *path_join(struct arena *arena, const char *directory, const char *path);
/* The directory part of a file's path; "." for a bare name. */
const char *path_directory(struct arena *arena, const char *file);
/* Absolute, by the current directory. */
const char *path_absolute(struct arena *arena, const char *file);

#endif
