#include "gateway/desk/verb.h"

#include "gateway/base/check.h"
#include "gateway/desk/action.h"
#include "gateway/desk/loading.h"
#include "gateway/desk/paper.h"
#include "gateway/desk/profile_sheet.h"
#include "gateway/desk/suggest.h"
#include "gateway/site/profiles.h"

const struct manual manual_profile = {
    .en = "A profile is the register map of one model. `list` prints all profiles that `run` finds: beside the default "
          "site\n"
          "file, where this program was installed, in its build tree; or those in the directories given. `show` prints "
          "one\n"
          "register table, addresses as on the wire (from 0) and in the notation of manuals (4xxxx, 3xxxx, from 1).\n"
          "`check` prints what is wrong with profile files, and nothing when they are good.\n"
          "With --json, one object (`check`: as `outpost check --json`); with --markdown, a page for documents.",
    .zh = "型号文件是一种型号的寄存器表。list 列出 run 能找到的全部型号文件：默认站点文件旁、安装目录、构建目录，\n"
          "或指定的目录。show 显示一张寄存器表，地址有通信地址（从 0 起）和手册写法（4xxxx、3xxxx，从 1 起）两种。\n"
          "check 列出型号文件的错误，没有错误就不输出。\n"
          "加 --json 输出一个对象（check 与 outpost check --json 相同），加 --markdown 输出文档页面。",
    .exit_en = "  0  good\n  1  there is no such profile, or one has mistakes\n  2  wrong usage\n",
    .exit_zh = "  0  正常\n  1  没有这个型号文件，或有错误\n  2  用法错误\n",
    .examples =
        "  outpost profile list\n  outpost profile show honeywell-xcd\n  outpost profile show ./mine.json --markdown\n"
        "  outpost profile check config/profiles/*.json\n",
    .words_en = " list [DIR...] | show NAME|FILE | check FILE...",
    .words_zh = " list [目录...] | show 名称|文件 | check 文件...",
};

#define MEMORY_MAX ((size_t)256 * 1024 * 1024)

/* What profiles are read with and into. */
struct reading {
    struct arena arena;
    struct complaints complaints;
    const char *dirs[OPTIONS_WORDS_MAX + 1]; /* NULL-ended */
    struct site_sources sources;
};

/* Beside the default site file, then where main() looks: as `run` does without an argument. */
static void find_dirs(struct reading *reading, const struct desk *desk)
{
    size_t count = 0;
    reading->dirs[count++] = PROFILE_DIR_DEFAULT;
    for (size_t i = 0; desk->doors->profile_dirs[i] != NULL && count < OPTIONS_WORDS_MAX; i++)
        reading->dirs[count++] = desk->doors->profile_dirs[i];
    reading->dirs[count] = NULL;
}

static void reading_open(struct reading *reading, const struct desk *desk)
{
    arena_init(&reading->arena, MEMORY_MAX);
    complaints_init(&reading->complaints);
    find_dirs(reading, desk);
    reading->sources = (struct site_sources){.classes = desk->doors->classes, .profile_dirs = reading->dirs};
}

static void reading_close(struct reading *reading)
{
    complaints_close(&reading->complaints);
    arena_close(&reading->arena);
}

/* --- list ------------------------------------------------------------------------------------------------------------- */

static const struct column list_columns[] = {
    {"name", "profile", "型号文件", CELL_CODE, FORM_TEXT | FORM_JSON},
    {"", "profile", "型号文件", CELL_TEXT, FORM_MARKDOWN},
    {"class", "class", "类别", CELL_CODE, FOR_ALL},
    {"vendor", "vendor", "厂家", CELL_TEXT, FOR_ALL},
    {"model", "model", "型号", CELL_TEXT, FOR_ALL},
    {"evidence", "evidence", "依据", CELL_TEXT, FOR_ALL},
    {"points", "points", "点", CELL_NUMBER, FOR_ALL},
    {"errors", "errors", "错误", CELL_NUMBER, FORM_JSON},
    {"warnings", "warnings", "警告", CELL_NUMBER, FORM_JSON},
    {"", "mistakes", "错误", CELL_TEXT, FOR_PEOPLE},
    {"directory", "found in", "所在目录", CELL_TEXT, FORM_TEXT | FORM_JSON},
};

static void put_entry(struct sheet *sheet, const struct profile_entry *entry)
{
    sheet_put(sheet, entry->name);
    sheet_put_format(sheet, "[%s](%s.md)", entry->name, entry->name);
    sheet_put(sheet, entry->class);
    sheet_put(sheet, entry->vendor);
    sheet_put(sheet, entry->model);
    sheet_put(sheet, entry->evidence);
    sheet_put_format(sheet, "%zu", entry->point_count);
    sheet_put_format(sheet, "%zu", entry->errors);
    sheet_put_format(sheet, "%zu", entry->warnings);
    if (entry->errors > 0)
        sheet_put_format(sheet, "%zu", entry->errors);
    else
        sheet_put(sheet, "");
    sheet_put(sheet, entry->directory);
}

static bool put_list(struct paper *paper, const struct profile_entry *entries, size_t count)
{
    struct sheet sheet;
    bool good = true;
    sheet_open(&sheet, list_columns, ARRAY_SIZE(list_columns));
    for (size_t i = 0; i < count; i++) {
        put_entry(&sheet, &entries[i]);
        good = good && entries[i].ok;
    }
    if (paper->form == FORM_MARKDOWN) {
        paper_heading(paper, 1, "Profiles", "型号文件");
        paper_remark(paper, "Register maps of single models, as `outpost profile show` prints them.",
                     "各型号的寄存器表，由 outpost profile show 输出。");
    }
    paper_table(paper, "profiles", "", "", &sheet);
    return good;
}

static int run_list(const struct desk *desk)
{
    struct reading reading;
    struct paper paper;
    const struct profile_entry *entries = NULL;
    size_t count = 0;
    bool good = false;
    if (paper_open(&paper, form_asked(&desk->options), &desk->tongue) != ERR_OK)
        return EXIT_WRONG;
    reading_open(&reading, desk);
    if (desk->options.word_count > 1)
        reading.sources.profile_dirs = &desk->options.words[1];
    if (profiles_list(&reading.sources, &reading.arena, &entries, &count) == ERR_OK)
        good = put_list(&paper, entries, count);
    reading_close(&reading);
    return paper_show(&paper, stdout) == ERR_OK && good ? EXIT_GOOD : EXIT_WRONG;
}

/* --- show ------------------------------------------------------------------------------------------------------------- */

static int no_such_profile(const struct desk *desk, struct reading *reading, const char *name)
{
    const struct profile_entry *entries = NULL;
    size_t count = 0;
    struct suggest suggest;
    suggest_start(&suggest, name);
    if (profiles_list(&reading->sources, &reading->arena, &entries, &count) == ERR_OK)
        for (size_t i = 0; i < count; i++)
            suggest_try(&suggest, entries[i].name);
    if (suggest.best != NULL)
        desk_complain(desk, "there is no profile %s; did you mean %s?", "没有型号文件 %s，是否指 %s？", name,
                      suggest.best);
    else
        desk_complain(desk, "there is no profile %s; see: outpost profile list",
                      "没有型号文件 %s；参见：outpost profile list", name);
    return EXIT_WRONG;
}

/* A profile with mistakes is shown as far as it was understood; the mistakes go to stderr. */
static int show_profile(const struct desk *desk, const struct reading *reading, const struct profile *profile)
{
    struct paper paper;
    bool const good = reading->complaints.errors == 0;
    loading_put_complaints(stderr, &desk->tongue, &reading->complaints, COMPLAINTS_MAX);
    if (profile == NULL || paper_open(&paper, form_asked(&desk->options), &desk->tongue) != ERR_OK)
        return EXIT_WRONG;
    profile_sheet_put(&paper, profile);
    return paper_show(&paper, stdout) == ERR_OK && good ? EXIT_GOOD : EXIT_WRONG;
}

static int run_show(const struct desk *desk)
{
    struct reading reading;
    const struct profile *profile = NULL;
    const char *name = desk->options.words[1];
    reading_open(&reading, desk);
    enum err const err = profile_open(name, &reading.sources, &reading.arena, &reading.complaints, &profile);
    int const status =
        err == ERR_NOT_FOUND ? no_such_profile(desk, &reading, name) : show_profile(desk, &reading, profile);
    reading_close(&reading);
    return status;
}

/* --- check ------------------------------------------------------------------------------------------------------------ */

static bool check_one(const struct desk *desk, struct reading *reading, const char *name)
{
    const struct profile *profile = NULL;
    enum err const err = profile_open(name, &reading->sources, &reading->arena, &reading->complaints, &profile);
    if (err == ERR_NOT_FOUND)
        (void)no_such_profile(desk, reading, name);
    return err == ERR_OK;
}

static int run_check(const struct desk *desk)
{
    struct reading reading;
    struct page page;
    bool good = true;
    if (page_open(&page) != ERR_OK)
        return EXIT_WRONG;
    reading_open(&reading, desk);
    for (size_t i = 1; i < desk->options.word_count; i++)
        good = check_one(desk, &reading, desk->options.words[i]) && good;
    if (desk->options.json) {
        loading_put_json(page.stream, &desk->tongue, &reading.complaints, good);
        (void)fputs("}\n", page.stream);
    } else {
        loading_put_complaints(page.stream, &desk->tongue, &reading.complaints, COMPLAINTS_MAX);
    }
    reading_close(&reading);
    int const shown = desk_show(desk, &page);
    return good ? shown : EXIT_WRONG;
}

int verb_profile(const struct desk *desk)
{
    static const struct action actions[] = {
        {"list", 0, OPTIONS_WORDS_MAX, " [DIR...]", " [目录...]", run_list},
        {"show", 1, 1, " NAME|FILE", " 名称|文件", run_show},
        {"check", 1, OPTIONS_WORDS_MAX, " FILE...", " 文件...", run_check},
    };
    return action_run(desk, "profile", actions, ARRAY_SIZE(actions));
}
