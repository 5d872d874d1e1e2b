"""RTU frames made by hand."""

import struct


def with_crc(frame):
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return frame + struct.pack("<H", value)
