#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "host/tls_parts.h"

#include "base/time.h"
#include "host/parts.h"

/* As programs write names: with the NUL of C, with the dot of the root, an IPv6 address as in a URL. */
static uint32_t copy_name(struct view name, char ret_name[TLS_NAME_MAX + 1])
{
	if (name.size && name.data[name.size - 1] == 0)
		name.size--;
	if (name.size > 2 && name.data[0] == '[' && name.data[name.size - 1] == ']')
		name = view_slice(name, 1, name.size - 2);
	else if (name.size && name.data[name.size - 1] == '.')
		name.size--;
	if (name.size == 0 || name.size > TLS_NAME_MAX || memchr(name.data, 0, name.size))
		return WASI_EINVAL;
	memcpy(ret_name, name.data, name.size);
	ret_name[name.size] = 0;
	return 0;
}

uint32_t tls_create(struct tls_config *config, int fd, struct view name, struct tls **ret_tls)
{
	ERR_clear_error();
	struct tls *t = calloc(1, sizeof *t);
	if (!t)
		return WASI_ENOMEM;
	t->config = config;
	t->wire.fd = fd;
	uint32_t error = copy_name(name, t->name);
	if (!error)
		error = tls_session(config, t->name, &t->ssl);
	BIO *bio = error ? NULL : wire_bio(config->method, &t->wire);
	if (!error && !bio)
		error = WASI_ENOMEM;
	ERR_clear_error();
	if (error) {
		SSL_free(t->ssl);
		free(t);
		return error;
	}
	SSL_set_bio(t->ssl, bio, bio); /* takes it over */
	SSL_set_connect_state(t->ssl);
	*ret_tls = t;
	return 0;
}

/* False while the socket is not connected yet. */
static bool connected(struct tls *t)
{
	struct pollfd fd = { .fd = t->wire.fd, .events = POLLOUT };
	if (poll(&fd, 1, 0) <= 0)
		return false;
	int error = 0;
	socklen_t size = sizeof error;
	if (getsockopt(t->wire.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	if (error)
		tls_fail_wire(t, error);
	else
		t->phase = PHASE_HANDSHAKE;
	return !error;
}

/* What OpenSSL's `result` means but for success: that it waits, which is false, or that it cannot go on. */
static bool failed(struct tls *t, int result)
{
	int error = SSL_get_error(t->ssl, result);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return false;
	if (error == SSL_ERROR_SYSCALL)
		tls_fail_wire(t, t->wire.read_error ? t->wire.read_error : t->wire.ended ? 0 : t->wire.write_error);
	else
		tls_fail_ssl(t);
	return true;
}

static void opened(struct tls *t)
{
	const unsigned char *protocol;
	unsigned size;
	t->phase = PHASE_OPEN;
	SSL_get0_alpn_selected(t->ssl, &protocol, &size);
	snprintf(t->suite, sizeof t->suite, "%s %s%s%.*s", SSL_get_version(t->ssl), SSL_get_cipher_name(t->ssl), size ? " " : "", (int)size,
		(const char *)protocol);
}

/* Ends the socket's stream too, when all that was kept is on its way. */
static uint32_t finish_writing(struct tls *t)
{
	if (!t->shut || t->finished || wire_kept(&t->wire))
		return 0;
	t->finished = true;
	return shutdown(t->wire.fd, SHUT_WR) != 0 ? errno_of(errno) : 0;
}

uint32_t tls_advance(struct tls *t)
{
	t->wire.budget = WIRE_BUDGET;
	if (t->phase == PHASE_CONNECT)
		connected(t);
	if (t->phase == PHASE_HANDSHAKE) {
		ERR_clear_error();
		int result = SSL_do_handshake(t->ssl);
		if (result == 1)
			opened(t);
		else
			failed(t, result);
	}
	wire_flush(&t->wire);
	finish_writing(t);
	return t->phase == PHASE_OPEN ? 0 : t->phase == PHASE_FAILED ? t->error : WASI_EAGAIN;
}

static void read_failed(struct tls *t, int result)
{
	int error = SSL_get_error(t->ssl, result);
	if (error == SSL_ERROR_ZERO_RETURN)
		t->end = END_CLOSED;
	else if (error == SSL_ERROR_SYSCALL && t->wire.ended && !t->wire.read_error)
		t->end = END_TRUNCATED;
	else
		failed(t, result);
}

/* Decrypts what there is, as far as there is room. */
static void fill(struct tls *t)
{
	if (t->at) {
		memmove(t->plain, t->plain + t->at, t->filled - t->at);
		t->filled -= t->at;
		t->at = 0;
	}
	size_t size = 0;
	int result = 1;
	while (result == 1 && t->end == END_NONE && t->filled < sizeof t->plain) {
		ERR_clear_error();
		result = SSL_read_ex(t->ssl, t->plain + t->filled, sizeof t->plain - t->filled, &size);
		if (result == 1)
			t->filled += size;
	}
	if (result != 1)
		read_failed(t, result);
}

/* Copies plain bytes to the vectors behind their first `from` bytes; returns how many. */
static size_t give(const struct tls *t, const struct iovec *vectors, int count, size_t from)
{
	size_t given = 0, here = t->filled - t->at;
	for (int i = 0; i < count && given < here; i++) {
		size_t length = vectors[i].iov_len;
		if (from >= length) {
			from -= length;
			continue;
		}
		size_t part = length - from < here - given ? length - from : here - given;
		memcpy((uint8_t *)vectors[i].iov_base + from, t->plain + t->at + given, part);
		given += part;
		from = 0;
	}
	return given;
}

static size_t total(const struct iovec *vectors, int count)
{
	size_t size = 0;
	for (int i = 0; i < count; i++)
		size += vectors[i].iov_len;
	return size;
}

uint32_t tls_read(struct tls *t, const struct iovec *vectors, int count, size_t from, bool peek, size_t *ret_size)
{
	uint32_t error = tls_advance(t);
	if (error)
		return error;
	size_t wanted = total(vectors, count) - from, done = 0;
	while (done < wanted) {
		if (tls_pending(t) < (peek ? wanted : 1))
			fill(t);
		size_t part = give(t, vectors, count, from + done);
		done += part;
		if (peek || !part)
			break;
		t->at += part;
	}
	wire_flush(&t->wire);
	if (done == 0 && wanted && t->end == END_NONE)
		return WASI_EAGAIN;
	if (done == 0 && wanted && t->end == END_FAILED)
		return t->error;
	*ret_size = done;
	return 0;
}

/* The vectors' bytes from `from` on, at most `max` of them, in one piece. */
static size_t gather(struct tls_config *config, const struct iovec *vectors, int count, size_t from, size_t max)
{
	size_t size = 0;
	max = max < sizeof config->bounce ? max : sizeof config->bounce;
	for (int i = 0; i < count && size < max; i++) {
		size_t length = vectors[i].iov_len;
		if (from >= length) {
			from -= length;
			continue;
		}
		size_t part = length - from < max - size ? length - from : max - size;
		memcpy(config->bounce + size, (uint8_t *)vectors[i].iov_base + from, part);
		size += part;
		from = 0;
	}
	return size;
}

/* Why nothing can be written any more; 0: it can. */
static uint32_t write_error(const struct tls *t)
{
	if (t->shut)
		return WASI_EPIPE;
	if (t->broken)
		return t->error;
	return errno_of(t->wire.write_error);
}

/* One record of what is behind the first `from` bytes, as large as the kernel has room for by its account, and small where that has none
 * but the socket is writable: what it does not take then is kept. Returns its size, 0 if it cannot be written. */
static size_t write_record(struct tls *t, const struct iovec *vectors, int count, size_t from)
{
	enum { LEAST = 512 };
	size_t room = write_error(t) || wire_kept(&t->wire) ? 0 : wire_room(&t->wire), written = 0;
	struct pollfd fd = { .fd = t->wire.fd, .events = POLLOUT };
	if (room < LEAST && !write_error(t) && !wire_kept(&t->wire) && poll(&fd, 1, 0) > 0)
		room = LEAST;
	size_t size = gather(t->config, vectors, count, from, room);
	if (!size)
		return 0;
	ERR_clear_error();
	int result = SSL_write_ex(t->ssl, t->config->bounce, size, &written);
	if (result != 1)
		failed(t, result);
	return result == 1 && !t->wire.write_error ? written : 0;
}

uint32_t tls_write(struct tls *t, const struct iovec *vectors, int count, size_t *ret_size)
{
	enum { MOST = 1 << 20 }; /* at a time: then the caller looks round */
	uint32_t error = tls_advance(t);
	if (error)
		return error;
	size_t wanted = total(vectors, count), done = 0, part = 1;
	while (part && done < wanted && done < MOST) {
		part = write_record(t, vectors, count, done);
		done += part;
	}
	if (done == 0 && wanted) {
		error = write_error(t);
		return error ? error : WASI_EAGAIN;
	}
	*ret_size = done;
	return 0;
}

/* OpenSSL says goodbye only on connections that have come about, and that it has not given up. */
static void say_goodbye(struct tls *t)
{
	if (t->phase == PHASE_OPEN && !t->broken && !t->shut) {
		ERR_clear_error();
		SSL_shutdown(t->ssl);
		ERR_clear_error();
	}
	wire_flush(&t->wire);
}

uint32_t tls_shutdown(struct tls *t, bool reads, bool writes)
{
	if (writes) {
		say_goodbye(t);
		t->shut = true;
	}
	if (reads && t->end == END_NONE)
		t->end = END_OWN;
	if (reads && shutdown(t->wire.fd, SHUT_RD) != 0)
		return errno_of(errno);
	return writes ? finish_writing(t) : 0;
}

static void wait_for_room(struct tls *t)
{
	enum { LONGEST = NS_PER_S };
	uint64_t end = time_of(CLOCK_MONOTONIC) + LONGEST, now;
	struct pollfd fd = { .fd = t->wire.fd, .events = POLLOUT };
	while (wire_kept(&t->wire) && (now = time_of(CLOCK_MONOTONIC)) < end) {
		poll(&fd, 1, (int)((end - now) / NS_PER_MS) + 1);
		wire_flush(&t->wire);
	}
}

/* Reads away what came since, such as tickets for another session: a socket that is closed with unread bytes resets the connection, and the
 * peer may then lose what it has not read itself. */
static void drain(const struct tls *t)
{
	enum { MOST = 1 << 18 };
	size_t drained = 0;
	ssize_t size;
	while (drained < MOST && (size = recv(t->wire.fd, t->config->bounce, sizeof t->config->bounce, MSG_DONTWAIT)) > 0)
		drained += (size_t)size;
}

void tls_destroy(struct tls *t)
{
	if (!t)
		return;
	if (t->phase == PHASE_OPEN) {
		wait_for_room(t);
		say_goodbye(t);
		drain(t);
	}
	SSL_free(t->ssl);
	wire_finish(&t->wire);
	free(t);
}

bool tls_readable(struct tls *t)
{
	uint32_t error = tls_advance(t);
	if (error)
		return error != WASI_EAGAIN;
	if (!tls_pending(t))
		fill(t);
	wire_flush(&t->wire);
	return tls_pending(t) || t->end != END_NONE;
}

bool tls_writable(struct tls *t)
{
	uint32_t error = tls_advance(t);
	if (error)
		return error != WASI_EAGAIN;
	struct pollfd fd = { .fd = t->wire.fd, .events = POLLOUT };
	return write_error(t) || (!wire_kept(&t->wire) && poll(&fd, 1, 0) > 0);
}

short tls_events(const struct tls *t, bool readable, bool writable)
{
	if (t->phase == PHASE_CONNECT || t->wire.full)
		return POLLOUT;
	short events = wire_kept(&t->wire) ? POLLOUT : 0;
	if (t->phase == PHASE_HANDSHAKE)
		return (short)(events | POLLIN);
	return (short)(events | (readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
}

size_t tls_pending(const struct tls *t)
{
	return t->filled - t->at;
}

uint32_t tls_error(const struct tls *t)
{
	return t->phase == PHASE_FAILED ? t->error : 0;
}

bool tls_news(struct tls *t, struct tls_news *ret_news)
{
	static const enum tls_state states[] = { [END_CLOSED] = TLS_CLOSED, [END_TRUNCATED] = TLS_TRUNCATED, [END_FAILED] = TLS_FAILED };
	if (t->phase == PHASE_OPEN && !t->told_start) {
		t->told_start = true;
		*ret_news = (struct tls_news){ TLS_CONNECTED, 0, view_text(t->suite) };
		return true;
	}
	if (t->end <= END_OWN || t->told_end)
		return false;
	t->told_end = true;
	*ret_news = (struct tls_news){ states[t->end], t->error, view_text(t->reason) };
	return true;
}
