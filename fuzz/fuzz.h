/* What libFuzzer calls, with arbitrary bytes; driver.c calls it with each file of a corpus. Returns 0. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
