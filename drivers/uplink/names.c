#include "drivers/uplink/names.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "drivers/uplink/url.h"
#include "gateway/base/text.h"

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

struct kept_name {
    unsigned users; /* 0: free */
    char host[URL_HOST_MAX + 1];
    char number[NAMES_NUMBER_MAX + 1];
};

/* Belongs to nobody because getaddrinfo() is told nothing of who asks. */
static struct {
    pthread_mutex_t lock;
    struct kept_name list[NAMES_MAX];
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int ask_system(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **ret_found)
{
    lookup *system_s;
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    if (found == NULL)
        return EAI_SYSTEM;
    memcpy(&system_s, &found, sizeof system_s);
    return system_s(host, service, hints, ret_found);
}

__attribute__((weak)) int names_ask(const char *host, const char *service, const struct addrinfo *hints,
                                    struct addrinfo **ret_found)
{
    return ask_system(host, service, hints, ret_found);
}

static struct kept_name *find(const char *host)
{
    for (size_t i = 0; i < NAMES_MAX; i++)
        if (kept.list[i].users > 0 && strcmp(kept.list[i].host, host) == 0)
            return &kept.list[i];
    return NULL;
}

static struct kept_name *take_free(const char *host)
{
    for (size_t i = 0; i < NAMES_MAX; i++) {
        if (kept.list[i].users > 0)
            continue;
        text_copy(kept.list[i].host, sizeof kept.list[i].host, host);
        return &kept.list[i];
    }
    return NULL;
}

void names_keep(const char *host, const char *number)
{
    (void)pthread_mutex_lock(&kept.lock);
    struct kept_name *name = find(host);
    if (name == NULL)
        name = take_free(host);
    if (name != NULL) {
        name->users++;
        text_copy(name->number, sizeof name->number, number);
    }
    (void)pthread_mutex_unlock(&kept.lock);
}

void names_forget(const char *host)
{
    (void)pthread_mutex_lock(&kept.lock);
    struct kept_name *name = find(host);
    if (name != NULL)
        name->users--;
    (void)pthread_mutex_unlock(&kept.lock);
}

static bool is_kept(const char *host, char ret_number[static NAMES_NUMBER_MAX + 1])
{
    (void)pthread_mutex_lock(&kept.lock);
    const struct kept_name *name = host != NULL ? find(host) : NULL;
    if (name != NULL)
        text_copy(ret_number, NAMES_NUMBER_MAX + 1, name->number);
    (void)pthread_mutex_unlock(&kept.lock);
    return name != NULL;
}

/* In the place of libc's, which makes the answer out of the digits, so that its freeaddrinfo() fits. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **ret_found)
{
    char number[NAMES_NUMBER_MAX + 1];
    struct addrinfo of_digits = hints != NULL ? *hints : (struct addrinfo){.ai_family = AF_UNSPEC};
    if (!is_kept(host, number))
        return names_ask(host, service, hints, ret_found);
    of_digits.ai_flags |= AI_NUMERICHOST;
    return ask_system(number, service, &of_digits, ret_found);
}
