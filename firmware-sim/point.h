/* point: one quantity of a slave and the registers that hold it, as a profile or the site file describes it.
 *
 * Read from JSON (the keys are those of config/profiles). What only matters to who reads (poll classes, deadbands, labels)
 * is passed over. */
#ifndef OUTPOST_FIRMWARE_SIM_POINT_H
#define OUTPOST_FIRMWARE_SIM_POINT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware-sim/pool.h"
#include "firmware-sim/text.h"

#define POINT_REGISTERS_MAX 125 /* of one string: what one read carries */

/* The four tables of the Modbus data model (Application Protocol V1.1b3, section 4.3). */
enum table { TABLE_COIL, TABLE_DISCRETE, TABLE_HOLDING, TABLE_INPUT, TABLE_COUNT };

enum point_kind { POINT_BIT, POINT_UNSIGNED, POINT_SIGNED, POINT_FLOAT, POINT_BCD, POINT_STRING };

/* Bytes on the wire from the most significant, A: ABCD big-endian, CDAB words swapped, BADC bytes swapped in each word,
 * DCBA both. */
enum order { ORDER_ABCD, ORDER_CDAB, ORDER_BADC, ORDER_DCBA };

/* Some bits of one register. */
struct part {
    uint16_t address;
    uint8_t shift; /* from the least significant bit */
    uint8_t width; /* 1..16 */
};

/* A register part that must hold a number before the point means anything: unit codes, decimals, identity. */
struct seed {
    enum table table;
    struct part part;
    uint16_t raw;
    bool fixed; /* stands still while its point is repeated */
};

struct map_entry {
    long long raw;
    const char *name;
};

struct point {
    const char *id;
    const char *unit; /* UCUM; "" none */
    enum table table;
    uint16_t address; /* zero-based, as on the wire */
    uint16_t count;   /* registers (coils: bits) */
    enum point_kind kind;
    enum order order;
    uint8_t shift; /* one register: the part it uses */
    uint8_t width; /* bits of the number: 1..16 in one register, else 32 or 64 */
    double scale;  /* value = raw * scale + offset; as written times the decimals of scale_from */
    double offset;
    double written_scale;
    double decimals;   /* 0.1 for one; 1 without scale_from */
    bool has_sentinel; /* the first raw number that means "no value" */
    double sentinel;
    bool has_valid; /* raw numbers outside of these mean "no value" too */
    double valid_low;
    double valid_high;
    bool writable; /* the profile gives it write limits, or the slave's `write` list names it */
    const struct map_entry *map;
    size_t map_count;
    const struct seed *seeds;
    size_t seed_count;
};

/* Fills in what `json` says over what `point` says already (start from point_default, or from a profile's point to
 * override). The texts stay in `json`, the arrays go to the pool. False, with a sentence, on what cannot be played. */
SIM_CHECKED bool point_read(const cJSON *json, struct pool *pool, struct point *point, struct text *why);
struct point point_default(const char *id, enum order order);

/* {"function", "address", "byte", "bit" | "bits", "equals"} → the seed that makes it true. */
SIM_CHECKED bool seed_read(const cJSON *json, enum table table, struct seed *ret_seed, struct text *why);

SIM_CHECKED bool order_read(const char *word, enum order *ret_order);
SIM_CHECKED bool table_read(const char *word, enum table *ret_table); /* coil discrete holding input */
const char *table_name(enum table table);
bool table_is_bits(enum table table); /* coils and discrete inputs */

#endif
