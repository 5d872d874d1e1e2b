#include <string.h>

#include "gateway/desk/client.h"
#include "gateway/desk/request.h"
#include "gateway/desk/verb.h"
#include "gateway/desk/view.h"

const struct manual manual_read = {
    .en = "Prints the newest readings of one device, each with its quality and how long ago it was read. They are "
          "those of "
          "the\n"
          "last polls: nothing is asked of the bus for it. A value that is not there is shown as -- with its reason; "
          "then "
          "the\n"
          "age is that of the last attempt. A derived point has no age of its own.\n",
    .zh = "显示一个设备的最新读数、质量以及读取距今的时间。数据来自最近的轮询，不会为此增加总线通信。\n"
          "没有值时显示 -- 及原因，时间为最近一次尝试；推导点没有单独的时间。\n",
    .exit_en = "  0  printed\n  1  there is no such device, or no gateway is running\n  2  wrong usage\n",
    .exit_zh = "  0  已显示\n  1  没有该设备，或没有网关在运行\n  2  用法错误\n",
    .examples = "  outpost read --dev gas-kitchen\n"
                "  outpost read --dev gas-kitchen --json | jq '.devices[0].points[] | {id, value, age_ms}'\n",
};

static int show(const struct desk *desk, const char *line)
{
    struct page page;
    cJSON *answer = cJSON_Parse(line);
    bool const ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "ok")) != 0;
    const char *why = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "why"));
    int status = ok ? EXIT_GOOD : EXIT_WRONG;
    if (!ok && !desk->options.json)
        desk_complain(desk, "refused: %s", "被拒绝：%s", why != NULL ? why : "?");
    if ((ok || desk->options.json) && page_open(&page) == ERR_OK) {
        view_set_zone(answer);
        if (desk->options.json)
            (void)fprintf(page.stream, "%s\n", line);
        else
            view_read(page.stream, &desk->tongue, answer);
        if (desk_show(desk, &page) != EXIT_GOOD)
            status = EXIT_WRONG;
    }
    cJSON_Delete(answer);
    return status;
}

int verb_read(const struct desk *desk)
{
    char request[REQUEST_SIZE_MAX];
    struct text text;
    if (desk->options.dev == NULL) {
        desk_complain(desk, "read needs --dev", "read 需要 --dev");
        return EXIT_USAGE;
    }
    text_init(&text, request, sizeof request);
    text_put_format(&text,
                    "{\"verb\":\"read\",\"lang\":\"%s\",\"dev\":", desk->tongue.language == LANGUAGE_ZH ? "zh" : "en");
    text_put_json_string(&text, desk->options.dev);
    text_put(&text, "}\n");
    return text.full ? EXIT_WRONG : client_look(desk, request, show);
}
