/*
 * A recording of a killed process. The first byte says whether its frames, which are the rest, are in a block or in the tail, and whether
 * a byte of them is changed behind the checks, and whether they are in both, so that parts can repeat bytes of the block. The checks are
 * made to fit, since no fuzzer would guess them. Mending it must not change what is read.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "fuzz.h"
#include "log/checksum.h"
#include "log/format.h"
#include "log/mend.h"
#include "log/reader.h"

static char path[64];

static void remove_folder(void)
{
	char file[96];
	snprintf(file, sizeof file, "%s/00000000.log", path);
	unlink(file);
	snprintf(file, sizeof file, "%s/tail", path);
	unlink(file);
	rmdir(path);
}

/* A directory of this process's own; in memory where that is to be had, since each input writes two files. */
static int folder(void)
{
	static int fd = -1;
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof path, "/dev/shm/fuzz_log.XXXXXX");
	if (!mkdtemp(path)) {
		snprintf(path, sizeof path, "/tmp/fuzz_log.XXXXXX");
		if (!mkdtemp(path))
			abort();
	}
	atexit(remove_folder);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		abort();
	return fd;
}

/* The bytes from `at` on, in a file of `size` that is zero elsewhere. */
static void store(int dir_fd, const char *name, struct view bytes, size_t at, size_t size)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || pwrite(fd, bytes.data, bytes.size, (off_t)at) != (ssize_t)bytes.size || ftruncate(fd, (off_t)size) != 0)
		abort();
	close(fd);
}

/* Gives each frame, as far as they follow on each other, the check that it should have. Returns how many records begin. */
static uint64_t check_frames(uint8_t *frames, size_t size)
{
	uint64_t count = 0;
	for (size_t at = 0; size - at >= FRAME_HEADER;) {
		struct frame_header frame;
		memcpy(&frame, frames + at, sizeof frame);
		if (frame.size < FRAME_HEADER || frame.size > size - at)
			break;
		frame.check = (uint32_t)checksum(frames + at + 8, frame.size - 8);
		memcpy(frames + at, &frame, sizeof frame);
		at += frame.size;
		count += frame.kind == FRAME_BEGIN || frame.kind >= FRAME_WHOLE;
	}
	return count;
}

static void put_segment(struct buf *out, struct view frames, uint64_t count, bool in_block)
{
	struct segment_header segment = { .magic = { 0 }, .tick_scale = (uint64_t)1 << 32, .flags = SEGMENT_REPEATS };
	struct block_header block = { .magic = BLOCK_MAGIC, .kind = BLOCK_RECORDS, .codec = CODEC_RAW, .record_count = count };
	memcpy(segment.magic, LOG_MAGIC, sizeof segment.magic);
	segment.check = checksum(&segment, offsetof(struct segment_header, check));
	buf_append(out, &segment, sizeof segment);
	if (!in_block)
		return;
	block.raw_size = block.stored_size = (uint32_t)frames.size;
	block.check = checksum(&block, offsetof(struct block_header, check));
	buf_append(out, &block, sizeof block);
	buf_append(out, frames.data, frames.size);
}

/* Its header, and the buffer that is to come next with these frames. */
static void put_tail(int dir_fd, struct view frames, uint64_t ordinal, uint64_t first_number)
{
	BUF_CLEANUP struct buf out = { 0 };
	struct tail_header tail = { .buffer_size = BUFFER_SIZE, .buffer_count = BUFFER_COUNT, .tick_scale = (uint64_t)1 << 32 };
	struct buffer_header buffer = { .ordinal = ordinal, .first_number = first_number };
	size_t at = TAIL_HEADER + ordinal * BUFFER_SIZE, size = TAIL_HEADER + (ordinal + 1) * BUFFER_SIZE;
	memcpy(tail.magic, TAIL_MAGIC, sizeof tail.magic);
	tail.check = checksum(&tail, offsetof(struct tail_header, check));
	store(dir_fd, "tail", (struct view){ 0 }, 0, 0);
	store(dir_fd, "tail", view_of(&tail, sizeof tail), 0, size);
	buf_append(&out, &buffer, sizeof buffer);
	buf_append(&out, frames.data, frames.size);
	store(dir_fd, "tail", buf_view(&out), at, size);
}

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
	return (hash ^ checksum(data ? data : "", size)) * UINT64_C(0x9e3779b97f4a7c15);
}

/* All of a record but its time. All that it points at must be readable. */
static uint64_t mix_record(uint64_t hash, const struct record *record)
{
	uint64_t head[] = { record->number, record->kind, record->finished, record->faulted, record->call, record->result,
		record->arg_count };
	hash = mix(hash, head, sizeof head);
	hash = mix(hash, record->args, record->arg_count * sizeof *record->args);
	for (uint32_t i = 0; i < record->input_count; i++)
		hash = mix(hash, record->inputs[i].data, record->inputs[i].size);
	for (uint32_t i = 0; i < record->span_count; i++)
		hash = mix(hash, record->spans[i].data, record->spans[i].size);
	return hash;
}

/* Reads to the end. What is wrong must be said, and reading must come to an end. */
static uint64_t read_log(int dir_fd)
{
	struct log_reader *reader;
	struct record record;
	uint64_t hash = 0;
	if (log_open(dir_fd, &reader))
		return 0;
	for (uint32_t i = 0; i < 1000000; i++) {
		enum err err = log_next(reader, &record);
		if (err == ERR_END) {
			log_close(reader);
			return hash;
		}
		hash = err ? hash : mix_record(hash, &record);
	}
	__builtin_trap();
}

static void ignore(void *data, enum log_finding finding, const char *text)
{
	(void)data, (void)finding, (void)text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_CLEANUP struct buf frames = { 0 }, segment = { 0 };
	if (size < 2 || size > BUFFER_SIZE - 2 * BUFFER_HEADER)
		return 0;
	bool in_block = data[0] & 1;
	buf_append(&frames, data + 1, size - 1);
	uint64_t count = check_frames(frames.data, frames.size);
	if (data[0] & 2) /* behind the checks */
		frames.data[(size_t)data[0] % frames.size] ^= 4;
	put_segment(&segment, buf_view(&frames), count, in_block);
	put_tail(folder(), in_block && !(data[0] & 4) ? view_of(NULL, 0) : buf_view(&frames), in_block ? 1 : 0, in_block ? count : 0);
	store(folder(), "00000000.log", buf_view(&segment), 0, segment.size);
	uint64_t hash = read_log(folder());
	if (log_mend(folder(), true, ignore, NULL) == ERR_NONE && read_log(folder()) != hash)
		__builtin_trap();
	return 0;
}
