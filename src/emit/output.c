#include "emit/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

enum { ENOUGH = 64 << 10, KEEP = 1 << 20 };

void output_init(struct output *output, int fd, const char *name, enum output_mode mode)
{
	*output = (struct output){ .fd = fd, .name = name, .mode = mode };
}

enum err output_open(struct output *output, const char *path, enum output_mode mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return err_set_errno(errno, "cannot write %s", path);
	output_init(output, fd, path, mode);
	output->owned = true;
	return ERR_NONE;
}

/* Another process may have made the descriptor one that does not wait: we do. */
static bool may_retry(int fd, int errnum)
{
	if (errnum == EINTR)
		return true;
	if (errnum != EAGAIN)
		return false;
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	return poll(&ready, 1, -1) >= 0 || errno == EINTR;
}

static enum err write_all(struct output *output)
{
	const uint8_t *at = output->pending.data;
	size_t left = output->pending.size;
	while (left) {
		ssize_t size = write(output->fd, at, left);
		if (size < 0 && may_retry(output->fd, errno))
			continue;
		if (size < 0)
			return errno == EPIPE ? ERR_END : err_set_errno(errno, "cannot write %s", output->name);
		at += size;
		left -= (size_t)size;
	}
	return ERR_NONE;
}

enum err output_flush(struct output *output)
{
	if (!output->failed)
		output->failed = buf_status(&output->pending);
	if (!output->failed)
		output->failed = write_all(output);
	if (output->pending.capacity > KEEP)
		buf_finish(&output->pending);
	buf_clear(&output->pending);
	return output->failed;
}

enum err output_end(struct output *output)
{
	if (output->mode == OUTPUT_KEPT)
		return buf_status(&output->pending);
	if (output->mode == OUTPUT_AT_ONCE || output->pending.size >= ENOUGH || output->pending.failed)
		return output_flush(output);
	return output->failed;
}

enum err output_finish(struct output *output)
{
	if (!output)
		return ERR_NONE;
	enum err err = output->mode == OUTPUT_KEPT ? ERR_NONE : output_flush(output);
	if (output->owned && close(output->fd) != 0 && !err && errno != EINTR)
		err = err_set_errno(errno, "cannot write %s", output->name);
	buf_finish(&output->pending);
	*output = (struct output){ .fd = -1 };
	return err;
}
