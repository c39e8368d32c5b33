/*
 * What a program reads or writes again. The second thread keeps a copy of the blocks that it wrote lately; the guest's thread looks there
 * before it records bytes, and if they are there, names the place instead. Nothing rests on a hash: bytes are compared.
 *
 * Bytes are looked for in pieces of 4 KiB, counted from where the input or span begins, and what is left at its end.
 */
#pragma once

#include "log/format.h"

#include <stdbool.h>

struct repeats;

struct repeats *repeats_create(void); /* NULL: no memory */
void repeats_destroy(struct repeats *repeats);

enum { PIECE = 4096, PIECE_MIN = 512 /* not worth a look */ };

/*
 * The guest's thread: where `size` bytes (PIECE_MIN to PIECE) are among the frames of a block from `first` on, for a record in the buffer
 * `ordinal`. They are in the segment.
 */
bool repeats_find(const struct repeats *repeats, uint64_t first, uint64_t ordinal, const uint8_t *bytes, uint32_t size,
	struct part *ret_part);

/*
 * The second thread: takes in the frames of a block, which it has put into the slot, and clears their checks there. False: they are not
 * sound, somebody else wrote there. Others find what is in them from repeats_publish on, when the block is in the segment.
 */
uint8_t *repeats_slot(const struct repeats *repeats); /* BUFFER_SIZE bytes */
bool repeats_take(struct repeats *repeats, uint64_t ordinal, uint32_t size);
void repeats_publish(struct repeats *repeats);
