/* log: one line on stderr for the service manager to keep.
 *
 * Only rooms, the desk and main log; libraries (base, core, site, drivers) return errors instead. Lines carry
 * the systemd priority prefix (<3> error … <6> info) when stderr is a journal, and a word otherwise. Any
 * thread; a line is one write(2), at most LOG_LINE_MAX bytes, cut when longer. */
#ifndef OUTPOST_BASE_LOG_H
#define OUTPOST_BASE_LOG_H

#include <stdbool.h>

#include "gateway/base/err.h"

#define LOG_LINE_MAX 512

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_INFO };

void log_say(enum log_level level, const char *room, const char *format, ...) PRINTF_LIKE(3, 4);
void log_set_quiet(bool quiet); /* tests: nothing is printed; set before threads start */

#endif
