#include "log/repeats.h"

#include <stdlib.h>

#include "log/checksum.h"

enum {
	SLOTS = 64, /* blocks that are kept */
	BUCKETS = 1 << 12,
	WAYS = 4, /* pieces of a bucket; the oldest is forgotten first */
	PLACE_BITS = 18,
	TAG_BITS = 16,
};

_Static_assert(BUFFER_SIZE <= 1 << PLACE_BITS, "a piece's place fits");
_Static_assert(SLOTS + 2 * BUFFER_COUNT <= REPEAT_BLOCKS, "what one buffer repeats is in so many blocks");

/* Where the stream of a record's inputs or spans is; frames and buffers cut it anywhere. */
struct stream {
	uint8_t head[sizeof(struct part)];
	uint32_t head_size;
	uint64_t left, done; /* of the input or span */
	uint64_t run;        /* bytes of it that follow; 0 where a head does */
	bool continues;      /* in the next frame */
};

struct repeats {
	uint8_t *history;       /* the slots: frames of blocks. Block number N of those that were kept is in slot N modulo SLOTS */
	uint64_t ordinals[SLOTS];
	uint32_t sizes[SLOTS];
	uint64_t kept;          /* so many blocks were; the next one's slot is being filled, and readers must not look there */
	/*
	 * A piece is one word, so that the threads need no lock: the number of a kept block, a place in its frames, and some bits of its
	 * hash. What is no piece, or not any more, does no harm: the bytes there are compared.
	 */
	uint64_t pieces[BUCKETS][WAYS];

	/* The second thread. */
	struct stream stream;
	uint32_t found;         /* pieces in the block under way */
};

struct repeats *repeats_create(void)
{
	struct repeats *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->history = malloc((size_t)SLOTS * BUFFER_SIZE);
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

/* By some of a piece's bytes: those that are alike in them are compared, and most that differ at all differ there. */
static uint64_t sample(const uint8_t *bytes, uint32_t size)
{
	enum { ENDS = 32, SAMPLES = 16 };
	uint8_t samples[2 * ENDS + SAMPLES * sizeof(uint64_t)];
	uint32_t step = size / SAMPLES;
	memcpy(samples, bytes, ENDS);
	memcpy(samples + ENDS, bytes + size - ENDS, ENDS);
	for (uint32_t i = 0; i < SAMPLES; i++)
		memcpy(samples + 2 * ENDS + i * sizeof(uint64_t), bytes + (size_t)i * step, sizeof(uint64_t));
	return checksum(samples, sizeof samples);
}

static uint64_t piece_of(uint64_t number, uint32_t place, uint64_t hash)
{
	return number << (PLACE_BITS + TAG_BITS) | (uint64_t)place << TAG_BITS | hash >> (64 - TAG_BITS);
}

static uint64_t number_of(uint64_t piece)
{
	return piece >> (PLACE_BITS + TAG_BITS);
}

static uint32_t place_of(uint64_t piece)
{
	return piece >> TAG_BITS & ((1 << PLACE_BITS) - 1);
}

/* Whether `bytes` are where a piece says, in a block from number `kept` - SLOTS + 1 on. */
static bool is_at(const struct repeats *r, uint64_t piece, uint64_t hash, const uint8_t *bytes, uint32_t size, uint64_t kept)
{
	uint64_t slot = number_of(piece) % SLOTS;
	if ((piece & ((1 << TAG_BITS) - 1)) != hash >> (64 - TAG_BITS) || number_of(piece) + SLOTS <= kept)
		return false;
	if (place_of(piece) + size > __atomic_load_n(&r->sizes[slot], __ATOMIC_RELAXED))
		return false;
	return memcmp(r->history + slot * BUFFER_SIZE + place_of(piece), bytes, size) == 0;
}

bool repeats_find(const struct repeats *r, uint64_t first, uint64_t ordinal, const uint8_t *bytes, uint32_t size, struct part *ret_part)
{
	uint64_t kept = __atomic_load_n(&r->kept, __ATOMIC_ACQUIRE);
	if (!kept)
		return false;
	uint64_t hash = sample(bytes, size);
	const uint64_t *bucket = r->pieces[hash % BUCKETS];
	for (uint32_t i = 0; i < WAYS; i++) {
		uint64_t piece = __atomic_load_n(&bucket[i], __ATOMIC_RELAXED), number = number_of(piece);
		if (number >= kept || !is_at(r, piece, hash, bytes, size, kept))
			continue;
		struct part part = { size, place_of(piece), __atomic_load_n(&r->ordinals[number % SLOTS], __ATOMIC_RELAXED) };
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (number + SLOTS <= __atomic_load_n(&r->kept, __ATOMIC_RELAXED))
			return false; /* its slot was filled anew while it was looked at */
		if (part.ordinal < first ||
			part.ordinal + REPEAT_BACK - BUFFER_COUNT <= ordinal) /* what is put may go into the next buffers */
			return false;
		*ret_part = part;
		return true;
	}
	return false;
}

static void take_piece(struct repeats *r, const uint8_t *frames, uint32_t place, uint32_t size)
{
	uint64_t ordinal = r->ordinals[r->kept % SLOTS];
	uint64_t hash = sample(frames + place, size);
	uint64_t *bucket = r->pieces[hash % BUCKETS], *oldest = bucket;
	for (uint64_t *piece = bucket; piece < bucket + WAYS; piece++) {
		if (is_at(r, *piece, hash, frames + place, size, r->kept) &&
			r->ordinals[number_of(*piece) % SLOTS] + REPEAT_BACK / 2 > ordinal)
			return;
		if (*piece < *oldest)
			oldest = piece;
	}
	__atomic_store_n(oldest, piece_of(r->kept, place, hash), __ATOMIC_RELAXED);
	r->found++;
}

/* A part of an input or span, of which `done` bytes went before and `left` come in a row with this part and after it. */
static void take_bytes(struct repeats *r, const uint8_t *frames, uint32_t place, uint64_t size, uint64_t done, uint64_t left)
{
	uint64_t skip = -done % PIECE;
	while (skip < size) {
		uint64_t part = left - skip < PIECE ? left - skip : PIECE;
		if (part > size - skip || part < PIECE_MIN)
			return;
		take_piece(r, frames, place + (uint32_t)skip, (uint32_t)part);
		skip += part;
	}
}

/* The head of an input, of a span, or of a part of what is repeated partly. */
static void take_head(struct stream *s, bool spans)
{
	uint64_t head;
	struct part part;
	s->head_size = 0;
	if (s->left) {
		memcpy(&part, s->head, sizeof part);
		uint64_t size = part.size < s->left ? part.size : s->left;
		if (part.ordinal == PART_BYTES) {
			s->run = size;
		} else {
			s->done += size;
			s->left -= size;
		}
		return;
	}
	memcpy(&head, s->head, sizeof head);
	bool repeated = spans ? head >> 32 & SPAN_REPEATED : (head & INPUT_REPEATED) != 0;
	s->left = spans ? (uint32_t)(head >> 32) & ~(SPAN_IOV | SPAN_REPEATED) : head & ~INPUT_REPEATED;
	s->run = repeated ? 0 : s->left;
	s->done = 0;
}

static void take_stream(struct repeats *r, const uint8_t *frames, bool spans, uint32_t at, uint32_t end)
{
	struct stream *s = &r->stream;
	while (at < end) {
		if (s->run == 0) {
			s->head[s->head_size++] = frames[at++];
			if (s->head_size == (s->left ? sizeof(struct part) : sizeof(uint64_t)))
				take_head(s, spans);
			continue;
		}
		uint64_t size = s->run < end - at ? s->run : end - at;
		take_bytes(r, frames, at, size, s->done, s->run);
		at += (uint32_t)size;
		s->done += size;
		s->left -= size;
		s->run -= size;
	}
}

static void take_frame(struct repeats *r, const uint8_t *frames, const struct frame_header *frame, uint32_t at)
{
	struct stream *s = &r->stream;
	bool begins = frame->kind == FRAME_BEGIN || frame->kind >= FRAME_WHOLE;
	bool continues = frame->flags & FRAME_CONTINUES, continued = s->continues && !begins;
	if (frame->size < PIECE_MIN && !continues && !continued) { /* most are: they must cost nothing */
		s->continues = false;
		return;
	}
	uint32_t fixed = begins ? 8 + 8 * (frame->count < 16 ? frame->count : 16) : frame->kind == FRAME_END ? 8 : 0;
	uint32_t start = at + FRAME_HEADER + fixed, end = at + frame->size - (frame->flags >> FRAME_PADDING_SHIFT & 7);
	if (!continued)
		*s = (struct stream){ 0 };
	s->continues = continues;
	if (start < end)
		take_stream(r, frames, frame->kind == FRAME_END, start, end);
}

uint8_t *repeats_slot(const struct repeats *r)
{
	return r->history + r->kept % SLOTS * BUFFER_SIZE;
}

bool repeats_take(struct repeats *r, uint64_t ordinal, uint32_t size)
{
	uint8_t *slot = repeats_slot(r);
	__atomic_store_n(&r->ordinals[r->kept % SLOTS], ordinal, __ATOMIC_RELAXED);
	__atomic_store_n(&r->sizes[r->kept % SLOTS], size, __ATOMIC_RELAXED);
	r->found = 0;
	for (uint32_t at = 0; at < size;) {
		struct frame_header frame;
		memcpy(&frame, slot + at, sizeof frame);
		if (frame.size < FRAME_HEADER || frame.size > size - at)
			return false;
		take_frame(r, slot, &frame, at);
		memset(slot + at + offsetof(struct frame_header, check), 0, sizeof frame.check);
		at += frame.size;
	}
	return true;
}

void repeats_publish(struct repeats *r)
{
	if (!r->found) /* nobody looks for anything in it: the next block may take its slot */
		return;
	__atomic_store_n(&r->kept, r->kept + 1, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* who sees what is written into the next slot sees this */
}
