#include "gateway/model/mqtt_reason.h"

#include <stddef.h>

static const struct mqtt_words words[] = {
    {0x00, "accepted", "已接受"},
    {0x04, "disconnected with its will", "断开并发布遗嘱"},
    {0x10, "nobody subscribes to it", "没有订阅者"},
    {0x80, "refused without a reason", "被拒绝，未说明原因"},
    {0x81, "malformed packet", "报文格式错误"},
    {0x82, "protocol error", "协议错误"},
    {0x83, "the broker's own rules refuse it", "服务器自身规则不接受"},
    {0x84, "the broker does not speak this version of MQTT", "服务器不支持此 MQTT 版本"},
    {0x85, "the client id is not allowed", "客户端标识不允许"},
    {0x86, "wrong user name or password", "用户名或密码错误"},
    {0x87, "not authorized", "未授权"},
    {0x88, "the broker is not available", "服务器不可用"},
    {0x89, "the broker is busy", "服务器忙"},
    {0x8A, "banned by the broker", "被服务器禁止"},
    {0x8B, "the broker is shutting down", "服务器正在关闭"},
    {0x8C, "bad authentication method", "认证方法错误"},
    {0x8D, "nothing was heard within the keep alive", "保活超时"},
    {0x8E, "another client connected with the same id", "另一客户端用同一标识连接"},
    {0x8F, "topic filter not allowed", "主题过滤器不允许"},
    {0x90, "topic not allowed", "主题不允许"},
    {0x91, "packet identifier in use", "报文标识已被占用"},
    {0x92, "packet identifier not found", "报文标识不存在"},
    {0x93, "more messages in flight than allowed", "未确认消息超过上限"},
    {0x94, "topic alias not allowed", "主题别名不允许"},
    {0x95, "the message is too large", "消息过大"},
    {0x96, "messages come too fast", "消息速率过高"},
    {0x97, "quota exceeded", "超出配额"},
    {0x98, "ended by the broker's operator", "被服务器管理员断开"},
    {0x99, "the payload is not in the promised format", "载荷格式不符"},
    {0x9A, "retained messages are not supported", "不支持保留消息"},
    {0x9B, "this QoS is not supported", "不支持此 QoS"},
    {0x9C, "use another broker", "请改用另一服务器"},
    {0x9D, "the broker has moved", "服务器已迁移"},
    {0x9E, "shared subscriptions are not supported", "不支持共享订阅"},
    {0x9F, "connections come too fast", "连接过于频繁"},
    {0xA0, "connected for longer than allowed", "连接时间超过上限"},
    {0xA1, "subscription identifiers are not supported", "不支持订阅标识"},
    {0xA2, "wildcard subscriptions are not supported", "不支持通配符订阅"},
};

const struct mqtt_words *mqtt_reason_words(uint8_t code)
{
    static const struct mqtt_words unknown = {0xFF, "unknown reason", "原因不明"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].code == code)
            return &words[i];
    return &unknown;
}
