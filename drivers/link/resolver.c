#include "drivers/link/resolver.h"

#include <netdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/base/thread.h"

enum { ASKING, ANSWERED, ABANDONED };

struct question { /* belongs to whoever sees the other's mark: the one who is last frees it */
    atomic_int state;
    int failed;
    struct resolved resolved;
    char host[];
};

static unsigned take(const struct addrinfo *found, struct resolved *resolved)
{
    resolved->count = 0;
    for (const struct addrinfo *one = found; one != NULL && resolved->count < RESOLVER_ADDRESSES_MAX;
         one = one->ai_next) {
        char *host = resolved->hosts[resolved->count];
        if (getnameinfo(one->ai_addr, one->ai_addrlen, host, sizeof resolved->hosts[0], NULL, 0, NI_NUMERICHOST) == 0)
            resolved->count++;
    }
    return resolved->count;
}

static int look_up(const char *host, int flags, struct resolved *ret_resolved)
{
    struct addrinfo const hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(host, NULL, &hints, &found);
    if (failed != 0)
        return failed;
    failed = take(found, ret_resolved) > 0 ? 0 : EAI_NONAME;
    freeaddrinfo(found);
    return failed;
}

static void *answer(void *argument)
{
    struct question *question = argument;
    question->failed = look_up(question->host, 0, &question->resolved);
    if (atomic_exchange(&question->state, ANSWERED) == ABANDONED)
        free(question);
    return NULL;
}

static enum err ask(struct resolver *resolver, const char *host)
{
    size_t const size = strlen(host) + 1;
    struct question *question = calloc(1, sizeof *question + size);
    if (question == NULL)
        return ERR_MEMORY;
    memcpy(question->host, host, size);
    if (thread_do_once("resolver", answer, question) != ERR_OK) {
        free(question);
        return ERR_MEMORY;
    }
    resolver->question = question;
    return ERR_BUSY;
}

enum err resolver_ask(struct resolver *resolver, const char *host, struct resolved *ret_resolved, const char **ret_why)
{
    struct question *question = resolver->question;
    if (question == NULL)
        return look_up(host, AI_NUMERICHOST, ret_resolved) == 0 ? ERR_OK : ask(resolver, host);
    if (atomic_load(&question->state) == ASKING)
        return ERR_BUSY;
    int const failed = question->failed;
    if (failed == 0)
        *ret_resolved = question->resolved;
    else
        *ret_why = gai_strerror(failed);
    free(question);
    resolver->question = NULL;
    return failed == 0 ? ERR_OK : ERR_NOT_FOUND;
}

void resolver_close(struct resolver *resolver)
{
    if (resolver->question != NULL && atomic_exchange(&resolver->question->state, ABANDONED) == ANSWERED)
        free(resolver->question);
    resolver->question = NULL;
}
