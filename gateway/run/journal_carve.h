/* journal_carve: records out of the pages of a damaged database, whatever became of the pages that said where they are.
 *
 * Every place of a page is tried as the beginning of a row of the table `record` (SQLite file format, 1.6 and 2.1). What has
 * the shape of one and agrees with its own checksum is one; nothing else needs to be whole: neither the first page, nor the
 * tree, nor the header of the page. A row that is larger than a page is followed along its overflow pages. A row without a
 * checksum (format 1) cannot be told from noise and is left out. Any bytes may come in. Pure but for `read_page`; one owner. */
#ifndef OUTPOST_RUN_JOURNAL_CARVE_H
#define OUTPOST_RUN_JOURNAL_CARVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/run/journal.h"

#define CARVE_PAGE_SIZE 4096
#define CARVE_ROW_MAX   ((size_t)64 * 1024) /* of a row; PAYLOAD_RECORD_MAX and its topic are less */

struct carve {
    /* Fills ret_page (CARVE_PAGE_SIZE bytes); pages are counted from 1. False: it cannot be read. */
    bool (*read_page)(void *self, uint64_t number, unsigned char *ret_page);
    void *self;
    size_t at; /* in the page */
    unsigned char page[CARVE_PAGE_SIZE];
    unsigned char overflow[CARVE_PAGE_SIZE];
    unsigned char row[CARVE_ROW_MAX]; /* one that is larger than a page */
    char topic[JOURNAL_TOPIC_MAX + 1];
};

/* To the beginning of that page; false: it cannot be read. Before the first: read_page and self are set. */
bool journal_carve_page(struct carve *carve, uint64_t number);
/* The next record of the page, in no order; it lives until the next call. False: that was all. */
bool journal_carve_next(struct carve *carve, struct journal_record *ret_record);

#endif
