/* qr: what the code on a gas cylinder says. Pure; any bytes are taken, because anything can be printed on a cylinder.
 *
 * Seen in the field: "[QP02001,132020000001,AG,323232,2015年09月,2045年09月]气瓶安全云www.qpsafe.cn", that is use certificate,
 * registration code (TSG R5001), maker's code, number, month made, month to be scrapped, and a note. The same without
 * brackets, addresses ("https://…/q?code=132020000001") and bare codes occur too. */
#ifndef OUTPOST_CORE_QR_H
#define OUTPOST_CORE_QR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qr_part { /* of the text that was read; size 0: it does not say */
    const char *at;
    size_t size;
};

struct qr {
    struct qr_part certificate;
    struct qr_part registration;
    struct qr_part maker;
    struct qr_part number;
    struct qr_part note;
    /* The last day of that month (core/civil); with has_… */
    bool has_made;
    bool has_scrap;
    int32_t made_day;
    int32_t scrap_day;
    /* By what it is told from other cylinders: the registration code, else the number, else all that was read but blanks
     * around it. Size 0: nothing was read. */
    struct qr_part code;
};

struct qr qr_read(const char *text, size_t size);

/* "2045年09月", "2045-09", "2045/9", "204509": the last day of that month; "2027-03-01", "2027年3月1日": that day. */
bool qr_read_day(const char *text, size_t size, int32_t *ret_day);

/* Has it the form of a registration code of cylinders: variety 1 to 6 (none where it is an LPG cylinder), province 2, filling
 * unit 3, serial 6 whose first is a letter after 999999. */
bool qr_is_registration(const char *text, size_t size);

#endif
