/* golden_profile: a shipped profile against its golden file: register images and what a device must make of them,
 * through the real loader, planner, framer, decoder and normaliser.
 *
 * tests/golden/profiles/<name>.json, worked out by hand from the printed map:
 * {
 *   "slave": { "base": 1000 },           keys of the slave in the site, when it needs some
 *   "channels": [1, 2, 64],              of a panel: those that devices take
 *   "reads": ["safety holding 2 9: 7 points", …],   the requests, in order: poll class, function, address, count
 *   "link": { "baud": 9600, "format": "8N1" },
 *   "guard": 500, "freeze": ["heartbeat", 60000], "identity": true,   in ms; those that the profile has
 *   "units": { "temp_1": "Cel" },        of the points whose unit no class gives
 *   "harmless": ["x: type s16"],         mistakes (mutant.h) that change nothing that anybody could see
 *   "images": [
 *     { "name": "…",
 *       "holding": { "2": "4220 0000" },   words in hex as on the wire, from that address on; bits: "1 0 1"
 *       "frames": ["request > answer"],    bytes in hex, of RTU with CRC; the answer goes into the image
 *       "slave": { … },                    for this image, instead of the one above
 *       "recognised": false,               the identity probe fails
 *       "expect": { "gas_lel_pct": 40.0, "detector_mode": "normal", "alarm1_dev": false, "gas_peak": ["invalid"] } }] }
 *
 * Points go by the name the slave has for them, values are in the unit of the device, [reason] is a bad reading, and
 * ["implausible", "above"] one that says on which side it left its range. The first image expects every point; each
 * of the others is the first one with the given registers and expectations changed, and what it does not name must
 * stay as it was. */
#ifndef OUTPOST_TESTS_SUPPORT_GOLDEN_PROFILE_H
#define OUTPOST_TESTS_SUPPORT_GOLDEN_PROFILE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define GOLDEN_PROFILE_DIR "config/profiles/"
#define GOLDEN_DIR         "tests/golden/profiles/"

/* The file as JSON, comments left out; NULL when it is not there or not JSON. cJSON_Delete() it. */
cJSON *golden_read(const char *directory, const char *name);

/* How many differences there are. Not quiet: each is printed. */
size_t golden_compare(const char *name, const cJSON *profile, const cJSON *golden, bool quiet);

#endif
