#include "firmware-sim/ready.h"

#include <stdio.h>
#include <string.h>

#include "firmware-sim/clock.h"
#include "firmware-sim/roll.h"

#define LOOK_EVERY_MS 250
#define SAY_FIRST_MS  2000  /* what comes at once need not be told */
#define SAY_EVERY_MS  5000  /* what is new */
#define SAY_AGAIN_MS  30000 /* what is not */
#define LINE_SIZE     1024

static size_t count_lacking(const struct session *session, const struct waivers *waivers, enum readiness *ret_least)
{
    const struct picture *picture = &session->picture;
    size_t count = 0;
    *ret_least = picture_online(picture) ? READY_GOOD : READY_NOTHING;
    for (size_t i = 0; i < picture->site->device_count; i++) {
        struct outlook outlook;
        roll_look(picture, waivers, i, &outlook);
        *ret_least = outlook.readiness < *ret_least ? outlook.readiness : *ret_least;
        count += outlook.readiness == READY_GOOD ? 0U : 1U;
    }
    return count;
}

static void print_devices(const struct picture *picture, const struct waivers *waivers, struct text *out)
{
    size_t named = 0;
    for (size_t i = 0; i < picture->site->device_count; i++) {
        struct outlook outlook;
        roll_look(picture, waivers, i, &outlook);
        if (outlook.readiness == READY_GOOD)
            continue;
        if (named++ == READY_NAMED_MAX) {
            text_add(out, " …");
            return;
        }
        text_add(out, named == 1 ? " " : ", ");
        roll_print_outlook(&outlook, picture, i, out);
    }
}

void ready_print(const struct session *session, const struct waivers *waivers, struct text *out)
{
    enum readiness least;
    const struct picture *picture = &session->picture;
    size_t lacking = count_lacking(session, waivers, &least);
    if (!session->heard)
        text_add(out, " the broker 消息服务器;");
    else if (session->message_count == 0)
        text_add(out, " anything at all: may this account read %s/#? 尚未收到任何消息，账号是否有读取权限？;",
                 picture->root);
    if (!picture_online(picture))
        text_add(out, " the gateway online 网关上线;");
    if (lacking == 0)
        return;
    text_add(out, " %zu of %zu devices 台设备:", lacking, picture->site->device_count);
    print_devices(picture, waivers, out);
}

struct said {
    char line[LINE_SIZE];
    int64_t at_ms;
};

static void say(const struct session *session, const struct waivers *waivers, int64_t now_ms, struct said *said)
{
    char bytes[LINE_SIZE];
    struct text missing;
    text_init(&missing, bytes, sizeof bytes);
    ready_print(session, waivers, &missing);
    int64_t pause_ms = strcmp(bytes, said->line) == 0 ? SAY_AGAIN_MS : SAY_EVERY_MS;
    if (missing.used == 0 || now_ms - said->at_ms < pause_ms)
        return;
    said->at_ms = now_ms;
    memcpy(said->line, bytes, sizeof bytes);
    (void)fprintf(stderr, "waiting for 等待:%s\n", bytes);
}

bool ready_wait(struct session *session, const struct waivers *waivers, int64_t wait_ms)
{
    int64_t now_ms = clock_wall_ms();
    int64_t until_ms = now_ms + wait_ms;
    struct said said = {.at_ms = now_ms + SAY_FIRST_MS - SAY_EVERY_MS};
    bool read = false;
    for (; now_ms < until_ms; now_ms = clock_wall_ms()) {
        enum readiness least;
        (void)count_lacking(session, waivers, &least);
        if (least == READY_GOOD)
            return true;
        if (least == READY_BAD && !read) {
            read = true;
            until_ms = until_ms < now_ms + READY_BETTER_MS ? until_ms : now_ms + READY_BETTER_MS;
        }
        if (session->heard)
            say(session, waivers, now_ms, &said);
        if (session_wait(session, now_ms + LOOK_EVERY_MS, NULL, 0) == WOKE_STOP)
            return false;
    }
    return true;
}
