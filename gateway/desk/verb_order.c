/* ack, silence, reset: three words that people confuse and that must not be confused. 确认 is not 消音 is not 复位. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/desk/client.h"
#include "gateway/desk/request.h"
#include "gateway/desk/verb.h"

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

static bool put_request(const struct desk *desk, enum request_verb verb, struct text *text)
{
    const struct options *options = &desk->options;
    text_put_format(text, "{\"verb\":\"%s\",\"lang\":\"%s\"", request_verb_text(verb),
                    desk->tongue.language == LANGUAGE_ZH ? "zh" : "en");
    put_given(text, "dev", options->dev);
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

static void tell(const struct desk *desk, FILE *to, enum request_verb verb, int count)
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
    case REQUEST_ALARMS:
    case REQUEST_WATCH:
    case REQUEST_STATUS:
    case REQUEST_VERB_COUNT:
        break;
    }
}

static int show_answer(const struct desk *desk, enum request_verb verb, const char *line)
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
            tell(desk, page.stream, verb, cJSON_IsNumber(count) ? count->valueint : 0);
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

static int send_order(const struct desk *desk, enum request_verb verb)
{
    const struct options *options = &desk->options;
    bool const target = options->dev != NULL || options->alarm != NULL;
    char request[REQUEST_SIZE_MAX];
    char path[CLIENT_PATH_MAX];
    struct client_line line = {.fd = -1};
    struct text text;
    const char *answer = NULL;
    text_init(&text, request, sizeof request);
    if (target == options->all && (target || verb != REQUEST_SILENCE)) {
        desk_complain(desk, "%s needs --dev, --alarm, or --all", "%s 需要 --dev、--alarm 或 --all",
                      request_verb_text(verb));
        return EXIT_USAGE;
    }
    if (!put_request(desk, verb, &text)) {
        desk_complain(desk, "the words are too long", "参数过长");
        return EXIT_USAGE;
    }
    if (client_find(desk, path) != ERR_OK || client_open(&line, desk, path) != ERR_OK)
        return EXIT_WRONG;
    enum err err = client_ask(&line, request, text.used, &answer);
    int const status = err == ERR_OK ? show_answer(desk, verb, answer) : EXIT_WRONG;
    if (err != ERR_OK)
        desk_complain(desk, "the gateway gave no answer: %s; look with `outpost alarms` whether it took effect",
                      "网关没有答复：%s；请用 outpost alarms 查看是否生效", err_text(err));
    client_close(&line);
    return status;
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
