#!/usr/bin/python3
"""Centres that do not refuse but swallow: the name server is silent, the connection is dead and nobody says so, a broker takes
everything and acknowledges nothing, a broker reads nothing. The centre beside them notices nothing; and when the others are
back, they get everything.

Nothing here depends on how fast the machine is: an alarm has to be at the good centre *while* the lookup of a bad one's name
still hangs, which it does for as long as glibc ever waits."""

import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
import unittest

import outpost_test
from outpost_test import PATIENCE_S, Broker, Collector, Gateway, Proxy, wait_until

NAME_SERVER, NAME = "127.53.53.53", "centre.outpost.invalid"
LOOKUP_S = 30  # RES_MAXRETRANS
DEVICES = 8  # each raised and cleared once: nothing chatters
HIGH, LOW = 20000, 0


class NameServer:
    """Says nothing until it may; then, that every name is this machine, until it is hushed."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.bind((NAME_SERVER, 53))
        except PermissionError:
            raise unittest.SkipTest("a name server needs root; test_paho_resolver does the same without one") from None
        self.asked_at = 0.0  # the last time
        self.lock = threading.Lock()
        self.unanswered = []  # (query, asker); None: they are answered at once
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def answer(self, query, asker):
        answers = 1 if query[-3] == 1 else 0  # A; there is no AAAA
        header = query[:2] + struct.pack(">HHHHH", 0x8180, 1, answers, 0, 0)
        here = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) + socket.inet_aton("127.0.0.1")
        self.socket.sendto(header + query[12:] + here * answers, asker)

    def run(self):
        while True:
            query, asker = self.socket.recvfrom(512)
            if not query:
                return
            self.asked_at = time.monotonic()
            with self.lock:
                if self.unanswered is None:
                    self.answer(query, asker)
                else:
                    self.unanswered.append((query, asker))

    def hush(self):
        with self.lock:
            self.unanswered = []

    def speak(self):
        with self.lock:
            for query, asker in self.unanswered or ():
                self.answer(query, asker)
            self.unanswered = None

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"", (NAME_SERVER, 53))
        self.thread.join()
        self.socket.close()


class GatewayWithNameServer(Gateway):
    """Sees another /etc/resolv.conf than everybody else."""

    def __init__(self, site_file, directory, lookup_s=LOOKUP_S):
        super().__init__(site_file, directory)
        resolv = os.path.join(directory, "resolv.conf")
        with open(resolv, "w", encoding="ascii") as file:
            file.write(f"nameserver {NAME_SERVER}\noptions timeout:{lookup_s} attempts:1\n")
        script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        self.command = ["unshare", "--mount", "sh", "-c", script, resolv, *self.command]


class TestBlackHole(outpost_test.Case):
    def begin(self):
        if os.geteuid() != 0 or not shutil.which("unshare"):
            raise unittest.SkipTest("another resolv.conf needs root; test_paho_resolver does the same without one")
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
            raise unittest.SkipTest("no mount namespace here; test_paho_resolver does the same without one")
        self.dns = self.own(NameServer())
        with open(self.tcp_site(slaves=DEVICES), encoding="utf-8") as text:
            site = json.load(text)
        self.collectors, self.proxies = [self.collector], {}
        for name in ("nameless", "gone", "mute", "deaf"):
            broker = self.own(Broker(self.path(name))).start()
            self.collectors.append(self.own(Collector(broker, name)).start())
            if name == "nameless":
                url = f"mqtt://{NAME}:{broker.port}"
            else:
                self.proxies[name] = self.own(Proxy(self.directory, broker.port, name)).start()
                url = f"mqtt://127.0.0.1:{self.proxies[name].port}"
            site["centres"].append({"id": name, "url": url, "backoff_min": "100ms", "backoff_max": "1s"})
        site_file = self.write_site(site)
        self.proxies["mute"].tell("mute")
        self.proxies["deaf"].tell("deaf")
        self.sim = self.own(outpost_test.Simulator(site_file, self.directory)).start()
        self.gateway = self.own(GatewayWithNameServer(site_file, self.directory)).start()
        self.wait_online()
        self.collectors[2].wait(lambda: self.collectors[2].last("status"), "it is online there, too")
        self.proxies["gone"].tell("hole")

    def centres(self):
        return {one["centre"]: one for one in json.loads(self.gateway.order("status", "--json", check=False)[1])["centres"]}

    def alarm_while_it_hangs(self, number):
        """One change of an alarm at the good centre; True when one and the same lookup hung all the while."""
        dev, raised = f"d{number % DEVICES + 1}", number < DEVICES
        wait_until(lambda: time.monotonic() - self.dns.asked_at < LOOKUP_S / 2, "a lookup hangs", 2 * LOOKUP_S)
        asked_at = self.dns.asked_at
        self.sim.ctl("set", f"{dev}.r0", HIGH if raised else LOW)
        self.collector.wait_alarm(dev, "r0.high", "raised" if raised else "cleared")
        return self.dns.asked_at == asked_at and time.monotonic() - asked_at < LOOKUP_S

    def test_nobody_else_notices(self):
        self.begin()
        rounds = 2 * DEVICES
        hung = sum(self.alarm_while_it_hangs(number) for number in range(rounds))
        self.assertGreater(hung, rounds // 2, "alarms arrive while a lookup of another centre hangs")

        for name in ("gone", "mute", "deaf"):
            said = f"sender: {name}: the broker acknowledges nothing"
            self.gateway.wait_ready(lambda said=said: said in self.gateway.output(), f"says {said!r}", 2 * PATIENCE_S)
        self.assertEqual(0, self.centres()["c1"]["reconnects"], "the good one never broke")
        self.dns.speak()
        for proxy in self.proxies.values():
            proxy.tell("pass")
            proxy.tell("cut")
        for collector in self.collectors:
            self.collector = collector
            self.wait_all_arrived(3 * PATIENCE_S)
        self.assertEqual(0, self.gateway.stop())
        for collector in self.collectors:
            self.collector = collector
            self.assert_fine()


if __name__ == "__main__":
    outpost_test.main()
