#include "firmware-sim/house.h"

#include <string.h>

#include "firmware-sim/json.h"

#define PREFIX_DEFAULT "outpost/v1"
#define ROOT_SIZE      512

/* `url` of a centre is one string or a list. */
static bool has_url(const cJSON *centre, const char *url)
{
    const cJSON *urls = json_member(centre, "url");
    const cJSON *item;
    if (cJSON_IsString(urls))
        return text_equals(urls->valuestring, url);
    cJSON_ArrayForEach(item, urls)
    {
        if (cJSON_IsString(item) && text_equals(item->valuestring, url))
            return true;
    }
    return false;
}

static const char *first_url(const cJSON *centre)
{
    const cJSON *urls = json_member(centre, "url");
    const cJSON *item = cJSON_IsArray(urls) ? cJSON_GetArrayItem(urls, 0) : urls;
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* The centre of that URL; the first where none has it: a broker may be known by other names. */
static const cJSON *find_centre(const cJSON *file, const char *url)
{
    const cJSON *centres = json_member(file, "centres");
    const cJSON *centre;
    cJSON_ArrayForEach(centre, centres)
    {
        if (url != NULL && has_url(centre, url))
            return centre;
    }
    return cJSON_IsArray(centres) ? cJSON_GetArrayItem(centres, 0) : NULL;
}

/* The prefix with {area_code} and {grid_code} filled in, then the gateway. */
static void print_root(const char *prefix, const cJSON *gateway, struct text *out)
{
    static const char *const keys[] = {"area_code", "grid_code"};
    while (*prefix != '\0') {
        size_t plain = strcspn(prefix, "{");
        text_add(out, "%.*s", (int)plain, prefix);
        prefix += plain;
        size_t length = strcspn(prefix, "}");
        for (size_t i = 0; *prefix != '\0' && i < sizeof keys / sizeof *keys; i++) {
            if (length == strlen(keys[i]) + 1 && strncmp(prefix + 1, keys[i], length - 1) == 0)
                text_add(out, "%s", json_text(gateway, keys[i], ""));
        }
        prefix += length + (prefix[length] == '}' ? 1 : 0);
    }
    text_add(out, "/%s", json_text(gateway, "id", ""));
}

static bool read_tree(const cJSON *tree, const char *url, struct pool *pool, struct house *ret_house, struct text *why)
{
    char bytes[ROOT_SIZE];
    struct text root;
    const cJSON *gateway = json_member(tree, "gateway");
    const cJSON *centre = find_centre(tree, url);
    const char *id = json_text(gateway, "id", "");
    const char *centre_url = url != NULL ? url : first_url(centre);
    if (id[0] == '\0')
        return text_refuse(why, "the site file has no gateway.id");
    text_init(&root, bytes, sizeof bytes);
    print_root(json_text(centre, "prefix", PREFIX_DEFAULT), gateway, &root);
    *ret_house = (struct house){.id = pool_print(pool, "%s", id),
                                .name = pool_print(pool, "%s", json_text(gateway, "name", id)),
                                .language = pool_print(pool, "%s", json_text(gateway, "language", "")),
                                .url = centre_url == NULL ? NULL : pool_print(pool, "%s", centre_url),
                                .root = pool_print(pool, "%s", bytes)};
    return !root.cut || text_refuse(why, "the prefix of the topics is too long");
}

bool house_read(const char *file, const char *url, struct pool *pool, struct house *ret_house, struct text *why)
{
    cJSON *tree = json_read(file, why);
    if (tree == NULL)
        return false;
    bool good = read_tree(tree, url, pool, ret_house, why);
    cJSON_Delete(tree);
    return good;
}
