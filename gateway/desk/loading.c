#include "gateway/desk/loading.h"

#include <malloc.h>

/* The largest site (SITE_DEVICES_MAX devices of 256 points and their profiles) needs less. */
#define SITE_MEMORY_MAX ((size_t)512 * 1024 * 1024)
#define LINE_SIZE       2048

/* Reading a site takes several times what is kept of it, and the holes that leaves in the heap would be filled with the
 * buffers of the rooms: pages that are touched already, where a fresh buffer costs only the pages it uses. */
static void give_back(void)
{
    (void)malloc_trim(0);
}

enum err loading_open(struct loading *loading, const struct desk *desk, const char *file)
{
    return loading_open_with(loading, desk, file, NULL);
}

enum err loading_open_with(struct loading *loading, const struct desk *desk, const char *file,
                           const struct forecast_basis *basis)
{
    struct site_sources const sources = {
        .classes = desk->doors->classes,
        .profile_dirs = desk->doors->profile_dirs,
        .basis = basis,
    };
    loading->site = NULL;
    arena_init(&loading->arena, SITE_MEMORY_MAX);
    complaints_init(&loading->complaints);
    enum err const err = site_load(file, &sources, &loading->arena, &loading->complaints, &loading->site);
    give_back();
    return err;
}

void loading_close(struct loading *loading)
{
    complaints_close(&loading->complaints);
    arena_close(&loading->arena);
    loading->site = NULL;
    give_back();
}

void loading_put_complaints(FILE *to, const struct tongue *tongue, const struct complaints *complaints,
                            size_t count_max)
{
    char line[LINE_SIZE];
    size_t const shown = complaints->count < count_max ? complaints->count : count_max;
    size_t const all = complaints->errors + complaints->warnings;
    for (size_t i = 0; i < shown; i++) {
        complaint_print(&complaints->list[i], tongue->language, line, sizeof line);
        (void)fputs(line, to);
    }
    if (all > shown)
        tongue_say(tongue, to, "... and %zu more\n", "……还有 %zu 条\n", all - shown);
}

static void put_complaint(struct text *text, const struct complaint *complaint, enum language language)
{
    text_put(text, complaint->warning ? "{\"warning\":true,\"code\":" : "{\"warning\":false,\"code\":");
    text_put_json_string(text, complaint->code);
    text_put(text, ",\"file\":");
    text_put_json_string(text, complaint->file);
    text_put_format(text, ",\"line\":%u,\"column\":%u,\"path\":", complaint->line, complaint->column);
    text_put_json_string(text, complaint->path);
    text_put(text, ",\"text\":");
    text_put_json_string(text, complaint->text[language]);
    text_put(text, "}");
}

void loading_put_json(FILE *to, const struct tongue *tongue, const struct complaints *complaints, bool good)
{
    static char const cut[] = "{\"warning\":false,\"code\":\"too_long\",\"text\":\"\"}";
    char buffer[16384];
    (void)fprintf(to, "{\"ok\":%s,\"errors\":%zu,\"warnings\":%zu,\"complaints\":[", good ? "true" : "false",
                  complaints->errors, complaints->warnings);
    for (size_t i = 0; i < complaints->count; i++) {
        struct text text;
        text_init(&text, buffer, sizeof buffer);
        put_complaint(&text, &complaints->list[i], tongue->language);
        (void)fprintf(to, "%s%s", i > 0 ? "," : "", text.full ? cut : buffer);
    }
    (void)fputs("]", to);
}
