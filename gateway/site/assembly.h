/* assembly: one device while it is put together: its slaves, what it maps, its points so far. Private to devices.c,
 * device_points.c and device_point.c. */
#ifndef OUTPOST_SITE_ASSEMBLY_H
#define OUTPOST_SITE_ASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/site/loader.h"
#include "gateway/site/point.h"

#define DEVICE_SLAVES_MAX 64

struct mapping { /* "door_closed": "di-1.in_1" or { "from", "invert", "scale", … } */
    const char *id;
    const struct node *node;
    int32_t slave;
    int32_t point;
    struct raw_point raw;
    bool used;
};

/* A slave whose canonical points the device takes: all of it, or one channel of a panel. */
struct offer {
    int32_t slave;
    uint16_t channel;        /* 0: all of it, without what is in channels */
    const struct node *node; /* where it is listed; NULL: it is the device itself */
    const char *text;        /* "panel-1.ch17" */
};

/* What is needed while one device is put together. */
struct assembly {
    struct loader *l;
    struct build_device *build;
    const struct device_class *class;
    size_t index;
    struct offer offers[DEVICE_SLAVES_MAX]; /* implied and listed */
    size_t offer_count;
    struct mapping *mappings;
    size_t mapping_count;
    struct device_point *points;
    size_t point_count;
    size_t point_max;
    bool shared; /* that it takes a channel of another device was said */
};

static inline struct complaints *complaints_of(const struct assembly *a)
{
    return a->l->complaints;
}

/* device_points.c: the mappings of the file; then, with slaves, class and settings known, the points. */
void read_mappings(struct assembly *a);
void add_points(struct assembly *a);
/* device_point.c: takes one point of a slave as the device point `id`. `at` is where a complaint belongs. False: there was
 * one, or there is no room. */
bool take_point(struct assembly *a, const char *id, const struct node *at, int32_t slave, int32_t slave_point,
                const struct raw_point *raw);

#endif
