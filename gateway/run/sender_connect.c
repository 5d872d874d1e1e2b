/* Connecting: what the broker is told, and what it demands before anything is sent. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "gateway/run/sender_private.h"

#define CONNECT_MAX_US 20000000
#define PASSWORD_MAX   256

/* Refuses what others on the machine could read: a password that is world-readable is no password. */
static bool read_password(struct sender *sender, char *ret_password, size_t password_size)
{
    struct why why;
    struct stat status;
    const char *path = sender->centre->password_file;
    ret_password[0] = '\0';
    if (path == NULL || path[0] == '\0')
        return true;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        (void)snprintf(why.en, sizeof why.en, "cannot read the password file %.100s", path);
        (void)snprintf(why.zh, sizeof why.zh, "无法读取密码文件 %.100s", path);
    } else if ((status.st_mode & S_IRWXO) != 0) {
        (void)snprintf(why.en, sizeof why.en, "everybody can read the password file %.80s; run: chmod 640 on it", path);
        (void)snprintf(why.zh, sizeof why.zh, "任何人都能读取密码文件 %.80s；请执行 chmod 640", path);
    } else {
        ssize_t got = read(fd, ret_password, password_size - 1);
        (void)close(fd);
        ret_password[got > 0 ? got : 0] = '\0';
        ret_password[strcspn(ret_password, "\r\n")] = '\0';
        return true;
    }
    if (fd >= 0)
        (void)close(fd);
    sender_say_trouble(sender, &why);
    return false;
}

static enum err open_uplink(struct sender *sender, const char *password)
{
    const struct site_centre *centre = sender->centre;
    struct payload_status status;
    struct text will;
    char orders[UPLINK_TOPIC_MAX + 1];
    text_copy(orders, sizeof orders, sender_topic(sender, "order/+"));
    sender_make_status(sender, "lost", &status);
    text_init(&will, sender->payload, PAYLOAD_MESSAGE_MAX);
    payload_status(&will, sender->setup.site, &status);
    const struct uplink *uplink = &sender->setup.uplink;
    return uplink->ops->connect(uplink->self, &(struct uplink_options){
                                                  .url = centre->urls[sender->url],
                                                  .client_id = sender->setup.site->id,
                                                  .username = centre->username,
                                                  .password = password,
                                                  .ca_file = centre->ca_file,
                                                  .cert_file = centre->cert_file,
                                                  .key_file = centre->key_file,
                                                  .mqtt = centre->mqtt,
                                                  .keepalive_s = sender->keepalive_s,
                                                  .subscribe = orders,
                                                  .will_topic = sender_topic(sender, "status"),
                                                  .will_payload = will.at,
                                                  .will_size = will.used,
                                              });
}

void sender_connect(struct sender *sender)
{
    char password[PASSWORD_MAX];
    sender->conn++;
    sender->shown.reconnects = sender->conn - 1;
    sender->state = SENDER_CONNECTING;
    sender->connect_by_mono_us = sender->now.mono_us + CONNECT_MAX_US;
    sender->broken = false;
    if (!read_password(sender, password, sizeof password)) {
        sender_hang_up(sender, &sender->trouble, BACKOFF);
        return;
    }
    enum err err = open_uplink(sender, password);
    explicit_bzero(password, sizeof password);
    if (err != ERR_OK)
        sender_hang_up(sender, WHY("the address of the broker cannot be used", "服务器地址无法使用"), BACKOFF);
}

/* The broker hears less long than it was offered: the library would not heed that, so it is offered again (MQTT 5.0,
 * section 3.2.2.3.14). True when that is under way. */
static bool offer_keepalive(struct sender *sender, const struct uplink_event *event)
{
    if (event->keepalive_s == 0 || event->keepalive_s >= sender->keepalive_s)
        return false;
    sender->keepalive_s = event->keepalive_s;
    log_say(LOG_NOTICE, "sender", "%s: the broker wants to hear something each %u s; connecting again with that",
            sender->centre->id, (unsigned)event->keepalive_s);
    sender->setup.uplink.ops->close(sender->setup.uplink.self, true);
    sender->state = SENDER_DOWN;
    sender->retry_mono_us = sender->now.mono_us;
    return true;
}

void sender_connected(struct sender *sender, const struct uplink_event *event)
{
    if (offer_keepalive(sender, event))
        return;
    sender->state = SENDER_UP;
    sender->up_mono_us = sender->now.mono_us;
    sender->packet_max = event->packet_max;
    window_reset(&sender->window, event->receive_maximum);
    memset(sender->refusals, 0, sizeof sender->refusals);
    sender->single_until = 0;
    sender->orders.reply_count = 0;
    sender_greet_from_start(sender);
    sender_find_connected(sender);
    log_say(LOG_NOTICE, "sender", "%s: connected to %s", sender->centre->id, sender->centre->urls[sender->url]);
}
