#include "host/tls_wire.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/socket.h>

/* The number of bytes that the kernel took. Where nobody listens any more they are all gone. */
static size_t send_some(struct wire *w, const void *data, size_t size)
{
	ssize_t sent;
	do
		sent = send(w->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return (size_t)sent;
	if (errno == EAGAIN)
		return 0;
	w->write_error = errno;
	return size;
}

void wire_flush(struct wire *w)
{
	while (wire_kept(w)) {
		size_t sent = send_some(w, w->out.data + w->sent, wire_kept(w));
		w->sent += sent;
		if (!sent)
			return;
	}
	buf_clear(&w->out);
	w->sent = 0;
	w->full = false;
}

/* After an error bytes are dropped as if they had been sent: the peer may have said why before it left, and that is still read. */
static int write_wire(BIO *bio, const char *data, int size)
{
	struct wire *w = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	size_t rest = (size_t)size;
	wire_flush(w);
	if (wire_kept(w) >= WIRE_OUT_MAX) {
		w->full = true;
		BIO_set_retry_write(bio);
		return -1;
	}
	if (!wire_kept(w))
		rest -= w->write_error ? rest : send_some(w, data, rest);
	buf_append(&w->out, data + (size - (int)rest), rest);
	if (w->out.failed) {
		w->write_error = ENOMEM;
		return -1;
	}
	return size;
}

static int read_wire(BIO *bio, char *data, int size)
{
	struct wire *w = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (w->ended || w->read_error)
		return w->ended ? 0 : -1;
	ssize_t got = -1;
	errno = EAGAIN;
	if (w->budget) {
		do
			got = recv(w->fd, data, (size_t)size, MSG_DONTWAIT);
		while (got < 0 && errno == EINTR);
	}
	if (got < 0 && errno == EAGAIN)
		BIO_set_retry_read(bio);
	else if (got < 0)
		w->read_error = errno;
	else if (got == 0)
		w->ended = true;
	else
		w->budget -= (size_t)got < w->budget ? (size_t)got : w->budget;
	return (int)got;
}

/* The end is no concern of OpenSSL's: it would take it for a fatal error, and not let the other direction go on. */
static long control_wire(BIO *bio, int command, long number, void *data)
{
	(void)bio, (void)number, (void)data;
	return command == BIO_CTRL_FLUSH;
}

static int create_wire(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *wire_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "timecraft");
	if (method && BIO_meth_set_write(method, write_wire) && BIO_meth_set_read(method, read_wire) &&
		BIO_meth_set_ctrl(method, control_wire) && BIO_meth_set_create(method, create_wire))
		return method;
	BIO_meth_free(method);
	return NULL;
}

BIO *wire_bio(BIO_METHOD *method, struct wire *wire)
{
	BIO *bio = BIO_new(method);
	if (bio)
		BIO_set_data(bio, wire);
	return bio;
}

void wire_finish(struct wire *w)
{
	buf_finish(&w->out);
}

/* Half of what is free by the kernel's account, which counts more than the bytes. A socket is writable while a third and more is free: at
 * least 1536 bytes, of the smallest buffer that can be. What is left besides is for the goodbye. */
size_t wire_room(const struct wire *w)
{
	enum { LEAST = 1024, UNKNOWN = 16384 };
	uint32_t memory[SK_MEMINFO_VARS];
	socklen_t size = sizeof memory;
	if (getsockopt(w->fd, SOL_SOCKET, SO_MEMINFO, memory, &size) != 0 || size < sizeof memory)
		return UNKNOWN;
	uint32_t queued = memory[SK_MEMINFO_WMEM_QUEUED], allocated = memory[SK_MEMINFO_WMEM_ALLOC];
	uint32_t used = queued > allocated ? queued : allocated, all = memory[SK_MEMINFO_SNDBUF];
	return used + LEAST > all ? 0 : (all - used) / 2;
}
