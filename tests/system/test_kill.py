#!/usr/bin/python3
"""kill -9 of gateway, broker, the wire between them and the simulator at random instants under load: nothing that was promised
is lost, no number is missing, repeats are byte-identical, and alarm states are where they were.

What was promised is known outside of the gateway: an order that was answered with "done" is written into a book of our own,
durably, before anything else happens, and has to be at the centre in the end. Numbers and bytes are the independent
subscriber's to judge."""

import json
import os

import outpost_test
from outpost_test import PATIENCE_S, random_instant, scaled, wait_until

SLAVES = 6
HIGH, LOW = 20000, 0
INSTANT_S = 0.4


# Who is hit, of 20 blows: 6 of 20 broker or wire.
BLOWS = ("gateway",) * 9 + ("gateway_at_once",) * 3 + ("broker",) * 3 + ("wire",) * 3 + ("simulator",) * 2


class Book:
    """What was promised, one line each, on the disk before anybody acts on it."""

    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8")

    def promised(self, what):
        self.file.write(what + "\n")
        self.file.flush()
        os.fsync(self.file.fileno())

    def read(self):
        with open(self.file.name, encoding="utf-8") as lines:
            return lines.read().split()

    def stop(self):
        self.file.close()


class TestKill(outpost_test.Case):
    def begin(self, flash_budget=None):
        site_file = self.tcp_site(slaves=SLAVES, points=8, every="100ms", max_silence="200ms")
        self.site_file = self.through_proxy(site_file, backoff_min="100ms", backoff_max="1s")
        if flash_budget is not None:
            with open(self.site_file, encoding="utf-8") as text:
                site = json.load(text)
            site["journal"]["flash_budget"] = flash_budget
            self.site_file = self.write_site(site)
        self.book = self.own(Book(self.path("promised")))
        self.orders = 0
        self.start(self.site_file)
        self.boot = 1
        self.level = {}
        for number in range(1, SLAVES + 1):
            self.set_level(f"d{number}", LOW)
        self.collector.wait(lambda: all(self.collector.values(f"d{n + 1}") for n in range(SLAVES)), "telemetry of all")

    def set_level(self, dev, level):
        self.level[dev] = level
        self.sim.ctl("set", f"{dev}.r0", level)

    def acknowledge(self):
        """An order; when the gateway says that it is done, that is a promise."""
        self.orders += 1
        name = f"order-{self.orders}"
        dev = f"d{self.random.randint(1, SLAVES)}"
        if self.gateway.order("ack", "--dev", dev, "--by", name, check=False)[0] == 0:
            self.book.promised(name)

    def disturb(self):
        """Something that makes records of lane a."""
        dev = f"d{self.random.randint(1, SLAVES)}"
        if self.random.random() < 0.7:
            self.set_level(dev, LOW if self.level[dev] == HIGH else HIGH)
        else:
            self.acknowledge()

    def kill_gateway(self):
        self.gateway.kill()
        self.boot += 1
        random_instant(self.random, INSTANT_S)
        self.gateway.start()

    def kill_gateway_at_once(self):
        """The moment it has promised something."""
        self.acknowledge()
        self.kill_gateway()

    def kill_broker(self):
        self.broker.kill()
        random_instant(self.random, INSTANT_S)
        self.disturb()
        self.broker.start()

    def kill_wire(self):
        self.proxy.kill()
        random_instant(self.random, INSTANT_S)
        self.disturb()
        self.proxy.start()

    def kill_simulator(self):
        self.sim.kill()
        random_instant(self.random, INSTANT_S)
        self.sim.start()
        for dev, level in self.level.items():
            self.sim.ctl("set", f"{dev}.r0", level)

    def wait_recovered(self):
        self.gateway.wait_socket()
        self.wait_online(self.boot, 2 * PATIENCE_S)
        before = self.collector.highest("t")
        self.collector.wait(lambda: self.collector.highest("t") > before + SLAVES, "telemetry flows", 2 * PATIENCE_S)

    def settle(self):
        """Everything low and acknowledged; then all alarms are NORM, here and at the broker."""
        for number in range(1, SLAVES + 1):
            self.set_level(f"d{number}", LOW)

        def normal():
            self.gateway.order("ack", "--all", "--by", "tester", check=False)
            bodies = [self.collector.last("active", f"d{n + 1}") for n in range(SLAVES)]
            return all(body is not None and body["alarms"] == [] for body in bodies)

        wait_until(normal, "no alarm is active", 2 * PATIENCE_S)
        last = {}
        for one in self.collector.alarms():
            last[one.dev, one.alarm] = one.state
        self.assertEqual({"NORM"}, set(last.values()) | {"NORM"})

    def missing_promises(self):
        came = {one.body["by"] for one in self.collector.events("order")}
        return [name for name in self.book.read() if name not in came]

    def finish(self):
        self.settle()
        self.wait_all_arrived(2 * PATIENCE_S)
        self.assertEqual(0, self.gateway.stop())
        self.wait_all_arrived()
        self.assert_fine()
        self.assertEqual([], self.missing_promises(), f"orders that were done and never came, SEED={outpost_test.SEED}")
        self.assertEqual([], self.collector.events("gap"), "nothing had to be declared")

    def test_random_kills(self):
        self.begin()
        self.kill_at_random()
        self.finish()

    def test_random_kills_with_the_budget_used_up(self):
        """Telemetry is in memory only, and sent from there: a kill leaves it where it is, so nothing is lost all the same."""
        self.begin(flash_budget="1MiB")
        self.collector.wait(lambda: any(one.body["what"] == "budget_used" for one in self.collector.events("journal")), "it is")
        said = "the flash budget is used up"
        self.collector.wait(lambda: said in self.gateway.order("status", "--lang", "en", check=False)[1], "status says so")
        self.kill_at_random()
        self.finish()
        self.assertEqual([], [one for one in self.collector.events("journal") if one.body["what"] == "budget_free"])

    def kill_at_random(self):
        for number in range(scaled(15)):
            before = len(self.collector.all)
            wanted = self.random.randint(0, 60)
            wait_until(lambda: len(self.collector.all) >= before + wanted, "messages flow", 2 * PATIENCE_S)
            self.disturb()
            random_instant(self.random, INSTANT_S)
            getattr(self, "kill_" + self.random.choice(BLOWS))()
            if self.random.random() < 0.7:  # otherwise the next blow falls before it stands again
                self.wait_recovered()
            if number % 50 == 49:
                self.wait_recovered()
                self.wait_all_arrived(2 * PATIENCE_S)
                self.assert_fine()
        self.wait_recovered()
        self.assertGreater(len(self.book.read()), 0, "something was promised")

    def test_states_survive(self):
        """A raised alarm stays raised, an acknowledged one acknowledged; neither is raised again."""
        self.begin()
        self.set_level("d1", HIGH)
        self.set_level("d2", HIGH)
        self.collector.wait_alarm("d1", "r0.high", "raised")
        self.collector.wait_alarm("d2", "r0.high", "raised")
        self.gateway.order("ack", "--dev", "d2", "--by", "tester")
        self.collector.wait_alarm("d2", "r0.high", "acked")
        before = len(self.collector.alarms())
        for _ in range(scaled(3)):
            self.kill_gateway()
            self.wait_recovered()
            states = {
                dev: {alarm["alarm"]: (alarm["state"], alarm["uid"]) for alarm in self.collector.last("active", dev)["alarms"]}
                for dev in ("d1", "d2")
            }
            self.assertEqual("UNACK", states["d1"]["r0.high"][0])
            self.assertEqual("ACKED", states["d2"]["r0.high"][0])
            shown = json.dumps(self.gateway.order("alarms", "--json", check=False)[1])
            self.assertIn("UNACK", shown)
            self.assertIn("ACKED", shown)
        self.assertEqual(before, len([one for one in self.collector.alarms() if one.alarm == "r0.high"]), "no further records")
        boots = [one.boot for one in self.collector.events("boot")]
        self.assertEqual(list(range(1, self.boot + 1)), boots)
        self.finish()


if __name__ == "__main__":
    outpost_test.main()
