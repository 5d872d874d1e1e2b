/* label: what the QR code on a gas cylinder says, and how the register has it. Pure.
 *
 * "[certificate,registration,maker,number,made,scrap]text", as DB4114/T 185 and the cylinder registers of several
 * cities have it. */
#ifndef OUTPOST_FIRMWARE_SIM_LABEL_H
#define OUTPOST_FIRMWARE_SIM_LABEL_H

#define LABEL_SIZE       160
#define LABEL_FIELD_SIZE 40

enum label_state { STATE_NORMAL, STATE_OVERDUE, STATE_SCRAPPED, STATE_UNKNOWN };

enum label_field {
    LABEL_CERTIFICATE,
    LABEL_REGISTRATION,
    LABEL_MAKER,
    LABEL_NUMBER,
    LABEL_MADE,
    LABEL_SCRAP,
    LABEL_FIELDS
};

struct label {
    char qr[LABEL_SIZE];
    char fields[LABEL_FIELDS][LABEL_FIELD_SIZE]; /* "" where the code has none; too long a one is cut */
    enum label_state state;
};

/* Takes any text; the state is normal. */
void label_read(struct label *label, const char *qr);

const char *label_state_word(enum label_state state);

#endif
