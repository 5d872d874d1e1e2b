/* recording: the file of a recorded device (x.rec.json).
 *
 * JSON Lines: one object a line, so that a crash loses at most the last line. The first line says what was recorded:
 *
 *   {"outpost_recording":1,"device":"gas-1","unit":3,"profile":"di-8ch","link":"rtu","port":"/dev/ttyUSB0","baud":9600,
 *    "format":"8N1","start":"2026-03-01T08:15:00.250Z","how":"poll","every_ms":1000,"tool":"…"}   (in one line)
 *
 * `outpost_recording` is the version of the format. `how` is "poll" or "listen". `link` is rtu, tcp or rtu-over-tcp, `port` a
 * path or HOST:PORT. Only the version, device and unit are needed. Then changes, in order of time; `ms` counts from the start:
 *
 *   {"ms":12,"holding":0,"words":[215,0,7]}              holding registers 0, 1 and 2 answer, and hold this
 *   {"ms":1013,"coil":4,"words":[1]}                     tables: coil, discrete, holding, input; addresses from zero
 *   {"ms":5021,"holding":0,"count":3,"silent":true}      reads of these get no answer
 *   {"ms":9030,"holding":0,"count":3,"exception":6}      reads of these are answered with this exception
 *   {"ms":600000,"end":true}                             the last line, when the recording was ended and did not crash
 *
 * Each register that was read stands in the file from its first read on; later only what changed. A register that was silent
 * or an exception answers again when its words come. Unknown keys are passed over. What may never change: the first key of
 * the first line, and that a reader refuses a version it does not know. */
#ifndef OUTPOST_FIRMWARE_SIM_RECORDING_H
#define OUTPOST_FIRMWARE_SIM_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/finding.h"
#include "firmware-sim/pool.h"
#include "firmware-sim/text.h"

#define RECORDING_VERSION  1
#define RECORDING_SIZE_MAX ((size_t)64 * 1024 * 1024)
#define RECORDING_MS_MAX   ((int64_t)31 * 24 * 3600 * 1000)
#define RECORDING_LINE_MAX ((size_t)16 * 1024)

struct recording_head {
    const char *device;
    uint8_t unit;
    const char *profile; /* "" unknown; so with all texts */
    const char *link;
    const char *port;
    unsigned baud; /* 0: no line */
    const char *format;
    const char *start; /* UTC */
    bool listened;
    int64_t every_ms; /* 0: when listened */
    const char *tool;
};

struct change {
    uint32_t ms;
    uint32_t words_at; /* in the recording's words */
    uint16_t address;
    uint16_t count;
    uint8_t table;
    uint8_t outcome;
    uint8_t exception;
};

struct recording {
    struct recording_head head;
    const struct change *changes;
    size_t change_count;
    const uint16_t *words;
    int64_t end_ms; /* without an end line: one period after the last change */
    bool cut;       /* the last line was not whole and is passed over */
};

/* Everything lives in the pool. False, with a sentence that names the file and the line. */
SIM_CHECKED bool recording_open(struct recording *recording, const char *path, struct pool *pool, struct text *why);
/* The same from memory; `name` stands for the file. */
SIM_CHECKED bool recording_parse(struct recording *recording, const char *name, const char *bytes, size_t size,
                                 struct pool *pool, struct text *why);

struct finding recording_finding(const struct recording *recording, size_t change);

/* --- lines, each with its end; a text of RECORDING_LINE_MAX has room for any --- */

void recording_print_head(const struct recording_head *head, struct text *out);
void recording_print_change(int64_t ms, const struct finding *finding, struct text *out);
void recording_print_end(int64_t ms, struct text *out);
void recording_print_time(int64_t utc_ms, struct text *out); /* "2026-03-01T08:15:00.250Z" */

#endif
