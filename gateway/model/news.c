#include "gateway/model/news.h"

const char *notice_text(enum notice notice)
{
#define NOTICE_TEXT(name, text)                                                                                        \
    case name:                                                                                                         \
        return text;
    switch (notice) {
        NOTICE_LIST(NOTICE_TEXT)
    case NOTICE_COUNT:
        break;
    }
#undef NOTICE_TEXT
    return "unknown";
}

size_t news_size(const struct news *news)
{
    size_t const head = offsetof(struct news, is);
    switch ((enum news_kind)news->kind) {
    case NEWS_ALARM:
        return head + sizeof(struct news_alarm);
    case NEWS_NOTICE:
        return head + sizeof(struct news_notice);
    case NEWS_TELEMETRY:
        return head + offsetof(struct news_telemetry, samples) +
               news->is.telemetry.sample_count * sizeof(struct sample);
    case NEWS_STORED:
    case NEWS_HUSHED:
        break;
    }
    return head;
}
