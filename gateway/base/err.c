#include "gateway/base/err.h"

const char *err_text(enum err err)
{
#define ERR_TEXT(name, text)                                                                                           \
    case name:                                                                                                         \
        return text;
    switch (err) {
        ERR_LIST(ERR_TEXT)
    case ERR_COUNT:
        break;
    }
#undef ERR_TEXT
    return "unknown error";
}
