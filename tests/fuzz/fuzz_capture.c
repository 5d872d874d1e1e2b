/* Any bytes as a recording: refused with a sentence, or every packet lies within the file, what was read can be written and read
 * again, and each recorded read can be played. */
#include <string.h>

#include "drivers/link/recording.h"
#include "gateway/base/check.h"
#include "gateway/ports/pcapng.h"

static void check_again(const struct pcapng_packet *packet)
{
    uint8_t bytes[PCAPNG_HEAD_MAX + PCAPNG_PACKET_MAX];
    struct pcapng_reader reader;
    struct pcapng_packet again = {0};
    struct text trouble = {0};
    size_t size = pcapng_put_head(bytes, "", "");
    size += pcapng_put_packet(bytes + size, packet);
    pcapng_read(&reader, bytes, size);
    CHECK(pcapng_next(&reader, &again, &trouble) == ERR_OK);
    CHECK(again.utc_us == packet->utc_us && again.sent == packet->sent && again.content == packet->content);
    CHECK(again.lost == packet->lost && again.size == packet->size);
    CHECK(memcmp(again.bytes, packet->bytes, packet->size) == 0);
}

static void check_packets(const uint8_t *data, size_t size)
{
    struct pcapng_reader reader;
    struct pcapng_packet packet;
    char why[128] = "";
    struct text trouble;
    enum err err;
    text_init(&trouble, why, sizeof why);
    pcapng_read(&reader, data, size);
    while ((err = pcapng_next(&reader, &packet, &trouble)) == ERR_OK) {
        CHECK(packet.utc_us >= 0 && packet.bytes >= data && packet.size <= (size_t)(data + size - packet.bytes));
        if (packet.size <= TAP_BYTES_MAX)
            check_again(&packet);
    }
    CHECK(err == ERR_EMPTY ? why[0] == '\0' : err == ERR_FORMAT && why[0] != '\0');
}

/* The read that an exchange answers, if it is one that a gateway may ask. */
static bool read_request(const struct recording *recording, const struct recording_exchange *exchange,
                         struct link_request *ret_request)
{
    const uint8_t *key = exchange->key;
    if (exchange->key_size != 6)
        return false;
    *ret_request = (struct link_request){.unit = key[0],
                                         .function = key[1],
                                         .address = (uint16_t)(key[2] << 8 | key[3]),
                                         .count = (uint16_t)(key[4] << 8 | key[5])};
    return key[1] <= LINK_READ_INPUT && frame_request_is_valid(ret_request, recording->kind);
}

static void play(struct recording *recording, const struct recording_exchange *exchange,
                 const struct link_request *request)
{
    struct framer framer;
    struct link_reply reply = {0};
    framer_init(&framer, recording->kind);
    framer_expect(&framer, request, exchange->transaction, ECHO_UNKNOWN);
    CHECK(exchange->piece_first + exchange->piece_count <= recording->piece_count);
    for (size_t i = 0; i < exchange->piece_count; i++) {
        const struct recording_piece *piece = &recording->pieces[exchange->piece_first + i];
        CHECK(piece->after_us >= 0 && piece->after_us <= RECORDING_AFTER_MAX_US && piece->size > 0);
        if (framer_feed(&framer, piece->bytes, piece->size < FRAME_FEED_MAX ? piece->size : FRAME_FEED_MAX, &reply) !=
            FRAME_MORE)
            return;
    }
    framer_end(&framer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct recording recording;
    struct link_request request;
    char why[128] = "";
    struct text trouble;
    text_init(&trouble, why, sizeof why);
    check_packets(data, size);
    enum err const err = recording_open(&recording, data, size, &trouble);
    CHECK((err == ERR_OK) == (why[0] == '\0'));
    for (size_t i = 0; err == ERR_OK && i < recording.exchange_count; i++) {
        if (!read_request(&recording, &recording.exchanges[i], &request))
            continue;
        const struct recording_exchange *taken = recording_take(&recording, &request);
        CHECK(taken != NULL && taken->key_size == 6 && memcmp(taken->key, recording.exchanges[i].key, 6) == 0);
        play(&recording, taken, &request);
    }
    recording_close(&recording);
    return 0;
}
