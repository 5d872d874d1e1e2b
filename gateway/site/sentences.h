/* sentences: every complaint the loader can make, as one table, and how a complaint is made.
 *
 * A sentence says what was found, what is allowed and what to do. {0} {1} {2} are filled in with words, each of which
 * may differ between the languages; a missing word leaves nothing. The codes are stable: tests, `check --json` and
 * people's scripts know them. */
#ifndef OUTPOST_SITE_SENTENCES_H
#define OUTPOST_SITE_SENTENCES_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/err.h"
#include "gateway/site/load.h"

/* clang-format off */
/* name, code, severity, English, 中文 */
#define SENTENCE_LIST(X) \
/* the file */ \
X(S_CANNOT_READ, "cannot_read", E, "cannot read the file: {0}", "无法读取文件：{0}") \
X(S_EMPTY, "empty", E, "the file is empty; the smallest useful one has \"gateway\", \"buses\", \"devices\" and \"centres\"", "文件是空的；最小可用的文件要有 \"gateway\"、\"buses\"、\"devices\" 和 \"centres\"") \
X(S_TOO_LARGE, "too_large", E, "the file has {0} bytes; at most {1} are allowed", "文件有 {0} 字节，最多允许 {1} 字节") \
X(S_TOO_MANY_VALUES, "too_many_values", E, "more than {0} values; split the site over several gateways", "数值超过 {0} 个；请把站点分到多台网关") \
X(S_MEMORY, "memory", E, "out of memory while loading", "加载时内存不足") \
X(S_NOT_UTF8, "not_utf8", E, "these bytes are not UTF-8; save the file as UTF-8", "这里的字节不是 UTF-8；请用 UTF-8 编码另存文件") \
X(S_GBK, "gbk", E, "these bytes are not UTF-8 but look like GBK; save the file as UTF-8, or: iconv -f GBK -t UTF-8 old.json > new.json", "这里的字节不是 UTF-8，像是 GBK；请用 UTF-8 编码另存，或执行：iconv -f GBK -t UTF-8 旧.json > 新.json") \
X(S_UTF16, "utf16", E, "the file is UTF-16; save it as UTF-8", "文件是 UTF-16 编码；请另存为 UTF-8") \
X(S_NUL_BYTE, "nul_byte", E, "a NUL byte (a character with the number 0) stands here; remove it", "这里有一个 NUL 字节（编号为 0 的字符）；请删除") \
X(S_CONTROL, "control_character", E, "the control character {0} stands in a text; write \\t or \\n, or remove it", "文本里有控制字符 {0}；请写成 \\t 或 \\n，或删除") \
X(S_TOO_DEEP, "too_deep", E, "brackets are nested more than {0} deep", "括号嵌套超过 {0} 层") \
/* JSON */ \
X(S_FULL_WIDTH, "full_width", E, "full-width {0}; write {1} (switch the input method to half-width)", "全角符号 {0}；请改成半角 {1}（把输入法切到半角）") \
X(S_SINGLE_QUOTE, "single_quote", E, "text in single quotes; JSON wants double quotes: \"…\"", "文本用了单引号；JSON 要用双引号：\"…\"") \
X(S_KEY_NOT_QUOTED, "key_not_quoted", E, "the key {0} is not in quotes; write \"{0}\"", "键 {0} 没有加引号；请写成 \"{0}\"") \
X(S_KEY_EXPECTED, "key_expected", E, "a key in double quotes is expected here, not {0}", "这里应当是带双引号的键，而不是 {0}") \
X(S_VALUE_EXPECTED, "value_expected", E, "a value is expected here, not {0}", "这里应当是一个值，而不是 {0}") \
X(S_MISSING_COMMA, "missing_comma", E, "a comma is missing here", "这里缺少逗号") \
X(S_EXTRA_COMMA, "extra_comma", E, "a comma too many: nothing follows it", "多了一个逗号：后面没有内容") \
X(S_MISSING_COLON, "missing_colon", E, "a colon is missing between the key and its value", "键和值之间缺少冒号") \
X(S_BAD_WORD, "bad_word", E, "{0} is no JSON value; allowed are true, false, null, numbers and \"text\"", "{0} 不是 JSON 的值；可以写 true、false、null、数字和 \"文本\"") \
X(S_BAD_NUMBER, "bad_number", E, "{0} is not a number as JSON writes it (no leading zeros or +, digits on both sides of the point, no hex, at most 60 characters)", "{0} 不是 JSON 写法的数字（不要前导零和加号，小数点两边都要有数字，不用十六进制，最多 60 个字符）") \
X(S_BAD_ESCAPE, "bad_escape", E, "{0} is no escape that JSON knows; a backslash itself is written \\\\", "{0} 不是 JSON 认识的转义；反斜杠本身要写成 \\\\") \
X(S_LONE_SURROGATE, "lone_surrogate", E, "{0} is half of a character; write the character itself", "{0} 只是半个字符；请直接写这个字符") \
X(S_OPEN_STRING, "open_string", E, "this text has no closing double quote on its line", "这段文本在本行没有结束的双引号") \
X(S_OPEN_COMMENT, "open_comment", E, "this comment is never closed by */", "这个注释没有用 */ 结束") \
X(S_OPEN_BRACKET, "open_bracket", E, "this {0} is never closed; the file ends before", "这个 {0} 没有关闭，文件就结束了") \
X(S_WRONG_BRACKET, "wrong_bracket", E, "{0} cannot close the {1} of line {2}", "{0} 不能关闭第 {2} 行的 {1}") \
X(S_AFTER_END, "after_end", E, "something follows after the end: {0}", "结尾之后还有内容：{0}") \
/* shape */ \
X(S_UNKNOWN_KEY, "unknown_key", E, "there is no key {0} here; {1}", "这里没有 {0} 这个键；{1}") \
X(S_DOUBLED_KEY, "doubled_key", E, "{0} is given twice; the first one is in line {1}. Keep one", "{0} 写了两次，第一次在第 {1} 行；请只保留一个") \
X(S_MISSING_KEY, "missing_key", E, "{0} is missing ({1})", "缺少 {0}（{1}）") \
X(S_BAD_TYPE, "bad_type", E, "{0} found; allowed: {1}", "写的是{0}；应当是：{1}") \
X(S_OUT_OF_RANGE, "out_of_range", E, "{0} is not allowed; allowed: {1}", "不允许 {0}；允许：{1}") \
X(S_BAD_CHOICE, "bad_choice", E, "{0} is not one of the words allowed here; {1}", "{0} 不是这里允许的词；{1}") \
X(S_BAD_ID, "bad_id", E, "{0} is no id: small letters a-z, digits, _ and -, beginning with a letter or digit, at most 64", "{0} 不能作编号：只用小写字母 a-z、数字、_ 和 -，以字母或数字开头，最多 64 个字符") \
X(S_BAD_DURATION, "bad_duration", E, "{0} is no duration; write a number and ms, s, min, h or d in quotes, for example \"500ms\", \"15s\", \"30d\"", "{0} 不是时长；请写带引号的数字加单位 ms、s、min、h 或 d，例如 \"500ms\"、\"15s\"、\"30d\"") \
X(S_BAD_SIZE, "bad_size", E, "{0} is no size; write a whole number and KiB, MiB or GiB in quotes, for example \"2GiB\"", "{0} 不是容量；请写带引号的整数加单位 KiB、MiB 或 GiB，例如 \"2GiB\"") \
X(S_TOO_MANY, "too_many", E, "{0} of them; at most {1} are allowed", "有 {0} 个，最多允许 {1} 个") \
X(S_LIST_EMPTY, "list_empty", E, "the list is empty; at least one is needed", "列表是空的，至少要有一个") \
X(S_BAD_FORMAT, "bad_format", E, "{0} is not {1}", "{0} 不是{1}") \
X(S_NO_EFFECT_YET, "no_effect_yet", W, "{0} is accepted but not in effect yet", "{0} 已接受，但暂未生效") \
/* names */ \
X(S_DOUBLED_ID, "doubled_id", E, "the id {0} is already taken by the {1} in line {2}; ids are unique over buses, slaves, devices, zones, interlocks and centres", "编号 {0} 已被第 {2} 行的{1}占用；总线、从站、设备、分区、联锁、中心的编号不能重复") \
X(S_RESERVED_ID, "reserved_id", E, "the id \"gateway\" is reserved for the gateway itself", "编号 \"gateway\" 保留给网关自己") \
X(S_NOT_FOUND, "not_found", E, "there is no {0} {1}; {2}", "没有名为 {1} 的{0}；{2}") \
X(S_LISTED_TWICE, "listed_twice", E, "{0} is listed twice", "{0} 列了两次") \
X(S_BAD_REFERENCE, "bad_reference", E, "{0} does not name a point; write \"id.point\", for example \"di-1.in_1\"", "{0} 不是点的引用；请写 \"编号.点\"，例如 \"di-1.in_1\"") \
/* buses */ \
X(S_PORT_NEEDED, "port_needed", E, "an rtu bus needs \"port\", the serial port as text, for example \"/dev/ttyUSB0\" or better /dev/serial/by-path/…", "rtu 总线需要 \"port\"：串口路径文本，例如 \"/dev/ttyUSB0\"，最好用 /dev/serial/by-path/…") \
X(S_HOST_NEEDED, "host_needed", E, "a {0} bus needs \"host\" and a number as \"port\"", "{0} 总线需要 \"host\" 和数字 \"port\"") \
X(S_NOT_FOR_LINK, "not_for_link", E, "{0} means nothing on a {1} bus; remove it", "{0} 对 {1} 总线没有意义；请删除") \
X(S_SAME_PORT, "same_port", E, "bus {0} already uses this port; put the slaves of both on one bus", "总线 {0} 已使用这个端口；请把两边的从站放到同一条总线") \
X(S_FILE_NEEDED, "file_needed", E, "a replay bus needs \"file\", a recording made by outpost capture -o, for example \"night.pcapng\"", "replay 总线需要 \"file\"：用 outpost capture -o 录制的文件，例如 \"night.pcapng\"") \
X(S_REPLAYED, "replayed", W, "the readings of this bus come from a recording, not from a line; nothing is written on it", "这条总线的读数来自录制文件，不是现场；不会写出任何数据") \
X(S_BUS_WITHOUT_SLAVE, "bus_without_slave", W, "no slave is on this bus; it is never opened", "这条总线上没有从站，不会打开") \
/* slaves */ \
X(S_UNIT_TAKEN, "unit_taken", E, "unit {0} of bus {1} is already slave {2}; two slaves cannot answer to one number", "总线 {1} 的站号 {0} 已是从站 {2}；两个从站不能用同一个站号") \
X(S_UNIT_RANGE, "unit_range", E, "unit {0} is not allowed on a {1} bus; allowed: {2}", "{1} 总线不允许站号 {0}；允许：{2}") \
X(S_NOTHING_TO_READ, "nothing_to_read", E, "nothing says what to read here; name a \"profile\" or write \"points\"", "没有说明要读什么；请写 \"profile\" 或 \"points\"") \
X(S_KEY_NEEDS_BUS, "key_needs_bus", E, "{0} belongs to a slave; write \"bus\" and \"unit\" here too (device and slave in one), or move it to the entry in \"slaves\"", "{0} 属于从站；请在这里同时写 \"bus\" 和 \"unit\"（设备和从站合一），或移到 \"slaves\" 里的条目") \
X(S_GUARD_SHORT, "guard_short", E, "the profile wants a guard of at least {0}; this slave loses answers with less", "型号文件要求间隔至少 {0}；再短这个从站会丢应答") \
X(S_LINK_DIFFERS, "link_differs", W, "the profile {0} says {1} for the line, the bus has {2}; compare with the device's menu", "型号文件 {0} 的线路参数是 {1}，总线是 {2}；请核对设备菜单") \
X(S_SLAVE_SERVES_NONE, "slave_serves_none", W, "no device takes a point of this slave; it is read for nothing", "没有设备使用这个从站的点，读了也没用") \
X(S_OUTPUT_UNSEEN, "output_unseen", W, "interlocks write this slave, but no device stands for it: when it falls silent nobody is told until it is needed. Add one to \"devices\": { \"id\": \"…\", \"class\": \"io\", \"slaves\": [{0}] }", "联锁要写这个从站，却没有设备代表它：它失去应答时，直到需要动作才会有人知道。请在 \"devices\" 里加一个：{ \"id\": \"…\", \"class\": \"io\", \"slaves\": [{0}] }") \
X(S_NEVER_WRITTEN, "never_written", E, "{0} serves {1}, which is a {2}: the gateway never writes to such equipment. Use an output of another board", "{0} 服务于 {1}（{2}）：网关从不写这类设备；请用别的板子的输出") \
X(S_NOT_WRITABLE, "not_writable", E, "{0} cannot be written; only coils and single holding registers can", "{0} 不能写；只有线圈和单个保持寄存器能写") \
/* points */ \
X(S_POINT_NOT_OF_CLASS, "point_not_of_class", E, "the class {0} has no point {1}; {2}", "类别 {0} 没有点 {1}；{2}") \
X(S_POINT_DERIVED, "point_derived", E, "{0} is computed by the gateway from other points; it cannot be read", "{0} 由网关根据其他点计算得出，不能读取") \
X(S_POINT_INCOMPLETE, "point_incomplete", E, "{0} says neither where it comes from (\"from\") nor which register it is (\"function\" and \"address\")", "{0} 既没写来源（\"from\"），也没写寄存器（\"function\" 和 \"address\"）") \
X(S_POINT_MIXED, "point_mixed", E, "{0} belongs to a register, but this point has \"from\"; keep one of the two", "{0} 是寄存器的键，但这个点写了 \"from\"；两者只能选一") \
X(S_POINT_NOT_HERE, "point_not_here", E, "a register belongs to a slave; write it under the slave, or \"bus\" and \"unit\" on this device", "寄存器属于从站；请写到从站下，或在设备上写 \"bus\" 和 \"unit\"") \
X(S_BIT_FUNCTION, "bit_function", E, "{0} means nothing for a {1}, which is one bit; remove it", "{0} 对 {1}（只有一位）没有意义；请删除") \
X(S_TYPE_NEEDED, "type_needed", E, "a register needs a \"type\": {0}", "寄存器需要 \"type\"：{0}") \
X(S_NEEDS_KEY, "needs_key", E, "{0} needs {1}", "{0} 需要 {1}") \
X(S_NOT_WITH, "not_with", E, "{0} does not go with {1}; remove one", "{0} 不能和 {1} 一起用；请去掉一个") \
X(S_BEYOND_END, "beyond_end", E, "the point ends at register {0}; the last one is 65535", "这个点到寄存器 {0} 结束；最后一个是 65535") \
X(S_REACH, "reach", E, "with base and channels the point reaches from address {0} to {1}; there are 0 to 65535", "加上 base 和通道偏移后，这个点的地址从 {0} 到 {1}；地址只有 0 到 65535") \
X(S_REPEAT_STEP, "repeat_step", E, "the channels overlap: each is {0} registers wide, but the step is {1}", "通道互相重叠：每个通道占 {0} 个寄存器，step 却是 {1}") \
X(S_RAW_NEVER, "raw_never", E, "the raw value {0} can never be read: {1} holds {2} to {3}", "原始值 {0} 不可能读到：{1} 的范围是 {2} 到 {3}") \
X(S_BITS_RANGE, "bits_range", E, "bits {0} to {1} do not exist; {2} has bits 0 to {3}", "不存在第 {0} 到 {1} 位；{2} 只有 0 到 {3} 位") \
X(S_SCALE_ZERO, "scale_zero", E, "a scale of 0 makes every reading 0", "比例为 0 会使每个读数都是 0") \
X(S_TOO_FAR, "too_far", E, "{0} is {1} registers away from the point; one read can hold {2}", "{0} 离这个点 {1} 个寄存器；一次最多读 {2} 个") \
X(S_MAP_KEY, "map_key", E, "{0} is no raw value; write a whole number in quotes such as \"3\" or \"0x0A\"", "{0} 不是原始值；请写带引号的整数，例如 \"3\" 或 \"0x0A\"") \
X(S_MAP_CODE, "map_code", E, "{0} has no code {1}; {2}", "{0} 没有代码 {1}；{2}") \
X(S_MAP_TWICE, "map_twice", E, "the raw value {0} is given twice", "原始值 {0} 写了两次") \
X(S_MAP_NEEDED, "map_needed", E, "{0} is a named state; a \"map\" must say which raw value is which; {1}", "{0} 是命名状态；需要 \"map\" 说明哪个原始值对应哪个状态；{1}") \
X(S_MAP_SYSTEM, "map_system", E, "{0} is no system of codes that {1} knows; {2}", "{1} 没有名为 {0} 的代码体系；{2}") \
X(S_CANNOT_BECOME, "cannot_become", E, "{0} is {1}; {2} cannot become that", "{0} 是{1}；{2}不能变成它") \
X(S_UNIT_UNKNOWN, "unit_unknown", W, "{0} is no unit this gateway knows; {1}", "网关不认识单位 {0}；{1}") \
X(S_UNIT_DIFFERS, "unit_differs", E, "{0} is in {1}; {2} does not convert to that", "{0} 的单位是 {1}；{2} 不能换算成它") \
X(S_UNITLESS, "unitless", E, "{0} has no unit; {1} means nothing here", "{0} 没有单位；{1} 在这里没有意义") \
X(S_CODE_UNKNOWN, "code_unknown", E, "{0} has no code {1}, which {2} may report; {3}", "{0} 没有代码 {1}，而 {2} 会报告它；{3}") \
X(S_WRONG_RANGE, "wrong_range", E, "the minimum {0} is above the maximum {1}", "最小值 {0} 大于最大值 {1}") \
/* profiles */ \
X(S_NO_PROFILE, "no_profile", E, "there is no profile {0}; {1}", "没有型号文件 {0}；{1}") \
X(S_PROFILE_BAD, "profile_bad", E, "the profile {0} has mistakes ({1})", "型号文件 {0} 有错误（{1}）") \
X(S_PROFILE_NAME, "profile_name", E, "the file calls itself {0} but is named {1}.json", "文件里的名字是 {0}，文件名却是 {1}.json") \
X(S_NO_PROFILE_POINT, "no_profile_point", E, "the profile has no point {0}; {1}", "型号文件没有点 {0}；{1}") \
X(S_BASE_NEEDED, "base_needed", E, "the addresses of {0} depend on how the device is set up; write \"base\", the number its menu shows", "{0} 的地址取决于设备的设置；请写 \"base\"，即设备菜单里的起始地址") \
X(S_BASE_RANGE, "base_range", E, "with base {0} the point {1} reaches from address {2} to {3}; there are 0 to 65535", "base 为 {0} 时，点 {1} 的地址从 {2} 到 {3}；地址只有 0 到 65535") \
X(S_COUNT_SMALL, "count_small", E, "{0} needs {1} registers in one read; {2} are too few", "{0} 一次要读 {1} 个寄存器；{2} 个不够") \
X(S_NO_CHANNELS, "no_channels", E, "{0} means nothing here: there is no profile that repeats its points for channels", "{0} 在这里没有意义：型号文件没有按通道重复的点") \
X(S_POINTS_MANY, "points_many", E, "{0} points with {1} channels; a slave may have {2}. Lower \"channels\" to {3}", "{1} 个通道共 {0} 个点，一个从站最多 {2} 个；请把 \"channels\" 减到 {3}") \
X(S_FREEZE_SHORT, "freeze_short", E, "{0} is read every {1}: with a freeze after {2} everything this slave says would count as frozen", "{0} 每 {1} 读一次：freeze 为 {2} 时，这个从站的所有读数都会被当作冻结") \
/* devices */ \
X(S_NO_CLASS, "no_class", E, "nothing says what kind of equipment this is; write \"class\": {0}", "没有说明是什么设备；请写 \"class\"：{0}") \
X(S_TWO_OFFERS, "two_offers", E, "both {0} and {1} offer {2}; say which one under \"points\": \"{2}\": \"{0}.{2}\"", "{0} 和 {1} 都提供 {2}；请在 \"points\" 里指明：\"{2}\": \"{0}.{2}\"") \
X(S_NO_SLAVE_POINT, "no_slave_point", E, "slave {0} has no point {1}; {2}", "从站 {0} 没有点 {1}；{2}") \
X(S_BAD_CHANNEL, "bad_channel", E, "{0} names neither a slave nor one of its channels; write \"id\", or \"id.ch17\"", "{0} 既不是从站，也不是从站的通道；请写 \"编号\" 或 \"编号.ch17\"") \
X(S_NO_CHANNEL, "no_channel", E, "slave {0} has no channel {1}; {2}", "从站 {0} 没有通道 {1}；{2}") \
X(S_CHANNEL_SHARED, "channel_shared", W, "device {1} takes channel {0} too; both will raise the same alarms", "设备 {1} 也使用通道 {0}；两个设备会发出同样的报警") \
X(S_NO_DEVICE_POINT, "no_device_point", E, "device {0} has no point {1}; {2}", "设备 {0} 没有点 {1}；{2}") \
X(S_INVERT_NUMBER, "invert_number", E, "only yes/no points can be inverted; {0} is {1}", "只有开关量能取反；{0} 是{1}") \
X(S_SLAVE_GIVES_NONE, "slave_gives_none", W, "the device takes no point of slave {0}; map them under \"points\"", "设备没有用到从站 {0} 的任何点；请在 \"points\" 里映射") \
X(S_UNWIRED, "unwired", W, "a {0} without a wire: it can never raise an alarm. Write \"bus\", \"unit\" and \"profile\", or \"slaves\"", "没有接线的 {0} 永远不会报警；请写 \"bus\"、\"unit\" 和 \"profile\"，或 \"slaves\"") \
X(S_NO_DEVICES, "no_devices", W, "the site has no devices: nothing is watched", "站点没有设备：没有监测任何东西") \
/* settings */ \
X(S_NO_SETTING, "no_setting", E, "the class {0} has no setting {1}; {2}", "类别 {0} 没有参数 {1}；{2}") \
X(S_MOUNTED_HIGH, "mounted_high", W, "gas heavier than air gathers on the floor; a detector {0} m above it sees it late. At most 0.3 m", "比空气重的燃气积在地面；装在 {0} m 高处会发现得晚，离地不超过 0.3 m") \
X(S_MOUNTED_LOW, "mounted_low", W, "gas lighter than air gathers under the ceiling; a detector {0} m below it sees it late. At most 0.3 m", "比空气轻的燃气积在顶棚；装在顶棚下 {0} m 处会发现得晚，离顶不超过 0.3 m") \
X(S_ABOVE_CEILING, "above_ceiling", W, "mounted at {0} m in a room that is {1} m high; one of the two is mistyped", "安装高度 {0} m 超过房间净高 {1} m；其中一个写错了") \
/* identity */ \
X(S_REG_COD, "reg_cod", W, "{0} does not look like a registration code (20 characters: class 4, area 6, year and month 6, serial 4); check it on the certificate", "{0} 不像注册代码（20 位：类别 4、地区 6、年月 6、序号 4）；请对照登记证") \
X(S_DEV_COD, "dev_cod", W, "{0} does not look like a device code (17 to 20 letters and digits)", "{0} 不像设备代码（17 到 20 位字母和数字）") \
X(S_USE_COD, "use_cod", W, "{0} does not look like a use registration number such as 梯11鲁G00025(14); check it on the certificate", "{0} 不像使用登记证编号（例如 梯11鲁G00025(14)）；请对照登记证") \
X(S_WIDE_BRACKETS, "wide_brackets", W, "the parentheses are full-width; it is sent as {0}", "括号是全角的；将按 {0} 上报") \
X(S_CYLINDER_CODE, "cylinder_code", W, "{0} does not look like a cylinder registration code (variety 1, none for LPG; province 2, filling unit 3, serial 6)", "{0} 不像气瓶使用登记代码（品种 1 位，液化气瓶可省；省 2 位、充装单位 3 位、序号 6 位）") \
X(S_USCC, "uscc", W, "{0} is no unified social credit code (18 characters, the last one a check digit); one of them is mistyped", "{0} 不是统一社会信用代码（18 位，末位是校验位）；有一位写错了") \
X(S_AREA_UNKNOWN, "area_unknown", W, "{0} begins with the number of no province (GB/T 2260)", "{0} 的前两位不是任何省份的代码（GB/T 2260）") \
X(S_CODES_DIFFER, "codes_differ", W, "{0} does not go with {1}; one of the two is mistyped", "{0} 和 {1} 对不上；其中一个写错了") \
X(S_EQP_CLASS, "eqp_class", W, "{0} is in the catalogue of {1} no {2}; check the code, the \"class\", and \"catalogue\" (2014 or 2004)", "按 {1} 版目录，{0} 不是{2}；请核对代码、\"class\" 和 \"catalogue\"（2014 或 2004）") \
X(S_FAR_AWAY, "far_away", W, "longitude {0}, latitude {1} is outside of China; are the two swapped?", "经度 {0}、纬度 {1} 不在中国境内；是不是写反了？") \
X(S_DATES_ORDER, "dates_order", W, "{0} is {1}, before {2} {3}; one of the two is mistyped", "{0} 是 {1}，早于 {2} {3}；其中一个写错了") \
X(S_PHONE, "phone", W, "{0} does not look like a telephone number", "{0} 不像电话号码") \
X(S_TIME_ZONE, "time_zone", E, "this machine knows no time zone {0}; write one such as \"Asia/Shanghai\" (see /usr/share/zoneinfo)", "本机没有时区 {0}；请写例如 \"Asia/Shanghai\"（见 /usr/share/zoneinfo）") \
X(S_IDENTITY_LARGE, "identity_large", E, "the identity block has {0} bytes; at most {1}", "身份信息有 {0} 字节，最多 {1}") \
/* alarms */ \
X(S_NO_ALARM, "no_alarm", E, "the class {0} has no alarm {1}; {2}; an added alarm needs \"point\", \"kind\" and \"limit\"", "类别 {0} 没有报警 {1}；{2}；自己加的报警需要 \"point\"、\"kind\" 和 \"limit\"") \
X(S_NO_CENTRE_ALARM, "no_centre_alarm", E, "a centre has no alarm {0}; {1}", "监控中心没有报警 {0}；{1}") \
X(S_ALARM_ID, "alarm_id", E, "{0} is no alarm id: small letters, digits, _ and -, parts joined by points, at most 64, for example \"r0.high\"", "{0} 不能作报警编号：小写字母、数字、_ 和 -，用点连接，最多 64 个字符，例如 \"r0.high\"") \
X(S_ALARM_FIXED, "alarm_fixed", E, "{0} of the class's own alarm {1} is fixed; add an alarm under another id instead", "类别自带的报警 {1} 的 {0} 不能改；请用别的编号另加一个报警") \
X(S_ALARM_POINTLESS, "alarm_pointless", E, "the device does not have the point {0} that {1} watches", "设备没有 {1} 所监视的点 {0}") \
X(S_ALARM_KIND, "alarm_kind", E, "an alarm of kind {0} needs {1}; {2} is {3}", "{0} 类报警需要{1}；{2} 是{3}") \
X(S_LIMIT_CEILING, "limit_ceiling", E, "the limit {0} of {1} goes beyond what is allowed: {2}. A safety limit can only be made stricter", "{1} 的限值 {0} 超出允许的 {2}；安全限值只能改得更严") \
X(S_LIMIT_OUTSIDE, "limit_outside", E, "the limit {0} is outside the range of {1} ({2} to {3}) and would never be reached", "限值 {0} 超出 {1} 的量程（{2} 到 {3}），永远不会触发") \
X(S_LIMIT_NEEDED, "limit_needed", E, "an alarm of kind {0} needs a \"limit\": {1}", "{0} 类报警需要 \"limit\"：{1}") \
X(S_ALARM_KEY, "alarm_key", E, "{0} means nothing for an alarm of kind {1}; remove it", "{0} 对 {1} 类报警没有意义；请删除") \
X(S_LIMIT_SIGN, "limit_sign", E, "the limit {0} means nothing for an alarm of kind {1}; allowed: {2}", "{1} 类报警的限值不能是 {0}；应当是：{2}") \
X(S_LIMIT_UNREADABLE, "limit_unreadable", W, "{4} waits for {0}, but the registers of {1} can only say {2} to {3}: check \"scale\", or the limit", "{4} 的限值是 {0}，而 {1} 的寄存器只能表示 {2} 到 {3}；请核对 \"scale\" 或限值") \
X(S_SETTING_NEEDED, "setting_needed", W, "without the setting {0} this device does not have {1}: write it under \"settings\", or give the alarm a \"limit\"", "没有参数 {0}，这台设备就没有 {1}：请写在 \"settings\" 里，或给报警写 \"limit\"") \
X(S_FROM_ITSELF, "from_itself", E, "{0} is compared with itself and never differs; name another point or a number", "{0} 和自己比较，永远没有偏差；请写别的点或数字") \
X(S_FROM_UNIT, "from_unit", E, "{0} is in {1} but {2} is in {3}; give one of them the other's \"unit\" under \"points\"", "{0} 的单位是 {1}，{2} 的单位是 {3}；请在 \"points\" 里用 \"unit\" 统一") \
X(S_IS_OR_NOT, "is_or_not", E, "exactly one of \"is\" and \"not\" is needed here", "这里 \"is\" 和 \"not\" 只能且必须写一个") \
X(S_CONDITION_POINT, "condition_point", E, "{0} is {1}; only a yes/no point or a named state can be a condition", "{0} 是{1}；只有开关量或命名状态能作条件") \
X(S_CONDITION_TYPE, "condition_type", E, "{0} is {1}; write {2}, not {3}", "{0} 是{1}；应写{2}，而不是 {3}") \
X(S_WHEN_NEVER, "when_never", E, "this leaves no state of {0} in which the alarm counts: it would never be raised", "这样 {0} 的任何状态下报警都不算数，永远不会触发") \
X(S_ON_DELAY_LONG, "on_delay_long", E, "on_delay {0} of {1} is too long; at most {2}: a person may be in danger meanwhile", "{1} 的 on_delay {0} 太长，最多 {2}：这段时间里人可能有危险") \
X(S_CRITICAL_LATE, "critical_late", W, "{0} is critical and yet waits for {1}; somebody should be able to say why", "{0} 是 critical 级，却要等 {1}；应当有人能说明原因") \
X(S_DEADBAND_WIDE, "deadband_wide", E, "with this limit and the deadband {0}, {1} never clears: {2} cannot get so far back", "按这个限值和死区 {0}，{1} 永远不会恢复：{2} 回不到那么远") \
X(S_SHELVABLE, "shelvable", E, "a critical alarm cannot be shelved; remove \"shelvable\" or lower the priority", "critical 级报警不能搁置；请去掉 \"shelvable\" 或降低优先级") \
X(S_SUPPRESS, "suppress", E, "a critical alarm cannot be suppressed; remove \"suppress\" or lower the priority", "critical 级报警不能抑制；请去掉 \"suppress\" 或降低优先级") \
X(S_WEAKENED, "weakened", W, "{0} is {1} by default and {2} here; somebody should be able to say why", "{0} 默认是 {1}，这里改成了 {2}；应当有人能说明原因") \
X(S_SAFETY_SLOW, "safety_slow", W, "{0} is critical and its point is read only each {1}; \"every\" should be {2} or less (or { \"safety\": … })", "{0} 是 critical 级，其测点每 {1} 才读一次；\"every\" 应当不超过 {2}（或写 { \"safety\": … }）") \
X(S_WINDOW_SHORT, "window_short", W, "{0} looks at {1}, in which {2} is read less than twice (each {3}); make \"over\" or \"on_delay\" longer, or \"every\" shorter", "{0} 只看 {1}，而 {2} 每 {3} 才读一次，不足两次；请加长 \"over\" 或 \"on_delay\"，或缩短 \"every\"") \
X(S_LIMIT_ORDER, "limit_order", W, "{0} (limit {1}) is graver than {2} (limit {3}) but is reached first", "{0}（限值 {1}）比 {2}（限值 {3}）更严重，却先触发") \
X(S_STAGE_PRIORITY, "stage_priority", W, "{0} is a graver stage than {2} but has the lower priority", "{0} 比 {2} 更严重，优先级却更低") \
X(S_LIMITS_CROSS, "limits_cross", E, "{0} (from {1} up) and {2} (from {3} down) leave nothing between them: one of the two is always there", "{0}（{1} 及以上）和 {2}（{3} 及以下）之间没有正常范围：两者总有一个在报警") \
/* zones and interlocks */ \
X(S_VOTE_OF, "vote_of", E, "\"of\" is {0}, but the zone has {1} detectors", "\"of\" 是 {0}，但分区有 {1} 个探测器") \
X(S_VOTE_N, "vote_n", E, "\"n\" is {0}; allowed: 1 to {1}", "\"n\" 是 {0}；允许：1 到 {1}") \
X(S_ZONE_BLIND, "zone_blind", W, "one failed detector makes this zone blind: it needs {0} of {1} votes and removes faulty ones. \"fault_vote\": \"for\" is safer", "一个探测器失效，这个分区就失去作用：需要 {1} 票中的 {0} 票，又不计故障探测器；\"fault_vote\": \"for\" 更安全") \
X(S_ZONE_OR_DEVICE, "zone_or_device", E, "\"when\" names exactly one of \"zone\" and \"device\"", "\"when\" 里 \"zone\" 和 \"device\" 只能且必须写一个") \
X(S_ALARM_NOWHERE, "alarm_nowhere", E, "none of the detectors has an alarm {0}; {1}", "没有一个探测器有报警 {0}；{1}") \
X(S_DETECTOR_WITHOUT, "detector_without", W, "{0} has no alarm {1}: it votes only by its fault, never by gas", "{0} 没有报警 {1}：它只能因故障投票，不会因气体投票") \
X(S_ZONE_UNUSED, "zone_unused", W, "no interlock looks at this zone; its votes do nothing", "没有联锁使用这个分区，它的表决不起作用") \
X(S_ONE_BUS, "one_bus", W, "detectors and outputs hang on the one bus {0}: while it is down nothing is tripped. Put the output on another bus, or give its board a \"heartbeat\" so that it falls to its safe state", "探测器和输出都在总线 {0} 上：总线中断时什么都动作不了。请把输出接到另一条总线，或给输出板写 \"heartbeat\" 使其自动回到安全状态") \
X(S_NO_HEARTBEAT, "no_heartbeat", W, "the board {0} has a watchdog but gets no heartbeat: it stays as it is when the gateway dies. Write \"heartbeat\": { \"write\": \"watchdog\", \"every\": \"2s\" }", "板子 {0} 有看门狗但没有心跳：网关死机时输出保持不变。请写 \"heartbeat\": { \"write\": \"watchdog\", \"every\": \"2s\" }") \
X(S_HEARTBEAT_SLOW, "heartbeat_slow", E, "a heartbeat each {0} cannot keep this board alive: it sets its outputs to their fail state after {1} without one. Write {2} or less", "每 {0} 一次心跳不够：这块板 {1} 没有收到心跳就会把输出置为故障状态。请写 {2} 或更短") \
X(S_FAIL_STATE, "fail_state", W, "when the gateway dies the board {0} sets its outputs to {1}, but interlock {2} trips by writing {3}: that output then stands as if nothing had tripped. Wire it the other way round, set the board's fail state, or use another board", "网关死机时板子 {0} 会把输出置为 {1}，而联锁 {2} 动作时写的是 {3}：此时该输出等于没有动作。请改接线、改板子的故障状态，或换一块板") \
X(S_WRITE_NOT_LISTED, "write_not_listed", E, "{0} is not in the \"write\" list of slave {1}; add it there", "{0} 不在从站 {1} 的 \"write\" 列表里；请加上") \
X(S_WRITE_VALUE, "write_value", E, "{0} cannot be written to {1}; allowed: {2}", "不能把 {0} 写到 {1}；允许：{2}") \
X(S_OUTPUTS_FIGHT, "outputs_fight", E, "interlock {0} writes the opposite to {1}; while both are tripped only one of them gets its way (true wins)", "联锁 {0} 向 {1} 写相反的值；两个同时动作时只有一个生效（true 优先）") \
X(S_WRITTEN_TWICE, "written_twice", E, "{0} is written twice by this interlock", "这个联锁对 {0} 写了两次") \
X(S_NO_FEEDBACK, "no_feedback", W, "no \"confirm\": the gateway can only read its own output back, it will never know that the valve moved", "没有 \"confirm\"：网关只能回读自己的输出，无法知道阀门是否动作") \
X(S_TAKES_BACK, "takes_back", W, "{0} is critical, and this interlock takes back what it wrote as soon as {0} is over, with nobody looking. Write \"latch\": true, or \"release\": \"manual\" where a person puts it back, or \"off_delay\" for a fan", "{0} 是 critical 级，而这个联锁在 {0} 解除后立即自动复原输出，无人确认。请写 \"latch\": true；由人工复位的输出写 \"release\": \"manual\"；风机写 \"off_delay\"") \
X(S_FEEDBACK_OWN, "feedback_own", W, "{0} is the output itself, not a feedback: it says nothing about the valve", "{0} 是输出本身，不是反馈：不能说明阀门状态") \
X(S_NOT_TAKEN, "not_taken", E, "no device takes {0}; map it in a device first, then name the device's point here", "没有设备使用 {0}；请先在设备里映射，再在这里写设备的点") \
X(S_CONFIRM_TYPE, "confirm_type", E, "\"equals\" must be {0} for {1}", "{1} 的 \"equals\" 应当是{0}") \
/* deadlines */ \
X(S_DEADLINE_LOAD, "deadline_load", W, "this bus is asked for {0} % of the time it has; raise \"every\" of its slaves or \"baud\", leave out points, or move slaves to another bus (see: outpost plan)", "这条总线的负荷达到 {0} %；请加长从站的 \"every\"、提高 \"baud\"、减少点，或把部分从站移到另一条总线（参见：outpost plan）") \
X(S_DEADLINE_AGE, "deadline_age", W, "{0}, asked for each {4}, may be {1} old before it is read again; at most {2}. Where {4} alone is too long, shorten it; else raise \"every\" of the other points of bus {3} or its \"baud\", leave out points, or move slaves to another bus (see: outpost plan)", "{0} 要求每 {4} 读一次，最长可能 {1} 才更新，上限 {2}。若 {4} 本身太长，请缩短；否则请加长总线 {3} 上其他点的 \"every\"、提高 \"baud\"、减少点，或把部分从站移到另一条总线（参见：outpost plan）") \
X(S_DEADLINE_TRIP, "deadline_trip", W, "from {0} to the write on the wire it may take {1} (reading {3}, on-delay {4}); at most {2}. Read the detectors more often, shorten on_delay, or move slaves to another bus (see: outpost plan)", "从 {0} 越限到写命令发出可能要 {1}（其中读数 {3}，on_delay {4}），上限 {2}。请缩短探测器的 \"every\" 或 on_delay，或把部分从站移到另一条总线（参见：outpost plan）") \
X(S_DEADLINE_HEARTBEAT, "deadline_heartbeat", W, "with one heartbeat lost and a slave of bus {0} silent, the next may come only {1} after the last: the watchdog of this board runs out after {2}. Shorten \"every\" of the heartbeat or \"timeout\" of the bus, or move slaves to another bus (see: outpost plan)", "丢一次心跳、总线 {0} 又有从站无应答时，两次心跳最长可能相隔 {1}，而这块板的看门狗是 {2}。请缩短心跳的 \"every\" 或总线的 \"timeout\"，或把部分从站移到另一条总线（参见：outpost plan）") \
/* centres */ \
X(S_BAD_URL, "bad_url", E, "{0} is no broker address; write mqtt://host:1883 or mqtts://host:8883", "{0} 不是消息服务器地址；请写 mqtt://主机:1883 或 mqtts://主机:8883") \
X(S_SAME_BROKER, "same_broker", E, "centre {0} already uses this broker, which knows the gateway by one client id, its own: let both read there as one centre, or give them two brokers", "中心 {0} 已使用这个服务器，而服务器上一个网关只有一个客户端标识，即它的编号；请让双方作为一个中心在那里读取，或使用两个服务器") \
X(S_URL_USER, "url_user", E, "no user or password in the address; use \"username\" and \"password_file\"", "地址里不要写用户名和密码；请用 \"username\" 和 \"password_file\"") \
X(S_PLAIN, "plain", W, "{0} is not encrypted: anybody on the way can read and forge alarms. Use mqtts://", "{0} 没有加密：路上任何人都能看到和伪造报警；请用 mqtts://") \
X(S_PASSWORD, "password", E, "no passwords in this file: write it into a file of its own (chmod 600) and name that in \"password_file\"", "不要把密码写在这里：写到单独的文件（chmod 600），并用 \"password_file\" 指明") \
X(S_FILE_OPEN, "file_open", W, "everybody on this machine can read {0}: chmod 600", "本机所有人都能读 {0}：请执行 chmod 600") \
X(S_FILE_ABSENT, "file_absent", W, "there is no file {0} on this machine", "本机没有文件 {0}") \
X(S_NO_ORDER_KEYS, "no_order_keys", W, "orders to write are signed, and \"keys\" names nobody who may sign: all are refused", "写命令需要签名，而 \"keys\" 里没有任何签名人：所有写命令都会被拒绝") \
X(S_KEY_PAIR, "key_pair", E, "{0} needs {1} too", "{0} 还需要 {1}") \
X(S_BAD_PREFIX, "bad_prefix", E, "{0} cannot begin a topic: parts joined by /, no + # or spaces, at most {1} bytes", "{0} 不能作主题前缀：用 / 连接各段，不含 + # 和空格，最多 {1} 字节") \
X(S_PREFIX_NAME, "prefix_name", E, "{0} in the prefix is not given; write it under \"gateway\" (allowed: {1})", "前缀里的 {0} 没有给出；请写在 \"gateway\" 里（允许：{1}）") \
X(S_BACKOFF_ORDER, "backoff_order", E, "\"backoff_min\" {0} is longer than \"backoff_max\" {1}", "\"backoff_min\" {0} 比 \"backoff_max\" {1} 长") \
X(S_NEEDS_MQTT5, "needs_mqtt5", E, "{0} needs MQTT 5; remove \"mqtt\": 3 or this key", "{0} 需要 MQTT 5；请去掉 \"mqtt\": 3 或这个键") \
X(S_MQTT3, "mqtt3", W, "with MQTT 3.1.1 a refusal by the broker's access list is silent; use 5 where the broker can", "MQTT 3.1.1 下服务器拒绝发布时没有回音；服务器支持时请用 5") \
X(S_NO_CENTRES, "no_centres", W, "no centre: alarms stay on this gateway", "没有监控中心：报警只留在本机")
/* clang-format on */

#define SENTENCE_ENUM(name, code, severity, en, zh) name,
enum sentence { SENTENCE_LIST(SENTENCE_ENUM) SENTENCE_COUNT };
#undef SENTENCE_ENUM

const char *sentence_code(enum sentence sentence);
bool sentence_is_warning(enum sentence sentence);

/* A word or phrase in both languages, by enum language. */
struct words {
    const char *text[2];
};

static inline struct words same(const char *text)
{
    return (struct words){{text, text}};
}
static inline struct words both(const char *en, const char *zh)
{
    return (struct words){{en, zh}};
}

/* The words of a sentence: WORDS(same("x"), both("a list", "列表")). At most WORDS_MAX. */
#define WORDS_MAX  5
#define WORDS(...) ((const struct words[WORDS_MAX + 1]){__VA_ARGS__})
#define NO_WORDS   WORDS({{NULL, NULL}})

struct place {
    const char *file;
    unsigned line;
    unsigned column;
    const char *path;
};

/* Adds one complaint, or only counts it when the list is full or its memory is used up. Copies everything. */
void complain(struct complaints *complaints, const struct place *place, enum sentence sentence,
              const struct words words[static WORDS_MAX + 1]);

/* True when another complaint would be listed: only then is it worth the work to find words for it. */
bool complaints_want_words(const struct complaints *complaints);
/* By file name, line and column. */
void complaints_sort(struct complaints *complaints);

/* Words for complaints; they live as long as the complaints. */
struct words words_format(struct complaints *complaints, const char *format, ...) PRINTF_LIKE(2, 3);
/* "text" in quotes, cut after 60 bytes, control characters replaced. */
struct words words_quote(struct complaints *complaints, const char *text);
struct words words_number(struct complaints *complaints, double number);
struct words words_duration(struct complaints *complaints, int64_t ms);

/* What might have been meant. `name(context, i)` gives the names there are, NULL after the last. The result is a half
 * sentence: did you mean "x"? / allowed: a, b, c. */
struct words words_suggest(struct complaints *complaints, const char *wanted,
                           const char *(*name)(const void *context, size_t index), const void *context);
/* The same for a NULL-ended array of names; `context` is `const char *const *`. */
const char *name_of_array(const void *context, size_t index);

#endif
