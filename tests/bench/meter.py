"""A wire between a gateway and its broker that counts what an MQTT 5 client says, by topic and by what it is."""

import select
import socket
import struct
import threading

PUBLISH = 3
PARTS = ("messages", "header", "topic", "properties", "payload")


def take_length(packet, at):
    """MQTT 5.0, 1.5.5: (number, where it ends); IndexError when it has not all come."""
    value = shift = 0
    while True:
        byte = packet[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def parts_of(packet):
    """The last level but one or the last of the topic (the kind of message), and how many bytes are what."""
    _, at = take_length(packet, 1)
    size = int.from_bytes(packet[at : at + 2], "big")
    kind = packet[at + 2 : at + 2 + size].decode().split("/")[3]
    at += 2 + size + (2 if packet[0] & 6 else 0)
    properties, at = take_length(packet, at)
    payload = len(packet) - at - properties
    return kind, {"messages": 1, "header": at - size, "topic": size, "properties": properties, "payload": payload}


class Meter:
    """Takes one connection at self.port and passes it on to a port of this machine."""

    def __init__(self, target_port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target_port = target_port
        self.ended = False
        self.lock = threading.Lock()
        self.kinds = {}  # kind of message: {part: count}
        self.bytes = [0, 0]  # up, down
        self.connections = 0
        self.client = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            self.client, _ = self.listener.accept()
            if self.ended:
                return
            self.connections += 1
            with self.client, socket.create_connection(("127.0.0.1", self.target_port)) as broker:
                for end in (self.client, broker):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._pass_on(broker)

    def _pass_on(self, broker):
        waiting = b""
        while True:
            for end in select.select([self.client, broker], [], [])[0]:
                data = end.recv(65536)
                if not data:
                    return
                (broker if end is self.client else self.client).sendall(data)
                with self.lock:
                    self.bytes[0 if end is self.client else 1] += len(data)
                    if end is self.client:
                        waiting = self._count(waiting + data)

    def _count(self, data):
        """All whole packets; gives back the rest."""
        while len(data) >= 2:
            try:
                size, at = take_length(data, 1)
            except IndexError:
                break
            if len(data) < at + size:
                break
            if data[0] >> 4 == PUBLISH:
                kind, parts = parts_of(data[: at + size])
                tally = self.kinds.setdefault(kind, dict.fromkeys(PARTS, 0))
                for part, count in parts.items():
                    tally[part] += count
            data = data[at + size :]
        return data

    def told(self):
        """{kind: {part: count}}, with "all": what went up and down, in how many TCP segments, both ways, on how many connections."""
        info = self.client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 144)
        with self.lock:
            told = {kind: dict(tally) for kind, tally in self.kinds.items()}
            told["all"] = {"up": self.bytes[0], "down": self.bytes[1], "connections": self.connections}
        told["all"]["segments"] = sum(struct.unpack_from("II", info, 136))  # tcpi_segs_out, tcpi_segs_in
        return told

    def stop(self):
        """When the gateway is gone."""
        self.ended = True
        with socket.socket() as last:
            last.connect(("127.0.0.1", self.port))
        self.thread.join(10)
        self.listener.close()


def between(now, then):
    """What was counted meanwhile."""
    return {kind: {part: count - then.get(kind, {}).get(part, 0) for part, count in tally.items()} for kind, tally in now.items()}
