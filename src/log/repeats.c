#include "log/repeats.h"

#include <stdlib.h>

#include "log/checksum.h"

enum {
	PIECE = 4096,
	PIECE_MIN = 512,
	HISTORY = 16 << 20, /* of literals */
	BUCKETS = 1 << 12,
	WAYS = 4, /* pieces of a bucket; the oldest is forgotten first */
};

/* A piece among the literals of a block. */
struct piece {
	uint64_t ordinal;
	uint32_t offset, size;
	uint64_t hash;
};

/* Where the stream of a record's inputs or spans is; frames and buffers cut it anywhere. */
struct stream {
	uint8_t head[8];
	uint32_t head_size;
	uint64_t left, done; /* of the input or span */
	bool continues;      /* in the next frame */
};

struct repeats {
	uint8_t *history;               /* what is at position P is at P % HISTORY */
	uint64_t bases[REFERENCE_BACK]; /* where the literals of a block begin, by its ordinal */
	struct piece pieces[BUCKETS][WAYS];
	uint64_t next;                  /* position: where the next block's literals begin */
	struct stream stream;

	/* The block under way. */
	uint64_t ordinal;
	const uint8_t *frames;
	uint8_t *literals;
	uint32_t literal_size;
	uint32_t taken;                 /* of the frames, as literals or by references */
	uint32_t count, found;          /* references; pieces that may be referred to */
	uint64_t blocks[REFERENCE_BLOCKS];
	uint32_t block_count;
	struct reference references[REFERENCES_MAX];
};

struct repeats *repeats_create(void)
{
	struct repeats *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->history = malloc(HISTORY);
	if (r->history)
		return r;
	free(r);
	return NULL;
}

void repeats_destroy(struct repeats *r)
{
	if (!r)
		return;
	free(r->history);
	free(r);
}

static void take_literals(struct repeats *r, uint32_t to)
{
	memcpy(r->literals + r->literal_size, r->frames + r->taken, to - r->taken);
	r->literal_size += to - r->taken;
	r->taken = to;
}

/* The bytes of a piece, if a reader of this block may still be sent there. */
static const uint8_t *piece_bytes(const struct repeats *r, const struct piece *piece)
{
	if (piece->ordinal + REFERENCE_BACK <= r->ordinal)
		return NULL;
	uint64_t position = r->bases[piece->ordinal % REFERENCE_BACK] + piece->offset;
	return position + HISTORY < r->next + BUFFER_SIZE ? NULL : r->history + position % HISTORY;
}

/* Blocks may refer to a few others only, which a reader has to hold. */
static bool may_refer(struct repeats *r, uint64_t ordinal)
{
	for (uint32_t i = r->block_count; i-- > 0;) {
		if (r->blocks[i] == ordinal)
			return true;
	}
	if (r->block_count == REFERENCE_BLOCKS)
		return false;
	r->blocks[r->block_count++] = ordinal;
	return true;
}

static bool refer(struct repeats *r, uint32_t at, const struct piece *piece)
{
	struct reference *last = r->count ? &r->references[r->count - 1] : NULL;
	uint32_t back = (uint32_t)(r->ordinal - piece->ordinal);
	if (!may_refer(r, piece->ordinal))
		return false;
	if (last && last->at + last->size == at && last->back == back && last->from + last->size == piece->offset) {
		last->size += piece->size;
	} else {
		if (r->count == REFERENCES_MAX)
			return false;
		take_literals(r, at);
		r->references[r->count++] = (struct reference){ .at = at, .size = piece->size, .back = back, .from = piece->offset };
	}
	r->taken = at + piece->size;
	return true;
}

/* By some of a piece's bytes: those that are alike in them are compared, and most that differ at all differ there. */
static uint64_t sample(const uint8_t *bytes, uint32_t size)
{
	enum { ENDS = 128, SAMPLES = 16 };
	uint8_t samples[2 * ENDS + SAMPLES * sizeof(uint64_t)];
	uint32_t step = size / SAMPLES;
	memcpy(samples, bytes, ENDS);
	memcpy(samples + ENDS, bytes + size - ENDS, ENDS);
	for (uint32_t i = 0; i < SAMPLES; i++)
		memcpy(samples + 2 * ENDS + i * sizeof(uint64_t), bytes + (size_t)i * step, sizeof(uint64_t));
	return checksum(samples, sizeof samples);
}

/* A piece at `at` of the frames: known, or to be known from now on. */
static void take_piece(struct repeats *r, uint32_t at, uint32_t size)
{
	uint64_t hash = sample(r->frames + at, size);
	struct piece *bucket = r->pieces[hash % BUCKETS], *oldest = bucket;
	for (struct piece *piece = bucket; piece < bucket + WAYS; piece++) {
		const uint8_t *bytes = piece->hash == hash && piece->size == size ? piece_bytes(r, piece) : NULL;
		if (bytes && memcmp(bytes, r->frames + at, size) == 0 && refer(r, at, piece))
			return;
		if (piece->ordinal < oldest->ordinal)
			oldest = piece;
	}
	*oldest = (struct piece){ .ordinal = r->ordinal, .offset = r->literal_size + at - r->taken, .size = size, .hash = hash };
	take_literals(r, at + size);
	r->found++;
}

/* A part of an input or span, of which `done` bytes went before it and `left` come with it and after it. */
static void take_bytes(struct repeats *r, uint32_t at, uint64_t size, uint64_t done, uint64_t left)
{
	uint64_t skip = -done % PIECE;
	while (skip < size) {
		uint64_t part = left - skip < PIECE ? left - skip : PIECE;
		if (part > size - skip || part < PIECE_MIN)
			return;
		take_piece(r, at + (uint32_t)skip, (uint32_t)part);
		skip += part;
	}
}

static void take_stream(struct repeats *r, bool spans, uint32_t at, uint32_t end)
{
	struct stream *s = &r->stream;
	while (at < end) {
		if (s->left == 0) {
			s->head[s->head_size++] = r->frames[at++];
			if (s->head_size < sizeof s->head)
				continue;
			uint64_t head;
			memcpy(&head, s->head, sizeof head);
			s->left = spans ? (uint32_t)(head >> 32) & ~SPAN_IOV : head;
			s->done = s->head_size = 0;
			continue;
		}
		uint64_t part = s->left < end - at ? s->left : end - at;
		take_bytes(r, at, part, s->done, s->left);
		at += (uint32_t)part;
		s->done += part;
		s->left -= part;
	}
}

static void take_frame(struct repeats *r, const struct frame_header *frame, uint32_t at)
{
	struct stream *s = &r->stream;
	uint32_t literal = r->literal_size, end = at + frame->size;
	bool begins = frame->kind == FRAME_BEGIN || frame->kind >= FRAME_WHOLE;
	bool continues = frame->flags & FRAME_CONTINUES, continued = s->continues && !begins;
	take_literals(r, at + FRAME_HEADER);
	memset(r->literals + literal + offsetof(struct frame_header, check), 0, sizeof frame->check);
	s->continues = continues;
	if (frame->size >= PIECE_MIN || continues || continued) {
		uint32_t fixed = begins ? 8 + 8 * (frame->count < 16 ? frame->count : 16) : frame->kind == FRAME_END ? 8 : 0;
		if (!continued)
			*s = (struct stream){ .continues = continues };
		uint32_t stream_end = end - (frame->flags >> FRAME_PADDING_SHIFT & 7);
		if (at + FRAME_HEADER + fixed <= stream_end)
			take_stream(r, frame->kind == FRAME_END, at + FRAME_HEADER + fixed, stream_end);
	}
	take_literals(r, end);
}

bool repeats_part(struct repeats *r, uint64_t ordinal, const uint8_t *frames, uint32_t size, struct parted *ret_parted)
{
	if (r->next % HISTORY + BUFFER_SIZE > HISTORY)
		r->next += HISTORY - r->next % HISTORY;
	r->ordinal = ordinal;
	r->bases[ordinal % REFERENCE_BACK] = r->next;
	r->frames = frames;
	r->literals = r->history + r->next % HISTORY;
	r->literal_size = r->taken = r->count = r->found = r->block_count = 0;
	for (uint32_t at = 0; at < size;) {
		struct frame_header frame;
		memcpy(&frame, frames + at, sizeof frame);
		if (frame.size < FRAME_HEADER || frame.size > size - at)
			return false;
		take_frame(r, &frame, at);
		at += frame.size;
	}
	*ret_parted = (struct parted){ r->literals, r->literal_size, r->references, r->count };
	if (r->found) /* else nothing refers to them: the next block's take their place */
		r->next += r->literal_size;
	return true;
}
