/* What was sent and received. */
#include "trace/network_parts.h"
#include "wasi/abi.h"

static void add_data(struct network *n, struct view bytes)
{
	if (bytes.size)
		buf_append(&n->data, &bytes, sizeof bytes);
}

/* What was taken of the buffers that were to be sent. */
static uint64_t gather_sent(struct network *n, const struct param *iovs, uint64_t taken)
{
	struct view vectors = { 0 }, bytes;
	uint64_t left = taken;
	syscall_input(&n->syscall, iovs, 0, &vectors);
	for (uint32_t i = 1; left && i <= vectors.size / 8 && syscall_input(&n->syscall, iovs, i, &bytes); i++) {
		bytes = view_slice(bytes, 0, left);
		left -= bytes.size;
		add_data(n, bytes);
	}
	return taken - left;
}

static uint64_t gather_received(struct network *n)
{
	uint64_t size = 0;
	for (uint32_t i = 0; i < n->record->span_count; i++) {
		const struct record_span *span = &n->record->spans[i];
		if (!span->iov)
			continue;
		add_data(n, view_of(span->data, span->size));
		size += span->size;
	}
	return size;
}

/* Whether a receive that brought nothing asked for anything. */
static bool has_room(const struct network *n, const struct param *iovs)
{
	struct view vectors;
	if (!syscall_input(&n->syscall, iovs, 0, &vectors))
		return false;
	for (size_t i = 0; i + 8 <= vectors.size; i += 8) {
		if (load_u32(vectors.data + i + 4))
			return true;
	}
	return false;
}

/* After some errors there is no connection any more, or one that takes nothing. */
static void break_off(struct socket *socket, uint32_t error)
{
	if (error == WASI_EPIPE)
		socket->open &= (uint8_t)~SIDE_WRITE;
	if (error == WASI_ECONNRESET || error == WASI_ECONNABORTED || error == WASI_ETIMEDOUT) {
		socket->open = 0;
		socket->ended = true;
	}
}

static void tell_of_transfer_error(struct network *n, struct socket *socket, enum net_event_type type)
{
	uint32_t error = error_of(n->record);
	if (error == 0 || n->failed || error == socket->failure || network_is_silent(error))
		return;
	network_tell(n, socket, (struct net_event){ .type = type, .error = error, .time = end_of(n->record) });
	if (socket->type != NET_DGRAM)
		break_off(socket, error);
}

static bool was_truncated(const struct network *n)
{
	uint64_t flags;
	const struct param *param = call_param(n->syscall.type, "ro_flags");
	return param && syscall_out(&n->syscall, param, &flags) && flags & WASI_roflags_RECV_DATA_TRUNCATED;
}

/* `nwritten` names the parameter that says how much was taken. */
void network_send(struct network *n, struct socket *socket, const char *iovs, const char *nwritten)
{
	uint64_t taken = 0;
	if (!socket)
		return;
	if (!n->syscall.succeeded) {
		tell_of_transfer_error(n, socket, EVENT_SEND);
		return;
	}
	socket->doubtful = false;
	if (!syscall_out(&n->syscall, call_param(n->syscall.type, nwritten), &taken) || (taken == 0 && socket->type != NET_DGRAM))
		return;
	struct net_event event = { .type = EVENT_SEND, .size = gather_sent(n, call_param(n->syscall.type, iovs), taken) };
	event.data = (const struct view *)n->data.data;
	event.data_count = (uint32_t)(n->data.size / sizeof(struct view));
	network_tell(n, socket, event);
}

void network_receive(struct network *n, struct socket *socket, const char *iovs, bool peek)
{
	if (!socket)
		return;
	if (!n->syscall.succeeded) {
		tell_of_transfer_error(n, socket, EVENT_RECEIVE);
		return;
	}
	socket->doubtful = false;
	struct net_event event = { .type = EVENT_RECEIVE, .peek = peek, .size = gather_received(n), .time = end_of(n->record) };
	bool ends = event.size == 0 && socket->type != NET_DGRAM;
	if (ends && (socket->ended || peek || !has_room(n, call_param(n->syscall.type, iovs))))
		return;
	socket->ended |= ends;
	event.truncated = socket->type == NET_DGRAM && was_truncated(n);
	event.data = (const struct view *)n->data.data;
	event.data_count = (uint32_t)(n->data.size / sizeof(struct view));
	network_tell(n, socket, event);
}
