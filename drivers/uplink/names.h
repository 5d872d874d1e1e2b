/* names: the one lookup of a broker's name.
 *
 * Paho resolves the name it is given under its global lock, where a silent name server would stall every handle. Without TLS it
 * gets the address instead. With TLS it needs the name: server name indication and the check of the certificate take it from
 * the URL, and 1.3.12 has no option for another one (a `serverName` is proposed upstream, paho.mqtt.c pull request 1582). So
 * the name goes to Paho and our answer comes back when it asks: this program's `getaddrinfo` is found before libc's by
 * everything that is loaded, gives the kept address of a kept name at once, and passes every other question on. Names are kept
 * only from a connection's own lookup until it is closed; nothing is remembered between connections. */
#ifndef OUTPOST_DRIVERS_UPLINK_NAMES_H
#define OUTPOST_DRIVERS_UPLINK_NAMES_H

#include <netdb.h>

#define NAMES_MAX        8 /* as many as centres; of more, Paho asks the name server itself */
#define NAMES_NUMBER_MAX 63

/* Blocks: the system's getaddrinfo, whatever is kept. Only a sender's thread calls it, with no lock held. Weak, so that a
 * test can put a name server of its own in its place. */
int names_ask(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **ret_found);

/* From now on `host` is `number`, an address in digits, for whoever asks. Any thread; never blocks for long. Each keep is
 * taken back by one forget; of several for one host the newest address holds. */
void names_keep(const char *host, const char *number);
void names_forget(const char *host);

#endif
