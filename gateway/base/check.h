/* check: assertions that stay on in release builds.
 *
 * A failed CHECK is a bug of ours: it prints one line on stderr and aborts. The service manager restarts the
 * program and the journal brings back every alarm state, so stopping is safer than going on with a wrong idea
 * of the world. Never use CHECK on anything that comes from outside (files, frames, messages). */
#ifndef OUTPOST_BASE_CHECK_H
#define OUTPOST_BASE_CHECK_H

#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

_Noreturn void check_failed(const char *file, int line, const char *condition);

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
