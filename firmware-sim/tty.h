/* tty: serial ports: a pty that masters open, or a real one on which this program is a slave. Nothing here blocks. */
#ifndef OUTPOST_FIRMWARE_SIM_TTY_H
#define OUTPOST_FIRMWARE_SIM_TTY_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware-sim/text.h"

/* The master side of a new pty, raw and at this speed for masters that set nothing; -1 with errno. `ret_pts` is the name of
 * the side that a master opens. */
int tty_new_pty(unsigned baud, char *ret_pts, size_t pts_size);

/* An existing port, for us alone, raw, at this speed and format ("8N1"), which the port must take; -1 with a sentence. */
int tty_open(const char *path, unsigned baud, const char *format, struct text *why);

/* Is this an existing port? A symlink into /dev/pts is not: that is what a simulator makes. */
bool tty_exists(const char *path);

/* The speed that the other side of a pty has set is this one; true also where that cannot be told. */
bool tty_speed_fits(int fd, unsigned baud);

bool tty_is_hung_up(int fd);

#endif
