#include "gateway/site/memory.h"

#include <string.h>

#include "gateway/site/sentences.h"

static void complain_memory(struct complaints *complaints)
{
    complain(complaints, &(struct place){.file = "", .line = 1, .column = 1, .path = ""}, S_MEMORY, NO_WORDS);
}

const char *take_text(struct arena *arena, const char *text, struct complaints *complaints)
{
    const char *copy = text[0] == '\0' ? "" : arena_copy_text(arena, text, strlen(text));
    if (copy == NULL) {
        complain_memory(complaints);
        return "";
    }
    return copy;
}

void *take_array(struct arena *arena, size_t count, size_t size, struct complaints *complaints)
{
    void *array = arena_take(arena, count, size);
    if (array == NULL)
        complain_memory(complaints);
    return array;
}
