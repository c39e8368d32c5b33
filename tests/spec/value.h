/* Values as the scripts write them, in JSON, and as the engine has them, in slots. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { VALUE_MAX_SLOTS = 2 };

/* How many slots the value takes, 0 if it can't be read. */
uint32_t value_parse(const json_t *value, uint64_t *slots);

/* Whether what came out is what was expected; how many slots that takes. Expected NaNs may be patterns: nan:canonical, nan:arithmetic. */
bool value_matches(const json_t *expected, const uint64_t *slots, uint32_t *ret_slots);

void value_print(FILE *out, const json_t *type_of, const uint64_t *slots);
