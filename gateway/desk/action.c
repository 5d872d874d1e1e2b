#include "gateway/desk/action.h"

#include <string.h>

#include "gateway/desk/suggest.h"

static const struct action *find(const struct desk *desk, const struct action *actions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(actions[i].name, desk->options.words[0]) == 0)
            return &actions[i];
    return NULL;
}

static int complain_of_name(const struct desk *desk, const char *verb, const struct action *actions, size_t count)
{
    struct suggest suggest;
    suggest_start(&suggest, desk->options.words[0]);
    for (size_t i = 0; i < count; i++)
        suggest_try(&suggest, actions[i].name);
    if (suggest.best != NULL)
        desk_complain(desk, "there is no `%s %s`; did you mean %s?", "没有 %s %s，是否指 %s？", verb,
                      desk->options.words[0], suggest.best);
    else
        desk_complain(desk, "there is no `%s %s`", "没有 %s %s", verb, desk->options.words[0]);
    desk_complain(desk, "see: outpost %s --help", "参见：outpost %s --help", verb);
    return EXIT_USAGE;
}

int action_run(const struct desk *desk, const char *verb, const struct action *actions, size_t action_count)
{
    const struct options *options = &desk->options;
    if (options->word_count == 0) {
        desk_complain(desk, "what should it do? see: outpost %s --help", "要做什么？参见：outpost %s --help", verb);
        return EXIT_USAGE;
    }
    const struct action *action = find(desk, actions, action_count);
    if (action == NULL)
        return complain_of_name(desk, verb, actions, action_count);
    size_t const given = options->word_count - 1;
    if (given < action->least || given > action->most) {
        desk_complain(desk, "usage: outpost %s %s%s", "用法：outpost %s %s%s", verb, action->name,
                      tongue_pick(&desk->tongue, action->words_en, action->words_zh));
        return EXIT_USAGE;
    }
    if (options->json && options->markdown) {
        desk_complain(desk, "--json or --markdown, not both", "--json 和 --markdown 只能选一个");
        return EXIT_USAGE;
    }
    return action->run(desk);
}
