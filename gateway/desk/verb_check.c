#include "gateway/desk/verb.h"

#include "gateway/desk/loading.h"

const struct manual manual_check = {
    .en =
        "Reads a site file and its profiles as `run` would, prints everything that is wrong with them "
        "(file:line:column,\n"
        "the JSON path, what was found, what is allowed) and what the site consists of. Changes nothing and talks to\n"
        "nobody; the running gateway does not notice. Where a bus cannot keep up it warns; `outpost plan` says more.\n"
        "With --json, one object: "
        "{\"ok\",\"errors\",\"warnings\",\"complaints\":[{\"warning\",\"code\",\"file\",\"line\",\n"
        "\"column\",\"path\",\"text\"}],\"summary\":{\"devices\",\"points\",\"rules\",\"interlocks\",\"buses\","
        "\"slaves\",\"centres\"}}.\n"
        "A file with errors has no summary.",
    .zh =
        "像 run 一样读取站点文件及其点表，列出全部错误（文件:行:列、JSON 路径、实际内容、允许内容），并统计站点组成。\n"
        "不改动任何东西，不连接任何设备，不影响正在运行的网关。\n"
        "总线跟不上时给出警告，详见 outpost plan。\n"
        "加 --json 输出一个对象；文件有错误时没有 summary。",
    .exit_en =
        "  0  the file is good (there may be warnings)\n  1  it has errors or cannot be read\n  2  wrong usage\n",
    .exit_zh = "  0  文件正确（可能有警告）\n  1  有错误或无法读取\n  2  用法错误\n",
    .examples = "  outpost check\n  outpost check config/outpost.example.json\n"
                "  outpost check new.json --json | jq .complaints\n",
};

static size_t count_points(const struct site *site)
{
    size_t count = 0;
    for (size_t i = 0; i < site->device_count; i++)
        count += site->devices[i].point_count;
    return count;
}

static void put_json(FILE *to, const struct tongue *tongue, const struct complaints *complaints,
                     const struct site *site)
{
    loading_put_json(to, tongue, complaints, site != NULL);
    if (site != NULL)
        (void)fprintf(to,
                      ",\"summary\":{\"devices\":%zu,\"points\":%zu,\"rules\":%zu,\"interlocks\":%zu,\"buses\":%zu,"
                      "\"slaves\":%zu,\"centres\":%zu}",
                      site->device_count, count_points(site), site->rule_count, site->interlock_count, site->bus_count,
                      site->slave_count, site->centre_count);
    (void)fputs("}\n", to);
}

static void put_text(FILE *to, const struct tongue *tongue, const struct complaints *complaints,
                     const struct site *site)
{
    loading_put_complaints(to, tongue, complaints, COMPLAINTS_MAX);
    if (site == NULL)
        return;
    tongue_say(
        tongue, to,
        "%s: good: %zu devices, %zu points, %zu rules, %zu interlocks on %zu buses with %zu slaves, %zu "
        "centres\n",
        "%s：正确：设备 %zu 台，点 %zu 个，报警规则 %zu 条，联锁 %zu 个；总线 %zu 条，从站 %zu 个，中心 %zu 个\n",
        site->file, site->device_count, count_points(site), site->rule_count, site->interlock_count, site->bus_count,
        site->slave_count, site->centre_count);
}

int verb_check(const struct desk *desk)
{
    struct loading loading;
    struct page page;
    if (page_open(&page) != ERR_OK)
        return EXIT_WRONG;
    bool const good = loading_open(&loading, desk, desk->options.file) == ERR_OK;
    if (desk->options.json)
        put_json(page.stream, &desk->tongue, &loading.complaints, loading.site);
    else
        put_text(page.stream, &desk->tongue, &loading.complaints, loading.site);
    loading_close(&loading);
    int const shown = desk_show(desk, &page);
    return good ? shown : EXIT_WRONG;
}
