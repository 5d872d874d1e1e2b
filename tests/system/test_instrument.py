#!/usr/bin/python3
"""The measuring instrument measured: a careful publisher loses nothing through a broker that is killed, and the collector
sees that; and it does see a hole, a changed repeat and a jump of states when there is one."""

import collections
import json
import threading

import outpost_test
import paho.mqtt.client as mqtt
from outpost_test import PATIENCE_S, holes, scaled, wait_until

WINDOW = 20


def record(seq, lane="t", **members):
    body = {"v": 1, "gw": "g1", "stream": "00000001", "lane": lane, "seq": seq, "boot": 1, "at": 0, "clk": "sync", "dev": "d1"}
    content = {"cls": "generic", "values": {}, "bad": {}} if lane == "t" else {}
    return json.dumps({**body, **content, **members}, separators=(",", ":"))


class CarefulPublisher:
    """Sends 1..count at QoS 1 with a small window and sends again, on a new client, what was not acknowledged."""

    def __init__(self, port):
        self.port = port
        self.acked = set()
        self.next = 1

    def session(self, upto):
        """Publishes until all are acknowledged or the connection is lost; True when all are."""
        done = threading.Event()
        pending, tickets = set(), {}
        lock = threading.RLock()
        client = mqtt.Client(protocol=mqtt.MQTTv5)

        def fill(*_):
            with lock:
                seq = 1
                while len(pending) < WINDOW and seq <= upto:
                    if seq not in self.acked and seq not in pending:
                        pending.add(seq)
                        tickets[client.publish("outpost/v1/g1/telemetry/d1", record(seq), 1).mid] = seq
                    seq += 1
                if not pending:
                    done.set()

        def acknowledged(_client, _userdata, mid):
            with lock:
                if mid in tickets:
                    self.acked.add(tickets[mid])
                    pending.discard(tickets.pop(mid))
            fill()

        client.on_connect = fill
        client.on_publish = acknowledged
        client.on_disconnect = lambda *_: done.set()
        wait_until(lambda: outpost_test.port_answers(self.port), "the broker answers")
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        done.wait(PATIENCE_S)
        client.disconnect()
        client.loop_stop()
        return len(self.acked) == upto


class TestInstrument(outpost_test.Case):
    def test_nothing_is_lost_when_the_broker_is_killed(self):
        self.start_broker()
        count, kills = scaled(3000), scaled(5)
        publisher = CarefulPublisher(self.broker.port)
        result = []

        def publish():
            while not publisher.session(count):
                pass
            result.append(True)

        thread = threading.Thread(target=publish, daemon=True)
        thread.start()
        for number in range(kills):
            until = (number + self.random.random()) * count / kills
            wait_until(lambda: len(publisher.acked) >= until, "the publisher gets on")
            self.broker.kill()
            self.broker.start()
        wait_until(lambda: result, "everything is acknowledged")
        self.collector.wait(lambda: self.collector.highest("t") == count, "the last record arrives")
        self.assertEqual([], self.collector.complaints())

    def test_it_sees_what_is_wrong(self):
        self.start_broker()
        telemetry, alarm = "outpost/v1/g1/telemetry/d1", "outpost/v1/g1/alarm/d1"
        state = {"lane": "a", "alarm": "x", "uid": "u/1", "from": "UNACK", "state": "ACKED", "event": "acked"}
        history = '{"v":1,"gw":"g1","stream":"00000001","lane":"t","lw":1,"records":[%s,%s]}' % (record(5), record(6))
        sent = [
            (telemetry, record(1)),
            (telemetry, record(1, at=7)),
            (telemetry, record(3)),
            (alarm, record(1, **state)),
            ("outpost/v1/g1/history", history),
            (telemetry, "{not json"),
        ]
        client = mqtt.Client(protocol=mqtt.MQTTv5)
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()
        for topic, payload in sent:
            client.publish(topic, payload, 1)
        self.collector.wait(lambda: self.collector.troubles and len(self.collector.all) == 5, "all arrived")
        client.disconnect()
        client.loop_stop()
        complaints = self.collector.complaints()
        kinds = collections.Counter(
            word for one in complaints for word in ("different bytes", "never came", "but it was", "{not json") if word in one
        )
        self.assertEqual({"different bytes": 1, "never came": 1, "but it was": 1, "{not json": 1}, kinds, complaints)
        self.assertEqual([(2, 2), (4, 4)], self.collector.missing("t"))

    def test_holes(self):
        self.assertEqual([], holes({1, 2, 3}))
        self.assertEqual([(1, 1), (3, 4)], holes({2, 5}))
        self.assertEqual([(4, 9)], holes({1, 10**12}, [(2, 3), (10, 10**12)]))
        self.assertEqual([(3, 5)], holes({1, 2}, upto=5))
        self.assertEqual([], holes({1, 2, 5}, upto=2))
        self.assertEqual([(2, 3)], holes({1, 9}, [(4, 20)], upto=6))


if __name__ == "__main__":
    outpost_test.main()
