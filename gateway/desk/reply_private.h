/* reply_private: what the files of reply share. Included by reply*.c only. */
#ifndef OUTPOST_DESK_REPLY_PRIVATE_H
#define OUTPOST_DESK_REPLY_PRIVATE_H

#include "gateway/desk/reply.h"

/* A piece holds at most two labels, one text of a device and a few ids, each escaped to at most six bytes a byte:
 * 2 * 6 * 200 + 6 * 256 + 6 * 160 + ids stay below REPLY_PIECE_MAX. */
#define LABEL_MAX 200

enum put { PUT_SKIPPED, PUT_WHOLE, PUT_MORE };

static inline void put_key(struct text *to, const char *key)
{
    text_put_format(to, ",\"%s\":", key);
}

static inline void put_text(struct text *to, const char *key, const char *value)
{
    char cut[LABEL_MAX + 1];
    text_copy(cut, sizeof cut, value);
    put_key(to, key);
    text_put_json_string(to, cut);
}

static inline void put_given(struct text *to, const char *key, const char *value)
{
    if (value != NULL && value[0] != '\0')
        put_text(to, key, value);
}

static inline void put_uint(struct text *to, const char *key, uint64_t value)
{
    put_key(to, key);
    text_put_uint(to, value);
}

static inline void put_int(struct text *to, const char *key, int64_t value)
{
    put_key(to, key);
    text_put_int(to, value);
}

static inline void put_bool(struct text *to, const char *key, bool value)
{
    put_key(to, key);
    text_put(to, value ? "true" : "false");
}

/* Items begin with `{"first":"id"`, everything after it with a comma. */
static inline void begin(struct reply *reply, struct text *to, const char *key, const char *id)
{
    text_put(to, reply->any ? ",{" : "{");
    reply->any = true;
    text_put_json_string(to, key);
    text_put(to, ":");
    text_put_json_string(to, id);
}

/* reply_status.c */
enum put reply_put_gateway(struct reply *reply, struct text *to);
enum put reply_put_alarms(struct reply *reply, struct text *to);
enum put reply_put_bus(struct reply *reply, struct text *to);
enum put reply_put_slave(struct reply *reply, struct text *to);
enum put reply_put_centre(struct reply *reply, struct text *to);
enum put reply_put_journal(struct reply *reply, struct text *to);

#endif
