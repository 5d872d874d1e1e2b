/* path: files the simulator leaves in the file system while it runs. */
#ifndef OUTPOST_FIRMWARE_SIM_PATH_H
#define OUTPOST_FIRMWARE_SIM_PATH_H

#include <stdbool.h>

#include "firmware-sim/text.h"

/* Makes the directories above `path` that are missing. */
SIM_CHECKED bool path_make_parents(const char *path, struct text *why);

/* A symlink `path` -> `target` below /dev/pts/. Replaces a symlink that points there too (one of ours, left by a crash);
 * refuses anything else that is in the way. */
SIM_CHECKED bool path_link_pts(const char *path, const char *target, struct text *why);

/* Points our symlink elsewhere, at once for who looks. False when it is no longer ours or cannot be replaced. */
SIM_CHECKED bool path_relink_pts(const char *path, const char *target, const char *new_target);
void path_unlink_pts(const char *path, const char *target); /* only while it is still ours */

#endif
