/* scenario_reader: where the reading of a scenario stands. Private to scenario*.c. Every check returns false with a sentence
 * in `why` that begins with the place. */
#ifndef OUTPOST_FIRMWARE_SIM_SCENARIO_READER_H
#define OUTPOST_FIRMWARE_SIM_SCENARIO_READER_H

#include "firmware-sim/scenario.h"

#define NAME_MAX_CHARS 64
#define WORDS_MAX      16
#define LINE_MAX_CHARS 400

struct reader {
    struct scenario *scenario;
    struct role *roles;
    struct step *steps;
    struct text *why;
    char place[48]; /* "steps[3].expect"; "" the file itself */
};

/* "steps[3].within: ", and then the caller's sentence. */
struct text *reader_at(const struct reader *reader, const char *key);
void reader_go_to(struct reader *reader, const char *array, size_t index, const char *member);
void list_words(struct text *out, const char *const *words);
bool is_one_of(const char *word, const char *const *words);          /* NULL-ended */
bool is_made_of(const char *text, size_t length, const char *marks); /* small letters, digits and these */

/* An object whose keys are all known and there once. */
bool check_keys(const struct reader *reader, const cJSON *object, const char *const *keys);
/* NULL stays when it is not there. */
bool read_text(const struct reader *reader, const cJSON *object, const char *key, const char **ret_text);
/* `like`: an example, for the sentence. */
bool read_name(const struct reader *reader, const cJSON *object, const char *key, const char *marks, const char *like,
               const char **ret_name);
bool read_bool(const struct reader *reader, const cJSON *object, const char *key, bool *ret_bool);
/* Both tongues or none. */
bool read_label(struct reader *reader, const cJSON *object, bool must, struct label *ret_label);
bool take_time(const struct reader *reader, const char *key, const char *word, int64_t *ret_ms);
bool take_role(const struct reader *reader, const char *key, const char *name, size_t length, size_t *ret_role);
bool refuse_role(const struct reader *reader, const char *key, const char *name, size_t length);
size_t find_step(const struct reader *reader, const char *id); /* of the steps so far; SCENARIO_NONE */

/* scenario_action.c */
bool has_action(const cJSON *json);
bool read_action(struct reader *reader, const cJSON *json, size_t index, struct step *step);
/* scenario_expect.c */
bool read_expectation(struct reader *reader, const cJSON *json, size_t index, struct step *step);

#endif
