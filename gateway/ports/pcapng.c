#include "gateway/ports/pcapng.h"

#include <string.h>

#include "gateway/base/check.h"

/* Block: type 4, total length 4, body, total length 4; everything padded to 4. Option: code 2, length 2, value, padding. */
#define BLOCK_SECTION   0x0A0D0D0Au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET    6u
#define BLOCK_SIZE_MIN  12u
#define ORDER_MARK      0x1A2B3C4Du
#define ORDER_SWAPPED   0x4D3C2B1Au
#define VERSION_MAJOR   1u

#define OPTION_END        0u
#define OPTION_COMMENT    1u
#define OPTION_SECTION_BY 4u /* shb_userappl */
#define OPTION_NAME       2u /* if_name */
#define OPTION_DECIMALS   9u /* if_tsresol */
#define OPTION_FLAGS      2u /* epb_flags */
#define OPTION_LOST       4u /* epb_dropcount */
#define FLAGS_RECEIVED    1u
#define FLAGS_SENT        2u
#define FLAGS_DIRECTION   3u

#define LINK_TYPE        252u /* LINKTYPE_WIRESHARK_UPPER_PDU: tags as options, but in network byte order */
#define TAG_END          0u
#define TAG_DISSECTOR    12u
#define TAG_PORT_TYPE    24u
#define TAG_SOURCE_PORT  25u
#define TAG_TO_PORT      26u
#define PORT_TYPE_TCP    2u
#define MODBUS_TCP_PORT  502u
#define GATEWAY_TCP_PORT 49152u /* some dynamic one: which it was nobody asked */

#define SECOND_DECIMALS_MAX 9
#define DECIMALS_DEFAULT    6 /* microseconds */

static const char *const dissectors[] = {[PCAPNG_RTU] = "mbrtu", [PCAPNG_MBAP] = "mbtcp", [PCAPNG_BYTES] = "data"};

/* Writing, in the byte order of this machine. */

struct writer {
    uint8_t *bytes;
    size_t size;
    size_t used;
};

static void put(struct writer *to, const void *bytes, size_t size)
{
    CHECK(to->size - to->used >= size);
    if (size > 0)
        memcpy(to->bytes + to->used, bytes, size);
    to->used += size;
}

static void put_u16(struct writer *to, uint32_t value)
{
    uint16_t const half = (uint16_t)value;
    put(to, &half, sizeof half);
}

static void put_u32(struct writer *to, uint32_t value)
{
    put(to, &value, sizeof value);
}

static void put_padding(struct writer *to)
{
    static const uint8_t zeros[3] = {0};
    put(to, zeros, (4 - to->used % 4) % 4);
}

static void put_option(struct writer *to, uint32_t code, const void *value, size_t size)
{
    put_u16(to, code);
    put_u16(to, (uint32_t)size);
    put(to, value, size);
    put_padding(to);
}

static size_t begin_block(struct writer *to, uint32_t type)
{
    size_t const at = to->used;
    put_u32(to, type);
    put_u32(to, 0);
    return at;
}

static void end_block(struct writer *to, size_t at)
{
    uint32_t const size = (uint32_t)(to->used + 4 - at);
    put_u32(to, size);
    memcpy(to->bytes + at + 4, &size, sizeof size);
}

static size_t cut(const char *text, char *ret_text, size_t size)
{
    text_copy(ret_text, size, text);
    return strlen(ret_text);
}

size_t pcapng_put_head(uint8_t ret_bytes[static PCAPNG_HEAD_MAX], const char *program, const char *bus)
{
    struct writer to = {.bytes = ret_bytes, .size = PCAPNG_HEAD_MAX};
    char text[PCAPNG_COMMENT_MAX + 1];
    size_t at = begin_block(&to, BLOCK_SECTION);
    put_u32(&to, ORDER_MARK);
    put_u16(&to, VERSION_MAJOR);
    put_u16(&to, 0);
    put_u32(&to, UINT32_MAX); /* how long the section is, is not known */
    put_u32(&to, UINT32_MAX);
    put_option(&to, OPTION_SECTION_BY, text, cut(program, text, sizeof text));
    put_option(&to, OPTION_END, NULL, 0);
    end_block(&to, at);
    at = begin_block(&to, BLOCK_INTERFACE);
    put_u16(&to, LINK_TYPE);
    put_u16(&to, 0);
    put_u32(&to, 0);
    put_option(&to, OPTION_NAME, text, cut(bus, text, sizeof text));
    put_option(&to, OPTION_END, NULL, 0);
    end_block(&to, at);
    return to.used;
}

static void put_tag(struct writer *to, unsigned code, const void *value, size_t size)
{
    size_t const padded = (size + 3) / 4 * 4;
    uint8_t const head[4] = {0, (uint8_t)code, 0, (uint8_t)padded};
    put(to, head, sizeof head);
    put(to, value, size);
    put_padding(to);
}

static void put_tag_number(struct writer *to, unsigned code, uint32_t number)
{
    uint8_t const value[4] = {0, 0, (uint8_t)(number >> 8), (uint8_t)number};
    put_tag(to, code, value, sizeof value);
}

static void put_tags(struct writer *to, const struct pcapng_packet *packet)
{
    const char *dissector = dissectors[packet->content];
    put_tag(to, TAG_DISSECTOR, dissector, strlen(dissector));
    if (packet->content == PCAPNG_MBAP) { /* by them it tells requests from answers */
        put_tag_number(to, TAG_PORT_TYPE, PORT_TYPE_TCP);
        put_tag_number(to, TAG_SOURCE_PORT, packet->sent ? GATEWAY_TCP_PORT : MODBUS_TCP_PORT);
        put_tag_number(to, TAG_TO_PORT, packet->sent ? MODBUS_TCP_PORT : GATEWAY_TCP_PORT);
    }
    put_tag(to, TAG_END, NULL, 0);
}

size_t pcapng_put_packet(uint8_t ret_bytes[static PCAPNG_PACKET_MAX], const struct pcapng_packet *packet)
{
    struct writer to = {.bytes = ret_bytes, .size = PCAPNG_PACKET_MAX};
    uint64_t const utc_us = (uint64_t)packet->utc_us;
    char text[PCAPNG_COMMENT_MAX + 1];
    CHECK(packet->size <= TAP_BYTES_MAX);
    size_t const at = begin_block(&to, BLOCK_PACKET);
    put_u32(&to, 0);
    put_u32(&to, (uint32_t)(utc_us >> 32));
    put_u32(&to, (uint32_t)utc_us);
    size_t const sizes_at = to.used;
    put_u32(&to, 0);
    put_u32(&to, 0);
    put_tags(&to, packet);
    put(&to, packet->bytes, packet->size);
    uint32_t const size = (uint32_t)(to.used - sizes_at - 8);
    memcpy(ret_bytes + sizes_at, (uint32_t const[]){size, size}, 8);
    put_padding(&to);
    if (packet->comment != NULL)
        put_option(&to, OPTION_COMMENT, text, cut(packet->comment, text, sizeof text));
    uint32_t const flags = packet->sent ? FLAGS_SENT : FLAGS_RECEIVED;
    put_option(&to, OPTION_FLAGS, &flags, sizeof flags);
    if (packet->lost > 0)
        put_option(&to, OPTION_LOST, &packet->lost, sizeof packet->lost);
    put_option(&to, OPTION_END, NULL, 0);
    end_block(&to, at);
    return to.used;
}

/* Reading. */

static uint16_t u16_at(const struct pcapng_reader *reader, const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return reader->swapped ? __builtin_bswap16(value) : value;
}

static uint32_t u32_at(const struct pcapng_reader *reader, const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return reader->swapped ? __builtin_bswap32(value) : value;
}

struct option {
    uint16_t code;
    uint16_t size;
    const uint8_t *value;
};

/* Takes one option off the front; false at their end, and where they make no sense. */
static bool take_option(const struct pcapng_reader *reader, const uint8_t **at, const uint8_t *end,
                        struct option *ret_option)
{
    if (end - *at < 4)
        return false;
    struct option const option = {u16_at(reader, *at), u16_at(reader, *at + 2), *at + 4};
    size_t const padded = ((size_t)option.size + 3) / 4 * 4;
    if (option.code == OPTION_END || (size_t)(end - option.value) < padded)
        return false;
    *at = option.value + padded;
    *ret_option = option;
    return true;
}

static enum err refuse(struct text *trouble, const char *why)
{
    text_put(trouble, why);
    return ERR_FORMAT;
}

/* A section header says in which byte order everything up to the next one is, its own length included. */
static enum err read_section(struct pcapng_reader *reader, struct text *trouble)
{
    uint32_t mark;
    memcpy(&mark, reader->bytes + reader->at + 8, sizeof mark);
    if (mark != ORDER_MARK && mark != ORDER_SWAPPED)
        return refuse(trouble, "is damaged: a section without byte order");
    reader->swapped = mark == ORDER_SWAPPED;
    if (u16_at(reader, reader->bytes + reader->at + 12) != VERSION_MAJOR)
        return refuse(trouble, "is written in a later version of pcapng");
    reader->interface_count = 0;
    return ERR_OK;
}

static enum err read_interface(struct pcapng_reader *reader, const uint8_t *body, size_t size, struct text *trouble)
{
    struct option option;
    if (size < 8)
        return refuse(trouble, "is damaged: an interface is too short");
    if (reader->interface_count == PCAPNG_INTERFACES_MAX)
        return refuse(trouble, "holds too many interfaces; save those of one bus");
    const uint8_t *at = body + 8;
    uint8_t decimals = DECIMALS_DEFAULT;
    while (take_option(reader, &at, body + size, &option))
        if (option.code == OPTION_DECIMALS && option.size == 1)
            decimals = option.value[0];
    if (decimals > SECOND_DECIMALS_MAX) /* bit 7: a power of two, which nobody writes */
        return refuse(trouble, "counts time in a way that is not supported; save it anew with Wireshark");
    reader->interfaces[reader->interface_count].link_type = u16_at(reader, body);
    reader->interfaces[reader->interface_count].decimals = decimals;
    reader->interface_count++;
    return ERR_OK;
}

static bool to_microseconds(uint64_t ticks, unsigned decimals, int64_t *ret_utc_us)
{
    for (; decimals > DECIMALS_DEFAULT; decimals--)
        ticks /= 10;
    for (; decimals < DECIMALS_DEFAULT; decimals++) {
        if (ticks > INT64_MAX / 10)
            return false;
        ticks *= 10;
    }
    *ret_utc_us = (int64_t)ticks;
    return ticks <= INT64_MAX;
}

/* Tags in network byte order; false when the packet is none of ours. */
static bool read_tags(const uint8_t *at, size_t size, struct pcapng_packet *packet)
{
    const uint8_t *end = at + size;
    bool known = false;
    while (end - at >= 4) {
        unsigned const code = (unsigned)(at[0] << 8 | at[1]);
        size_t const length = (size_t)(at[2] << 8 | at[3]);
        at += 4;
        if (code == TAG_END) {
            packet->bytes = at;
            packet->size = (size_t)(end - at);
            return known;
        }
        if ((size_t)(end - at) < length)
            return false;
        for (size_t i = 0; code == TAG_DISSECTOR && i < ARRAY_SIZE(dissectors); i++) {
            if (strnlen((const char *)at, length) == strlen(dissectors[i]) &&
                memcmp(at, dissectors[i], strlen(dissectors[i])) == 0) {
                packet->content = (enum pcapng_content)i;
                known = true;
            }
        }
        at += length;
    }
    return false;
}

/* ERR_NOT_FOUND: somebody else's packet. */
static enum err read_packet(struct pcapng_reader *reader, const uint8_t *body, size_t size,
                            struct pcapng_packet *ret_packet, struct text *trouble)
{
    if (size < 20)
        return refuse(trouble, "is damaged: a packet is too short");
    uint32_t const interface = u32_at(reader, body);
    uint32_t const captured = u32_at(reader, body + 12);
    size_t const padded = ((size_t)captured + 3) / 4 * 4;
    if (interface >= reader->interface_count || padded > size - 20)
        return refuse(trouble, "is damaged: a packet does not fit into its block");
    struct pcapng_packet packet = {0};
    struct option option;
    uint32_t flags = 0;
    const uint8_t *at = body + 20 + padded;
    while (take_option(reader, &at, body + size, &option)) {
        if (option.code == OPTION_FLAGS && option.size == 4)
            flags = u32_at(reader, option.value);
        if (option.code == OPTION_LOST && option.size == 8)
            packet.lost = reader->swapped
                              ? (uint64_t)u32_at(reader, option.value) << 32 | u32_at(reader, option.value + 4)
                              : (uint64_t)u32_at(reader, option.value + 4) << 32 | u32_at(reader, option.value);
    }
    uint64_t const ticks = (uint64_t)u32_at(reader, body + 4) << 32 | u32_at(reader, body + 8);
    if (!to_microseconds(ticks, reader->interfaces[interface].decimals, &packet.utc_us))
        return refuse(trouble, "is damaged: a time is out of range");
    packet.sent = (flags & FLAGS_DIRECTION) == FLAGS_SENT;
    if (reader->interfaces[interface].link_type != LINK_TYPE || (flags & FLAGS_DIRECTION) == 0 ||
        (flags & FLAGS_DIRECTION) == FLAGS_DIRECTION || !read_tags(body + 20, captured, &packet))
        return ERR_NOT_FOUND;
    *ret_packet = packet;
    return ERR_OK;
}

void pcapng_read(struct pcapng_reader *reader, const uint8_t *bytes, size_t size)
{
    *reader = (struct pcapng_reader){.bytes = bytes, .size = size};
}

/* Steps over one block. ERR_NOT_FOUND: it was no packet of ours. */
static enum err next_block(struct pcapng_reader *reader, struct pcapng_packet *ret_packet, struct text *trouble)
{
    size_t const left = reader->size - reader->at;
    const uint8_t *block = reader->bytes + reader->at;
    if (left < BLOCK_SIZE_MIN)
        return reader->at == 0 ? refuse(trouble, "is no pcapng file") : ERR_EMPTY;
    bool const is_section = u32_at(reader, block) == BLOCK_SECTION; /* reads the same both ways */
    if (reader->at == 0 && !is_section)
        return refuse(trouble, "is no pcapng file; record with `outpost capture -o`, or save as pcapng in Wireshark");
    enum err err = ERR_NOT_FOUND;
    if (is_section && left < 28)
        return ERR_EMPTY;
    if (is_section && (err = read_section(reader, trouble)) != ERR_OK)
        return err;
    uint32_t const size = u32_at(reader, block + 4);
    if (size < BLOCK_SIZE_MIN || size % 4 != 0 || (is_section && size < 28))
        return refuse(trouble, "is damaged: a block without length");
    if (size > left)
        return ERR_EMPTY;
    uint32_t const type = u32_at(reader, block);
    if (type == BLOCK_INTERFACE)
        err = read_interface(reader, block + 8, size - BLOCK_SIZE_MIN, trouble);
    else if (type == BLOCK_PACKET)
        err = read_packet(reader, block + 8, size - BLOCK_SIZE_MIN, ret_packet, trouble);
    if (type != BLOCK_PACKET && err == ERR_OK)
        err = ERR_NOT_FOUND;
    reader->at += size;
    return err;
}

enum err pcapng_next(struct pcapng_reader *reader, struct pcapng_packet *ret_packet, struct text *trouble)
{
    enum err err;
    do
        err = next_block(reader, ret_packet, trouble);
    while (err == ERR_NOT_FOUND);
    return err;
}
