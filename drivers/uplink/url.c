#include "drivers/uplink/url.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"

static bool skip(const char **at, const char *prefix)
{
    size_t const size = strlen(prefix);
    if (strncmp(*at, prefix, size) != 0)
        return false;
    *at += size;
    return true;
}

/* [::1] or a name or an IPv4 address; leaves *at behind it. */
static bool take_host(const char **at, char ret_host[static URL_HOST_MAX + 1])
{
    bool const bracket = **at == '[';
    const char *first = *at + (bracket ? 1 : 0);
    size_t const size = strcspn(first, bracket ? "]" : ":/?#@[] \t");
    if (size == 0 || size > URL_HOST_MAX || (bracket && first[size] != ']'))
        return false;
    memcpy(ret_host, first, size);
    ret_host[size] = '\0';
    *at = first + size + (bracket ? 1 : 0);
    return true;
}

static bool take_port(const char **at, char ret_port[static 6])
{
    if (**at != ':')
        return true; /* the default stays */
    size_t const size = strspn(*at + 1, "0123456789");
    long const port = strtol(*at + 1, NULL, 10);
    if (size == 0 || size > 5 || port < 1 || port > 65535)
        return false;
    memcpy(ret_port, *at + 1, size);
    ret_port[size] = '\0';
    *at += 1 + size;
    return true;
}

enum err mqtt_url_parse(const char *url, struct mqtt_url *ret_url)
{
    struct mqtt_url parsed = {.tls = false};
    const char *at = url;
    if (skip(&at, "mqtts://"))
        parsed.tls = true;
    else if (!skip(&at, "mqtt://"))
        return ERR_FORMAT;
    text_copy(parsed.port, sizeof parsed.port, parsed.tls ? "8883" : "1883");
    if (!take_host(&at, parsed.host) || !take_port(&at, parsed.port) || (*at != '\0' && strcmp(at, "/") != 0))
        return ERR_FORMAT;
    *ret_url = parsed;
    return ERR_OK;
}
