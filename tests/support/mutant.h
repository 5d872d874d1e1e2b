/* mutant: a profile with one mistake planted, the kind that slips in when a map is typed: an address, a bit, a scale, a
 * code that is off by one. A golden file must catch every one of them. */
#ifndef OUTPOST_TESTS_SUPPORT_MUTANT_H
#define OUTPOST_TESTS_SUPPORT_MUTANT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Plants mistake number `number` (from 0) into the profile and says which it is. False: there are not so many; the
 * profile is then as it was. */
bool mutant_make(cJSON *profile, size_t number, char *ret_what, size_t what_size);

#endif
