/* TLS of the host with peers that are not who they say, that break off anywhere, or that speak something else. */
#include "tls_peer.h"

#include <signal.h>

static const char cut_off[] = "handshake failed: the peer ended the connection", reset[] = "handshake failed: Connection reset by peer";

/* As shake_hands, with a peer that may fall silent: then it leaves. */
static uint32_t try_hands(struct pair *p)
{
	uint32_t error;
	while ((error = tls_advance(p->tls)) == WASI_EAGAIN) {
		assert_false(wakes(p, true, true));
		if (!peer_turn(p->peer))
			peer_hang_up(p->peer);
	}
	return error;
}

static void assert_fails(struct pair *p, uint32_t error, const char *reason)
{
	char byte;
	size_t size;
	assert_int_equal(error, tls_error(p->tls));
	assert_true(tls_readable(p->tls)); /* nobody waits for it */
	assert_true(tls_writable(p->tls));
	assert_int_equal(error, read_some(p, &byte, 1, &size));
	assert_int_equal(error, write_some(p, "x", 1, &size));
	assert_news(p, TLS_FAILED, error, reason);
	assert_no_news(p);
}

static void test_certificates(void **state)
{
	(void)state;
	static const struct certificate expired = { "DNS:example.test", NULL, -9, -2, false, false };
	static const struct certificate early = { "DNS:example.test", NULL, 2, 9, false, false };
	static const struct certificate self_signed = { "DNS:example.test", NULL, -1, 1, true, false };
	static const struct certificate forged = { "DNS:example.test", NULL, -1, 1, false, true };
	static const struct certificate clients = { "DNS:example.test", "clientAuth", -1, 1, false, false };
	static const struct certificate partial = { "DNS:ex*.test,DNS:*", NULL, -1, 1, false, false };
	static const struct {
		const struct certificate *certificate;
		const char *name, *reason;
	} cases[] = {
		{ &good, "example.test", NULL },
		{ &good, "EXAMPLE.Test.", NULL },
		{ &good, "a.wild.test", NULL },
		{ &good, "127.0.0.1", NULL },
		{ &good, "::1", NULL },
		{ &good, "[::1]", NULL },
		{ &good, "other.test", "hostname mismatch (other.test)" },
		{ &good, "a.b.wild.test", "hostname mismatch (a.b.wild.test)" },
		{ &good, "wild.test", "hostname mismatch (wild.test)" },
		{ &good, "127.0.0.2", "IP address mismatch (127.0.0.2)" },
		{ &good, "::2", "IP address mismatch (::2)" },
		{ &partial, "example.test", "hostname mismatch (example.test)" },
		{ &expired, "example.test", "certificate has expired (example.test)" },
		{ &early, "example.test", "certificate is not yet valid (example.test)" },
		{ &self_signed, "example.test", "self-signed certificate (example.test)" },
		{ &forged, "example.test", "certificate signature failure (example.test)" },
		{ &clients, "example.test", "unsuitable certificate purpose (example.test)" },
	};
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		size_t at = i / 2;
		struct pair p = pair_of(cases[at].certificate, i % 2 ? TLS1_2_VERSION : 0, OVER_UNIX, cases[at].name);
		char reason[NOTE_TEXT_MAX] = "";
		snprintf(reason, sizeof reason, "certificate verify failed: %s", cases[at].reason ? cases[at].reason : "");
		assert_int_equal(cases[at].reason ? WASI_EACCES : 0, shake_hands(&p));
		if (cases[at].reason)
			assert_fails(&p, WASI_EACCES, reason);
		pair_finish(&p);
	}
}

/* Who is not named as trusted is not, and who is named may be anyone. */
static void test_trust(void **state)
{
	(void)state;
	struct tls_config *config = NULL;
	write_text(below("empty.pem"), "");
	write_text(below("no.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	static const char *const files[] = { "absent.pem", "empty.pem", "no.pem", "." };
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		assert_int_equal(ERR_USAGE, tls_config_create(below(files[i]), &config));
		assert_non_null(strstr(err_text(), below(files[i])));
		assert_null(config);
	}
	setenv("SSL_CERT_DIR", "/nonexistent", 1); /* the system's */
	setenv("SSL_CERT_FILE", "/nonexistent", 1);
	struct pair p = pair_of(&good, 0, OVER_UNIX, "example.test");
	struct tls *other;
	assert_int_equal(0, tls_config_create(NULL, &config));
	assert_int_equal(0, tls_create(config, p.fd, view_text("example.test"), &other));
	tls_destroy(p.tls);
	p.tls = other;
	assert_int_equal(WASI_EACCES, shake_hands(&p));
	assert_fails(&p, WASI_EACCES, "certificate verify failed: unable to get local issuer certificate (example.test)");
	tls_destroy(p.tls);
	tls_config_destroy(config);
	p.tls = NULL;
	pair_finish(&p);
}

static void test_names(void **state)
{
	(void)state;
	static const char *const bad[] = { "", ".", ".example.test", "a..b", "*.example.test", "exa mple", "a/b", "ex\xc3\xa4mple", "[",
		"[]", "[a", "a:1", "a..", "127.0.0.1:443" };
	static const char *const fine[] = { "a", "a.b", "a-b_c.D9", "example.test.", "1.2.3.4", "fe80::1", "[fe80::1]" };
	struct pair p = pair_of(&good, 0, OVER_UNIX, "example.test");
	struct tls *tls = NULL;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(WASI_EINVAL, tls_create(p.config, p.fd, view_text(bad[i]), &tls));
	assert_int_equal(WASI_EINVAL, tls_create(p.config, p.fd, view_of("a\0b", 3), &tls));
	assert_int_equal(WASI_EINVAL, tls_create(p.config, p.fd, view_of("\0", 1), &tls));
	char longest[300];
	memset(longest, 'a', sizeof longest);
	assert_int_equal(WASI_EINVAL, tls_create(p.config, p.fd, view_of(longest, 256), &tls));
	assert_null(tls);
	assert_int_equal(0, tls_create(p.config, p.fd, view_of(longest, 255), &tls));
	tls_destroy(tls);
	assert_int_equal(0, tls_create(p.config, p.fd, view_of("a.b\0", 4), &tls));
	tls_destroy(tls);
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
		assert_int_equal(0, tls_create(p.config, p.fd, view_text(fine[i]), &tls));
		tls_destroy(tls);
	}
	pair_finish(&p);
}

/* Wherever the peer leaves during the handshake; after it, that is an end without goodbye. */
static void test_cut_anywhere(void **state)
{
	(void)state;
	int failures = 0, ends = 0;
	for (size_t at = 0; at < 4000; at += at < 1400 ? 23 : 601) {
		struct pair p = pair_of(&good, at & 1 ? TLS1_2_VERSION : 0, OVER_UNIX, "example.test");
		uint32_t error;
		p.peer->step = 1;
		while ((error = tls_advance(p.tls)) == WASI_EAGAIN) {
			size_t said = p.peer->handed - (p.peer->size - p.peer->at);
			if (p.peer->fd >= 0 && (said >= at || !peer_turn(p.peer)))
				peer_hang_up(p.peer);
		}
		peer_hang_up(p.peer);
		if (error) {
			assert_int_equal(WASI_ECONNRESET, error);
			/* A reset, where the peer left bytes of ours unread. */
			assert_fails(&p, WASI_ECONNRESET, strstr(p.tls->reason, "reset") ? reset : cut_off);
			failures++;
		} else {
			char byte;
			size_t size = 1;
			error = read_some(&p, &byte, 1, &size);
			assert_true(error == WASI_ECONNRESET || (error == 0 && size == 0));
			ends++;
		}
		pair_finish(&p);
	}
	assert_true(failures > 20 && ends > 2);
}

/* A bit of what the peer says is another on the way. */
static void test_changed_anywhere(void **state)
{
	(void)state;
	int failures = 0;
	for (size_t at = 1; at < 1500; at += 11) {
		struct pair p = pair_of(&good, at & 1 ? TLS1_2_VERSION : 0, OVER_UNIX, "example.test");
		p.peer->flip = at;
		uint32_t error = try_hands(&p);
		if (error) {
			assert_true(error == WASI_EPROTO || error == WASI_EACCES || error == WASI_ECONNRESET);
			assert_fails(&p, error, p.tls->reason);
			failures++;
		} else if (peer_turn(p.peer), SSL_is_init_finished(p.peer->ssl)) { /* it was behind that: in tickets, or in the data */
			char bytes[16];
			size_t size = 0;
			peer_write(p.peer, "data", 4);
			while (peer_turn(p.peer))
				;
			error = read_some(&p, bytes, sizeof bytes, &size);
			assert_true(error == WASI_EPROTO || error == WASI_EAGAIN ||
				(error == 0 && size == 4 && memcmp(bytes, "data", 4) == 0));
		}
		pair_finish(&p);
	}
	assert_true(failures > 40);
}

/* What is sent instead of a handshake. */
static void test_speaks_something_else(void **state)
{
	(void)state;
	static const struct {
		const char *says, *reason;
		size_t size;
	} cases[] = {
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", "handshake failed: wrong version number", 28 },
		{ "SSH-2.0-OpenSSH_9.2\r\n", "handshake failed: wrong version number", 21 },
		{ "\x15\x03\x03\x00\x02\x02\x28", "handshake failed: sslv3 alert handshake failure", 7 },
		{ "\x15\x03\x03\x00\x02\x02\x70", "handshake failed: tlsv1 unrecognized name", 7 },
		{ "\x16\x03\x03\xff\xff", "handshake failed: packet length too long", 5 },
		{ "\x17\x03\x03\x00\x01x", "handshake failed: unexpected message", 6 },
		{ "\x14\x03\x03\x00\x01\x01", "handshake failed: unexpected message", 6 },
		{ "", cut_off, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pair p = pair_of(&good, 0, OVER_UNIX, "example.test");
		assert_int_equal(WASI_EAGAIN, tls_advance(p.tls));
		peer_hear(p.peer);
		assert_int_equal((ssize_t)cases[i].size, send(p.peer->fd, cases[i].says, cases[i].size, 0));
		peer_hang_up(p.peer);
		uint32_t error = tls_advance(p.tls);
		assert_fails(&p, error, cases[i].reason);
		assert_int_equal(cases[i].size ? WASI_EPROTO : WASI_ECONNRESET, error);
		pair_finish(&p);
	}
}

static void reset_by(struct peer *peer)
{
	struct linger linger = { .l_onoff = 1 };
	assert_int_equal(0, setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
	peer_hang_up(peer);
}

static void test_resets(void **state)
{
	(void)state;
	struct pair p = pair_of(&good, 0, OVER_TCP, "example.test");
	assert_int_equal(WASI_EAGAIN, tls_advance(p.tls));
	reset_by(p.peer);
	assert_int_equal(WASI_ECONNRESET, tls_advance(p.tls));
	assert_fails(&p, WASI_ECONNRESET, reset);
	pair_finish(&p);

	p = pair_of(&good, 0, OVER_TCP, "example.test");
	assert_int_equal(0, shake_hands(&p));
	while (peer_turn(p.peer))
		;
	peer_write(p.peer, "before", 6);
	while (peer_turn(p.peer))
		;
	assert_true(tls_readable(p.tls));
	reset_by(p.peer);
	assert_reads(&p, "before"); /* it is here already */
	char byte;
	size_t size;
	assert_int_equal(WASI_ECONNRESET, read_some(&p, &byte, 1, &size));
	assert_int_not_equal(0, write_some(&p, "x", 1, &size));
	assert_news(&p, TLS_CONNECTED, 0, "TLSv1.3 TLS_AES_256_GCM_SHA384 http/1.1");
	assert_news(&p, TLS_FAILED, WASI_ECONNRESET, "connection broken: Connection reset by peer");
	assert_no_news(&p);
	pair_finish(&p);
}

/* Nobody is there. */
static void test_refused(void **state)
{
	(void)state;
	int fds[2];
	tcp_pair(fds);
	struct sockaddr_in address;
	socklen_t size = sizeof address;
	assert_int_equal(0, getsockname(fds[1], (struct sockaddr *)&address, &size)); /* the listener's, which is closed */
	close(fds[0]), close(fds[1]);
	struct pair p = pair_of(&good, 0, OVER_UNIX, "example.test");
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(-1, connect(fd, (struct sockaddr *)&address, size));
	tls_destroy(p.tls);
	close(p.fd);
	p.fd = fd;
	assert_int_equal(0, tls_create(p.config, p.fd, view_text("example.test"), &p.tls));
	while (tls_advance(p.tls) == WASI_EAGAIN)
		poll(&(struct pollfd){ .fd = fd, .events = tls_events(p.tls, true, false) }, 1, -1);
	assert_fails(&p, WASI_ECONNREFUSED, "connection failed: Connection refused");
	pair_finish(&p);
}

/* With goodbye, without, and in the middle of a record: the bytes before are there, then the end, and what became of it is told. */
static void test_ends(void **state)
{
	(void)state;
	for (int way = 0; way < 3; way++) {
		struct pair p = pair_of(&good, 0, OVER_TCP, "example.test");
		assert_int_equal(0, shake_hands(&p));
		while (peer_turn(p.peer))
			;
		peer_write(p.peer, "data", 4);
		while (peer_turn(p.peer))
			;
		if (way == 0)
			SSL_shutdown(p.peer->ssl);
		if (way == 2) {
			peer_write(p.peer, "lost", 4);
			p.peer->step = 12;
		}
		peer_say(p.peer);
		shutdown(p.peer->fd, SHUT_WR);
		assert_reads(&p, "data");
		assert_true(tls_readable(p.tls));
		assert_reads(&p, "");
		assert_reads(&p, "");
		assert_news(&p, TLS_CONNECTED, 0, "TLSv1.3 TLS_AES_256_GCM_SHA384 http/1.1");
		assert_news(&p, way == 0 ? TLS_CLOSED : TLS_TRUNCATED, 0, "");
		assert_no_news(&p);
		assert_writes(&p, "still here");
		char bytes[16];
		assert_int_equal(10, peer_read(p.peer, bytes, sizeof bytes));
		assert_memory_equal("still here", bytes, 10);
		pair_finish(&p);
	}
}

/* A record that was changed: what came before it is good. */
static void test_changed_later(void **state)
{
	(void)state;
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	for (size_t i = 0; i < 2; i++) {
		struct pair p = pair_of(&good, versions[i], OVER_UNIX, "example.test");
		struct tls_news news;
		assert_int_equal(0, shake_hands(&p));
		while (peer_turn(p.peer))
			;
		assert_true(tls_news(p.tls, &news));
		peer_write(p.peer, "good", 4);
		peer_turn(p.peer);
		p.peer->flip = p.peer->handed + 10;
		peer_write(p.peer, "evil", 4);
		peer_turn(p.peer);
		assert_reads(&p, "good");
		char byte;
		size_t size;
		assert_int_equal(WASI_EPROTO, read_some(&p, &byte, 1, &size));
		assert_int_equal(WASI_EPROTO, write_some(&p, "x", 1, &size));
		assert_int_equal(0, tls_error(p.tls)); /* the handshake was fine */
		assert_news(&p, TLS_FAILED, WASI_EPROTO, "connection broken: decryption failed or bad record mac");
		assert_no_news(&p);
		pair_finish(&p);
	}
}

/* To somebody who is gone: an error, and no signal. */
static void test_writes_to_nobody(void **state)
{
	(void)state;
	for (int over = OVER_UNIX; over <= OVER_TCP; over++) {
		struct pair p = pair_of(&good, TLS1_2_VERSION, over, "example.test");
		assert_int_equal(0, shake_hands(&p));
		while (peer_turn(p.peer))
			;
		peer_hang_up(p.peer);
		uint32_t error;
		size_t size;
		do
			error = write_some(&p, "hello", 5, &size);
		while (!error);
		assert_true(error == WASI_EPIPE || error == WASI_ECONNRESET);
		assert_int_equal(error, write_some(&p, "hello", 5, &size));
		assert_true(tls_writable(p.tls));
		pair_finish(&p);
	}
}

int main(void)
{
	signal(SIGPIPE, SIG_DFL);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_changed_anywhere),
		cmocka_unit_test(test_speaks_something_else),
		cmocka_unit_test(test_resets),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_changed_later),
		cmocka_unit_test(test_writes_to_nobody),
	};
	return cmocka_run_group_tests(tests, make_authority, drop_authority);
}
