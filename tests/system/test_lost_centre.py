#!/usr/bin/python3
"""A centre that refuses, or cannot be reached, is an alarm that the other centre hears: at real brokers, one of which takes
nothing (its ACL), then lets nobody in; and one that goes away."""

import json
import os
import signal
import subprocess

import outpost_test
from outpost_test import PATIENCE_S, Broker, Schemas

RETRY_S = 60  # PROTOCOL.md: a broker that refuses is left alone for so long
NOT_AUTHORIZED = 0x87


class TestLostCentre(outpost_test.Case):
    def begin(self, alarms, allowed, **centre):
        self.second = Broker(self.path("second"))
        self.password("right")
        self.allow(allowed)
        conf = self.path("second", "mosquitto.conf")
        with open(conf, encoding="utf-8") as file:
            settings = file.read().replace("allow_anonymous true", "allow_anonymous false")
        with open(conf, "w", encoding="utf-8") as file:
            file.write(f"{settings}password_file {self.path('passwords')}\nacl_file {self.path('acl')}\n")
        self.own(self.second).start()
        with open(self.tcp_site(slaves=1), encoding="utf-8") as file:
            site = json.load(file)
        site["centres"].append({"id": "c2", "url": f"mqtt://127.0.0.1:{self.second.port}", "username": "g1",
                                "password_file": self.path("password"), "alarms": alarms, **centre})
        self.start_broker()
        self.start(self.write_site(site))

    def password(self, known):
        """The gateway knows one of them, and so does the broker."""
        with open(self.path("password"), "w", encoding="utf-8") as file:
            file.write("right\n")
        os.chmod(self.path("password"), 0o600)
        subprocess.run(["mosquitto_passwd", "-b", "-c", self.path("passwords"), "g1", known], check=True, capture_output=True)

    def allow(self, everything):
        with open(self.path("acl"), "w", encoding="utf-8") as file:
            file.write("user g1\ntopic {} outpost/v1/g1/#\n".format("readwrite" if everything else "read"))

    def reread(self):
        os.kill(self.second.pid, signal.SIGHUP)

    def centre(self):
        status, told = self.gateway.order("status", "--json", check=False)
        return status, next(one for one in json.loads(told)["centres"] if one["centre"] == "c2")

    def active(self):
        return [one["alarm"] for one in (self.collector.last("active", "c2") or {"alarms": []})["alarms"]]

    def assert_told(self, word):
        told = json.loads(self.gateway.order("alarms", "--json", check=False)[1])
        self.assertIn(("c2", word), [(one["dev"], one["alarm"]) for one in told["alarms"]])

    def test_a_centre_that_refuses(self):
        """First what is published, then the login: one alarm, raised at once and over when a record is taken again."""
        self.begin({"centre.refused": {"off_delay": "2s"}}, allowed=False)
        raised = self.collector.wait_alarm("c2", "centre.refused", "raised")
        self.assertEqual((NOT_AUTHORIZED, None, "medium", "centre"), (raised.value, raised.limit, raised.priority, raised.cls))
        self.collector.wait(lambda: self.active() == ["centre.refused"], "active/c2 says so")
        self.assertEqual("centre", self.collector.last("registry", "c2")["cls"])
        self.assert_told("centre.refused")
        for language, words in (("en", "not authorized (0x87)"), ("zh", "未授权 (0x87)")):
            self.assertIn(words, self.gateway.order("alarms", "--lang", language, check=False)[1])
        self.assertIn("centre c2 refuses: ", self.gateway.order("status", "--lang", "en", check=False)[1])
        status, centre = self.centre()
        self.assertEqual((1, True), (status, centre["refused"]))
        self.assertIn("does not let g1 publish", centre["trouble"])
        self.password("wrong")
        self.reread()
        self.collector.wait(lambda: "refuses the connection" in self.centre()[1]["trouble"], "now it does not let it in",
                            RETRY_S + PATIENCE_S)
        self.password("right")
        self.allow(True)
        self.reread()
        self.collector.wait_alarm("c2", "centre.refused", "cleared", seconds=RETRY_S + PATIENCE_S)
        self.collector.wait(lambda: self.centre()[0] == 0 and not self.centre()[1]["refused"], "nothing is wrong any more")
        self.assertEqual(1, len(self.collector.alarms("c2", "centre.refused", "raised")))
        self.assertEqual([], self.collector.alarms("c2", "centre.lost"))
        self.assertEqual(["refused"], [one.what for one in self.collector.events("centre")])
        self.assertEqual([], Schemas().complaints(self.collector.messages()))
        self.assert_fine()

    def test_a_centre_that_is_away(self):
        """Lost, told to the other one, acknowledged, still lost after a kill, and back."""
        self.begin({"centre.lost": {"on_delay": "2s", "off_delay": "1s", "priority": "high"}}, allowed=True, backoff_max="1s")
        self.collector.wait(lambda: self.centre()[1]["connected"], "both are there")
        self.second.stop()
        raised = self.collector.wait_alarm("c2", "centre.lost", "raised")
        self.assertEqual((None, "high"), (raised.value, raised.priority))
        self.assert_told("centre.lost")
        self.assertEqual(False, self.centre()[1]["connected"])
        self.gateway.order("ack", "--dev", "c2", "--alarm", "centre.lost", "--by", "li", "--why", "is on it")
        self.collector.wait_alarm("c2", "centre.lost", "acked")
        self.gateway.kill()
        self.gateway.start()
        self.wait_online(boot=2)
        self.second.start()
        cleared = self.collector.wait_alarm("c2", "centre.lost", "cleared", seconds=RETRY_S + PATIENCE_S)
        self.assertEqual("NORM", cleared.state)
        self.assertEqual(1, len(self.collector.alarms("c2", "centre.lost", "raised")))
        self.assert_fine()


if __name__ == "__main__":
    outpost_test.main()
