/*
 * Where machine code is kept: chunks of memory in the low two gigabytes, so that addresses fit the holes of stencils. Code is mapped
 * twice, to be written and to be run, never both at once by one address; data beside it can be written only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct code;

enum err code_create(struct code **ret_code); /* ERR_UNSUPPORTED where the host has no such memory to give */
void code_destroy(struct code *code);

/* Room for data, zeroed and aligned to 16 bytes; NULL when there is no more. */
void *code_data(struct code *code, size_t size);

/* Room for code: where to write it, and where it will run. */
bool code_text(struct code *code, size_t size, uint8_t **ret_write, uint8_t **ret_run);

/* Whether it is machine code that is there. */
bool code_contains(const struct code *code, const void *address);
