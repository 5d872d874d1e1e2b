#!/usr/bin/python3
"""Two boxes with one id, as a copied SD card makes them: each throws the other out. Both say so, in words, to whoever can still
hear them, and neither hammers the broker. At a broker that gives the reason (MQTT 5, 0x8E), and at one that closes without a
word (mosquitto 2.0)."""

import json
import os
import socket
import threading
import time

import outpost_test
from outpost_test import PATIENCE_S, Broker, Collector, Gateway, Simulator, free_port, wait_until

TAKEN_OVER = 0x8E
WAITS_S = 30  # PROTOCOL.md
CONNECTIONS_MAX = 30  # of both, until both have found out; without a back-off they would be hundreds a minute


def packet(kind, body):
    assert len(body) < 128
    return bytes([kind, len(body)]) + body


class TellingBroker:
    """The least that is a broker with MQTT 5: takes everything, hands nothing on, and tells whom it throws out."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.holder = None
        self.came = []  # when somebody came in
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def come_in(self, client):
        with self.lock:
            if self.holder is not None:
                try:
                    self.holder.sendall(packet(0xE0, bytes([TAKEN_OVER, 0])))
                    self.holder.close()
                except OSError:
                    pass
            self.holder = client
            self.came.append(time.monotonic())
        client.sendall(packet(0x20, bytes([0, 0, 0])))

    def answer(self, client, kind, body):
        if kind >> 4 == 1:
            self.come_in(client)
        elif kind >> 4 == 3 and kind >> 1 & 3 == 1:  # PUBLISH, QoS 1
            topic_end = 2 + int.from_bytes(body[:2], "big")
            client.sendall(packet(0x40, body[topic_end : topic_end + 2]))
        elif kind >> 4 == 8:
            client.sendall(packet(0x90, body[:2] + bytes([0, 1])))
        elif kind >> 4 == 12:
            client.sendall(packet(0xD0, b""))

    def serve(self, client):
        try:
            with client.makefile("rb") as stream:
                while kind := stream.read(1):
                    size, shift = 0, 0
                    while True:
                        digit = stream.read(1)[0]
                        size |= (digit & 127) << shift
                        shift += 7
                        if digit < 128:
                            break
                    self.answer(client, kind[0], stream.read(size))
        except (OSError, ValueError, IndexError):
            pass

    def stop(self):
        self.listener.close()


class TestTwoBoxes(outpost_test.Case):
    def box(self, name):
        """One of the two; its own centre hears only it."""
        directory = self.path(name)
        os.makedirs(directory)
        broker = self.own(Broker(os.path.join(directory, "broker"))).start()
        collector = self.own(Collector(broker, name)).start()
        centres = [("own", broker.port), ("town", self.telling.port), ("city", self.silent.port)]
        point = {"function": "holding", "address": 0, "type": "s16"}
        device = {"id": "d1", "bus": "b1", "unit": 1, "class": "generic", "every": "1s", "points": {"r0": point}}
        site = {
            "gateway": {"id": "g1"},
            "buses": [{"id": "b1", "link": "tcp", "host": "127.0.0.1", "port": free_port()}],
            "devices": [device],
            "centres": [{"id": id, "url": f"mqtt://127.0.0.1:{port}", "backoff_min": "100ms"} for id, port in centres],
            "journal": {"dir": os.path.join(directory, "journal")},
        }
        site_file = os.path.join(directory, "site.json")
        with open(site_file, "w", encoding="utf-8") as file:
            json.dump(site, file)
        self.own(Simulator(site_file, directory)).start()
        return self.own(Gateway(site_file, directory)).start().wait_socket(), collector

    def said(self, box, words):
        gateway, _ = box
        return gateway.wait_ready(lambda: words in gateway.output(), f"says {words!r}", 3 * PATIENCE_S)

    def test_it_is_said_and_slow(self):
        self.telling, self.silent = self.own(TellingBroker()), self.own(Broker(self.path("city"))).start()
        boxes = [self.box("one")]
        wait_until(lambda: len(self.telling.came) == 1, "the first is in")
        boxes.append(self.box("two"))
        for box in boxes:
            self.said(box, "sender: town: another client connected as g1 (0x8E): two boxes have one id")
            self.said(box, "sender: city: the connection breaks again and again: does another box have the id g1?")
            gateway, collector = box
            told = collector.wait(lambda collector=collector: collector.events("centre"), "the other centre hears of it")
            self.assertEqual(("town", "taken_over"), (told[0].body["centre"], told[0].body["what"]))
            self.assertIn("0x8E", told[0].body["why"])
            status, _ = gateway.order("status", check=False)
            self.assertNotEqual(0, status, "somebody should look")
        came = list(self.telling.came)
        for before, after in zip(came[1:], came[2:]):
            self.assertGreaterEqual(after - before, WAITS_S - 0.1, "who was thrown out waits")
        logs = "".join(gateway.output() for gateway, _ in boxes)
        self.assertLess(logs.count("sender: city: connected"), CONNECTIONS_MAX)
        self.assertEqual(2, logs.count("sender: own: connected"))
        for _, collector in boxes:
            self.assertEqual([], collector.complaints())


if __name__ == "__main__":
    outpost_test.main()
