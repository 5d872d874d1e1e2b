/* The checksum of a record, and of other bytes. */
#include <string.h>

#include "gateway/run/journal_private.h"

#define FNV_BASIS 0xCBF29CE484222325U
#define FNV_PRIME 0x100000001B3U

/* FNV-1a, folded to 32 bits: finds damage, not malice. */
static uint64_t add_to_sum(uint64_t sum, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ at[i]) * FNV_PRIME;
    return sum;
}

uint64_t journal_hash(const void *bytes, size_t size)
{
    return add_to_sum(FNV_BASIS, bytes, size);
}

uint32_t journal_sum(const struct journal_record *record)
{
    uint64_t sum = add_to_sum(FNV_BASIS, &record->seq, sizeof record->seq);
    sum = add_to_sum(sum, &record->at_utc_ms, sizeof record->at_utc_ms);
    sum = add_to_sum(sum, record->topic, strlen(record->topic));
    sum = add_to_sum(sum, record->payload, record->payload_size);
    return (uint32_t)(sum ^ sum >> 32);
}
