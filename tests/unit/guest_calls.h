/* A guest without code: memory, and the calls that it would make, answered by the layer under test. */
#pragma once

#include <fcntl.h>

#include "folder.h"
#include "host/host.h"
#include "wasi/abi.h"
#include "wasi/net.h"

enum {
	MEMORY = 1 << 18,
	/* Where calls have what they read, what they write, and strings. */
	IN = 1 << 10,
	OUT = 1 << 17,
	TEXT = 1 << 16,
};

static uint8_t bytes[MEMORY], before[MEMORY];
static struct memory memory = { .base = bytes, .size = MEMORY };
static struct host *host;
static enum call_end end;

static inline void put_u32(uint32_t at, uint32_t value)
{
	memcpy(bytes + at, &value, sizeof value);
}

static inline void put_u64(uint32_t at, uint64_t value)
{
	memcpy(bytes + at, &value, sizeof value);
}

static inline uint32_t put_text(const char *text)
{
	size_t size = strlen(text);
	assert_in_range(size, 0, 4096);
	memcpy(bytes + TEXT, text, size);
	return (uint32_t)size;
}

static inline void put_vector(uint32_t at, uint32_t data, uint32_t size)
{
	put_u32(at, data);
	put_u32(at + 4, size);
}

/* A recording: what was in memory before the call, with the spans put there. */
static inline void put_span(struct call_output *output, uint32_t offset, const void *data, uint32_t size, bool iov)
{
	(void)output;
	(void)iov;
	memcpy(before + offset, data, size);
}

/* The notes of the last call. */
static struct note notes[8];
static uint8_t note_bytes[8][NOTE_SIZE_MAX]; /* that their texts are in */
static uint32_t note_count;

static inline void keep_note(struct call_output *output, struct view note)
{
	(void)output;
	if (note_count == sizeof notes / sizeof *notes)
		return;
	memcpy(note_bytes[note_count], note.data, note.size);
	if (note_decode(view_of(note_bytes[note_count], note.size), &notes[note_count]))
		note_count++;
}

/* The errno, or the exit code or signal. Whatever the call writes to memory it must have told of. */
static inline uint32_t call_host(struct call call)
{
	struct call_output output = { put_span, keep_note };
	note_count = 0;
	memcpy(before, bytes, MEMORY);
	call.memory = &memory;
	call.output = &output;
	layer_call(host_layer(host), &call);
	end = call.end;
	assert_memory_equal(before, bytes, MEMORY);
	return call.result;
}

#define CALL(name, ...) call_host((struct call){ .type = call_type(CALL_##name), .args = { __VA_ARGS__ } })

static inline int count_open(void)
{
	int count = 0;
	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* A host with a test's folder as descriptor 3 and these for 0 to 2. */
static inline void make_host(int in, int out, int stop)
{
	struct host_dir dir = { .path = folder, .guest = "/data" };
	struct host_options options = { .dirs = &dir, .dir_count = 1, .stdio = { in, out, -1 }, .stop_fd = stop, .registry_fd = -1 };
	assert_int_equal(host_create(&options, &host), ERR_NONE);
	memset(bytes, 0xee, MEMORY);
}

static const uint64_t all_rights = (1 << 30) - 1;
static const uint64_t read_rights = all_rights & ~(uint64_t)WASI_rights_FD_WRITE;

static inline uint32_t open_path(const char *path, uint32_t oflags, uint64_t rights, uint32_t fdflags)
{
	return CALL(path_open, 3, WASI_lookupflags_SYMLINK_FOLLOW, TEXT, put_text(path), oflags, rights, all_rights, fdflags, OUT);
}
