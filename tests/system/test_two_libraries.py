#!/usr/bin/python3
"""One centre with TLS and one without: Paho's two libraries live side by side in one gateway, while the wires to both brokers
are cut again and again; and the library for TLS is missing, which costs that centre alone."""

import json
import os

import outpost_test
from outpost_test import Broker, Collector, Proxy, free_port, port_answers, random_instant, scaled, wait_until

CUTS = scaled(10)
PLAIN, TLS = "libpaho-mqtt3a.so.1", "libpaho-mqtt3as.so.1"  # drivers/uplink/paho_library.c


class TestTwoLibraries(outpost_test.Case):
    def begin(self, **environment):
        self.certificates()
        self.secure = Broker(self.path("secure"))
        tls_port = free_port()
        with open(self.path("secure", "mosquitto.conf"), "a", encoding="ascii") as conf:
            conf.write(f"listener {tls_port} 127.0.0.1\ncertfile {self.path('b.crt')}\nkeyfile {self.path('b.key')}\n")
        self.own(self.secure).start()
        wait_until(lambda: port_answers(tls_port), "the broker listens with TLS")
        self.start_broker()
        self.collectors = {"c1": self.collector, "c2": self.own(Collector(self.secure)).start()}
        targets = {"c1": self.broker.port, "c2": tls_port}
        self.wires = {centre: self.own(Proxy(self.directory, port, centre)).start() for centre, port in targets.items()}
        with open(self.tcp_site(slaves=2), encoding="utf-8") as file:
            site = json.load(file)
        ports = {centre: wire.port for centre, wire in self.wires.items()}
        site["centres"] = [
            {"id": "c1", "url": f"mqtt://127.0.0.1:{ports['c1']}", "backoff_max": "1s"},
            {"id": "c2", "url": f"mqtts://127.0.0.1:{ports['c2']}", "ca_file": self.path("ca.crt"), "backoff_max": "1s"},
        ]
        site_file = self.write_site(site)
        self.sim = self.own(outpost_test.Simulator(site_file, self.directory)).start()
        self.gateway = self.own(outpost_test.Gateway(site_file, self.directory))
        self.gateway.environment = environment
        self.gateway.start()
        self.wait_online()

    def centre(self, centre):
        told = json.loads(self.gateway.order("status", "--json", check=False)[1])["centres"]
        return next(one for one in told if one["centre"] == centre)

    def wait_connected(self, centre):
        wait_until(lambda: self.centre(centre)["connected"], f"{centre} is connected")

    def loaded(self, library):
        with open(f"/proc/{self.gateway.pid}/maps", encoding="utf-8") as maps:
            return library in maps.read()

    def assert_everything_at(self, centre):
        self.collector = self.collectors[centre]
        self.wait_all_arrived()
        self.assert_fine()

    def test_both_at_once(self):
        self.begin()
        for centre in self.wires:
            self.wait_connected(centre)
        self.assertEqual([True, True], [self.loaded(PLAIN), self.loaded(TLS)])
        for _ in range(CUTS):
            for centre in self.random.sample(sorted(self.wires), self.random.randint(1, 2)):
                self.wires[centre].tell("cut")
            random_instant(self.random, 0.3)
            for centre in self.wires:
                self.wait_connected(centre)
        told = sum(self.centre(centre)["reconnects"] for centre in self.wires)
        self.assertGreaterEqual(told, CUTS)
        for centre in self.wires:
            self.assert_everything_at(centre)
        self.assertEqual(0, self.gateway.stop())

    def test_the_library_for_tls_is_missing(self):
        """A file that is no library stands before it. The other centre does not mind; when it is put right nobody has to start
        anything again."""
        os.mkdir(self.path("lib"))
        spoilt = self.path("lib", TLS)
        with open(spoilt, "wb"):
            pass
        self.begin(LD_LIBRARY_PATH=self.path("lib"))
        self.wait_connected("c1")
        wait_until(lambda: "install libpaho-mqtt1.3" in self.centre("c2")["trouble"], "it says what to install")
        self.assertIn(f"{TLS} cannot be loaded", self.centre("c2")["trouble"])
        self.assertIn("install libpaho-mqtt1.3", self.gateway.order("status", "--lang", "zh", check=False)[1])
        self.assertFalse(self.centre("c2")["connected"])
        number = self.collector.highest("t")
        self.collector.wait(lambda: self.collector.highest("t") > number, "the other centre gets on")
        os.unlink(spoilt)
        self.wait_connected("c2")
        for centre in self.wires:
            self.assert_everything_at(centre)


if __name__ == "__main__":
    outpost_test.main()
