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

/* As much as the call said that it wrote. */
static void show_written(const struct call *call, int fd, uint64_t nwritten)
{
	const uint8_t *vector = memory_at(call->memory, call->args[1], call->args[2] * 8);
	const uint8_t *written = memory_at(call->memory, nwritten, 4);
	uint32_t left = vector && written ? load_u32(written) : 0;
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

static void stdio_call(struct layer *layer, struct call *call)
{
	struct stdio_layer *s = (struct stdio_layer *)layer;
	layer_call(layer->next, call);
	if (call->end != CALL_RETURNS || call->result != 0)
		return;
	int stream = stream_of(s, call->args[0]);
	switch (call->type->number) {
	case CALL_fd_close: close_fd(s, call->args[0]); break;
	case CALL_fd_renumber: move_fd(s, call->args[0], call->args[1]); break;
	case CALL_fd_write:
		if (stream)
			show_written(call, stream, call->args[3]);
		break;
	case CALL_fd_pwrite:
	case CALL_sock_send:
		if (stream)
			show_written(call, stream, call->args[4]);
		break;
	default: break;
	}
}

void stdio_layer_init(struct stdio_layer *s, struct layer *next)
{
	*s = (struct stdio_layer){ .layer = { stdio_call, next }, .fds = { 0, 1, 2 }, .open = { true, true, true } };
}
