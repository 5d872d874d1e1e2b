/* memory: what the site keeps, taken from its arena; running out is one more complaint. */
#ifndef OUTPOST_SITE_MEMORY_H
#define OUTPOST_SITE_MEMORY_H

#include <stddef.h>

#include "gateway/base/arena.h"
#include "gateway/site/load.h"

/* A copy; "" with a complaint when memory is out. */
const char *take_text(struct arena *arena, const char *text, struct complaints *complaints);

/* Zeroed; NULL with a complaint when memory is out. */
void *take_array(struct arena *arena, size_t count, size_t size, struct complaints *complaints);

#endif
