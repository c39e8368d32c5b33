/* TLS of the host: what the plain stream looks like, whatever the peer does below it. */
#include "tls_peer.h"

#include <linux/sockios.h>
#include <signal.h>
#include <sys/ioctl.h>

static void assert_hears(struct pair *p, const char *text)
{
	char bytes[256];
	assert_int_equal((int)strlen(text), peer_read(p->peer, bytes, sizeof bytes));
	assert_memory_equal(text, bytes, strlen(text));
}

/* Nothing to read, and no reason to wake up. */
static void assert_quiet(struct pair *p)
{
	char byte;
	size_t size;
	assert_false(tls_readable(p->tls));
	assert_int_equal(WASI_EAGAIN, read_some(p, &byte, 1, &size));
	assert_false(wakes(p, true, false));
}

static struct pair open_pair(int version, int over)
{
	struct pair p = pair_of(&good, version, over, "example.test");
	assert_int_equal(0, shake_hands(&p));
	while (peer_turn(p.peer)) /* the tickets of TLS 1.3 */
		;
	assert_quiet(&p);
	return p;
}

static void test_connects(void **state)
{
	(void)state;
	static const struct {
		int version;
		const char *news;
	} cases[] = {
		{ TLS1_3_VERSION, "TLSv1.3 TLS_AES_256_GCM_SHA384 http/1.1" },
		{ TLS1_2_VERSION, "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384 http/1.1" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pair p = pair_of(&good, cases[i].version, OVER_UNIX, "example.test");
		char byte;
		size_t size;
		assert_false(tls_writable(p.tls));
		assert_false(tls_readable(p.tls));
		assert_int_equal(WASI_EAGAIN, read_some(&p, &byte, 1, &size));
		assert_int_equal(WASI_EAGAIN, write_some(&p, "x", 1, &size));
		assert_no_news(&p);
		assert_int_equal(0, shake_hands(&p));
		assert_true(tls_writable(p.tls));
		assert_news(&p, TLS_CONNECTED, 0, cases[i].news);
		assert_no_news(&p);
		assert_writes(&p, "GET /");
		peer_turn(p.peer);
		assert_hears(&p, "GET /");
		assert_string_equal("example.test", SSL_get_servername(p.peer->ssl, TLSEXT_NAMETYPE_host_name));
		peer_write(p.peer, "200 OK", 6);
		assert_true(peer_turn(p.peer));
		assert_true(tls_readable(p.tls));
		assert_int_equal(6, tls_pending(p.tls));
		assert_reads(&p, "200 OK");
		assert_quiet(&p);
		pair_finish(&p);
	}
}

/* Until the last byte of a record is there it is as if there were none, and whoever waits is woken by each byte at most once. */
static void test_byte_at_a_time(void **state)
{
	(void)state;
	static const int versions[] = { TLS1_3_VERSION, TLS1_2_VERSION };
	for (size_t i = 0; i < 2; i++) {
		struct pair p = pair_of(&good, versions[i], OVER_UNIX, "example.test");
		p.peer->step = 1;
		assert_int_equal(0, shake_hands(&p));
		while (peer_turn(p.peer))
			assert_quiet(&p);
		peer_write(p.peer, "slow", 4);
		peer_write(p.peer, "er", 2);
		int turns = 0;
		while (peer_turn(p.peer) && !tls_readable(p.tls)) {
			assert_quiet(&p);
			turns++;
		}
		assert_true(turns >= 20);
		assert_reads(&p, "slow");
		while (peer_turn(p.peer) && !tls_readable(p.tls))
			assert_quiet(&p);
		assert_reads(&p, "er");
		assert_int_equal(1, SSL_shutdown(p.peer->ssl) >= 0);
		while (peer_turn(p.peer))
			;
		size_t size = 1;
		char byte;
		assert_int_equal(0, read_some(&p, &byte, 1, &size));
		assert_int_equal(0, size);
		pair_finish(&p);
	}
}

static void test_key_updates(void **state)
{
	(void)state;
	struct pair p = open_pair(TLS1_3_VERSION, OVER_UNIX);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(1, SSL_key_update(p.peer->ssl, i & 1 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED));
		assert_int_equal(1, SSL_do_handshake(p.peer->ssl));
		assert_true(peer_turn(p.peer));
		assert_true(wakes(&p, true, false));
		assert_quiet(&p); /* keys are no data */
		assert_writes(&p, "with new keys");
		assert_hears(&p, "with new keys");
		peer_write(p.peer, "likewise", 8);
		assert_true(peer_turn(p.peer));
		assert_reads(&p, "likewise");
	}
	pair_finish(&p);
}

/* A peer that asks for keys without end and never reads: what is kept for it has a limit, and nobody spins. */
static void test_key_updates_without_end(void **state)
{
	(void)state;
	struct pair p = open_pair(TLS1_3_VERSION, OVER_UNIX);
	for (int i = 0; i < 20000; i++) {
		SSL_key_update(p.peer->ssl, SSL_KEY_UPDATE_REQUESTED);
		SSL_do_handshake(p.peer->ssl);
		peer_say(p.peer);
		if (tls_readable(p.tls))
			break;
		assert_true(wire_kept(&p.tls->wire) <= WIRE_OUT_MAX + 1024);
	}
	assert_true(p.tls->wire.full);
	assert_false(wakes(&p, true, true));
	size_t size;
	assert_int_equal(WASI_EAGAIN, write_some(&p, "x", 1, &size));
	for (int i = 0; i < 1000; i++) { /* now it listens */
		peer_hear(p.peer);
		assert_false(tls_readable(p.tls));
	}
	assert_int_equal(0, wire_kept(&p.tls->wire));
	pair_finish(&p);
}

static void test_late_tickets(void **state)
{
	(void)state;
	struct pair p = open_pair(TLS1_3_VERSION, OVER_UNIX);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(1, SSL_new_session_ticket(p.peer->ssl));
		assert_int_equal(1, SSL_do_handshake(p.peer->ssl));
		assert_true(peer_turn(p.peer));
		assert_true(wakes(&p, true, false));
		assert_quiet(&p);
		assert_true(tls_writable(p.tls));
	}
	pair_finish(&p);
}

static void test_peeks_and_scatters(void **state)
{
	(void)state;
	struct pair p = open_pair(0, OVER_UNIX);
	char bytes[64] = "", after[16];
	size_t size;
	struct iovec vectors[] = { { bytes, 2 }, { bytes + 10, 3 }, { bytes + 20, 20 } };
	peer_write(p.peer, "abc", 3);
	peer_turn(p.peer);
	assert_int_equal(0, tls_read(p.tls, vectors, 3, 0, true, &size));
	assert_int_equal(3, size);
	peer_write(p.peer, "defgh", 5);
	peer_turn(p.peer);
	assert_int_equal(0, tls_read(p.tls, vectors, 3, 0, true, &size)); /* what came since too */
	assert_int_equal(8, size);
	assert_int_equal(8, tls_pending(p.tls));
	memset(bytes, '.', sizeof bytes);
	assert_int_equal(0, tls_read(p.tls, vectors, 3, 1, false, &size)); /* the first byte is filled already */
	assert_int_equal(8, size);
	assert_memory_equal(".a........bcd", bytes, 13);
	assert_memory_equal("efgh", bytes + 20, 4);
	memset(after, '.', sizeof after);
	assert_memory_equal(after, bytes + 24, sizeof after); /* nothing behind what was read is touched */
	assert_int_equal(0, tls_read(p.tls, vectors, 0, 0, false, &size));
	assert_int_equal(0, size);
	assert_quiet(&p);
	pair_finish(&p);
}

/* 16 MiB each way at once, through buffers as small as the kernel has them. */
static void test_much_through_little(void **state)
{
	(void)state;
	enum { MUCH = 16 << 20 };
	struct pair p = open_pair(0, OVER_TCP);
	int least = 1, little = 1 << 15; /* of the least the kernel makes a window that opens once in a while */
	setsockopt(p.fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
	setsockopt(p.fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
	uint8_t *here = malloc(MUCH), *there = malloc(MUCH), *bytes = malloc(MUCH);
	for (size_t i = 0; i < MUCH; i++)
		bytes[i] = (uint8_t)(i * 2654435761U >> 13);
	size_t sent = 0, got = 0, said = 0, heard = 0;
	while (sent < MUCH || got < MUCH || heard < MUCH) {
		size_t size = 0;
		if (sent < MUCH && write_some(&p, bytes + sent, MUCH - sent, &size) == 0)
			sent += size;
		assert_in_range(wire_kept(&p.tls->wire), 0, 1024); /* as a rule only as much is taken as the kernel takes */
		if (got < MUCH && read_some(&p, here + got, MUCH - got, &size) == 0)
			got += size;
		int part = peer_read(p.peer, there + heard, (int)(MUCH - heard));
		heard += (size_t)part;
		if (said < MUCH && p.peer->at == p.peer->size) {
			peer_write(p.peer, bytes + said, 1 << 16);
			said += 1 << 16;
		}
		peer_turn(p.peer);
	}
	assert_memory_equal(bytes, here, MUCH);
	assert_memory_equal(bytes, there, MUCH);
	free(here), free(there), free(bytes);
	pair_finish(&p);
}

/* A peer that does not read: what it would not get is not taken. */
static void test_writes_until_full(void **state)
{
	(void)state;
	for (int over = OVER_UNIX; over <= OVER_TCP; over++) {
		struct pair p = open_pair(0, over);
		char bytes[10000], back[10000];
		memset(bytes, 'x', sizeof bytes);
		size_t size, sent = 0;
		while (write_some(&p, bytes, sizeof bytes, &size) == 0)
			sent += size;
		assert_true(sent > 0);
		assert_false(tls_writable(p.tls));
		assert_false(wakes(&p, true, true));
		tls_destroy(p.tls);
		p.tls = NULL;
		close(p.fd);
		p.fd = -1;
		int part;
		do {
			part = peer_read(p.peer, back, sizeof back);
			sent -= part > 0 ? (size_t)part : 0;
		} while (part > 0 || !p.peer->ended);
		assert_int_equal(0, sent); /* the goodbye is lost where there was no room for it */
		pair_finish(&p);
	}
}

static void test_shuts_down(void **state)
{
	(void)state;
	struct pair p = open_pair(0, OVER_TCP);
	char bytes[16];
	size_t size;
	assert_writes(&p, "last words");
	assert_int_equal(0, tls_shutdown(p.tls, false, true));
	assert_int_equal(WASI_EPIPE, write_some(&p, "x", 1, &size));
	assert_true(tls_writable(p.tls)); /* it need not be waited for */
	assert_hears(&p, "last words");
	assert_int_equal(-1, peer_read(p.peer, bytes, sizeof bytes));
	assert_true(p.peer->ended);
	peer_write(p.peer, "answer", 6);
	peer_turn(p.peer);
	assert_reads(&p, "answer");
	peer_write(p.peer, "more", 4);
	peer_turn(p.peer);
	assert_true(tls_readable(p.tls));
	assert_int_equal(0, tls_shutdown(p.tls, true, false));
	assert_reads(&p, "more");
	assert_reads(&p, "");
	assert_news(&p, TLS_CONNECTED, 0, "TLSv1.3 TLS_AES_256_GCM_SHA384 http/1.1");
	assert_no_news(&p); /* the end is our own */
	pair_finish(&p);
}

/* Tickets that nobody read are no reason for a reset, which would take from the peer what it has not read. */
static void test_closes_with_tickets_unread(void **state)
{
	(void)state;
	struct pair p = pair_of(&good, TLS1_3_VERSION, OVER_TCP, "example.test");
	assert_int_equal(0, shake_hands(&p));
	while (peer_turn(p.peer))
		;
	int unread = 0;
	ioctl(p.fd, SIOCINQ, &unread);
	assert_true(unread > 0);
	assert_writes(&p, "and off");
	tls_destroy(p.tls);
	p.tls = NULL;
	close(p.fd);
	p.fd = -1;
	char bytes[16];
	struct pollfd fd = { .fd = p.peer->fd, .events = POLLIN };
	assert_int_equal(1, poll(&fd, 1, -1));
	assert_int_equal(0, fd.revents & POLLERR);
	assert_hears(&p, "and off");
	assert_int_equal(-1, peer_read(p.peer, bytes, sizeof bytes));
	pair_finish(&p);
}

int main(void)
{
	signal(SIGPIPE, SIG_DFL); /* nothing here may need it to be ignored */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connects),
		cmocka_unit_test(test_byte_at_a_time),
		cmocka_unit_test(test_key_updates),
		cmocka_unit_test(test_key_updates_without_end),
		cmocka_unit_test(test_late_tickets),
		cmocka_unit_test(test_peeks_and_scatters),
		cmocka_unit_test(test_much_through_little),
		cmocka_unit_test(test_writes_until_full),
		cmocka_unit_test(test_shuts_down),
		cmocka_unit_test(test_closes_with_tickets_unread),
	};
	return cmocka_run_group_tests(tests, make_authority, drop_authority);
}
