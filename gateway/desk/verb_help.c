#include "gateway/desk/verb.h"

#include <string.h>

#include "gateway/base/check.h"

const struct manual manual_help = {
    .en = "Prints the list of verbs, or the manual of one of them. `outpost VERB --help` does the same.",
    .zh = "显示命令列表，或某一命令的说明。outpost 命令 --help 效果相同。",
    .exit_en = "  0  printed\n  2  there is no such verb\n",
    .exit_zh = "  0  已显示\n  2  没有这个命令\n",
    .examples = "  outpost help\n  outpost help check\n  outpost help run --lang zh\n",
};

static void put_row(FILE *to, const char *left, const char *right, size_t columns)
{
    char buffer[256];
    struct text line;
    text_init(&line, buffer, sizeof buffer);
    tongue_put_cell(&line, left, columns);
    (void)fprintf(to, "  %s  %s\n", buffer, right);
}

static void put_overview(FILE *to, const struct tongue *tongue)
{
    size_t count;
    const struct verb *list = verbs(&count);
    (void)fputs(
        tongue_pick(tongue,
                    "outpost: reads lifts, gas detectors, cylinders and boilers, judges alarms, reports them\n\n"
                    "usage: outpost VERB [FILE] [options]\n\n",
                    "outpost 哨所：采集电梯、燃气、气瓶、锅炉数据，就地报警，上报监控中心\n\n"
                    "用法：outpost 命令 [站点文件] [选项]\n\n"),
        to);
    for (size_t i = 0; i < count; i++)
        put_row(to, list[i].name, tongue_pick(tongue, list[i].en, list[i].zh), 8);
    (void)fprintf(to, "%s",
                  tongue_pick(tongue,
                              "\nFILE is the site file, " SITE_FILE_DEFAULT " unless given.\n"
                              "exit status: 0 good, 1 found something wrong, 2 wrong usage\n"
                              "outpost VERB --help explains one verb; --lang zh|en chooses the language.\n",
                              "\n站点文件默认为 " SITE_FILE_DEFAULT "。\n"
                              "退出状态：0 正常，1 发现问题，2 用法错误\n"
                              "outpost 命令 --help 显示该命令的说明；--lang zh|en 选择语言。\n"));
}

static void put_options(FILE *to, const struct tongue *tongue, unsigned accepted)
{
    size_t count;
    const struct option_row *rows = option_rows(&count);
    (void)fputs(tongue_pick(tongue, "\noptions\n", "\n选项\n"), to);
    for (size_t i = 0; i < count; i++) {
        char left[64];
        const char *value = tongue_pick(tongue, rows[i].value_en, rows[i].value_zh);
        if ((accepted & rows[i].bit) == 0)
            continue;
        (void)snprintf(left, sizeof left, "%s%s%s", rows[i].name, value != NULL ? " " : "", value != NULL ? value : "");
        put_row(to, left, tongue_pick(tongue, rows[i].en, rows[i].zh), 14);
    }
}

static void put_manual(FILE *to, const struct tongue *tongue, const struct verb *verb)
{
    const char *argument = "";
    if ((verb->options & OPTION_FILE) != 0)
        argument = tongue_pick(tongue, " [FILE]", " [站点文件]");
    else if ((verb->options & OPTION_TOPIC) != 0)
        argument = tongue_pick(tongue, " [VERB]", " [命令]");
    else if ((verb->options & OPTION_WORDS) != 0)
        argument = tongue_pick(tongue, verb->manual->words_en, verb->manual->words_zh);
    (void)fprintf(to, "outpost %s: %s\n\n", verb->name, tongue_pick(tongue, verb->en, verb->zh));
    (void)fprintf(to, "%s: outpost %s%s%s\n\n", tongue_pick(tongue, "usage", "用法"), verb->name, argument,
                  tongue_pick(tongue, " [options]", " [选项]"));
    (void)fprintf(to, "%s\n", tongue_pick(tongue, verb->manual->en, verb->manual->zh));
    put_options(to, tongue, verb->options | OPTION_LANG | OPTION_HELP);
    (void)fprintf(to, "\n%s\n%s", tongue_pick(tongue, "exit status", "退出状态"),
                  tongue_pick(tongue, verb->manual->exit_en, verb->manual->exit_zh));
    (void)fprintf(to, "\n%s\n%s", tongue_pick(tongue, "examples", "示例"), verb->manual->examples);
}

void help_put(FILE *to, const struct tongue *tongue, const struct verb *verb)
{
    if (verb == NULL)
        put_overview(to, tongue);
    else
        put_manual(to, tongue, verb);
}

int verb_help(const struct desk *desk)
{
    const char *topic = desk->options.file;
    const struct verb *verb = topic != NULL ? verb_find(topic) : NULL;
    struct page page;
    if (topic != NULL && verb == NULL) {
        desk_complain(desk, "there is no verb %s; see: outpost help", "没有命令 %s；参见：outpost help", topic);
        return EXIT_USAGE;
    }
    if (page_open(&page) != ERR_OK)
        return EXIT_WRONG;
    help_put(page.stream, &desk->tongue, verb);
    return desk_show(desk, &page);
}
