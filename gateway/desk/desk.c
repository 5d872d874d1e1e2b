#include "gateway/desk/desk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/desk/suggest.h"
#include "gateway/desk/verb.h"

void desk_complain(const struct desk *desk, const char *en, const char *zh, ...)
{
    char line[2048];
    va_list arguments;
    va_start(arguments, zh);
    int size = vsnprintf(line, sizeof line, desk->tongue.language == LANGUAGE_ZH ? zh : en, arguments);
    va_end(arguments);
    if (size < 0)
        return;
    size_t shown = (size_t)size < sizeof line ? (size_t)size : sizeof line - 1;
    shown = page_clean(line, shown, &desk->tongue);
    (void)fprintf(stderr, "outpost: %.*s\n", (int)shown, line);
}

int desk_show(const struct desk *desk, struct page *page)
{
    return page_show(page, &desk->tongue, stdout) == ERR_OK ? EXIT_GOOD : EXIT_WRONG;
}

static void complain_of_use(const struct desk *desk, const struct verb *verb, const struct complaint_of_use *use)
{
    const char *word = use->word;
    switch (use->misuse) {
    case MISUSE_UNKNOWN:
        if (use->suggestion != NULL)
            desk_complain(desk, "unknown option %s; did you mean %s?", "没有选项 %s，是否指 %s？", word,
                          use->suggestion);
        else
            desk_complain(desk, "unknown option %s", "没有选项 %s", word);
        break;
    case MISUSE_ELSEWHERE:
        desk_complain(desk, "%s is not an option of `%s`", "%s 不是 %s 的选项", word, verb->name);
        break;
    case MISUSE_VALUE:
        desk_complain(desk, "%s wants a value", "%s 后面缺少值", word);
        break;
    case MISUSE_SWITCH:
        desk_complain(desk, "%s takes no value", "%s 不带值", word);
        break;
    case MISUSE_TWICE:
        desk_complain(desk, "%s is given twice", "%s 重复", word);
        break;
    case MISUSE_LANGUAGE:
        desk_complain(desk, "--lang %s: it is zh or en", "--lang %s：只能是 zh 或 en", word);
        break;
    case MISUSE_ARGUMENT:
        desk_complain(desk, "%s: one argument too many", "多余的参数 %s", word);
        break;
    case MISUSE_EMPTY:
        desk_complain(desk, "%s: an empty value", "%s 的值为空", word);
        break;
    case MISUSE_NONE:
        break;
    }
    desk_complain(desk, "see: outpost %s --help", "参见：outpost %s --help", verb->name);
}

static int complain_of_verb(const struct desk *desk, const char *word)
{
    struct suggest suggest;
    size_t count;
    const struct verb *list = verbs(&count);
    suggest_start(&suggest, word);
    for (size_t i = 0; i < count; i++)
        suggest_try(&suggest, list[i].name);
    if (suggest.best != NULL)
        desk_complain(desk, "there is no verb %s; did you mean %s?", "没有命令 %s，是否指 %s？", word, suggest.best);
    else
        desk_complain(desk, "there is no verb %s; see: outpost help", "没有命令 %s；参见：outpost help", word);
    return EXIT_USAGE;
}

static int show_help(const struct desk *desk, const struct verb *verb)
{
    struct page page;
    if (page_open(&page) != ERR_OK)
        return EXIT_WRONG;
    help_put(page.stream, &desk->tongue, verb);
    return desk_show(desk, &page);
}

/* `outpost --help` and `outpost --version` are what everybody tries first. */
static const char *verb_word(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return "help";
    return strcmp(word, "--version") == 0 ? "version" : word;
}

static int run_verb(struct desk *desk, const struct verb *verb, int argc, char *const *argv)
{
    struct complaint_of_use use;
    if (options_parse(argc, argv, verb->options, &desk->options, &use) != ERR_OK) {
        complain_of_use(desk, verb, &use);
        return EXIT_USAGE;
    }
    if (desk->options.help)
        return show_help(desk, verb);
    if (desk->options.file == NULL && (verb->options & OPTION_FILE) != 0)
        desk->options.file = SITE_FILE_DEFAULT;
    return verb->run(desk);
}

/* `outpost --lang zh help` works as well as `outpost help --lang zh`. */
static int skip_language(int argc, char *const *argv)
{
    if (argc > 2 && strcmp(argv[1], "--lang") == 0)
        return 3;
    return argc > 1 && strncmp(argv[1], "--lang=", 7) == 0 ? 2 : 1;
}

int desk_run(const struct desk_doors *doors, int argc, char *const *argv)
{
    int const at = skip_language(argc, argv);
    struct desk desk = {
        .doors = doors,
        .tongue = tongue_here(options_find_language(argc, argv)),
        .argv = argv,
    };
    if (argc <= at) {
        (void)show_help(&desk, NULL);
        return EXIT_USAGE;
    }
    const struct verb *verb = verb_find(verb_word(argv[at]));
    if (verb == NULL)
        return complain_of_verb(&desk, argv[at]);
    return run_verb(&desk, verb, argc - at - 1, argv + at + 1);
}
