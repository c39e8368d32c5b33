#include "replay/stdio.h"

#include <errno.h>
#include <unistd.h>

/* 1 or 2 if the guest's descriptor stands for that; 0 if not. */
static int stream_of(const struct stdio_layer *s, uint64_t fd)
{
	for (int i = 1; i < 3; i++) {
		if (s->open[i] && s->fds[i] == fd)
			return i;
	}
	return 0;
}

static void close_fd(struct stdio_layer *s, uint64_t fd)
{
	for (int i = 0; i < 3; i++)
		s->open[i] &= s->fds[i] != fd;
}

static void move_fd(struct stdio_layer *s, uint64_t from, uint64_t to)
{
	if (from == to)
		return;
	close_fd(s, to);
	for (int i = 0; i < 3; i++) {
		if (s->open[i] && s->fds[i] == from)
			s->fds[i] = (uint32_t)to;
	}
}

/* Where our own output goes may be closed or full: that is no matter of the guest's. */
static void show(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t part = write(fd, data, size);
		if (part < 0 && errno != EINTR)
			return;
		data += part > 0 ? part : 0;
		size -= part > 0 ? (size_t)part : 0;
	}
}

static void show_vectors(const struct call *call, int fd, uint32_t left)
{
	const uint8_t *vector = memory_at(call->memory, call->args[1], call->args[2] * 8);
	if (!vector)
		return;
	for (uint64_t i = 0; i < call->args[2] && left; i++, vector += 8) {
		uint32_t size = load_u32(vector + 4);
		size = size < left ? size : left;
		const uint8_t *data = memory_at(call->memory, load_u32(vector), size);
		if (!data)
			return;
		show(fd, data, size);
		left -= size;
	}
}

/* As much as the call said that it wrote. It said so in memory, over whatever was there: what it wrote may be among that. */
static void show_written(const struct call *call, int fd, uint64_t nwritten, uint32_t before)
{
	uint8_t *written = memory_at(call->memory, nwritten, sizeof before);
	if (!written)
		return;
	uint32_t size = load_u32(written);
	memcpy(written, &before, sizeof before);
	show_vectors(call, fd, size);
	memcpy(written, &size, sizeof size);
}

/* The argument that points to how much was written; 0: the call writes nothing. */
static uint32_t written_arg(const struct call *call)
{
	switch (call->type->number) {
	case CALL_fd_write: return 3;
	case CALL_fd_pwrite:
	case CALL_sock_send: return 4;
	default: return 0;
	}
}

static void stdio_call(struct layer *layer, struct call *call)
{
	struct stdio_layer *s = (struct stdio_layer *)layer;
	uint32_t written = written_arg(call);
	const uint8_t *at = written ? memory_at(call->memory, call->args[written], 4) : NULL;
	uint32_t before = at ? load_u32(at) : 0;
	layer_call(layer->next, call);
	if (call->end != CALL_RETURNS || call->result != 0)
		return;
	int stream = stream_of(s, call->args[0]);
	switch (call->type->number) {
	case CALL_fd_close: close_fd(s, call->args[0]); break;
	case CALL_fd_renumber: move_fd(s, call->args[0], call->args[1]); break;
	default:
		if (written && stream)
			show_written(call, stream, call->args[written], before);
		break;
	}
}

void stdio_layer_init(struct stdio_layer *s, struct layer *next)
{
	*s = (struct stdio_layer){ .layer = { stdio_call, next }, .fds = { 0, 1, 2 }, .open = { true, true, true } };
}
