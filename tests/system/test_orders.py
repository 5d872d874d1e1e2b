#!/usr/bin/python3
"""Orders: from a centre over MQTT, by mosquitto's own client; and drills, shelves and service on site, through real programs."""

import json
import subprocess
import time
import uuid

import outpost_test
from outpost_test import PATIENCE_S, ROOT

GATEWAY = "outpost/v1/demo-0001"


class TestOrders(outpost_test.Case):
    def begin(self):
        # Devices report often: what is waited for here is a record.
        devices = outpost_test.examples.load(f"{ROOT}/config/outpost.example.json")["devices"]
        self.site_file = self.demo_site(devices=[{**device, "max_silence": "2s"} for device in devices])
        self.start(self.site_file)
        for dev in ("gas-kitchen", "gas-store", "lift-1"):
            self.collector.wait(lambda dev=dev: self.collector.values(dev), f"telemetry of {dev}")

    def publish(self, verb, payload, *words):
        command = ["mosquitto_pub", "-p", str(self.broker.port), "-V", "5", "-q", "1", "-t", f"{GATEWAY}/order/{verb}", *words]
        subprocess.run([*command, "-s" if payload else "-n"], input=payload.encode(), check=True, timeout=PATIENCE_S)

    def body(self, args, name=None, expires_in=60):
        now = int(time.time() * 1000)
        order = {"id": name or str(uuid.uuid4()), "issued": now, "expires": now + expires_in * 1000, "by": "duty desk"}
        return json.dumps({**order, "args": args})

    def ask(self, verb, payload):
        """The reply, by a request and response of MQTT 5: to a topic of our own, with correlation data."""
        command = ["mosquitto_rr", "-p", str(self.broker.port), "-V", "5", "-q", "1", "-W", str(PATIENCE_S)]
        command += ["-t", f"{GATEWAY}/order/{verb}", "-e", f"{GATEWAY}/reply/{uuid.uuid4().hex}", "-m", payload]
        done = subprocess.run(command, capture_output=True, check=True, timeout=2 * PATIENCE_S)
        return json.loads(done.stdout)

    def order(self, verb, args, **more):
        return self.ask(verb, self.body(args, **more))

    def last_order(self):
        return self.collector.events("order")[-1].body

    # --- over MQTT ---

    def test_a_centre_acknowledges_and_silences(self):
        self.begin()
        self.sim.ctl("do", "gas-kitchen", "leak", 60)
        self.collector.wait_alarm("gas-kitchen", "gas.high", "raised")
        self.collector.wait_alarm("gas-kitchen", "gas.low", "raised")
        args = {"dev": "gas-kitchen", "alarm": "gas.high", "why": "on my way"}
        reply = self.order("ack", args, name="o-1")
        self.assertEqual({"v": 1, "id": "o-1", "ok": True, "count": 1}, reply)
        acked = self.collector.wait_alarm("gas-kitchen", "gas.high", "acked")
        self.assertEqual(("duty desk", "on my way"), (acked.by, acked.why))
        self.assertEqual({"detector_mode": "normal"}, acked.ctx)
        event = self.collector.wait(lambda: self.collector.events("order"), "the event of the order")[0].body
        self.assertEqual(("ack", True, "property", "o-1"), tuple(event[key] for key in ("verb", "ok", "source", "id")))
        self.assertEqual(reply, self.order("ack", {"all": True}, name="o-1"), "the first answer, and nothing is done")
        self.assertEqual("UNACK", self.active("gas-kitchen")["gas.low"]["state"])
        self.gateway.kill()
        self.gateway.start()
        self.wait_online(boot=2)
        self.assertEqual(reply, self.order("ack", {"all": True}, name="o-1"), "also after it was killed")
        self.assertEqual("UNACK", self.active("gas-kitchen")["gas.low"]["state"])
        self.assertEqual("nothing_to_do", self.order("ack", args)["code"])
        self.assertTrue(self.collector.values("valve-kitchen")["relay_2"], "the siren sounds")
        self.assertEqual(1, self.order("silence", {})["count"])
        self.collector.wait(lambda: not self.collector.values("valve-kitchen")["relay_2"], "siren off")
        self.assertEqual("UNACK", self.active("gas-kitchen")["gas.low"]["state"], "silence is not an acknowledgement")
        self.assertEqual(1, len(self.collector.alarms("gas-kitchen", "gas.high", "acked")))
        self.finish()

    def active(self, dev):
        body = self.collector.last("active", dev)
        return {alarm["alarm"]: alarm for alarm in body["alarms"]} if body else {}

    def test_a_centre_reads(self):
        self.begin()
        reply = self.order("read", {"dev": "gas-kitchen"})
        self.assertEqual((True, "gas-kitchen", "gas_detector"), tuple(reply[key] for key in ("ok", "dev", "cls")))
        gas = reply["points"]["gas_lel_pct"]
        self.assertEqual("good", gas["quality"])
        self.assertIsInstance(gas["value"], (int, float))
        self.assertLess(gas["age_ms"], 5000)
        self.sim.ctl("fault", "gas-kitchen", "silence")
        self.collector.wait(lambda: self.collector.telemetry("gas-kitchen").get("bad"), "the gateway misses it")
        gas = self.order("read", {"dev": "gas-kitchen"})["points"]["gas_lel_pct"]
        self.assertEqual("bad", gas["quality"])
        self.assertNotIn("value", gas)
        self.assertEqual("not_found", self.order("read", {"dev": "nobody"})["code"])
        printed = self.gateway.order("read", "--dev", "gas-store", "--lang", "en")[1]
        self.assertRegex(printed, r"gas_lel_pct +[0-9.]+ %LEL +[0-9]+ m?s ago")
        self.assertEqual(1, self.gateway.order("read", "--dev", "nobody", check=False)[0])
        self.assertEqual(2, self.gateway.order("read", check=False)[0])
        self.finish()

    def test_what_a_centre_may_not(self):
        self.begin()
        for verb in ("write", "reset", "shelve", "unshelve", "service", "drill", "config"):
            reply = self.order(verb, {"dev": "gas-kitchen"})
            self.assertEqual((False, "signature"), (reply["ok"], reply["code"]), verb)
            self.assertIn("must be signed", reply["why"])
        signed = json.dumps({"order": self.body({"for": "30m"}, name="s-1"), "sig": "AAAA", "key": "duty-room"})
        reply = self.ask("drill", signed)
        self.assertEqual(("s-1", False, "signature"), (reply["id"], reply["ok"], reply["code"]))
        self.assertIn("duty-room", reply["why"])
        self.assertEqual(reply, self.ask("drill", signed), "the same answer again")
        told = lambda: [one.by for one in self.collector.events("order") if one.verb == "drill"]  # noqa: E731
        self.collector.wait(lambda: len(told()) >= 2, "the events of the refused drills")
        self.assertEqual(["duty desk", "duty desk"], told(), "one of each, signed and not; none of a repetition")
        self.assertFalse(self.collector.events("drill_begun"), "nothing is done")
        # Who does not know the time cannot judge it: then what has expired is taken (and finds nothing to do).
        late = "expired" if self.collector.last("status")["clk"] == "sync" else "nothing_to_do"
        self.assertEqual(late, self.order("ack", {"all": True}, expires_in=-10)["code"])
        self.assertEqual("not_found", self.order("ack", {"dev": "gas-kitchen", "alarm": "gas.hihg"})["code"])
        self.assertEqual("format", self.order("ack", {})["code"])
        reply = self.ask("ack", self.body({"all": True}).ljust(5000))
        self.assertEqual(("", "too_large"), (reply["id"], reply["code"]), "too large to be looked at")
        self.assertEqual("format", self.order("ack", {"all": True, "why": "\x07" * 128}, name="\x07" * 64)["code"])
        self.publish("ack", json.dumps({"id": "large", "by": "x" * 50000}))  # does not even arrive, and nothing suffers
        replies = len(self.collector.messages("reply"))
        self.publish("ack", self.body({"all": True}, name="kept"), "-r")
        self.collector.wait(lambda: len(self.collector.messages("reply", "ack")) > 0, "the reply to a retained order")
        self.assertTrue(self.collector.last("reply", "ack")["ok"] or self.collector.last("reply", "ack")["code"])
        self.gateway.stop()
        self.gateway.start()
        self.wait_online(boot=2)
        self.collector.wait(lambda: self.collector.last("reply", "ack").get("code") == "retained", "what was kept is refused")
        self.publish("ack", "", "-r")
        self.assertGreater(len(self.collector.messages("reply")), replies)
        refused = [one.body for one in self.collector.events("order") if not one.body["ok"]]
        self.assertLessEqual({"signature", late, "retained", "too_large", "format"}, {one["code"] for one in refused})
        for _ in range(40):
            self.publish("read", self.body({"dev": "gas-store"}))
        self.collector.wait(lambda: self.collector.last("reply", "read").get("code") == "rate", "a flood is refused")
        self.gateway.stop()
        complaints = [one for one in self.collector.complaints() if "/order/" not in one]  # what was wrong on purpose
        self.assertEqual([], complaints)

    # --- on site ---

    def marked(self, dev):
        return self.collector.telemetry(dev).get("test", False)

    def test_a_drill(self):
        self.begin()
        self.assertEqual(2, self.gateway.order("drill", "--for", "30m", check=False)[0], "of which devices?")
        self.assertEqual(2, self.gateway.order("drill", "--all", check=False)[0], "for how long?")
        self.assertEqual(1, self.gateway.order("drill", "--all", "--for", "3h", check=False)[0], "two hours at most")
        self.assertEqual(1, self.gateway.order("drill", "--end", check=False)[0], "none is running")
        printed = self.gateway.order("drill", "--for", "30m", "--dev", "gas-kitchen", "--dev", "lift-1", "--by", "Li", "--lang", "en")[1]
        self.assertEqual("drill begun, devices: 2\n", printed)
        begun = self.collector.wait(lambda: self.collector.events("drill_begun"), "drill_begun")[0].body
        self.assertEqual((2, ["lift-1", "gas-kitchen"], "Li"), (begun["count"], begun["devices"], begun["by"]))
        self.assertAlmostEqual(begun["at"] + 30 * 60 * 1000, begun["until"], delta=1000)
        self.collector.wait(lambda: self.marked("gas-kitchen") and self.marked("lift-1"), "their records are marked")
        self.sim.ctl("do", "gas-kitchen", "leak", 60)
        self.sim.ctl("do", "gas-store", "leak", 60)
        self.assertTrue(self.collector.wait_alarm("gas-kitchen", "gas.high", "raised").test)
        self.assertNotIn("test", self.collector.wait_alarm("gas-store", "gas.high", "raised").body)
        self.collector.wait(lambda: self.collector.values("valve-kitchen")["relay_1"], "nothing is disarmed")
        self.collector.wait(lambda: self.active("gas-kitchen").get("gas.high", {}).get("test"), "active/ says so")
        self.assertFalse(self.active("gas-store")["gas.high"]["test"])
        for verb in ("alarms", "status"):
            self.assertRegex(self.gateway.order(verb, "--lang", "en", check=False)[1], r"DRILL until .*: lift-1 gas-kitchen")
        self.assertIn("演练进行中", self.gateway.order("watch", "--once", "--lang", "zh")[1])
        self.assertEqual(2, json.loads(self.gateway.order("status", "--json", check=False)[1])["drill"]["count"])
        self.gateway.kill()
        self.gateway.start()
        self.wait_online(boot=2)
        self.gateway.wait_socket()
        self.assertEqual(2, json.loads(self.gateway.order("alarms", "--json")[1])["drill"]["count"])
        number = self.collector.telemetry("gas-kitchen")["seq"]
        self.collector.wait(lambda: self.collector.telemetry("gas-kitchen")["seq"] > number, "telemetry after the restart")
        self.assertTrue(self.marked("gas-kitchen"))
        self.gateway.order("drill", "--end", "--by", "Li")
        ended = self.collector.wait(lambda: self.collector.events("drill_ended"), "drill_ended")[0].body
        self.assertEqual(("order", "Li"), (ended["why"], ended["by"]))
        real = self.collector.wait_alarm("gas-kitchen", "gas.high", "raised", count=2)
        self.assertEqual(("UNACK", "UNACK"), (real.body["from"], real.state))
        self.assertNotIn("test", real.body)
        self.collector.wait(lambda: not self.active("gas-kitchen")["gas.high"]["test"], "active/ is real again")
        self.collector.wait(lambda: not self.marked("gas-kitchen") and not self.marked("lift-1"), "so is telemetry")
        self.assertEqual(1, len(self.collector.alarms("gas-store", "gas.high", "raised")))
        self.assertIsNone(json.loads(self.gateway.order("alarms", "--json")[1])["drill"])
        self.finish()

    def test_a_drill_ends_by_itself(self):
        self.begin()
        self.gateway.order("drill", "--for", "3s", "--zone", "kitchen")
        begun = self.collector.wait(lambda: self.collector.events("drill_begun"), "drill_begun")[0].body
        self.assertEqual(("kitchen", ["gas-kitchen", "gas-store"]), (begun["zone"], begun["devices"]))
        ended = self.collector.wait(lambda: self.collector.events("drill_ended"), "drill_ended")[0].body
        self.assertEqual("time", ended["why"])
        self.assertGreaterEqual(ended["at"], begun["until"])
        self.finish()

    def test_a_drill_that_holds_outputs(self):
        """One detector is tried with test gas and nothing moves; a second one ends that, and the valve closes for real."""
        self.begin()
        self.gateway.wait_socket()
        hold = ("drill", "--zone", "kitchen", "--hold-outputs", "--by", "Li", "--why", "test gas")
        self.assertEqual(2, self.gateway.order(*hold, "--for", "11m", check=False)[0], "ten minutes at most")
        self.assertEqual(2, self.gateway.order(*hold, "--zone", "store", "--for", "5m", check=False)[0], "one zone")
        self.assertEqual(2, self.gateway.order("drill", "--all", "--hold-outputs", "--for", "5m", check=False)[0], "a zone")
        reply = self.order("drill", {"dev": "gas-kitchen"})
        self.assertEqual((False, "signature"), (reply["ok"], reply["code"]), "never from afar")
        self.gateway.order(*hold, "--for", "10m")
        begun = self.collector.wait(lambda: self.collector.events("drill_begun"), "drill_begun")[0].body
        self.assertEqual((True, "kitchen", "Li", "test gas"), tuple(begun[key] for key in ("holds", "zone", "by", "reason")))
        self.sim.ctl("do", "gas-kitchen", "leak", 60)
        self.assertTrue(self.collector.wait_alarm("gas-kitchen", "gas.high", "raised").test)
        held = lambda: [one.body for one in self.collector.events("interlock_held") if one.interlock == "kitchen-gas-trip"]  # noqa: E731
        self.collector.wait(held, "it would have closed")
        self.assertEqual((["gas-kitchen"], True), (held()[0]["voters"], held()[0]["test"]))
        number = self.collector.telemetry("valve-kitchen")["seq"]
        self.collector.wait(lambda: self.collector.telemetry("valve-kitchen")["seq"] > number, "a reading of the board after it")
        self.assertFalse(self.collector.values("valve-kitchen")["relay_1"])
        self.assertFalse(self.collector.events("interlock_tripped"))
        shown = self.gateway.order("alarms", "--lang", "en")[1]
        self.assertRegex(shown, r"DRILL until .*the outputs of zone kitchen are HELD")
        self.assertRegex(shown, r"kitchen-gas-trip.*would have tripped")
        self.assertIn("本应动作", self.gateway.order("alarms", "--lang", "zh")[1])
        self.assertEqual("kitchen", json.loads(self.gateway.order("status", "--json", check=False)[1])["drill"]["holds"])
        self.sim.ctl("do", "gas-store", "leak", 30)
        ended = self.collector.wait(lambda: self.collector.events("drill_ended"), "the end")[0].body
        self.assertEqual(("second_detector", True), (ended["why"], ended["holds"]))
        tripped = self.collector.wait(lambda: self.collector.events("interlock_tripped"), "a real trip")[0].body
        self.assertNotIn("test", tripped)
        self.collector.wait(lambda: self.collector.values("valve-kitchen")["input_1"], "the valve is closed")
        self.assertNotIn("test", self.collector.wait_alarm("gas-kitchen", "gas.high", "raised", count=2).body)
        status, printed = self.gateway.order(*hold, "--for", "10m", "--json", check=False)
        self.assertEqual((1, "hold_tripped"), (status, json.loads(printed)["code"]))
        self.finish()

    def test_out_of_sight(self):
        self.begin()
        status, printed = self.gateway.order("shelve", "--dev", "gas-kitchen", "--alarm", "gas.high", "--for", "1h", "--json", check=False)
        self.assertEqual((1, "not_shelvable"), (status, json.loads(printed)["code"]))
        refused = self.collector.wait(lambda: self.collector.events("order"), "also a refused order is an event")[0].body
        self.assertEqual((False, "not_shelvable", "local"), (refused["ok"], refused["code"], refused["source"]))
        self.assertEqual(2, self.gateway.order("shelve", "--all", check=False)[0])
        self.assertEqual(2, self.gateway.order("shelve", "--dev", "gas-kitchen", "--for", "soon", check=False)[0])
        target = ("--dev", "valve-kitchen", "--alarm", "comm.lost")
        self.gateway.order("shelve", *target, "--for", "2h", "--why", "board exchanged")
        shelved = self.collector.wait_alarm("valve-kitchen", "comm.lost", "shelved")
        self.assertEqual(("SHELVED", "board exchanged"), (shelved.state, shelved.why))
        self.assertAlmostEqual(shelved.body["at"] + 2 * 3600 * 1000, shelved.until, delta=1000)
        self.collector.wait(lambda: self.active("valve-kitchen").get("comm.lost", {}).get("until") == shelved.until, "active/")
        self.assertRegex(self.gateway.order("alarms", "--lang", "en")[1], r"comm\.lost.*shelved until ")
        self.gateway.kill()
        self.gateway.start()
        self.wait_online(boot=2)
        self.gateway.wait_socket()
        self.assertIn("SHELVED", self.gateway.order("alarms", "--json")[1])
        self.gateway.order("unshelve", *target)
        self.collector.wait_alarm("valve-kitchen", "comm.lost", "unshelved")
        self.gateway.order("service", "off", "--dev", "lift-1", "--by", "Li")
        self.assertEqual("OOS", self.collector.wait_alarm("lift-1", "comm.lost", "disabled").state)
        self.sim.ctl("do", "lift-1", "trap")
        number = self.collector.telemetry("lift-1")["seq"]
        self.collector.wait(lambda: self.collector.telemetry("lift-1")["seq"] > number, "telemetry goes on")
        self.gateway.order("service", "on", "--dev", "lift-1")
        self.assertEqual("enabled", self.collector.wait_alarm("lift-1", "comm.lost", "enabled").event)
        self.assertEqual(2, self.gateway.order("service", "--dev", "lift-1", check=False)[0])
        self.finish()

    def finish(self):
        self.gateway.stop()
        self.assert_fine()


if __name__ == "__main__":
    outpost_test.main()
