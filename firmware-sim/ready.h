/* ready: waits until the broker lets us listen, the gateway is online and every device was read; says on stderr what
 * is missing. */
#ifndef OUTPOST_FIRMWARE_SIM_READY_H
#define OUTPOST_FIRMWARE_SIM_READY_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware-sim/session.h"
#include "firmware-sim/text.h"
#include "firmware-sim/waiver.h"

#define READY_BETTER_MS 15000 /* how long a bad point may take to become good once all were read */
#define READY_NAMED_MAX 3     /* devices that are named in a line; the rest is counted */

/* Blocks for at most so long. What has not come by then is the devices' fault. False when it was stopped
 * (session.h). */
bool ready_wait(struct session *session, const struct waivers *waivers, int64_t wait_ms);

/* One line: "3 of 7 devices 台设备: outputs (no telemetry 无数据), gas-store (2/14 bad 无效: humidity temp) …"; "" when all
 * is there. Where nothing at all has come it asks for the account's right to read: some brokers refuse that without
 * a word. */
void ready_print(const struct session *session, const struct waivers *waivers, struct text *out);

#endif
