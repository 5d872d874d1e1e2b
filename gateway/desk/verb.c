#include "gateway/desk/verb.h"

#include <string.h>

#include "gateway/base/check.h"

#define WHO    (OPTION_SOCKET | OPTION_JSON | OPTION_BY | OPTION_WHY)
#define ONE    (OPTION_FILE | WHO | OPTION_DEV | OPTION_ALARM)
#define TARGET (ONE | OPTION_ALL)

static const struct verb table[] = {
    {"run", OPTION_FILE | OPTION_SOCKET, "run the gateway", "运行网关", verb_run, &manual_run},
    {"check", OPTION_FILE | OPTION_JSON, "check a site file", "检查站点文件", verb_check, &manual_check},
    {"plan", OPTION_FILE | OPTION_JSON | OPTION_TURNAROUND | OPTION_LATENCY | OPTION_ROUND_TRIP,
     "foretell bus load, cycle times and deadlines", "预算总线负荷、周期和时限", verb_plan, &manual_plan},
    {"status", OPTION_FILE | OPTION_SOCKET | OPTION_JSON | OPTION_BUS, "tell what is wrong with buses, slaves, centres",
     "说明总线、从站、中心有何异常", verb_status, &manual_status},
    {"watch", OPTION_FILE | OPTION_SOCKET | OPTION_JSON | OPTION_ONCE, "show live readings", "实时显示读数", verb_watch,
     &manual_watch},
    {"alarms", OPTION_FILE | OPTION_SOCKET | OPTION_JSON, "list alarms and tripped interlocks",
     "列出报警和已动作的联锁", verb_alarms, &manual_alarms},
    {"read", OPTION_FILE | OPTION_SOCKET | OPTION_JSON | OPTION_DEV, "print the newest readings of one device",
     "显示一个设备的最新读数", verb_read, &manual_read},
    {"ack", TARGET, "acknowledge alarms", "确认报警", verb_ack, &manual_ack},
    {"silence", TARGET, "silence sounders", "消音", verb_silence, &manual_silence},
    {"reset", TARGET, "reset latched alarms and interlocks", "复位已锁存的报警和联锁", verb_reset, &manual_reset},
    {"shelve", ONE | OPTION_FOR | OPTION_ONE_SHOT, "take an alarm out of sight for a time", "临时搁置报警", verb_shelve,
     &manual_shelve},
    {"unshelve", TARGET, "bring shelved alarms back", "取消搁置", verb_unshelve, &manual_unshelve},
    {"service", WHO | OPTION_WORDS | OPTION_DEV | OPTION_ALARM, "take alarms out of service, or back",
     "停用或恢复报警（检修）", verb_service, &manual_service},
    {"drill",
     OPTION_FILE | WHO | OPTION_DEV | OPTION_DEVS | OPTION_ZONE | OPTION_ALL | OPTION_FOR | OPTION_END | OPTION_HOLD,
     "begin or end a drill: what is told is marked as a test", "开始或结束演练：上报内容标记为测试", verb_drill,
     &manual_drill},
    {"capture", OPTION_FILE | OPTION_SOCKET | OPTION_JSON | OPTION_BUS | OPTION_OUTPUT | OPTION_FOLLOW | OPTION_FOR,
     "show or record what is on a wire", "查看或录制总线报文", verb_capture, &manual_capture},
    {"profile", OPTION_WORDS | OPTION_JSON | OPTION_MARKDOWN, "list, show and check profiles (register maps)",
     "列出、显示、检查型号文件（寄存器表）", verb_profile, &manual_profile},
    {"class", OPTION_WORDS | OPTION_JSON | OPTION_MARKDOWN, "list and show device classes: points, alarms, settings",
     "列出、显示设备类别：点、报警、参数", verb_class, &manual_class},
    {"version", OPTION_JSON, "print versions", "显示版本", verb_version, &manual_version},
    {"help", OPTION_TOPIC, "explain a verb", "显示说明", verb_help, &manual_help},
};

const struct verb *verbs(size_t *ret_count)
{
    *ret_count = ARRAY_SIZE(table);
    return table;
}

const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}
