#include "gateway/desk/options.h"

#include <string.h>

#include "gateway/base/check.h"
#include "gateway/desk/suggest.h"

#define AT(member) offsetof(struct options, member)

static const struct option_row rows[] = {
    {OPTION_JSON, "--json", NULL, NULL, AT(json), "print JSON, one object, for programs", "输出 JSON，供程序读取"},
    {OPTION_MARKDOWN, "--markdown", NULL, NULL, AT(markdown), "print Markdown in both languages, for documents",
     "输出中英文 Markdown，供文档使用"},
    {OPTION_ONCE, "--once", NULL, NULL, AT(once), "print one picture and end", "只显示一次即退出"},
    {OPTION_DEV, "--dev", "ID", "编号", AT(dev), "this device, bus, interlock or centre", "指定设备、总线、联锁或中心"},
    {OPTION_ALARM, "--alarm", "ID", "编号", AT(alarm), "this alarm, e.g. gas.high", "指定报警，如 gas.high"},
    {OPTION_ALL, "--all", NULL, NULL, AT(all), "everything it can apply to", "全部"},
    {OPTION_ZONE, "--zone", "ID", "编号", AT(zone), "every detector of this zone", "该分区的全部探测器"},
    {OPTION_ONE_SHOT, "--one-shot", NULL, NULL, AT(one_shot), "only until the condition next ends",
     "仅到报警条件下一次消失为止"},
    {OPTION_HOLD, "--hold-outputs", NULL, NULL, AT(hold), "the interlocks of the zone write nothing, at most 10min",
     "该分区的联锁不写输出，最长 10min"},
    {OPTION_END, "--end", NULL, NULL, AT(end), "end the drill that is running", "结束正在进行的演练"},
    {OPTION_BY, "--by", "NAME", "姓名", AT(by), "who does it; default: your user name", "操作人；默认为当前用户名"},
    {OPTION_WHY, "--why", "TEXT", "说明", AT(why), "a note that is recorded with it", "一并记录的说明"},
    {OPTION_TURNAROUND, "--turnaround", "MS", "毫秒", AT(turnaround), "assume that slaves answer within; default: 2",
     "假定从站应答时间；默认 2"},
    {OPTION_LATENCY, "--latency", "MS", "毫秒", AT(latency),
     "assume that serial adapters hand over so often; default: 0", "假定串口转换器每隔此时间交付一次；默认 0"},
    {OPTION_ROUND_TRIP, "--round-trip", "MS", "毫秒", AT(round_trip), "assume that TCP servers are away by; default: 2",
     "假定到 TCP 服务器的往返时间；默认 2"},
    {OPTION_BUS, "--bus", "ID", "编号", AT(bus), "this bus; needless where there is only one",
     "指定总线；只有一条总线时可省略"},
    {OPTION_OUTPUT, "--output", "PATH", "文件", AT(output), "or -o: write a file (pcapng); - is the standard output",
     "或 -o：写入文件（pcapng）；- 为标准输出"},
    {OPTION_FOLLOW, "--follow", NULL, NULL, AT(follow), "go on with what comes, until Ctrl-C",
     "持续输出，按 Ctrl-C 结束"},
    {OPTION_FOR, "--for", "TIME", "时长", AT(for_time), "go on for so long, e.g. 60s, 5min",
     "持续指定时长，如 60s、5min"},
    {OPTION_SOCKET, "--socket", "PATH", "路径", AT(socket), "local socket; default: <journal.dir>/outpost.sock",
     "本地套接字；默认 <journal.dir>/outpost.sock"},
    {OPTION_LANG, "--lang", "zh|en", "zh|en", AT(lang), "language; default: that of the environment",
     "语言；默认取自环境变量 LANG"},
    {OPTION_HELP, "--help", NULL, NULL, AT(help), "explain this verb", "显示本命令的说明"},
};

const struct option_row *option_rows(size_t *ret_count)
{
    *ret_count = ARRAY_SIZE(rows);
    return rows;
}

struct parse {
    int argc;
    char *const *argv;
    unsigned accepted;
    int at;        /* the next word */
    unsigned seen; /* enum option_bit */
    struct options options;
    struct complaint_of_use complaint;
};

static enum err complain(struct parse *parse, enum misuse misuse, const char *word, const char *suggestion)
{
    parse->complaint = (struct complaint_of_use){misuse, word, suggestion};
    return ERR_ARGUMENT;
}

static size_t name_size(const char *word)
{
    return strcspn(word, "=");
}

static const struct option_row *find(const char *word)
{
    if (strcmp(word, "-h") == 0)
        word = "--help";
    if (strcmp(word, "-o") == 0)
        word = "--output";
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (strlen(rows[i].name) == name_size(word) && strncmp(rows[i].name, word, name_size(word)) == 0)
            return &rows[i];
    return NULL;
}

static enum err unknown_option(struct parse *parse, const char *word)
{
    char name[SUGGEST_WORD_MAX + 2] = "";
    struct suggest suggest;
    size_t const size = name_size(word);
    if (size < sizeof name)
        memcpy(name, word, size);
    suggest_start(&suggest, name);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if ((parse->accepted & rows[i].bit) != 0)
            suggest_try(&suggest, rows[i].name);
    return complain(parse, MISUSE_UNKNOWN, word, suggest.best);
}

static enum err take_value(struct parse *parse, const struct option_row *row, const char *word)
{
    bool const attached = word[name_size(word)] == '=';
    const char *value = NULL;
    if (attached)
        value = word + name_size(word) + 1;
    else if (parse->at < parse->argc)
        value = parse->argv[parse->at++];
    if (value == NULL || (!attached && strncmp(value, "--", 2) == 0))
        return complain(parse, MISUSE_VALUE, row->name, NULL);
    if (value[0] == '\0')
        return complain(parse, MISUSE_EMPTY, row->name, NULL);
    if (row->bit == OPTION_LANG && strcmp(value, "zh") != 0 && strcmp(value, "en") != 0)
        return complain(parse, MISUSE_LANGUAGE, value, NULL);
    if (row->bit == OPTION_DEV && (parse->accepted & OPTION_DEVS) != 0) {
        if (parse->options.dev_count == OPTIONS_DEVS_MAX)
            return complain(parse, MISUSE_ARGUMENT, value, NULL);
        parse->options.devs[parse->options.dev_count++] = value;
    }
    memcpy((char *)&parse->options + row->offset, &value, sizeof value);
    return ERR_OK;
}

static enum err take_switch(struct parse *parse, const struct option_row *row, const char *word)
{
    if (word[name_size(word)] == '=')
        return complain(parse, MISUSE_SWITCH, row->name, NULL);
    bool const on = true;
    memcpy((char *)&parse->options + row->offset, &on, sizeof on);
    return ERR_OK;
}

static enum err take_option(struct parse *parse, const char *word)
{
    const struct option_row *row = find(word);
    if (row == NULL)
        return unknown_option(parse, word);
    if ((parse->accepted & row->bit) == 0)
        return complain(parse, MISUSE_ELSEWHERE, row->name, NULL);
    bool const many = row->bit == OPTION_DEV && (parse->accepted & OPTION_DEVS) != 0;
    if ((parse->seen & row->bit) != 0 && !many)
        return complain(parse, MISUSE_TWICE, row->name, NULL);
    parse->seen |= row->bit;
    return row->value_en != NULL ? take_value(parse, row, word) : take_switch(parse, row, word);
}

static enum err take_argument(struct parse *parse, const char *word)
{
    struct options *options = &parse->options;
    bool const has_words = (parse->accepted & OPTION_WORDS) != 0;
    bool const has_file = (parse->accepted & (OPTION_FILE | OPTION_TOPIC)) != 0;
    if (has_words ? options->word_count == OPTIONS_WORDS_MAX : !has_file || options->file != NULL)
        return complain(parse, MISUSE_ARGUMENT, word, NULL);
    if (word[0] == '\0')
        return complain(parse, MISUSE_EMPTY, "FILE", NULL);
    if (has_words) {
        options->words[options->word_count++] = word;
        return ERR_OK;
    }
    options->file = word;
    return ERR_OK;
}

enum err options_parse(int argc, char *const *argv, unsigned accepted, struct options *ret_options,
                       struct complaint_of_use *ret_complaint)
{
    struct parse parse = {.argc = argc, .argv = argv, .accepted = accepted | OPTION_LANG | OPTION_HELP};
    bool only_arguments = false;
    while (parse.at < argc) {
        const char *word = argv[parse.at++];
        enum err err = ERR_OK;
        if (!only_arguments && strcmp(word, "--") == 0)
            only_arguments = true;
        else if (!only_arguments && word[0] == '-' && word[1] != '\0')
            err = take_option(&parse, word);
        else
            err = take_argument(&parse, word);
        if (err != ERR_OK) {
            *ret_complaint = parse.complaint;
            return err;
        }
    }
    *ret_options = parse.options;
    return ERR_OK;
}

const char *options_find_language(int argc, char *const *argv)
{
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "--lang=", 7) == 0)
            return argv[i] + 7;
        if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
            return argv[i + 1];
    }
    return NULL;
}
