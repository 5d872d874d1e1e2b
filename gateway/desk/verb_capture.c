#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "gateway/desk/client.h"
#include "gateway/desk/frames.h"
#include "gateway/desk/reply.h"
#include "gateway/desk/verb.h"
#include "gateway/desk/view.h"
#include "gateway/ports/pcapng.h"
#include "gateway/site/shape.h"

const struct manual manual_capture = {
    .en =
        "Shows what was on the wire of a bus, frame by frame: when, in which direction, unit, function, what the "
        "gateway\n"
        "thought of it (answer and how long it took, no answer, late, foreign, echo, CRC wrong, junk), and the bytes. "
        "The\n"
        "running gateway always keeps the last frames of each bus, about 1,000 exchanges (fewer with more than 8 "
        "buses), so\n"
        "look after something has happened; --follow or --for go on from there. Numbers go up by one: a gap is told.\n"
        "-o writes a pcapng file: Wireshark decodes it without any setting, and a bus of the site file with\n"
        "\"link\": \"replay\", \"file\": \"x.pcapng\" plays it back (docs/CAPTURE.md). Times of the table are local "
        "times of the\n"
        "site, those of the file are UTC.",
    .zh = "逐帧显示某条总线上的报文：时间、方向、从站地址、功能、网关的判断（应答及用时、无应答、迟到、外来、回波、\n"
          "CRC 错误、杂波）和原始字节。网关始终保留每条总线最近的报文，约 1000 次问答（总线超过 8 条时较少），\n"
          "所以出事之后再看也来得及；--follow 或 --for 从那里继续。编号逐一递增，有缺失会说明。\n"
          "-o 写出 pcapng 文件：Wireshark 无需设置即可解码；站点文件中把总线写成\n"
          "\"link\": \"replay\", \"file\": \"x.pcapng\" 即可回放（见 docs/CAPTURE.md）。表中为站点当地时间，文件中为 "
          "UTC。",
    .exit_en = "  0  shown or written\n  1  no gateway is running, the bus has no frames to show, the gateway has "
               "ended, or the "
               "file\n     cannot be written\n  2  wrong usage, or there is no such bus\n",
    .exit_zh = "  0  已显示或已写出\n  1  没有网关在运行、该总线没有报文可显示、网关已停止，或文件无法写入\n"
               "  2  用法错误，或没有这条总线\n",
    .examples = "  outpost capture --bus rs485-1\n  outpost capture --bus rs485-1 -o night.pcapng --for 10min\n"
                "  outpost capture --bus rs485-1 -o - --follow | wireshark -k -i -\n"
                "  outpost capture --bus rs485-1 --json | jq -c 'select(.kind == \"timeout\")'\n",
};

#define ROUND_MS     200 /* a line at 115200 baud polled flat out fills its 64 KiB in 3 s */
#define LINE_MAX     ((size_t)4 * TAP_BYTES_MAX)
#define VERDICT_MAX  160
#define TIME_COLUMNS 15

struct capture {
    const struct desk *desk;
    struct client_line line;
    FILE *file; /* of -o, once there is something to write; NULL none */
    int64_t until_mono_us;
    struct frames frames;
    bool begun;
    int64_t anchor_mono_us; /* the same moment by both clocks of the gateway */
    int64_t anchor_utc_us;
    uint64_t last; /* number of the newest entry seen */
    uint64_t lost;
    uint64_t count;
};

/* What an answer says. */

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text != NULL ? text : "";
}

static int hex_digit(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = digit != '\0' ? strchr(digits, digit) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

static bool read_entry(const cJSON *item, struct tap_entry *ret_entry)
{
    const char *hex = text_of(item, "hex");
    size_t const size = strlen(hex) / 2;
    *ret_entry = (struct tap_entry){.number = (uint64_t)number_of(item, "n"),
                                    .mono_us = (int64_t)number_of(item, "mono_us"),
                                    .kind = reply_kind_of(text_of(item, "kind")),
                                    .size = (uint16_t)size};
    if (ret_entry->kind == TAP_KIND_COUNT || size > TAP_BYTES_MAX || strlen(hex) % 2 != 0)
        return false;
    for (size_t i = 0; i < size; i++) {
        int const high = hex_digit(hex[2 * i]);
        int const low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_entry->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* The moment of an entry, by the clock that was right when the capture began: steps of it do not tear a recording. */
static int64_t utc_us_of(const struct capture *capture, const struct tap_entry *entry)
{
    int64_t const age_us = capture->anchor_mono_us - entry->mono_us;
    return capture->anchor_utc_us - age_us;
}

static bool is_sent(const struct tap_entry *entry)
{
    return entry->kind == TAP_REQUEST;
}

/* For people and programs. */

static void put_local_time(struct text *to, int64_t utc_us)
{
    struct tm parts;
    time_t const seconds = (time_t)(utc_us / 1000000);
    char clock[16] = "--:--:--";
    if (localtime_r(&seconds, &parts) != NULL)
        (void)strftime(clock, sizeof clock, "%H:%M:%S", &parts);
    text_put_format(to, "%s.%06d", clock, (int)(utc_us % 1000000));
}

static void put_hex(struct text *to, const struct tap_entry *entry, const char *between)
{
    for (size_t i = 0; i < entry->size; i++)
        text_put_format(to, "%s%02x", i > 0 ? between : "", (unsigned)entry->bytes[i]);
}

static void put_head(FILE *to, const struct tongue *tongue)
{
    static const struct {
        const char *en;
        const char *zh;
        size_t columns;
    } heads[] = {{"time", "时间", TIME_COLUMNS}, {"", "", 2},         {"unit", "从站", 4}, {"function", "功能", 24},
                 {"verdict", "判断", 36},        {"bytes", "字节", 5}};
    char buffer[256];
    struct text line;
    text_init(&line, buffer, sizeof buffer);
    for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
        tongue_put_cell(&line, tongue_pick(tongue, heads[i].en, heads[i].zh), heads[i].columns);
        text_put(&line, i + 1 < ARRAY_SIZE(heads) ? " " : "\n");
    }
    (void)fputs(buffer, to);
}

static const char *direction(const struct tongue *tongue, const struct tap_entry *entry)
{
    if (entry->size == 0)
        return "";
    return is_sent(entry) ? tongue_sign(tongue, "→", "->") : tongue_sign(tongue, "←", "<-");
}

static void put_row(struct capture *capture, FILE *to, const struct tap_entry *entry, const char *verdict)
{
    const struct tongue *tongue = &capture->desk->tongue;
    char buffer[LINE_MAX];
    char cell[64] = "";
    struct text line;
    struct text words;
    struct frames_pdu pdu;
    bool const known = frames_pdu(&capture->frames, entry, &pdu);
    text_init(&line, buffer, sizeof buffer);
    text_init(&words, cell, sizeof cell);
    put_local_time(&line, utc_us_of(capture, entry));
    text_put(&line, " ");
    tongue_put_cell(&line, direction(tongue, entry), 2);
    text_put_format(&line, known ? " %4u " : "      ", known ? (unsigned)pdu.unit : 0);
    if (known)
        frames_put_function(&pdu, is_sent(entry), tongue, &words);
    tongue_put_cell(&line, cell, 24);
    text_put(&line, " ");
    tongue_put_cell(&line, verdict, tongue_width(verdict) > 36 ? tongue_width(verdict) : 36);
    text_put(&line, " ");
    put_hex(&line, entry, " ");
    while (line.used > 0 && buffer[line.used - 1] == ' ')
        buffer[--line.used] = '\0';
    (void)fprintf(to, "%s\n", buffer);
}

static void put_json(struct capture *capture, FILE *to, const struct tap_entry *entry, const char *verdict)
{
    char buffer[LINE_MAX];
    struct text line;
    struct frames_pdu pdu;
    text_init(&line, buffer, sizeof buffer);
    text_put_format(&line, "{\"n\":%" PRIu64 ",\"at_us\":%" PRId64 ",\"kind\":\"%s\",\"sent\":%s", entry->number,
                    utc_us_of(capture, entry), reply_kind(entry->kind), is_sent(entry) ? "true" : "false");
    if (frames_pdu(&capture->frames, entry, &pdu))
        text_put_format(&line, ",\"unit\":%u,\"function\":%u", (unsigned)pdu.unit, (unsigned)pdu.function);
    text_put(&line, ",\"hex\":\"");
    put_hex(&line, entry, "");
    text_put(&line, "\"");
    if (verdict[0] != '\0') {
        text_put(&line, ",\"verdict\":");
        text_put_json_string(&line, verdict);
    }
    (void)fprintf(to, "%s}\n", buffer);
}

/* The recording. */

static bool write_packet(struct capture *capture, const struct tap_entry *entry, uint64_t lost, const char *verdict)
{
    uint8_t bytes[PCAPNG_PACKET_MAX];
    struct frames_pdu pdu;
    enum pcapng_content const frame = capture->frames.mbap ? PCAPNG_MBAP : PCAPNG_RTU;
    struct pcapng_packet const packet = {
        .utc_us = utc_us_of(capture, entry),
        .sent = is_sent(entry),
        .content = frames_pdu(&capture->frames, entry, &pdu) ? frame : PCAPNG_BYTES,
        .lost = lost,
        .comment = verdict[0] != '\0' ? verdict : NULL,
        .bytes = entry->bytes,
        .size = entry->size,
    };
    size_t const size = pcapng_put_packet(bytes, &packet);
    return fwrite(bytes, 1, size, capture->file) == size;
}

/* Only now, so that a slip of the pen in the bus's name does not cost an older recording. */
static bool open_file(struct capture *capture, const cJSON *answer)
{
    const char *path = capture->desk->options.output;
    capture->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    if (capture->file == NULL)
        return false;
    uint8_t bytes[PCAPNG_HEAD_MAX];
    char program[128];
    (void)snprintf(program, sizeof program, "outpost %s", capture->desk->doors->version);
    size_t const size = pcapng_put_head(bytes, program, text_of(answer, "bus"));
    return fwrite(bytes, 1, size, capture->file) == size;
}

static void complain_of_file(const struct capture *capture)
{
    char why[128];
    const char *text = strerror_r(errno, why, sizeof why);
    desk_complain(capture->desk, "%s: %s", "%s：%s", capture->desk->options.output, text);
}

/* Round by round. */

static bool begin(struct capture *capture, const cJSON *answer, FILE *to)
{
    const struct options *options = &capture->desk->options;
    capture->begun = true;
    capture->frames.mbap = strcmp(text_of(answer, "modbus"), "tcp") == 0;
    capture->anchor_mono_us = (int64_t)number_of(answer, "mono_us");
    capture->anchor_utc_us = (int64_t)number_of(answer, "at") * 1000;
    view_set_zone(answer);
    if (options->output != NULL)
        return open_file(capture, answer);
    if (!options->json)
        put_head(to, &capture->desk->tongue);
    return true;
}

static void tell_loss(const struct capture *capture, FILE *to, uint64_t lost)
{
    if (capture->file == NULL && !capture->desk->options.json)
        tongue_say(&capture->desk->tongue, to, "-- %" PRIu64 " frames were overwritten before they could be read\n",
                   "-- 有 %" PRIu64 " 帧在读取前已被覆盖\n", lost);
}

static bool show_entry(struct capture *capture, const cJSON *item, FILE *to)
{
    struct tap_entry entry;
    char verdict[VERDICT_MAX] = "";
    struct text words;
    text_init(&words, verdict, sizeof verdict);
    if (!read_entry(item, &entry) || entry.number <= capture->last)
        return true; /* a kind that a newer gateway knows */
    uint64_t const lost = capture->last > 0 ? entry.number - capture->last - 1 : 0;
    capture->last = entry.number;
    capture->lost += lost;
    capture->count++;
    frames_judge(&capture->frames, &entry, &capture->desk->tongue, &words);
    if (lost > 0)
        tell_loss(capture, to, lost);
    if (capture->file != NULL)
        return write_packet(capture, &entry, lost, verdict);
    if (capture->desk->options.json)
        put_json(capture, to, &entry, verdict);
    else
        put_row(capture, to, &entry, verdict);
    return true;
}

static int refused(const struct capture *capture, const cJSON *answer)
{
    const char *code = text_of(answer, "code");
    desk_complain(capture->desk, "refused: %s (%s)", "被拒绝：%s（%s）", text_of(answer, "why"), code);
    return strcmp(code, "unknown_bus") == 0 || strcmp(code, "no_bus") == 0 ? EXIT_USAGE : EXIT_WRONG;
}

static int show_answer(struct capture *capture, const cJSON *answer)
{
    struct page page;
    const cJSON *item = NULL;
    bool written = true;
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "ok")))
        return refused(capture, answer);
    if (page_open(&page) != ERR_OK)
        return EXIT_WRONG;
    if (!capture->begun)
        written = begin(capture, answer, page.stream);
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(answer, "frames")) written =
        written && show_entry(capture, item, page.stream);
    int const status = desk_show(capture->desk, &page);
    if (!written || (capture->file != NULL && fflush(capture->file) != 0)) {
        complain_of_file(capture);
        return EXIT_WRONG;
    }
    return status;
}

static int play_round(struct capture *capture)
{
    char request[REQUEST_SIZE_MAX];
    struct text text;
    const char *line = NULL;
    text_init(&text, request, sizeof request);
    text_put_format(&text, "{\"verb\":\"capture\",\"lang\":\"%s\",\"since\":%" PRIu64,
                    capture->desk->tongue.language == LANGUAGE_ZH ? "zh" : "en", capture->last);
    if (capture->desk->options.bus != NULL) {
        text_put(&text, ",\"bus\":");
        text_put_json_string(&text, capture->desk->options.bus);
    }
    text_put(&text, "}\n");
    enum err err = text.full ? ERR_ARGUMENT : client_ask(&capture->line, request, text.used, &line);
    if (err != ERR_OK) {
        desk_complain(capture->desk, "the gateway gives no answer: %s", "网关没有答复：%s", err_text(err));
        return EXIT_WRONG;
    }
    cJSON *answer = cJSON_Parse(line);
    int const status = show_answer(capture, answer);
    cJSON_Delete(answer);
    return status;
}

static int play_all(struct capture *capture)
{
    struct pollfd gone = {.fd = capture->line.fd, .events = POLLIN}; /* it says nothing unasked */
    for (;;) {
        int const status = play_round(capture);
        int64_t const left_ms = (capture->until_mono_us - clock_now().mono_us) / 1000;
        if (status != EXIT_GOOD || left_ms <= 0)
            return status;
        (void)poll(&gone, 1, left_ms < ROUND_MS ? (int)left_ms + 1 : ROUND_MS);
    }
}

static bool read_duration(struct capture *capture)
{
    const struct options *options = &capture->desk->options;
    int64_t ms = 0;
    if (options->for_time != NULL && (options->follow || !duration_parse(options->for_time, &ms) || ms <= 0)) {
        if (options->follow)
            desk_complain(capture->desk, "either --follow or --for, not both", "--follow 与 --for 只能用一个");
        else
            desk_complain(capture->desk, "--for wants a duration such as 60s or 5min, not %s",
                          "--for 应为时长，如 60s、5min，而不是 %s", options->for_time);
        return false;
    }
    capture->until_mono_us = options->follow ? CLOCK_NEVER : clock_now().mono_us + ms * 1000;
    return true;
}

static int close_file(struct capture *capture, int status)
{
    if (capture->file == NULL || capture->file == stdout)
        return status;
    if (fclose(capture->file) != 0 && status == EXIT_GOOD) {
        complain_of_file(capture);
        return EXIT_WRONG;
    }
    if (status == EXIT_GOOD)
        desk_complain(capture->desk, "%s: %" PRIu64 " entries written, %" PRIu64 " lost before they could be read",
                      "%s：已写入 %" PRIu64 " 条，读取前丢失 %" PRIu64 " 条", capture->desk->options.output,
                      capture->count, capture->lost);
    return status;
}

static int run(struct capture *capture)
{
    char path[CLIENT_PATH_MAX];
    if (client_find(capture->desk, path) != ERR_OK || client_open(&capture->line, capture->desk, path) != ERR_OK)
        return EXIT_WRONG;
    return close_file(capture, play_all(capture));
}

int verb_capture(const struct desk *desk)
{
    struct capture *capture = calloc(1, sizeof *capture);
    if (capture == NULL)
        return EXIT_WRONG;
    capture->desk = desk;
    capture->line.fd = -1;
    int const status = read_duration(capture) ? run(capture) : EXIT_USAGE;
    client_close(&capture->line);
    free(capture);
    return status;
}
