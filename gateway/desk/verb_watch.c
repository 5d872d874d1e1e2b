#include <poll.h>
#include <string.h>

#include "gateway/desk/client.h"
#include "gateway/desk/verb.h"
#include "gateway/desk/view.h"

const struct manual manual_watch = {
    .en = "Shows every reading of the running gateway once a second: per device its points with value, unit and "
          "quality,\n"
          "alarms marked, interlocks, and below how the buses, the centres and the journal are doing. A value that is "
          "not\n"
          "there is shown as -- with its reason, never as a number. Ends with Ctrl-C or with the gateway.\n"
          "With --json, one line per second (with --once, one line).",
    .zh = "每秒显示一次网关的全部读数：各设备的点、数值、单位、质量，报警有标记，并显示联锁；\n"
          "下方是总线、中心和日志库的状态。没有读到的值显示为 -- 及原因，绝不显示为数字。按 Ctrl-C 结束。\n"
          "加 --json 每秒输出一行（加 --once 只输出一行）。",
    .exit_en = "  0  shown (--once)\n  1  no gateway is running, or it has ended\n  2  wrong usage\n",
    .exit_zh = "  0  已显示（--once）\n  1  没有网关在运行，或网关已停止\n  2  用法错误\n",
    .examples = "  outpost watch\n  outpost watch --once\n"
                "  outpost watch --once --json | jq '.devices[] | {dev, points}'\n",
};

#define REFRESH_MS 1000

static int show(const struct desk *desk, const char *line)
{
    bool const redraw = desk->tongue.colour && !desk->options.once && !desk->options.json;
    struct page page;
    if (page_open(&page) != ERR_OK)
        return EXIT_WRONG;
    if (desk->options.json) {
        (void)fprintf(page.stream, "%s\n", line);
    } else {
        cJSON *answer = cJSON_Parse(line);
        view_set_zone(answer);
        (void)fputs(redraw ? "\033[H\033[2J" : "", page.stream);
        view_watch(page.stream, &desk->tongue, answer);
        (void)fputs(redraw || desk->options.once ? "" : "\n", page.stream);
        cJSON_Delete(answer);
    }
    return desk_show(desk, &page);
}

/* The pause between two pictures; ends early when the gateway goes away. */
static void pause_for_next(const struct client_line *line)
{
    struct pollfd fd = {.fd = line->fd, .events = POLLIN};
    (void)poll(&fd, 1, REFRESH_MS);
}

static int show_on(const struct desk *desk, struct client_line *line)
{
    static const char request[] = "{\"verb\":\"watch\"}\n";
    for (;;) {
        const char *answer = NULL;
        enum err err = client_ask(line, request, strlen(request), &answer);
        if (err != ERR_OK) {
            desk_complain(desk, "the gateway gives no more answers: %s", "网关不再答复：%s", err_text(err));
            return EXIT_WRONG;
        }
        int const status = show(desk, answer);
        if (desk->options.once || status != EXIT_GOOD)
            return status;
        pause_for_next(line);
    }
}

int verb_watch(const struct desk *desk)
{
    char path[CLIENT_PATH_MAX];
    struct client_line line = {.fd = -1};
    if (client_find(desk, path) != ERR_OK || client_open(&line, desk, path) != ERR_OK)
        return EXIT_WRONG;
    int const status = show_on(desk, &line);
    client_close(&line);
    return status;
}
