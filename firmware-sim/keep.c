#include "firmware-sim/keep.h"

#include <string.h>

#include "firmware-sim/json.h"
#include "firmware-sim/utf8.h"

const char *keep(struct pool *pool, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return "";
    char *own = pool_print(pool, "%s", text);
    utf8_clean(own, strlen(own));
    return own;
}

struct label keep_label(struct pool *pool, const cJSON *object)
{
    const char *zh = json_text(object, "zh", NULL);
    const char *en = json_text(object, "en", NULL);
    return (struct label){.zh = zh == NULL ? NULL : keep(pool, zh), .en = en == NULL ? NULL : keep(pool, en)};
}
