#include <string.h>

#include "gateway/desk/client.h"
#include "gateway/desk/suggest.h"
#include "gateway/desk/verb.h"
#include "gateway/desk/view.h"

const struct manual manual_status = {
    .en =
        "Tells how the running gateway is doing, for whoever stands in front of the cabinet: what is wrong, a "
        "sentence\n"
        "each with what to do about it; then its buses (load, errors by cause, periods achieved and planned), slaves\n"
        "(round trips, errors, last exception, last answer), centres, interlocks and the journal, what is wrong "
        "first.\n"
        "\"load\" is the share of the last 10 s with a request under way, \"characters\" what the bytes alone took.\n"
        "Counters are since the start of the gateway, round trips of the last thousands of answers.\n"
        "With --bus only that bus and its slaves count. With --json the same, as documented in\n"
        "docs/schema/outpost-status.schema.json.",
    .zh = "显示正在运行的网关自身状况，供现场人员查看：先逐条说明异常及处理办法，再列出总线（负荷、各类错误、\n"
          "实际与计划周期）、从站（应答时间、错误、最近异常码、最近应答）、中心、联锁和日志库，异常在前。\n"
          "“负荷”为最近 10 "
          "秒内总线被占用的时间比例，“字符占用”仅计字符传输。计数从网关启动起累计，应答时间取最近几千次。\n"
          "加 --bus 只看该总线及其从站。加 --json 输出 JSON，格式见 docs/schema/outpost-status.schema.json。",
    .exit_en = "  0  all is well\n  1  something is wrong, or no gateway is running\n  2  wrong usage, or there is no "
               "such bus\n",
    .exit_zh = "  0  一切正常\n  1  有异常，或没有网关在运行\n  2  用法错误，或没有这条总线\n",
    .examples = "  outpost status\n  outpost status --bus rs485-1\n"
                "  outpost status --json | jq '.slaves[] | select(.state != \"good\")'\n",
};

static const char *id_of(const cJSON *item, const char *key)
{
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, key));
    return id != NULL ? id : "";
}

static void keep_only(cJSON *list, const char *key, const char *id)
{
    for (int i = cJSON_GetArraySize(list) - 1; i >= 0; i--)
        if (strcmp(id_of(cJSON_GetArrayItem(list, i), key), id) != 0)
            cJSON_DeleteItemFromArray(list, i);
}

/* Leaves one bus and its slaves in the answer. */
static enum err narrow(const struct desk *desk, cJSON *answer)
{
    static const char *const others[] = {"interlocks", "centres", "journal"};
    cJSON *buses = cJSON_GetObjectItemCaseSensitive(answer, "buses");
    const cJSON *bus = NULL;
    struct suggest suggest;
    suggest_start(&suggest, desk->options.bus);
    cJSON_ArrayForEach(bus, buses) suggest_try(&suggest, id_of(bus, "bus"));
    char best[SITE_ID_MAX + 1];
    text_copy(best, sizeof best, suggest.best != NULL ? suggest.best : "");
    keep_only(buses, "bus", desk->options.bus);
    keep_only(cJSON_GetObjectItemCaseSensitive(answer, "slaves"), "bus", desk->options.bus);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(answer, others[i]);
    if (cJSON_GetArraySize(buses) > 0)
        return ERR_OK;
    if (best[0] != '\0')
        desk_complain(desk, "there is no bus \"%s\"; did you mean %s?", "没有总线“%s”，是否指 %s？", desk->options.bus,
                      best);
    else
        desk_complain(desk, "there is no bus \"%s\"; `outpost status` lists them",
                      "没有总线“%s”；outpost status 可列出总线", desk->options.bus);
    return ERR_NOT_FOUND;
}

static int show_json(const struct desk *desk, cJSON *answer)
{
    size_t const wrong = view_status_wrong(answer);
    struct page page;
    cJSON_AddNumberToObject(answer, "wrong", (double)wrong);
    char *printed = cJSON_PrintUnformatted(answer);
    if (printed == NULL || page_open(&page) != ERR_OK) {
        cJSON_free(printed);
        return EXIT_WRONG;
    }
    (void)fprintf(page.stream, "%s\n", printed);
    cJSON_free(printed);
    int const shown = desk_show(desk, &page);
    return wrong == 0 ? shown : EXIT_WRONG;
}

static int show_paper(const struct desk *desk, const cJSON *answer)
{
    struct paper paper;
    view_set_zone(answer);
    if (paper_open(&paper, FORM_TEXT, &desk->tongue) != ERR_OK)
        return EXIT_WRONG;
    size_t const wrong = view_status(&paper, answer);
    return paper_show(&paper, stdout) == ERR_OK && wrong == 0 ? EXIT_GOOD : EXIT_WRONG;
}

static int show(const struct desk *desk, const char *line)
{
    cJSON *answer = cJSON_Parse(line);
    int status = EXIT_WRONG;
    if (answer == NULL || !cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "ok")))
        desk_complain(desk, "the gateway's answer is not understood; is it of another version?",
                      "无法理解网关的答复；版本是否不同？");
    else if (desk->options.bus != NULL && narrow(desk, answer) != ERR_OK)
        status = EXIT_USAGE;
    else
        status = desk->options.json ? show_json(desk, answer) : show_paper(desk, answer);
    cJSON_Delete(answer);
    return status;
}

int verb_status(const struct desk *desk)
{
    return client_look(desk, "{\"verb\":\"status\"}\n", show);
}
