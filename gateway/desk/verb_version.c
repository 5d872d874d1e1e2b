#include <cjson/cJSON.h>

#include "gateway/desk/verb.h"

const struct manual manual_version = {
    .en = "Prints the version of this program and of the libraries it runs on.",
    .zh = "显示本程序及其所用库的版本。",
    .exit_en = "  0  always\n",
    .exit_zh = "  0  总是\n",
    .examples = "  outpost version\n  outpost version --json\n",
};

#define VERSION_SIZE 128

static void put_version(char ret_version[static VERSION_SIZE], const struct library *library)
{
    struct text text;
    text_init(&text, ret_version, VERSION_SIZE);
    library->put_version(&text);
}

static void put_json(FILE *to, const struct desk_doors *doors)
{
    char version[VERSION_SIZE];
    char buffer[1024];
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    text_put(&text, "{\"version\":");
    text_put_json_string(&text, doors->version);
    text_put(&text, ",\"libraries\":{");
    for (const struct library *library = doors->libraries; library->name != NULL; library++) {
        text_put_json_string(&text, library->name);
        text_put(&text, ":");
        put_version(version, library);
        text_put_json_string(&text, version);
        text_put(&text, ",");
    }
    text_put_format(&text, "\"cjson\":\"%s\"", cJSON_Version());
    text_put(&text, "}}\n");
    (void)fputs(buffer, to);
}

int verb_version(const struct desk *desk)
{
    struct page page;
    if (page_open(&page) != ERR_OK)
        return EXIT_WRONG;
    if (desk->options.json) {
        put_json(page.stream, desk->doors);
    } else {
        (void)fprintf(page.stream, "outpost %s\n", desk->doors->version);
        char version[VERSION_SIZE];
        for (const struct library *library = desk->doors->libraries; library->name != NULL; library++) {
            put_version(version, library);
            (void)fprintf(page.stream, "  %s %s\n", library->name, version);
        }
        (void)fprintf(page.stream, "  cjson %s\n", cJSON_Version());
    }
    return desk_show(desk, &page);
}
