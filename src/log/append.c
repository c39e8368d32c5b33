/* The guest's thread's side of a writer: from what happened to frames in the ring. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/writer_parts.h"

enum { CALL_FIXED = 8 }; /* ticks, at the start of BEGIN and END */
enum {
	PARTS = 64,     /* that are looked for at once */
	PATIENCE = 256, /* pieces: a program that repeats nothing for so long is looked at */
	RARELY = 8,     /* only for each eighth from then on */
};

static void enter_buffer(struct log_writer *w, uint64_t ordinal)
{
	struct buffer_header *buffer = writer_buffer(w, ordinal);
	w->ordinal = ordinal;
	buffer->first_number = w->number;
	w->at = (uint8_t *)(buffer + 1);
	w->committed = w->at;
	w->end = (uint8_t *)buffer + BUFFER_SIZE - FRAME_HEADER;
	if (!w->mapped)
		tail_written(w, buffer, sizeof *buffer);
}

void append_start(struct log_writer *w)
{
	enter_buffer(w, 0);
}

/* Waits until so many buffers behind the current one are free. They stay usable when the writer has failed: the tail is still there. */
static bool await_buffers(struct log_writer *w, uint64_t count)
{
	pthread_mutex_lock(&w->lock);
	while (w->filled - w->flushed + 1 + count > BUFFER_COUNT && !w->failed)
		pthread_cond_wait(&w->room, &w->lock);
	bool free = w->filled - w->flushed + 1 + count <= BUFFER_COUNT;
	pthread_mutex_unlock(&w->lock);
	return free;
}

/* From here on nothing is written any more: there is no frame, and no space that a put could use. */
static bool shut(struct log_writer *w)
{
	w->frame = NULL;
	w->at = w->end;
	return false;
}

/* Hands the full buffer over and waits for the next one to be free. */
static bool next_buffer(struct log_writer *w)
{
	uint32_t mark = FRAME_BUFFER_ENDS;
	if (!w->failed)
		flush_thread_start(w);
	__atomic_store_n((uint32_t *)w->at, mark, __ATOMIC_RELEASE);
	if (!w->mapped)
		tail_written(w, w->at, sizeof mark);
	pthread_mutex_lock(&w->lock);
	w->filled++;
	if (w->roll) {
		/* Nothing of a segment repeats what is in another one. What was found before now is in the next two buffers at most. */
		w->segment_first = w->ordinal + 3;
		w->roll = false;
	}
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	if (!await_buffers(w, 0))
		return shut(w);
	enter_buffer(w, w->ordinal + 1);
	return true;
}

/*
 * A frame's second word: kind, flags, call and count. It is put together in a register and stored at once: what is stored in parts is slow
 * to load whole, as the check does.
 */
static inline uint64_t frame_word(uint8_t kind, uint8_t flags, uint16_t call, uint32_t count)
{
	return kind | (uint64_t)flags << 8 | (uint64_t)call << 16 | (uint64_t)count << 32;
}

/* Begins a frame where the word for its size is 0; that stays so until finish_frame. */
static bool start_frame(struct log_writer *w, uint8_t kind, uint16_t call, uint32_t fixed)
{
	if ((size_t)(w->end - w->at) < FRAME_HEADER + fixed + 64 && !next_buffer(w))
		return false;
	w->frame = (struct frame_header *)w->at;
	w->frame_word = frame_word(kind, 0, call, 0);
	w->at += FRAME_HEADER + fixed;
	return true;
}

/* The one store that makes a frame part of the recording. */
static void finish_frame(struct log_writer *w)
{
	struct frame_header *frame = w->frame;
	size_t size = (size_t)(w->at - (uint8_t *)frame);
	size_t padding = -size & 7;
	uint64_t word = w->frame_word | frame_word(0, (uint8_t)(padding << FRAME_PADDING_SHIFT), 0, 0), zero = 0;
	memcpy(&frame->kind, &word, sizeof word);
	memcpy(w->at, &zero, sizeof zero); /* the padding, and in the room for an end mark what follows it */
	w->at += padding;
	size += padding;
	frame->check = (uint32_t)checksum((uint8_t *)frame + 8, size - 8);
	*(uint32_t *)w->at = 0; /* the next frame's size, before this one can be seen */
	w->committed = w->at;
	__atomic_store_n(&frame->size, (uint32_t)size, __ATOMIC_RELEASE);
	if (__builtin_expect(!w->mapped, 0)) {
		tail_written(w, (uint8_t *)frame + 4, size);
		tail_written(w, frame, 4);
	}
}

/* Ends the frame where its stream goes on in the next buffer. */
static bool continue_frame(struct log_writer *w)
{
	uint16_t call = (uint16_t)(w->frame_word >> 16);
	w->frame_word |= frame_word(0, FRAME_CONTINUES, 0, 0);
	finish_frame(w);
	if (!next_buffer(w))
		return false;
	return start_frame(w, w->next_kind, call, w->next_kind == FRAME_END ? CALL_FIXED : 0);
}

static void put_long(struct log_writer *w, const uint8_t *data, size_t size)
{
	while (size && w->frame) {
		size_t room = (size_t)(w->end - w->at) & ~(size_t)7;
		size_t part = size < room ? size : room;
		memcpy(w->at, data, part);
		w->at += part;
		data += part;
		size -= part;
		if (size && !continue_frame(w))
			return;
	}
}

static inline void put(struct log_writer *w, const void *data, size_t size)
{
	if (__builtin_expect(size + 8 > (size_t)(w->end - w->at), 0)) {
		put_long(w, data, size);
		return;
	}
	switch (size) { /* most are numbers: not worth a call */
	case 4: memcpy(w->at, data, 4); break;
	case 8: memcpy(w->at, data, 8); break;
	default: memcpy(w->at, data, size); break;
	}
	w->at += size;
}

/* The parts of `size` bytes, at most as many as PARTS pieces have: where they are repeated from, and what is new. How many there are. */
static uint32_t find_parts(struct log_writer *w, const uint8_t *bytes, size_t size, struct part *parts, bool *ret_repeated)
{
	uint32_t count = 0;
	*ret_repeated = false;
	for (size_t at = 0; at < size;) {
		struct part part = { (uint32_t)(size - at < PIECE ? size - at : PIECE), 0, PART_BYTES },
			    *last = count ? &parts[count - 1] : NULL;
		bool look = part.size >= PIECE_MIN && (w->misses < PATIENCE || w->misses % RARELY == 0);
		bool found = look && repeats_find(w->repeats, w->segment_first, w->ordinal, bytes + at, part.size, &part);
		w->misses = found ? 0 : w->misses + 1;
		*ret_repeated |= found;
		at += part.size;
		if (last && last->ordinal == part.ordinal && (!found || last->place + last->size == part.place))
			last->size += part.size;
		else
			parts[count++] = part;
	}
	return count;
}

static void put_parts(struct log_writer *w, const uint8_t *bytes, const struct part *parts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		put(w, &parts[i], sizeof parts[i]);
		if (parts[i].ordinal == PART_BYTES)
			put(w, bytes, parts[i].size);
		bytes += parts[i].size;
	}
}

/* An input or span. If some of it is repeated its head has a mark, and parts follow, else its bytes. */
static void put_bytes(struct log_writer *w, uint64_t head, uint64_t mark, const uint8_t *bytes, uint64_t size)
{
	enum { WINDOW = PARTS * PIECE };
	struct part parts[PARTS];
	bool repeated = false;
	uint32_t count = find_parts(w, bytes, size < WINDOW ? size : WINDOW, parts, &repeated);
	head |= repeated ? mark : 0;
	put(w, &head, sizeof head);
	if (!repeated) {
		put(w, bytes, size);
		return;
	}
	put_parts(w, bytes, parts, count);
	for (uint64_t at = WINDOW; at < size; at += WINDOW) {
		count = find_parts(w, bytes + at, size - at < WINDOW ? size - at : WINDOW, parts, &repeated);
		put_parts(w, bytes + at, parts, count);
	}
}

/* Whether bytes are looked for among those that were written: what a follower is told of is written whole, for it has no segment to look
 * in. */
static inline bool may_repeat(const struct log_writer *w, uint64_t size)
{
	if (__builtin_expect(size < PIECE_MIN || !w->repeats, 1))
		return false;
	const struct log_follower *follower = w->options.follower;
	uint16_t call = (uint16_t)(w->frame_word >> 16);
	return !follower || call >= follower->wanted_count || follower->wanted[call] != FOLLOW_ALL;
}

void log_input(struct log_writer *w, const void *data, uint64_t size)
{
	if (may_repeat(w, size)) {
		put_bytes(w, size, INPUT_REPEATED, data, size);
		return;
	}
	put(w, &size, sizeof size);
	put(w, data, size);
}

bool log_begin(struct log_writer *w, uint16_t call, const uint64_t *args, uint32_t arg_count, bool faulted)
{
	if (__builtin_expect(w->failed, 0))
		return shut(w);
	if (__builtin_expect(!start_frame(w, FRAME_BEGIN, call, CALL_FIXED + 8 * arg_count), 0))
		return false;
	w->frame_word |= frame_word(0, faulted ? FRAME_FAULTED : 0, 0, arg_count);
	w->start = __builtin_expect(w->copied, 0) ? w->next_start : time_ticks();
	uint64_t *fixed = (uint64_t *)(w->frame + 1);
	fixed[0] = w->start;
	for (uint32_t i = 0; i < arg_count; i++)
		fixed[1 + i] = args[i];
	w->next_kind = FRAME_INPUT;
	w->number++;
	return true;
}

/*
 * Space behind the segment's end, while the second thread has nothing to do; an errno. What file systems cannot reserve has to be there
 * when it is needed.
 */
static int reserve_in_segment(struct log_writer *w, uint64_t size)
{
	struct rlimit limit;
	char name[SEGMENT_NAME];
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && (limit.rlim_cur < w->segment_size || limit.rlim_cur - w->segment_size < size))
		return EFBIG;
	int fd = openat(w->dir_fd, segment_name(w->segment, name), O_WRONLY | O_CLOEXEC); /* the other thread's is its own */
	int error = fd < 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)w->segment_size, (off_t)size) != 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	w->reserved |= error == 0;
	return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO ? error : 0;
}

/*
 * Space for what the host may write, before it does: in the ring, which the second thread is waited for to clear, or, for what is larger
 * than that, in the segment too, which it is then emptied into.
 */
static bool reserve_buffers(struct log_writer *w, uint64_t size)
{
	enum { HELD = BUFFER_SIZE - BUFFER_HEADER - 4 * FRAME_HEADER }; /* by a buffer, at least */
	uint64_t buffers = size / HELD + 1;
	if (buffers < BUFFER_COUNT)
		return await_buffers(w, buffers);
	if (!await_buffers(w, BUFFER_COUNT - 1))
		return false;
	int error = reserve_in_segment(w, size + BUFFER_SIZE + (buffers + 2) * BLOCK_HEADER);
	if (error)
		writer_fail(w, error);
	return !w->failed;
}

bool log_commit(struct log_writer *w, uint64_t output_bound, uint32_t span_bound)
{
	if (w->failed || !w->frame)
		return shut(w);
	uint16_t call = (uint16_t)(w->frame_word >> 16);
	uint64_t bound = output_bound + output_bound / 8192 + 16 * (uint64_t)span_bound; /* heads of spans, and of parts that are new */
	if (__builtin_expect(bound + 256 > (size_t)(w->end - w->at), 0) && !reserve_buffers(w, bound))
		return shut(w);
	finish_frame(w);
	if (w->failed && (w->failed < 0 || !w->mapped))
		return shut(w); /* it is not in the tail */
	if (__builtin_expect(w->options.sync == LOG_SYNC_ALWAYS, 0) && fdatasync(w->tail_fd) != 0) {
		writer_fail(w, errno);
		return shut(w);
	}
	w->next_kind = FRAME_END;
	w->end_flags = 0;
	return start_frame(w, FRAME_END, call, CALL_FIXED);
}

void log_span(struct log_writer *w, uint32_t offset, const void *data, uint64_t size, bool iov)
{
	enum { MOST = SPAN_REPEATED - 8 }; /* a span's size has 30 bits */
	const uint8_t *at = data;
	for (; size > MOST; size -= MOST, at += MOST, offset += MOST)
		log_span(w, offset, at, MOST, iov);
	uint64_t head = offset | (size | (iov ? SPAN_IOV : 0)) << 32;
	if (may_repeat(w, size)) {
		put_bytes(w, head, (uint64_t)SPAN_REPEATED << 32, at, size);
		return;
	}
	put(w, &head, sizeof head);
	put(w, at, size);
}

void log_note(struct log_writer *w, struct view note)
{
	uint64_t head = SPAN_NOTE | (uint64_t)note.size << 32;
	w->end_flags = FRAME_NOTED;
	put(w, &head, sizeof head);
	put(w, note.data, note.size);
}

void log_end(struct log_writer *w, uint32_t result, uint8_t end)
{
	if (!w->frame)
		return;
	w->frame_word |= frame_word(0, (uint8_t)(end << FRAME_END_SHIFT | w->end_flags), 0, result);
	*(uint64_t *)(w->frame + 1) = __builtin_expect(w->copied, 0) ? w->next_duration : time_ticks() - w->start;
	finish_frame(w);
}

bool log_event(struct log_writer *w, enum record_kind kind, const uint64_t *args, uint32_t arg_count, struct view text)
{
	if (!log_begin(w, 0, args, arg_count, false))
		return false;
	w->frame_word ^= frame_word(FRAME_BEGIN ^ (uint8_t)(FRAME_WHOLE + kind), 0, 0, 0);
	if (text.size) {
		size_t room = (size_t)(w->end - w->at) / 2; /* a text is cut rather than continued */
		size_t size = text.size < room ? text.size : room;
		uint64_t head = size;
		put(w, &head, sizeof head);
		put(w, text.data, size);
	}
	if (kind != RECORD_GROW) {
		w->end_kind = kind;
		w->end_args[0] = arg_count > 0 ? args[0] : 0;
		w->end_args[1] = arg_count > 1 ? args[1] : 0;
	}
	if (!w->frame)
		return false;
	finish_frame(w);
	return true;
}

static bool put_call(struct log_writer *w, const struct record *record)
{
	uint64_t bound = 0;
	if (!log_begin(w, record->call, record->args, record->arg_count, record->faulted))
		return false;
	for (uint32_t i = 0; i < record->input_count; i++)
		log_input(w, record->inputs[i].data, record->inputs[i].size);
	for (uint32_t i = 0; i < record->span_count; i++)
		bound += record->spans[i].size;
	for (uint32_t i = 0; i < record->note_count; i++)
		bound += record->notes[i].size;
	if (!log_commit(w, bound, record->span_count + record->note_count) || !record->finished)
		return !w->failed && w->frame;
	for (uint32_t i = 0; i < record->span_count; i++)
		log_span(w, record->spans[i].offset, record->spans[i].data, record->spans[i].size, record->spans[i].iov);
	for (uint32_t i = 0; i < record->note_count; i++)
		log_note(w, record->notes[i]);
	log_end(w, record->result, record->end);
	return !w->failed && w->frame;
}

bool log_put(struct log_writer *w, const struct record *record)
{
	w->next_start = record->start;
	w->next_duration = record->duration;
	if (record->kind == RECORD_CALL)
		return put_call(w, record);
	return log_event(w, (enum record_kind)record->kind, record->args, record->arg_count,
		record->input_count ? record->inputs[0] : (struct view){ 0 });
}
