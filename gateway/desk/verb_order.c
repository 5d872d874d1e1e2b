/* ack, silence, reset: three words that people confuse and that must not be confused. 确认 is not 消音 is not 复位. And what
 * takes alarms out of sight, or marks them: shelve, unshelve, service, drill. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/desk/client.h"
#include "gateway/desk/request.h"
#include "gateway/desk/verb.h"
#include "gateway/site/shape.h"

#define TARGET_EN                                                                                                      \
    "Target: --dev ID (all its alarms), --dev ID --alarm ID (one), --alarm ID alone when only one device has it, or\n" \
    "--all. The order and who gave it are recorded and reported."
#define TARGET_ZH                                                                                                      \
    "对象：--dev 编号（该设备全部报警）、--dev 加 --alarm（一条报警）、\n"                      \
    "仅 --alarm（全站只有一个设备有该报警时）或 --all。命令及操作人会记录并上报。"
#define EXIT_EN "  0  done\n  1  refused (the sentence says why), or no gateway is running\n  2  wrong usage\n"
#define EXIT_ZH "  0  已执行\n  1  被拒绝（会说明原因），或没有网关在运行\n  2  用法错误\n"

const struct manual manual_ack = {
    .en = "Acknowledges alarms: says that somebody has seen them. It clears nothing, silences nothing and opens no "
          "valve;\n"
          "an alarm whose condition is over and that does not latch goes back to normal by it.\n" TARGET_EN,
    .zh = "确认报警：表示已有人看到。不会消除报警，不会消音，也不会打开阀门；\n"
          "条件已消失且不锁存的报警，确认后恢复正常。\n" TARGET_ZH,
    .exit_en = EXIT_EN,
    .exit_zh = EXIT_ZH,
    .examples = "  outpost ack --all\n  outpost ack --dev gas-kitchen --alarm gas.high --why \"on my way\"\n",
};

const struct manual manual_silence = {
    .en = "Silences sounders: interlocks that the site file calls silenceable release their output until the next "
          "alarm.\n"
          "It acknowledges nothing and resets nothing. Without a target: all sounders.\n" TARGET_EN,
    .zh = "消音：站点文件中标为 silenceable 的联锁释放其输出，直到下一次报警。\n"
          "不等于确认，也不等于复位。不指定对象时为全部。\n" TARGET_ZH,
    .exit_en = EXIT_EN,
    .exit_zh = EXIT_ZH,
    .examples = "  outpost silence\n  outpost silence --dev kitchen-siren\n",
};

const struct manual manual_reset = {
    .en = "Resets what is latched: an alarm whose condition is over and that is acknowledged, or a tripped interlock "
          "whose\n"
          "vote is gone. Its outputs are then released; a gas valve still opens only by hand, on the spot. Refused "
          "while\n"
          "the condition holds.\n" TARGET_EN,
    .zh = "复位：条件已消失且已确认的锁存报警，或表决条件已消失的已动作联锁。复位后释放输出；\n"
          "燃气阀仍须在现场手动打开。条件存在时拒绝复位。\n" TARGET_ZH,
    .exit_en = EXIT_EN,
    .exit_zh = EXIT_ZH,
    .examples = "  outpost reset --dev gas-kitchen --alarm gas.high\n  outpost reset --dev kitchen-gas-trip --by Li\n",
};

const struct manual manual_shelve = {
    .en = "Shelves alarms: for a time (--for, at most 8 h, which is also the default; or --one-shot, until the "
          "condition "
          "next\n"
          "ends) they are not shown as alarms and nothing is told of them but that they are shelved. They are judged "
          "all the "
          "same,\n"
          "votes and interlocks go on looking at them, and when the time is over what holds then is raised as new. "
          "Critical\n"
          "(red) alarms are never shelved. Shelving again makes the time longer.\n"
          "Target: --dev ID (all its alarms that may be), --dev ID --alarm ID (one), or --alarm ID alone when only one "
          "device\n"
          "has it. The order and who gave it are recorded and reported.",
    .zh = "临时搁置报警：在 --for 指定的时间内（最长也是默认 8 小时；或 --one-shot，到条件下一次消失为止）\n"
          "不再作为报警显示和上报。仍照常判断，表决与联锁不受影响；到时若条件仍在，则作为新的报警发出。\n"
          "红色报警一律不允许搁置。再次搁置即延长。\n"
          "对象：--dev 编号（该设备所有允许的报警）、--dev 加 --alarm（一条），\n"
          "或仅 --alarm（全站只有一个设备有该报警时）。命令及操作人会记录并上报。",
    .exit_en = EXIT_EN,
    .exit_zh = EXIT_ZH,
    .examples = "  outpost shelve --dev lift-1 --alarm lift.door --for 2h --why \"door being repaired\"\n"
                "  outpost shelve --dev boiler-1 --alarm flue.high --one-shot\n",
};

const struct manual manual_unshelve = {
    .en = "Brings shelved alarms back before their time is over. What holds is raised as new.\n" TARGET_EN,
    .zh = "提前取消搁置；条件仍在的，作为新的报警发出。\n" TARGET_ZH,
    .exit_en = EXIT_EN,
    .exit_zh = EXIT_ZH,
    .examples = "  outpost unshelve --all\n  outpost unshelve --dev lift-1 --alarm lift.door\n",
};

const struct manual manual_service = {
    .en = "`service off` takes alarms out of service while somebody works on the equipment, until `service on`: "
          "nothing "
          "is\n"
          "told of them, whatever is measured. With --dev ID: every alarm of the device; with --alarm: one. A detector "
          "whose\n"
          "alarm is out of service votes as its zone's fault_vote says: with \"for\" the interlock may trip, so look "
          "at the "
          "zone\n"
          "first. `service on` raises what holds then as new. The order and who gave it are recorded and reported.",
    .zh = "service off：设备检修时停用报警，直到 service on 为止；期间无论测到什么都不上报。\n"
          "--dev 停用该设备全部报警，加 --alarm 只停用一条。被停用的探测器按分区的 fault_vote 参与表决：\n"
          "若为 for，联锁可能动作，请先查看分区设置。service on 恢复后，条件仍在的作为新的报警发出。\n"
          "命令及操作人会记录并上报。",
    .exit_en = EXIT_EN,
    .exit_zh = EXIT_ZH,
    .examples = "  outpost service off --dev gas-store --why \"sensor replaced\" --by Li\n  outpost service on --dev "
                "gas-store\n",
    .words_en = " off|on [FILE]",
    .words_zh = " off|on [站点文件]",
};

const struct manual manual_drill = {
    .en =
        "Begins a drill: until it ends every record of the named devices carries \"test\":true; every other "
        "device stays\n"
        "real. It disarms nothing: interlocks trip, valves close, sirens sound. It ends with --end, or by itself after "
        "--for\n"
        "(at most 2h), also when the gateway was restarted meanwhile. What is still active then is raised again, as "
        "real.\n"
        "Devices: --dev ID (several times), --zone ID (its detectors), or --all. Begin and end are recorded and "
        "reported.\n"
        "--hold-outputs, with --zone and for at most 10min: the interlocks of that zone write nothing, so that one "
        "detector can\n"
        "be tried with test gas. Refused while anything in the zone is in alarm, tripped, faulty or silent. It is over "
        "at once\n"
        "with a second detector, a reading beyond the range, a lost detector or a restart; what stands tripped then "
        "acts.\n"
        "Interlocks that look at one detector by itself, or at another zone, act as ever.",
    .zh = "开始演练：在结束之前，所列设备的每条记录都带 \"test\":true，其他设备不受影响。\n"
          "演练不解除任何保护：联锁照常动作，阀门照常关闭，声光照常报警。\n"
          "用 --end 结束，或到 --for 指定的时间（最长 2h）自动结束，期间网关重启也不影响。\n"
          "结束时仍存在的报警作为真实报警重新发出。\n"
          "对象：--dev 编号（可多次）、--zone 编号（该分区的探测器）或 --all。开始和结束会记录并上报。\n"
          "--hold-outputs 与 --zone 合用，最长 10min：该分区的联锁不写输出，便于用标准气逐台试验探测器。\n"
          "分区内有报警、联锁已动作、探测器故障或无应答时拒绝。第二台探测器报警、超量程、探测器失联或网关重启时\n"
          "立即结束，届时仍成立的联锁立即动作。只看单台探测器或其他分区的联锁照常动作。",
    .exit_en = EXIT_EN,
    .exit_zh = EXIT_ZH,
    .examples =
        "  outpost drill --for 30m --dev gas-kitchen --dev gas-store\n  outpost drill --for 1h --zone kitchen "
        "--by Li\n  outpost drill --for 10m --zone kitchen --hold-outputs --why \"test gas\"\n  outpost drill --end\n",
};

/* Under sudo the person is known all the same. */
static const char *person(const struct desk *desk)
{
    if (desk->options.by != NULL || geteuid() != 0)
        return desk->options.by;
    return getenv("SUDO_USER");
}

static void put_given(struct text *text, const char *key, const char *value)
{
    if (value == NULL)
        return;
    text_put_format(text, ",\"%s\":", key);
    text_put_json_string(text, value);
}

static void put_devices(struct text *text, const struct options *options)
{
    char devices[REQUEST_DEVICES_MAX + 2];
    struct text list;
    text_init(&list, devices, sizeof devices);
    for (size_t i = 0; i < options->dev_count; i++) {
        text_put(&list, i > 0 ? " " : "");
        text_put(&list, options->devs[i]);
    }
    text->full = text->full || list.full;
    put_given(text, "devices", options->dev_count > 0 ? devices : NULL);
}

/* A request to the gateway, as the options say it; `for_ms` 0 and `on` NULL: not given. */
static bool put_request(const struct desk *desk, enum request_verb verb, int64_t for_ms, const bool *on,
                        struct text *text)
{
    const struct options *options = &desk->options;
    text_put_format(text, "{\"verb\":\"%s\",\"lang\":\"%s\"", request_verb_text(verb),
                    desk->tongue.language == LANGUAGE_ZH ? "zh" : "en");
    if (verb == REQUEST_DRILL)
        put_devices(text, options);
    else
        put_given(text, "dev", options->dev);
    put_given(text, "zone", options->zone);
    if (for_ms > 0)
        text_put_format(text, ",\"for_ms\":%lld", (long long)for_ms);
    if (on != NULL)
        text_put(text, *on ? ",\"on\":true" : ",\"on\":false");
    text_put(text, options->one_shot ? ",\"one_shot\":true" : "");
    text_put(text, options->hold ? ",\"hold\":true" : "");
    put_given(text, "alarm", options->alarm);
    put_given(text, "by", person(desk));
    put_given(text, "why", options->why);
    text_put(text, options->all ? ",\"all\":true}\n" : "}\n");
    return !text->full;
}

static const char *text_of(const cJSON *answer, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, key));
    return text != NULL ? text : "";
}

static void tell(const struct desk *desk, FILE *to, enum request_verb verb, bool on, int count)
{
    switch (verb) {
    case REQUEST_ACK:
        tongue_say(&desk->tongue, to, "acknowledged: %d\n", "已确认：%d\n", count);
        break;
    case REQUEST_SILENCE:
        tongue_say(&desk->tongue, to, "silenced: %d\n", "已消音：%d\n", count);
        break;
    case REQUEST_RESET:
        tongue_say(&desk->tongue, to, "reset: %d\n", "已复位：%d\n", count);
        break;
    case REQUEST_SHELVE:
        tongue_say(&desk->tongue, to, "shelved: %d\n", "已搁置：%d\n", count);
        break;
    case REQUEST_UNSHELVE:
        tongue_say(&desk->tongue, to, "brought back: %d\n", "已取消搁置：%d\n", count);
        break;
    case REQUEST_SERVICE:
        tongue_say(&desk->tongue, to, on ? "back in service: %d\n" : "out of service: %d\n",
                   on ? "已恢复：%d\n" : "已停用：%d\n", count);
        break;
    case REQUEST_DRILL:
        tongue_say(&desk->tongue, to, on ? "drill begun, devices: %d\n" : "drill ended, devices: %d\n",
                   on ? "演练开始，设备：%d\n" : "演练结束，设备：%d\n", count);
        break;
    case REQUEST_READ:
    case REQUEST_ALARMS:
    case REQUEST_WATCH:
    case REQUEST_STATUS:
    case REQUEST_CAPTURE:
    case REQUEST_VERB_COUNT:
        break;
    }
}

static int show_answer(const struct desk *desk, enum request_verb verb, bool on, const char *line)
{
    cJSON *answer = cJSON_Parse(line);
    bool const ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "ok")) != 0;
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(answer, "count");
    int status = ok ? EXIT_GOOD : EXIT_WRONG;
    struct page page;
    if (page_open(&page) == ERR_OK) {
        if (desk->options.json)
            (void)fprintf(page.stream, "%s\n", line);
        else if (ok)
            tell(desk, page.stream, verb, on, cJSON_IsNumber(count) ? count->valueint : 0);
        if (desk_show(desk, &page) != EXIT_GOOD)
            status = EXIT_WRONG;
    }
    if (!ok && !desk->options.json)
        desk_complain(desk, "refused: %s (%s)", "被拒绝：%s（%s）", text_of(answer, "why"), text_of(answer, "code"));
    else if (ok && !desk->options.json && text_of(answer, "why")[0] != '\0')
        desk_complain(desk, "not everything: %s (%s)", "未全部执行：%s（%s）", text_of(answer, "why"),
                      text_of(answer, "code"));
    cJSON_Delete(answer);
    return status;
}

static int send_request(const struct desk *desk, enum request_verb verb, int64_t for_ms, const bool *on)
{
    char request[REQUEST_SIZE_MAX];
    char path[CLIENT_PATH_MAX];
    struct client_line line = {.fd = -1};
    struct text text;
    const char *answer = NULL;
    text_init(&text, request, sizeof request);
    if (!put_request(desk, verb, for_ms, on, &text)) {
        desk_complain(desk, "the words are too long", "参数过长");
        return EXIT_USAGE;
    }
    if (client_find(desk, path) != ERR_OK || client_open(&line, desk, path) != ERR_OK)
        return EXIT_WRONG;
    enum err err = client_ask(&line, request, text.used, &answer);
    int const status = err == ERR_OK ? show_answer(desk, verb, on != NULL && *on, answer) : EXIT_WRONG;
    if (err != ERR_OK)
        desk_complain(desk, "the gateway gave no answer: %s; look with `outpost alarms` whether it took effect",
                      "网关没有答复：%s；请用 outpost alarms 查看是否生效", err_text(err));
    client_close(&line);
    return status;
}

static int send_order(const struct desk *desk, enum request_verb verb)
{
    const struct options *options = &desk->options;
    bool const target = options->dev != NULL || options->alarm != NULL;
    if (target == options->all && (target || verb != REQUEST_SILENCE)) {
        desk_complain(desk, "%s needs --dev, --alarm, or --all", "%s 需要 --dev、--alarm 或 --all",
                      request_verb_text(verb));
        return EXIT_USAGE;
    }
    return send_request(desk, verb, 0, NULL);
}

/* "30m" says minutes too: nobody means metres. False: it is no duration, and that was said. */
static bool read_time(const struct desk *desk, int64_t *ret_ms)
{
    const char *given = desk->options.for_time;
    char words[32];
    if (given == NULL)
        return true;
    size_t const size = strlen(given);
    bool const minutes = size > 1 && given[size - 1] == 'm' && given[size - 2] >= '0' && given[size - 2] <= '9';
    (void)snprintf(words, sizeof words, "%s%s", given, minutes ? "in" : "");
    if (size < sizeof words - 2 && duration_parse(words, ret_ms) && *ret_ms > 0 && *ret_ms <= UINT32_MAX)
        return true;
    desk_complain(desk, "--for wants a duration such as 30m or 2h, not %s", "--for 应为时长，如 30m、2h，而不是 %s",
                  given);
    return false;
}

int verb_ack(const struct desk *desk)
{
    return send_order(desk, REQUEST_ACK);
}

int verb_silence(const struct desk *desk)
{
    return send_order(desk, REQUEST_SILENCE);
}

int verb_reset(const struct desk *desk)
{
    return send_order(desk, REQUEST_RESET);
}

static bool has_target(const struct desk *desk, enum request_verb verb)
{
    if (desk->options.dev != NULL || desk->options.alarm != NULL)
        return true;
    desk_complain(desk, "%s needs --dev or --alarm", "%s 需要 --dev 或 --alarm", request_verb_text(verb));
    return false;
}

int verb_shelve(const struct desk *desk)
{
    int64_t for_ms = 0;
    if (!has_target(desk, REQUEST_SHELVE) || !read_time(desk, &for_ms))
        return EXIT_USAGE;
    return send_request(desk, REQUEST_SHELVE, for_ms, NULL);
}

int verb_unshelve(const struct desk *desk)
{
    return send_order(desk, REQUEST_UNSHELVE);
}

int verb_service(const struct desk *desk)
{
    struct desk own = *desk;
    bool on = false;
    bool known = false;
    for (size_t i = 0; i < desk->options.word_count; i++) {
        const char *word = desk->options.words[i];
        bool const is_state = strcmp(word, "on") == 0 || strcmp(word, "off") == 0;
        if (is_state ? known : own.options.file != NULL) {
            desk_complain(desk, "one word too many: %s", "多余的参数：%s", word);
            return EXIT_USAGE;
        }
        if (is_state)
            on = strcmp(word, "on") == 0;
        else
            own.options.file = word;
        known = known || is_state;
    }
    if (own.options.file == NULL)
        own.options.file = SITE_FILE_DEFAULT;
    if (!known)
        desk_complain(desk, "say `service off` or `service on`", "请写 service off 或 service on");
    if (!known || !has_target(desk, REQUEST_SERVICE))
        return EXIT_USAGE;
    return send_request(&own, REQUEST_SERVICE, 0, &on);
}

int verb_drill(const struct desk *desk)
{
    const struct options *options = &desk->options;
    int const sets = (options->dev_count > 0) + (options->zone != NULL) + options->all;
    bool const on = !options->end;
    int64_t for_ms = 0;
    if (!read_time(desk, &for_ms))
        return EXIT_USAGE;
    if (options->end ? sets > 0 || for_ms > 0 : sets != 1 || for_ms == 0) {
        desk_complain(desk, "drill needs --for TIME and one of --dev, --zone, --all; or --end alone",
                      "drill 需要 --for 时长，以及 --dev、--zone、--all 之一；或仅 --end");
        return EXIT_USAGE;
    }
    if (options->hold && (options->zone == NULL || for_ms > HOLD_MAX_MS)) {
        desk_complain(desk, "--hold-outputs needs --zone, one zone, and --for of at most 10min",
                      "--hold-outputs 需要 --zone 指定一个分区，且 --for 不超过 10min");
        return EXIT_USAGE;
    }
    return send_request(desk, REQUEST_DRILL, for_ms, &on);
}
