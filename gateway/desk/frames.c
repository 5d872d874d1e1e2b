#include "gateway/desk/frames.h"

#include "gateway/base/check.h"

#define MBAP_HEAD_SIZE 7
#define RTU_FRAME_MIN  4 /* unit, function, CRC */
#define EXCEPTION_FLAG 0x80u

static bool is_chinese(const struct tongue *tongue)
{
    return tongue->language == LANGUAGE_ZH;
}

static unsigned word_at(const uint8_t *at)
{
    return (unsigned)(at[0] << 8 | at[1]);
}

bool frames_pdu(const struct frames *frames, const struct tap_entry *entry, struct frames_pdu *ret_pdu)
{
    const uint8_t *bytes = entry->bytes;
    if (entry->kind == TAP_JUNK || entry->size < (frames->mbap ? MBAP_HEAD_SIZE + 1 : RTU_FRAME_MIN))
        return false;
    *ret_pdu = frames->mbap ? (struct frames_pdu){bytes[6], bytes[7], bytes + 8, entry->size - 8U}
                            : (struct frames_pdu){bytes[0], bytes[1], bytes + 2, entry->size - 4U};
    return true;
}

static const char *function_words(unsigned function, const struct tongue *tongue)
{
    static const struct {
        const char *en;
        const char *zh;
    } words[] = {
        [1] = {"read coils", "读线圈"},         [2] = {"read discretes", "读离散输入"},
        [3] = {"read holding", "读保持寄存器"}, [4] = {"read input", "读输入寄存器"},
        [5] = {"write coil", "写线圈"},         [6] = {"write register", "写寄存器"},
        [15] = {"write coils", "写多个线圈"},   [16] = {"write registers", "写多个寄存器"},
    };
    if (function < ARRAY_SIZE(words) && words[function].en != NULL)
        return tongue_pick(tongue, words[function].en, words[function].zh);
    return NULL;
}

void frames_put_function(const struct frames_pdu *pdu, bool request, const struct tongue *tongue, struct text *to)
{
    unsigned const function = pdu->function & ~EXCEPTION_FLAG;
    const char *words = function_words(function, tongue);
    if (words != NULL)
        text_put(to, words);
    else
        text_put_format(to, is_chinese(tongue) ? "功能码 %u" : "function %u", function);
    if (!request || pdu->size < 4)
        return;
    bool const one = function == 5 || function == 6;
    unsigned const value = word_at(pdu->data + 2);
    text_put_format(to, one ? " %u = %u" : " %u +%u", word_at(pdu->data), function == 5 ? value / 0xFF00 : value);
}

static const char *exception_words(unsigned code, const struct tongue *tongue)
{
    static const struct {
        const char *en;
        const char *zh;
    } words[] = {/* MODBUS Application Protocol V1.1b3, section 7 */
                 [1] = {"illegal function", "非法功能"},
                 [2] = {"illegal data address", "非法数据地址"},
                 [3] = {"illegal data value", "非法数据值"},
                 [4] = {"slave device failure", "从站故障"},
                 [5] = {"acknowledge", "已接受，处理中"},
                 [6] = {"slave device busy", "从站忙"},
                 [8] = {"memory parity error", "存储奇偶校验错"},
                 [10] = {"gateway path unavailable", "网关路径不可用"},
                 [11] = {"gateway target failed to respond", "网关目标无应答"}};
    if (code < ARRAY_SIZE(words) && words[code].en != NULL)
        return tongue_pick(tongue, words[code].en, words[code].zh);
    return tongue_pick(tongue, "unknown", "未知");
}

static double ms_between(int64_t from_us, int64_t to_us)
{
    return (double)(to_us - from_us) / 1000;
}

/* Does that frame answer a request that was given up? */
static const struct frames_request *find_missed(const struct frames *frames, const struct tap_entry *entry,
                                                const struct frames_pdu *pdu)
{
    const struct frames_request *missed = &frames->missed[pdu->unit];
    bool const answers = missed->sent && (pdu->function & ~EXCEPTION_FLAG) == missed->function &&
                         entry->mono_us - missed->mono_us <= FRAMES_LATE_MAX_US;
    return answers && (!frames->mbap || word_at(entry->bytes) == missed->transaction) ? missed : NULL;
}

static void judge_foreign(struct frames *frames, const struct tap_entry *entry, const struct tongue *tongue,
                          struct text *verdict)
{
    struct frames_pdu pdu;
    if (!frames_pdu(frames, entry, &pdu))
        return;
    const struct frames_request *missed = find_missed(frames, entry, &pdu);
    if (missed != NULL)
        text_put_format(verdict,
                        is_chinese(tongue) ? "迟到：对 %.1f ms 前请求的应答；已丢弃"
                                           : "late: answers the request of %.1f ms before; discarded",
                        ms_between(missed->mono_us, entry->mono_us));
    else if (entry->kind == TAP_STALE)
        text_put(verdict, tongue_pick(tongue, "foreign: on the line before the request; discarded",
                                      "外来：发送前已在线路上；已丢弃"));
    else
        text_put(verdict, tongue_pick(tongue, "foreign: not the answer; discarded", "外来：不是所等的应答；已丢弃"));
    if (missed != NULL)
        frames->missed[pdu.unit].sent = false;
}

static void judge_junk(const struct frames *frames, const struct tap_entry *entry, const struct tongue *tongue,
                       struct text *verdict)
{
    const struct frames_request *open = &frames->open;
    bool const meant = !frames->mbap && open->sent && entry->size > RTU_FRAME_MIN && entry->bytes[0] == open->unit &&
                       (entry->bytes[1] & ~EXCEPTION_FLAG) == open->function;
    text_put(verdict, meant ? tongue_pick(tongue, "CRC wrong, or cut: discarded", "CRC 错误或残帧；已丢弃")
                            : tongue_pick(tongue, "junk: no frame; discarded", "杂波：不成帧；已丢弃"));
}

static void judge_request(struct frames *frames, const struct tap_entry *entry)
{
    struct frames_pdu pdu;
    if (!frames_pdu(frames, entry, &pdu))
        return;
    frames->open = (struct frames_request){.sent = true,
                                           .unit = pdu.unit,
                                           .function = pdu.function,
                                           .transaction = (uint16_t)word_at(entry->bytes),
                                           .mono_us = entry->mono_us};
}

static void judge_timeout(struct frames *frames, const struct tap_entry *entry, const struct tongue *tongue,
                          struct text *verdict)
{
    if (!frames->open.sent) {
        text_put(verdict, tongue_pick(tongue, "no answer", "无应答"));
        return;
    }
    text_put_format(verdict, is_chinese(tongue) ? "%.0f ms 内无应答" : "no answer within %.0f ms",
                    ms_between(frames->open.mono_us, entry->mono_us));
    frames->missed[frames->open.unit] = frames->open;
}

static void judge_answer(const struct frames *frames, const struct tap_entry *entry, const struct tongue *tongue,
                         struct text *verdict)
{
    struct frames_pdu pdu;
    if (entry->kind == TAP_EXCEPTION && frames_pdu(frames, entry, &pdu) && pdu.size > 0)
        text_put_format(verdict, is_chinese(tongue) ? "异常 %u（%s）" : "exception %u (%s)", pdu.data[0],
                        exception_words(pdu.data[0], tongue));
    else
        text_put(verdict, tongue_pick(tongue, "answer", "应答"));
    if (frames->open.sent)
        text_put_format(verdict, is_chinese(tongue) ? "，用时 %.1f ms" : " after %.1f ms",
                        ms_between(frames->open.mono_us, entry->mono_us));
}

void frames_judge(struct frames *frames, const struct tap_entry *entry, const struct tongue *tongue,
                  struct text *verdict)
{
    switch (entry->kind) {
    case TAP_REQUEST:
        judge_request(frames, entry);
        return;
    case TAP_REPLY:
    case TAP_EXCEPTION:
        judge_answer(frames, entry, tongue, verdict);
        return;
    case TAP_FOREIGN:
    case TAP_STALE:
        judge_foreign(frames, entry, tongue, verdict);
        return;
    case TAP_JUNK:
        judge_junk(frames, entry, tongue, verdict);
        return;
    case TAP_TIMEOUT:
        judge_timeout(frames, entry, tongue, verdict);
        return;
    case TAP_ECHO:
        text_put(verdict, tongue_pick(tongue, "echo of the request", "请求的回波"));
        return;
    case TAP_OPENED:
        text_put(verdict, tongue_pick(tongue, "opened", "已打开"));
        return;
    case TAP_CLOSED:
        text_put(verdict, tongue_pick(tongue, "closed or lost", "已关闭或断开"));
        return;
    case TAP_KIND_COUNT:
        return;
    }
}
