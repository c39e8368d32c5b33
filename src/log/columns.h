/*
 * Frames laid out by columns: what follows the same pattern in every frame stands together, and compresses better than frame by frame. As
 * many bytes as before, and the same frames again. docs/log-format.md describes the layout.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `size` bytes of whole frames, whose sizes are right. */
void columns_split(const uint8_t *frames, size_t size, uint8_t *columns);

/* False if the bytes are not what columns_split makes of any frames. */
bool columns_join(const uint8_t *columns, size_t size, uint8_t *frames);
