#include "gateway/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_bool quiet_now;

void log_set_quiet(bool quiet)
{
    atomic_store(&quiet_now, quiet);
}

void log_say(enum log_level level, const char *room, const char *format, ...)
{
    static const char *const words[] = {"error: ", "warning: ", "", ""};
    static const char *const priorities[] = {"<3>", "<4>", "<5>", "<6>"};
    if (atomic_load(&quiet_now))
        return;
    char line[LOG_LINE_MAX];
    const char *prefix = getenv("JOURNAL_STREAM") != NULL ? priorities[level] : words[level];
    int used = snprintf(line, sizeof line, "%s%s: ", prefix, room);
    if (used < 0 || (size_t)used >= sizeof line - 1)
        return;
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, arguments);
    va_end(arguments);
    if (more < 0)
        return;
    size_t size = (size_t)used + (size_t)more;
    if (size > sizeof line - 2)
        size = sizeof line - 2;
    line[size] = '\n';
    ssize_t written = write(STDERR_FILENO, line, size + 1);
    (void)written; /* nobody to tell */
}
