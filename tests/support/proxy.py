#!/usr/bin/python3
"""A TCP wire that can be cut: stands between a gateway and its broker, in a process of its own, so that it can be killed.

    proxy.py PORT TARGET CONTROL

listens on 127.0.0.1:PORT, connects to 127.0.0.1:TARGET for each client, and takes orders at the Unix socket CONTROL, one line
each, answered by one line when it is done:

    pass        as a wire does (so it begins)
    cut         every connection is reset, now
    refuse      every connection is reset, and new ones at once, too
    hole        nobody is there any more and nobody says so: bytes vanish both ways, new connections are accepted and that is all
    mute        what the client says arrives; of what it is told only the first packet does (with MQTT, that it may come in)
    deaf        only the first packet of the client is read, the rest stays in the sockets' buffers
    rate N      so many bytes a second to the target at most; 0: no bound
    told        answers "UP DOWN CONNECTIONS SEGMENTS": bytes to the target, bytes back, connections made; and TCP segments both
                ways of the clients that are there now

A connection of which bytes have vanished never passes anything again: the client has to find out."""

import os
import select
import socket
import struct
import sys
import time

CHUNK = 65536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends RST


def segments(connection):
    """Of TCP, in and out so far (struct tcp_info: tcpi_segs_out, tcpi_segs_in)."""
    return sum(struct.unpack_from("II", connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 144), 136))


class Wire:
    """One client, and its connection to the target (none: nothing answers it)."""

    def __init__(self, client, target):
        self.client = client
        self.target = target
        self.vanished = target is None
        self.down = self.up = 0
        for one in self.ends():
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ends(self):
        return [one for one in (self.client, self.target) if one is not None]

    def close(self, reset=False):
        for one in self.ends():
            if reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            one.close()


class Proxy:
    def __init__(self, port, target, control):
        self.target = target
        self.wires = []
        self.mode = "pass"
        self.rate = 0
        self.rests_until = 0.0
        self.told = [0, 0, 0]
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        if os.path.exists(control):
            os.unlink(control)
        self.control = socket.socket(socket.AF_UNIX)
        self.control.bind(control)
        self.control.listen()

    # --- orders ---

    def obey(self, words):
        verb, number = words[0], int(words[1]) if len(words) > 1 else None
        if verb == "told":
            return " ".join(map(str, [*self.told, sum(segments(wire.client) for wire in self.wires)]))
        if verb == "rate":
            self.rate, self.rests_until = number, 0.0
        elif verb == "cut":
            self.cut()
        elif verb in ("pass", "refuse", "hole", "mute", "deaf"):
            self.mode = verb
            if verb == "refuse":
                self.cut()
        else:
            return f"no such order: {verb}"
        return "ok"

    def cut(self):
        for wire in self.wires:
            wire.close(reset=True)
        self.wires = []

    # --- bytes ---

    def accept(self):
        client, _ = self.listener.accept()
        if self.mode == "refuse":
            Wire(client, None).close(reset=True)
            return
        target = None
        if self.mode != "hole":
            try:
                target = socket.create_connection(("127.0.0.1", self.target), 10)
                target.settimeout(None)
            except OSError:
                Wire(client, None).close(reset=True)
                return
        self.told[2] += 1
        self.wires.append(Wire(client, target))

    def end(self, wire):
        if wire in self.wires:
            wire.close(reset=True)
            self.wires.remove(wire)

    def vanishes(self, wire, up):
        if self.mode == "hole" or (self.mode == "mute" and not up and wire.down > 0):
            wire.vanished = True
        # A muted wire still carries what goes up.
        return wire.vanished and not (self.mode == "mute" and up and wire.target is not None)

    def carry(self, wire, up):
        source, drain = (wire.client, wire.target) if up else (wire.target, wire.client)
        try:
            data = source.recv(min(CHUNK, max(1, self.rate // 100)) if up and self.rate else CHUNK)
            if not data:
                self.end(wire)
                return
            # Else a broker that collects small answers (Nagle) sends its next one 40 ms later.
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            if self.vanishes(wire, up):
                return
            drain.sendall(data)
        except OSError:
            self.end(wire)
            return
        if up:
            wire.up += len(data)
            self.told[0] += len(data)
            if self.rate:
                self.rests_until = max(self.rests_until, time.monotonic() - 0.01) + len(data) / self.rate
        else:
            wire.down += len(data)
            self.told[1] += len(data)

    def readable(self):
        """{socket: (wire, up)} of what may be read now."""
        found = {}
        rests = time.monotonic() < self.rests_until
        for wire in self.wires:
            if not rests and not (self.mode == "deaf" and wire.up > 0):
                found[wire.client] = (wire, True)
            if wire.target is not None:
                found[wire.target] = (wire, False)
        return found

    def answer(self):
        asker, _ = self.control.accept()
        with asker, asker.makefile("rw") as lines:
            words = lines.readline().split()
            if words:
                lines.write(self.obey(words) + "\n")

    def run(self):
        while True:
            readable = self.readable()
            rests_s = self.rests_until - time.monotonic()
            ready, _, _ = select.select([self.listener, self.control, *readable], [], [], rests_s if rests_s > 0 else None)
            for one in ready:
                if one is self.control:
                    self.answer()
                elif one is self.listener:
                    self.accept()
                elif readable[one][0] in self.wires:
                    self.carry(*readable[one])


if __name__ == "__main__":
    Proxy(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]).run()
