/* Any bytes on the local socket: a request that means something on the site, or a refusal with a word and a sentence. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/desk/request.h"
#include "tests/support/desk_site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
    if (!condition)
        abort();
}

static void check_refusal(const struct refusal *refusal)
{
    must(refusal->code[0] != '\0' && refusal->why[0] != '\0');
    must(text_is_utf8(refusal->why, strlen(refusal->why)) != 0);
}

static void check_question(const struct request *request)
{
    struct refusal refusal = {0};
    size_t found = SIZE_MAX;
    if (request->verb == REQUEST_READ && request_find_device(request, &desk_site, &found, &refusal) == ERR_OK)
        must(found < desk_site.device_count);
    else if (request->verb == REQUEST_CAPTURE && request_find_bus(request, &desk_site, &found, &refusal) == ERR_OK)
        must(found < desk_site.bus_count);
    else if (request->verb == REQUEST_READ || request->verb == REQUEST_CAPTURE)
        check_refusal(&refusal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request request = {0};
    struct refusal refusal = {0};
    struct order order = {0};
    if (request_parse((const char *)data, size, &request, &refusal) != ERR_OK) {
        check_refusal(&refusal);
        return 0;
    }
    must(size <= REQUEST_SIZE_MAX && request.verb < REQUEST_VERB_COUNT);
    if (request.verb < REQUEST_ACK) {
        check_question(&request);
        return 0;
    }
    if (request_resolve(&request, &desk_site, &order, &refusal) != ERR_OK) {
        check_refusal(&refusal);
        return 0;
    }
    must(order.subject >= -1 && order.subject < (int32_t)desk_site.subject_count);
    must(order.rule >= -1 && order.rule < RULE_COUNT);
    must(order.rule < 0 || desk_site.rules[order.rule].subject == order.subject);
    return 0;
}
