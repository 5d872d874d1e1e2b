#!/usr/bin/python3
"""foreign_slave.py TTY FIFO: a Modbus RTU slave, unit 17, that is not ours (python3-pymodbus), for test_foreign_slave.

Lines written to FIFO change it: "TABLE ADDRESS VALUE" with TABLE one of co di hr ir."""

import os
import sys
import threading

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartSerialServer
from pymodbus.transaction import ModbusRtuFramer

UNIT = 17
FUNCTIONS = {"co": 1, "di": 2, "hr": 3, "ir": 4}


def obey(fifo, slave):
    # Its own writer too: the pipe never ends, so that nobody who writes meets it between two readers.
    with open(os.open(fifo, os.O_RDWR), encoding="ascii") as lines:
        for line in lines:
            table, address, value = line.split()
            slave.setValues(FUNCTIONS[table], int(address), [int(value)])


def main():
    tty, fifo = sys.argv[1:]
    blocks = {table: ModbusSequentialDataBlock(0, [0] * 200) for table in FUNCTIONS}
    slave = ModbusSlaveContext(**blocks, zero_mode=True)
    threading.Thread(target=obey, args=(fifo, slave), daemon=True).start()
    context = ModbusServerContext(slaves={UNIT: slave}, single=False)
    print("slave: starting", flush=True)
    line = {"port": tty, "baudrate": 9600, "bytesize": 8, "parity": "N", "stopbits": 1}
    StartSerialServer(context=context, framer=ModbusRtuFramer, ignore_missing_slaves=True, **line)


if __name__ == "__main__":
    main()
