/* Any bytes as the pages of a database: nothing is read beyond them, and what is taken for a record
 * has the parts of one. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/run/journal_carve.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct image {
    const uint8_t *bytes;
    size_t size;
};

static bool read_page(void *self, uint64_t number, unsigned char *ret_page)
{
    const struct image *image = self;
    if (number == 0 || (number - 1) * CARVE_PAGE_SIZE >= image->size)
        return false;
    size_t const at = (size_t)(number - 1) * CARVE_PAGE_SIZE;
    size_t const used = image->size - at < CARVE_PAGE_SIZE ? image->size - at : CARVE_PAGE_SIZE;
    memcpy(ret_page, image->bytes + at, used);
    memset(ret_page + used, 0, CARVE_PAGE_SIZE - used);
    return true;
}

static void check_record(const struct journal_record *record)
{
    CHECK(record->seq > 0 && record->seq <= INT64_MAX);
    CHECK(record->topic[0] != '\0' && strlen(record->topic) <= JOURNAL_TOPIC_MAX);
    CHECK(record->payload_size < CARVE_ROW_MAX);
    unsigned char *copy = malloc(record->payload_size + 1);
    CHECK(copy != NULL);
    memcpy(copy, record->payload, record->payload_size);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct image image = {.bytes = bytes, .size = size};
    struct carve *carve = malloc(sizeof *carve); /* to be told of a byte too far */
    CHECK(carve != NULL);
    carve->read_page = read_page;
    carve->self = &image;
    for (uint64_t number = 1; journal_carve_page(carve, number); number++) {
        struct journal_record record;
        for (size_t count = 0; journal_carve_next(carve, &record); count++) {
            CHECK(count < CARVE_PAGE_SIZE / 8);
            check_record(&record);
        }
    }
    free(carve);
    return 0;
}
