/* reply: what the board knows, as one line of JSON for people's programs (`outpost watch --json`) and our own verbs.
 *
 * A site may have thousands of devices, so a reply is made in pieces: each call appends one piece (a point, an alarm, a
 * bus) to the caller's buffer, which may be sent meanwhile. A device is copied from the board once, so its points belong
 * together; two devices may be an instant apart.
 *
 *   {"ok":true,"verb":"watch","at":ms,"gw","name","time_zone",
 *    "devices":[{"dev","cls","at":ms,"points":[{"id","quality","value"|"reason","age_ms","unit","zh","en"}]}],
 *    "drill":null|{"until":ms,"count","devices":["id"]},
 *    "alarms":[{"dev","cls","alarm","point","state","until":ms,"test":true,"priority","colour","condition","since":ms,
 *               "value","limit","unit","zh","en"}],
 *    "interlocks":[{"dev","tripped","commanded","confirmed","failed","silenced","since":ms}],
 *    "buses":[…],"slaves":[…],"centres":[…],"journal":{…}}
 *
 *   {"ok":true,"verb":"capture","at":ms,…,"bus","modbus":"rtu"|"tcp","mono_us","frames":[{"n","mono_us","kind","hex"}]}
 *
 * "capture" has what was on a wire: when by the monotonic clock ("mono_us" of the head is "at"), what it was by the words of
 * reply_kind(), and the bytes; "n" goes up by one, so a hole is what was overwritten before it could be read.
 *
 * "alarms" has drill, alarms and interlocks that are tripped, "status" has drill, buses, slaves, centres, journal and all
 * interlocks, "watch" has everything, "read" has one device. `age_ms` is how long ago a point was read, or tried to be.
 * Values as in telemetry records: enums by their canonical name, integers beyond 2^53 as text. A point without a good
 * reading has a reason and no value. */
#ifndef OUTPOST_DESK_REPLY_H
#define OUTPOST_DESK_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/desk/request.h"
#include "gateway/model/site.h"
#include "gateway/run/board.h"
#include "gateway/run/tape.h"

#define REPLY_PIECE_MAX 8192 /* no piece is larger: labels and texts are cut where needed */

struct reply {
    const struct site *site;
    struct board *board;
    enum request_verb verb;
    struct now now;
    size_t section; /* where it stands */
    size_t index;
    size_t sub;
    size_t device_first; /* the devices it tells of */
    size_t device_end;
    bool any; /* the present list has an item already */
    bool done;
    struct board_device device; /* the one whose points are being written */
    struct board_drill drill;
    size_t bus; /* "capture" */
    struct tape *tape;
    struct tape_reader reader;
    uint64_t last; /* the newest entry when it began: an answer comes to an end */
};

void reply_start(struct reply *reply, const struct site *site, struct board *board, enum request_verb verb,
                 struct now now);
/* The answer to "read". */
void reply_start_read(struct reply *reply, const struct site *site, struct board *board, size_t device, struct now now);
/* The answer to "capture": the entries of that bus's tape behind `since`. */
void reply_start_capture(struct reply *reply, const struct site *site, size_t bus, struct tape *tape, uint64_t since,
                         struct now now);
/* Appends one piece; `to` has at least REPLY_PIECE_MAX bytes of room. False when that was the last (a newline ends it). */
bool reply_next(struct reply *reply, struct text *to);

/* The word of ports/tap.h's kind, and back (TAP_KIND_COUNT: none). */
const char *reply_kind(enum tap_kind kind);
enum tap_kind reply_kind_of(const char *word);

/* The short answers, with newline. */
void reply_put_answer(struct text *to, const struct answer *answer, enum request_verb verb, enum language language);
void reply_put_refusal(struct text *to, const struct refusal *refusal);

#endif
