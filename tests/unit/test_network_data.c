/*
 * What passes over sockets of every kind, and records that cannot be: network events compared as a whole with golden/network-data*, which
 * TIMECRAFT_GOLDEN=write writes.
 */
#include "network_records.h"

static struct net_address unix_address(const char *path, size_t size)
{
	struct net_address address = { .family = NET_UNIX, .size = (uint8_t)size };
	memcpy(address.bytes, path, size);
	return address;
}

static void note_datagram(uint32_t fd, struct net_address local, struct net_address peer)
{
	note((struct note){ .kind = NOTE_DATAGRAM, .type = NET_DGRAM, .fd = fd, .local = local, .peer = peer });
}

static void read_into(struct printing *p, uint32_t fd, uint32_t room, const char *text)
{
	uint32_t vectors[4] = { 0, 0, 64, room };
	BEGIN(fd_read, fd, 0, 2, OUT_AT);
	input(vectors, sizeof vectors);
	if (*text)
		received(text, strlen(text));
	out(0, (uint32_t)strlen(text));
	done(p);
}

static void transfers(struct printing *p)
{
	connected(p, 4, 50100);
	write_one(p, 4, "written", 7);
	write_one(p, 4, "cut short", 3);
	write_one(p, 4, "nothing of it", 0);
	write_one(p, 4, "more than there was", 1000);
	read_into(p, 4, 64, "and read");
	read_into(p, 4, 0, ""); /* no room is no end */
	receive(p, 4, "", WASI_riflags_RECV_PEEK);
	fail_with(p, CALL_fd_read, 4, WASI_EAGAIN);
	fail_with(p, CALL_fd_write, 4, WASI_EAGAIN);
	read_into(p, 4, 64, "");
	read_into(p, 4, 64, "");
	fail_with(p, CALL_sock_send, 4, WASI_EPIPE);
	close_fd(p, 4);
	connected(p, 4, 50101);
	fail_with(p, CALL_sock_send, 4, WASI_EPIPE);
	fail_with(p, CALL_fd_close, 4, WASI_EINTR);
	close_fd(p, 4);
	connected(p, 4, 50102);
	fail_with(p, CALL_sock_recv, 4, WASI_ECONNRESET);
	receive(p, 4, "", 0);
	close_fd(p, 4);
	/* Rows that have bytes of several buffers, and many. */
	connected(p, 4, 50103);
	send_two(p, 4, "0123456789abcdefghij", "klmnopqrstuvwxyz0123456789", 46);
	BEGIN(sock_recv, 4, 0, 3, 0, OUT_AT, OUT_AT + 4);
	received("x", 1);
	received("\0\x7f\xff", 3);
	received("0123456789abcdefghijklmnopqrstuvwxyz", 36);
	done(p);
	close_fd(p, 4);
}

static void datagrams(struct printing *p)
{
	make_socket(p, 4, NET_DGRAM);
	BEGIN(sock_recv_from, 4, 0, 1, 0, 0, OUT_AT, OUT_AT + 4, OUT_AT + 8);
	received("a datag", 7);
	out(1, 7);
	out(2, WASI_roflags_RECV_DATA_TRUNCATED);
	note_datagram(4, HERE(50300), address(9, 9, 9, 9, 53));
	done(p);
	BEGIN(v1_sock_recv_from, 4, 0, 1, 0, 0, OUT_AT, OUT_AT + 4);
	note_datagram(4, HERE(50300), address(9, 9, 9, 10, 53));
	done(p); /* an empty one is no end */
	fail_with(p, CALL_sock_recv_from, 4, WASI_ECONNREFUSED);
	BEGIN(sock_connect, 4, 0, 53);
	note_socket(4, NET_DGRAM, SOCKET_CONNECTS, HERE(50300), THERE(53));
	done(p);
	write_one(p, 4, "to the peer", 11);
	write_one(p, 4, "", 0);
	close_fd(p, 4);
	BEGIN(sock_send_to, 99, 0, 1, 0, 53, 0, OUT_AT); /* nothing is known of it */
	input("12345678", 8);
	input("query", 5);
	out(0, 5);
	note_datagram(99, HERE(50301), THERE(53));
	done(p);
	close_fd(p, 99);
}

static void unix_sockets(struct printing *p)
{
	static const struct net_address nobody;
	make_socket(p, 4, NET_STREAM);
	dial(p, 4, nobody, unix_address("/run/a\033[2J\xc2\x9b\xffz\xc3\xa9", 16), 0);
	close_fd(p, 4);
	BEGIN(sock_accept, 3, 0, OUT_AT);
	out(0, 4);
	note_socket(4, NET_STREAM, SOCKET_ACCEPTED, unix_address("\0name", 5), nobody);
	done(p);
	close_fd(p, 4);
	make_socket(p, 4, NET_DGRAM);
	BEGIN(sock_send, 4, 0, 1, 0, OUT_AT);
	input("12345678", 8);
	input("hi", 2);
	out(0, 2);
	note_datagram(4, nobody, unix_address("/run/log", 8));
	done(p);
	close_fd(p, 4);
}

/* Records that cannot be, and those of what is not known. */
static void lies(struct printing *p)
{
	connected(p, 4, 50600);
	for (uint32_t call = 0; call < 80; call++) {
		if (!call_type((uint16_t)call))
			continue;
		begin((uint16_t)call, (const uint64_t[CALL_MAX_ARGS]){ 4, UINT64_MAX, 3, 4, OUT_AT, OUT_AT })->faulted = true;
		made.record.result = WASI_EFAULT;
		done(p);
		if (call != CALL_fd_close && call != CALL_fd_renumber && call != CALL_sock_shutdown) {
			begin((uint16_t)call, (const uint64_t[CALL_MAX_ARGS]){ 4, UINT64_MAX, 3, 4, OUT_AT, OUT_AT });
			done(p);
		}
		begin((uint16_t)call, (const uint64_t[CALL_MAX_ARGS]){ 4, 3, 3, 4, OUT_AT, OUT_AT })->arg_count = call % 2;
		done(p);
		begin((uint16_t)call, (const uint64_t[CALL_MAX_ARGS]){ 4, 3, 3, 4, OUT_AT, OUT_AT })->finished = false;
		done(p);
	}
	receive(p, 60, "midway", 0);
	read_into(p, 60, 64, "and on");
}

static void tell_data(struct printing *p)
{
	transfers(p);
	datagrams(p);
	unix_sockets(p);
	lies(p);
	assert_int_equal(network_end(p->network), ERR_NONE);
}

static void test_as_text(void **state)
{
	(void)state;
	print_scenario(tell_data, EMIT_LINE, true, "network-data.txt");
}

static void test_as_json(void **state)
{
	(void)state;
	print_scenario(tell_data, EMIT_JSON, false, "network-data.json");
}

/* What a sink says ends it all, and comes back from every record that follows. */
struct refusing {
	struct net_events events;
	uint32_t told;
};

static enum err refuse(struct net_events *events, const struct net_event *event)
{
	(void)event;
	((struct refusing *)events)->told++;
	return ERR_END;
}

static void test_an_error_of_the_sink_is_the_last(void **state)
{
	struct refusing refusing = { { refuse }, 0 };
	struct printing p = { 0 };
	(void)state;
	memset(&made, 0, sizeof made);
	assert_int_equal(network_create(&refusing.events, &p.network), ERR_NONE);
	BEGIN(sock_accept, 3, 0, OUT_AT);
	out(0, 4);
	assert_int_equal(network_record(p.network, &made.record), ERR_END);
	assert_int_equal(network_record(p.network, &made.record), ERR_END);
	assert_int_equal(network_end(p.network), ERR_END);
	assert_int_equal(refusing.told, 1);
	network_destroy(p.network);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_text),
		cmocka_unit_test(test_as_json),
		cmocka_unit_test(test_an_error_of_the_sink_is_the_last),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
