/* signals: SIGTERM and SIGINT become readable, so that they end the loop and nothing else; SIGPIPE is an error of the write. */
#ifndef OUTPOST_FIRMWARE_SIM_SIGNALS_H
#define OUTPOST_FIRMWARE_SIM_SIGNALS_H

int signals_open(void); /* a descriptor, not blocking; -1: none could be had */

#endif
