#!/usr/bin/python3
"""A centre that does not want everything, and orders: the real gateway, a real broker, a subscriber that believes nothing."""

import json
import os
import subprocess
import time

import outpost_test
from outpost_test import OUTPOST, Broker, Collector, Schemas, split_history, wait_until

PREFIX = "outpost/v1/g1"


class TestCentre(outpost_test.Case):
    def begin(self, **centre):
        """c1 gets everything; c2, at a broker of its own, what `centre` says."""
        path = self.tcp_site(slaves=4)
        self.second = self.own(Broker(self.path("second"))).start()
        self.choosy = self.own(Collector(self.second, "choosy", qos=1)).start()
        with open(path, encoding="utf-8") as file:
            self.site = json.load(file)
        self.site["centres"].append({"id": "c2", "url": f"mqtt://127.0.0.1:{self.second.port}", **centre})
        self.start(self.write_site(self.site))
        self.collector.wait(lambda: self.collector.values("d4"), "telemetry of the last device")

    def order(self, verb, id, **args):
        """Orders over MQTT, and waits for the reply."""
        now = int(time.time() * 1000)
        order = {"id": id, "issued": now, "expires": now + 60000, "by": "tester", "args": args}
        self.choosy.client.publish(f"{PREFIX}/order/{verb}", json.dumps(order), 1)

        def reply():
            return next((one.body for one in self.choosy.messages("reply") if one.dev == verb and one.body["id"] == id), None)

        return self.choosy.wait(reply, f"reply to {verb} {id}")

    def lw(self, centre, lane):
        watched = json.loads(self.gateway.order("watch", "--once", "--json")[1])
        return next(one for one in watched["centres"] if one["centre"] == centre)["lw"][lane]

    def chain(self):
        """{number: the one before it} of lane t as the choosy centre was told."""
        told = {}
        for message in self.choosy.messages():
            if message.kind == "telemetry":
                told[message.body["seq"]] = message.prev
            elif message.kind == "history":
                told.update(zip((body["seq"] for _, body in split_history(message.payload)), message.body["prev"]))
        return told

    def assert_schemas(self, good_orders=()):
        ours = [one for one in self.choosy.messages() if one.kind != "order" or one.body["id"] in good_orders]
        self.assertEqual([], Schemas().complaints(ours))
        self.assertEqual([], self.choosy.troubles + self.choosy.differing)

    def test_only_batch_and_deflate(self):
        self.begin(only={"devices": ["d2"]}, batch="1s", compress="deflate")
        self.choosy.wait(lambda: len(self.choosy.messages("history")) >= 3, "three batches")
        self.second.kill()
        upto = self.journaled_last("t") + 50
        wait_until(lambda: self.journaled_last("t") > upto, "records wait")
        self.second.start()
        wait_until(lambda: self.lw("c2", "t") > upto, "the broker has them", 120)
        all_of_d2 = {seq for seq, payload in self.journaled("t").items() if seq <= upto and b'"dev":"d2"' in payload}
        self.choosy.wait(lambda: all_of_d2 <= set(self.chain()), "the centre has them")
        told = self.chain()
        self.assertEqual({"d2"}, {one.dev for one in self.choosy.records("t")})
        self.assertEqual([], self.choosy.messages("telemetry"), "a batch is history")
        before = 0
        for number in sorted(told):
            self.assertEqual(before, told[number], f"what came before {number}")
            before = number
        large = [one for one in self.choosy.messages("history") if len(one.payload) > 2000]
        self.assertTrue(large and all(one.size * 3 < len(one.payload) for one in large), "compressed")
        self.assert_schemas()
        self.assert_fine()

    def test_receipts_and_replay(self):
        self.begin(receipt=True)
        seen = self.choosy.wait(lambda: self.choosy.highest("t") > 40 and self.choosy.highest("t"), "forty records")
        self.assertEqual(1, self.lw("c2", "t"))
        stream = self.choosy.last("status")["stream"]
        reply = self.order("receipt", "r1", stream=stream, lane="t", upto=20)
        self.assertEqual({"v": 1, "id": "r1", "ok": True, "lane": "t", "lw": 21}, reply)
        wait_until(lambda: self.lw("c2", "t") == 21, "the receipt counts")
        reply = self.order("replay", "p1", lane="t", **{"from": 5, "to": 30})
        self.assertEqual((True, 5, 30), (reply["ok"], reply["from"], reply["to"]))

        def again():
            copies = [one.seq for one in self.choosy.records("t")]
            return all(copies.count(number) == 2 for number in range(5, 31))

        self.choosy.wait(again, "5 to 30 a second time")
        self.assertFalse(self.order("replay", "p2", lane="t", **{"from": 10**9, "to": 10**9 + 1})["ok"])
        self.assertEqual("format", self.order("replay", "p3", lane="x")["code"])
        self.assertEqual("signature", self.order("write", "w1")["code"])
        self.assertEqual(1, len([one for one in self.choosy.records("t") if one.seq == seen]))
        orders = self.collector.wait(lambda: len(self.collector.events("order")) >= 4 and self.collector.events("order"),
                                     "every order is an event, also for the other centre")
        self.assertEqual({"c2"}, {one.source for one in orders})
        self.assertEqual(["replay", "replay", "replay", "write"], [one.verb for one in orders])
        self.assert_schemas(good_orders=("r1", "p1", "p2"))

    def test_a_refused_centre_is_named(self):
        """A wrong password in words, in both languages; the other centre hears of it and misses nothing."""
        self.start_broker()
        password = self.path("passwords")
        subprocess.run(["mosquitto_passwd", "-b", "-c", password, "g1", "right"], check=True, capture_output=True)
        with open(self.path("wrong"), "w", encoding="utf-8") as file:
            file.write("wrong\n")
        os.chmod(self.path("wrong"), 0o600)  # one that everybody can read would not even be tried
        self.second = Broker(self.path("second"))
        with open(self.path("second", "mosquitto.conf"), encoding="utf-8") as file:
            settings = file.read().replace("allow_anonymous true", f"allow_anonymous false\npassword_file {password}")
        with open(self.path("second", "mosquitto.conf"), "w", encoding="utf-8") as file:
            file.write(settings)
        self.own(self.second).start()
        with open(self.tcp_site(slaves=1), encoding="utf-8") as file:
            site = json.load(file)
        site["centres"].append({"id": "c2", "url": f"mqtt://127.0.0.1:{self.second.port}", "username": "g1",
                                "password_file": self.path("wrong")})
        self.start(self.write_site(site))
        told = self.collector.wait(lambda: self.collector.events("centre"), "the event for the others")[0]
        self.assertEqual(("c2", "refused"), (told.centre, told.what))
        for language, words in (("en", "not authorized (0x87)"), ("zh", "未授权 (0x87)")):
            command = [OUTPOST, "watch", self.gateway.site_file, "--once", "--lang", language]
            shown = subprocess.run(command, capture_output=True, text=True, check=False, env={"LANG": "C.UTF-8"}).stdout
            self.assertIn(words, shown)
        self.collector.wait(lambda: self.collector.values("d1"), "telemetry goes on")
        self.assert_fine()


if __name__ == "__main__":
    outpost_test.main()
