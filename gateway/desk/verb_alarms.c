#include <string.h>

#include "gateway/desk/client.h"
#include "gateway/desk/verb.h"
#include "gateway/desk/view.h"

const struct manual manual_alarms = {
    .en = "Lists what the running gateway has to say now: every alarm that is not normal (colour, device, name, value "
          "and\n"
          "limit, since when, state), the gravest first, then interlocks that are tripped or failed. Times are local "
          "times\n"
          "of the site. The exit status does not tell whether there are alarms; use --json and look into \"alarms\".",
    .zh = "列出网关当前所有非正常状态的报警（颜色、设备、名称、数值与限值、开始时间、状态），最严重的在前，\n"
          "然后是已动作或失败的联锁。时间为站点当地时间。退出状态不表示有无报警，请用 --json 查看 alarms。",
    .exit_en =
        "  0  listed, also when there are none\n  1  no gateway is running, or it gives no answer\n  2  wrong usage\n",
    .exit_zh = "  0  已列出（没有报警时也是 0）\n  1  没有网关在运行，或没有答复\n  2  用法错误\n",
    .examples = "  outpost alarms\n  outpost alarms --json | jq '.alarms | length'\n",
};

static int show(const struct desk *desk, const char *line)
{
    struct page page;
    if (page_open(&page) != ERR_OK)
        return EXIT_WRONG;
    cJSON *answer = cJSON_Parse(line);
    if (desk->options.json) {
        (void)fprintf(page.stream, "%s\n", line);
    } else {
        view_set_zone(answer);
        view_alarms(page.stream, &desk->tongue, answer);
    }
    bool const ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "ok")) != 0;
    cJSON_Delete(answer);
    int const shown = desk_show(desk, &page);
    return ok ? shown : EXIT_WRONG;
}

int verb_alarms(const struct desk *desk)
{
    return client_look(desk, "{\"verb\":\"alarms\"}\n", show);
}
