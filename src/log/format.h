/* The format's constants; docs/log-format.md says what they mean. */
#pragma once

#include <stdint.h>
#include <string.h>

#include "base/time.h"

#define LOG_MAGIC  "timecraft log 1\n"
#define TAIL_MAGIC "timecraft tail1\n"

enum {
	SEGMENT_HEADER = 80,
	BLOCK_HEADER = 96,
	FOOTER_PAYLOAD = 96,
	INDEX_ENTRY = 40,
	BLOCK_MAGIC = 0x4b424354,
	BLOCK_RAW_MAX = 1 << 20,
	CHECKPOINT_MAX = 64 << 20,

	TAIL_HEADER = 4096,
	BUFFER_HEADER = 64,
	BUFFER_SIZE = 256 << 10,
	BUFFER_COUNT = 8,
	FRAME_HEADER = 16,

	REPEAT_BACK = 1024, /* blocks: what is repeated is fewer back than that */
	REPEAT_BLOCKS = 80, /* that the frames of one block may repeat of */
};

enum block_kind { BLOCK_RECORDS = 1, BLOCK_INDEX = 2, BLOCK_FOOTER = 3, BLOCK_SKIPPABLE = 0x80, BLOCK_CHECKPOINT = 0x80 };
enum block_codec { CODEC_RAW = 0, CODEC_ZSTD = 1, CODEC_COLUMNS = 2 };
enum frame_kind { FRAME_BEGIN = 1, FRAME_INPUT = 2, FRAME_END = 3, FRAME_WHOLE = 16 };
/* A frame's flags: two bits, of which the second is FAULTED of BEGIN and NOTED of END; how many bytes of padding end it (three bits), and
 * of END how the call ended (three bits). */
enum frame_flag { FRAME_CONTINUES = 1, FRAME_FAULTED = 2, FRAME_NOTED = 2, FRAME_PADDING_SHIFT = 2, FRAME_END_SHIFT = 5 };
#define RECORD_STREAM_MAX ((size_t)4 << 30) /* of a record's inputs, or of its spans, as they are read */
#define INDEX_CHECKPOINT  (UINT64_C(1) << 63) /* in the offset of an index's entry: of a checkpoint */
#define SPAN_NOTE         UINT32_MAX /* as the offset of a span of two bytes or more: it is a note, not guest memory */
#define SPAN_IOV          (UINT32_C(1) << 31) /* in a span's size */
enum segment_follows { SEGMENT_LAST = 0, SEGMENT_CONTINUES = 1, SEGMENT_KILLED = 2 }; /* in a footer */
enum segment_flag { SEGMENT_WRITTEN = 1, SEGMENT_REPEATS = 2 };

/* Of inputs and spans in segments with SEGMENT_REPEATS: not their bytes follow, but parts. */
#define SPAN_REPEATED     (UINT32_C(1) << 30)
#define INPUT_REPEATED    (UINT64_C(1) << 63)
#define PART_BYTES        UINT64_MAX /* as the ordinal of a part: its bytes follow */
#define FRAME_BUFFER_ENDS UINT32_MAX

struct segment_header {
	char magic[16];
	uint32_t segment, flags; /* SEGMENT_WRITTEN */
	uint64_t tick_scale;
	struct time_anchor anchor;
	uint64_t first_ordinal, first_number; /* of its first block of records, and of the first record that begins in it */
	uint64_t check;
};

struct block_header {
	uint32_t magic;
	uint8_t kind, codec;
	uint16_t reserved;
	uint32_t raw_size, stored_size;
	uint64_t ordinal, first_number, record_count, first_ticks, last_ticks;
	struct time_anchor anchor;
	uint64_t stored_check, check;
};

struct footer {
	uint64_t index_offset, record_count, end_kind, end_args[2], raw_bytes;
	struct time_anchor anchor;
	uint64_t continues; /* enum segment_follows */
	uint8_t reserved[16];
};

struct index_entry {
	uint64_t offset, first_number, record_count, first_ticks, last_ticks;
};

struct tail_header {
	char magic[16];
	uint32_t buffer_size, buffer_count;
	uint64_t tick_scale;
	struct time_anchor anchor;
	uint64_t check;
};

struct buffer_header {
	uint64_t ordinal, first_number;
	uint8_t reserved[48];
};

struct frame_header {
	uint32_t size, check;
	uint8_t kind, flags;
	uint16_t call;
	uint32_t count;
};

struct part {
	uint32_t size, place; /* in the frames of the block */
	uint64_t ordinal;
};

_Static_assert(sizeof(struct part) == 16, "as documented");
_Static_assert(sizeof(struct segment_header) == SEGMENT_HEADER, "as documented");
_Static_assert(sizeof(struct block_header) == BLOCK_HEADER, "as documented");
_Static_assert(sizeof(struct footer) == FOOTER_PAYLOAD, "as documented");
_Static_assert(sizeof(struct index_entry) == INDEX_ENTRY, "as documented");
_Static_assert(sizeof(struct buffer_header) == BUFFER_HEADER, "as documented");
_Static_assert(sizeof(struct frame_header) == FRAME_HEADER, "as documented");
