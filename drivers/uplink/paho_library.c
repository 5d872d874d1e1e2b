#include "drivers/uplink/paho_library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

/* By the name of their interface, not of their release: what Debian's libpaho-mqtt1.3 installs. */
#define PLAIN_NAME "libpaho-mqtt3a.so.1"
#define TLS_NAME   "libpaho-mqtt3as.so.1"

struct call {
    const char *name;
    size_t offset;
};

static const struct call calls[] = {
#define PAHO_CALL(name) {#name, offsetof(struct paho_library, name)},
    PAHO_CALLS(PAHO_CALL)
#undef PAHO_CALL
};

enum err paho_library_open(struct paho_library *library, bool tls, char *ret_why, size_t why_size)
{
    struct paho_library opened = {.is_open = true, .tls = tls};
    const char *name = tls ? TLS_NAME : PLAIN_NAME;
    if (library->is_open && library->tls == tls)
        return ERR_OK;
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    for (size_t i = 0; handle != NULL && i < ARRAY_SIZE(calls); i++) {
        void *call = dlsym(handle, calls[i].name);
        if (call == NULL)
            handle = NULL;
        else
            memcpy((char *)&opened + calls[i].offset, &call, sizeof call);
    }
    if (handle == NULL) {
        const char *why = dlerror();
        (void)snprintf(ret_why, why_size, "%s cannot be loaded: install libpaho-mqtt1.3 (%s)", name,
                       why != NULL ? why : "no reason given");
        return ERR_NOT_FOUND;
    }
    if (getenv("MQTT_C_CLIENT_TRACE") == NULL)
        opened.MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
    *library = opened;
    return ERR_OK;
}
