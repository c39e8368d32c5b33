/*
 * What peers can do to who watches Redis, DNS and datagrams: pipelines without answers, endless values, values in values, peers without
 * end. Everything is told of, memory stays what it is, and each of these is so large that it would not end if its time grew faster than it.
 */
#include "watching.h"

static void come(struct watching *w, const char *text, uint32_t times)
{
	BUF_CLEANUP struct buf all = { 0 };
	repeat(&all, text, 1000);
	for (uint32_t i = 0; i < times; i += 1000)
		tell(w, EVENT_RECEIVE, buf_view(&all));
}

static const char ping[] = "*1\r\n$4\r\nPING\r\n";

static void test_a_long_pipeline(void **state)
{
	enum { COMMANDS = 60000 };
	BUF_CLEANUP struct buf commands = { 0 };
	struct watching w;
	(void)state;
	repeat(&commands, ping, COMMANDS);
	start(&w, PROTO_TCP);
	tell(&w, EVENT_SEND, buf_view(&commands));
	come(&w, "+PONG\r\n", COMMANDS);
	finish(&w);
	assert_int_equal(w.exchanges, COMMANDS);
	assert_int_equal(w.responses, COMMANDS);
	assert_int_equal(w.errors, 0);
}

static void test_a_pipeline_that_nobody_answers(void **state)
{
	BUF_CLEANUP struct buf commands = { 0 };
	struct watching w;
	(void)state;
	repeat(&commands, ping, 10000);
	start(&w, PROTO_TCP);
	for (int i = 0; i < 200; i++)
		tell(&w, EVENT_SEND, buf_view(&commands));
	finish(&w);
	assert_true(w.most < 64 * MIB);
	assert_true(w.exchanges >= 16384);
	assert_int_equal(w.responses, 0);
	assert_string_equal(w.last_error, "no response: too many bytes waited for the other side");
}

/* A reply that may be as long as it likes: `begin` once, `more` again and again. */
static void check_endless(const char *begin, const char *more, const char *error)
{
	struct watching w;
	start(&w, PROTO_TCP);
	sent(&w, view_text(ping));
	came(&w, view_text(begin));
	come(&w, more, 2000000);
	finish(&w);
	if (w.most >= 8 * MIB)
		print_message("%s: %zu bytes\n", begin, w.most);
	assert_true(w.most < 8 * MIB);
	assert_int_equal(w.exchanges, 1);
	if (strncmp(w.last_error, error, strlen(error)) != 0)
		assert_string_equal(w.last_error, error);
}

static void test_values_without_end(void **state)
{
	(void)state;
	check_endless("$9000000000000000000\r\n", "this is no length", "this is no length");
	check_endless("$4000000000000000000\r\n", "some of it", "the recording ends, 399");
	check_endless("*4000000000000000000\r\n", ":1\r\n", "the recording ends within a reply");
	check_endless("*?\r\n", "$1\r\na\r\n", "the recording ends within a reply");
	check_endless("%?\r\n", "+a\r\n:1\r\n", "the recording ends within a reply");
	check_endless("*?\r\n", "%1\r\n+a\r\n*1\r\n_\r\n", "the recording ends within a reply");
	check_endless("$?\r\n", ";3\r\nabc\r\n", "the recording ends within a reply");
	check_endless("+", "words and words ", "the recording ends within a reply");
	check_endless("|1\r\n+a\r\n:1\r\n", "|1\r\n+a\r\n:1\r\n", "the recording ends within a reply");
	check_endless(":", "1", "its line is too long");
	check_endless("*1\r\n", "*1\r\n", "it lies too deep");
	check_endless("?\r\n", "what", "this is no value");
}

static void test_a_command_without_end(void **state)
{
	BUF_CLEANUP struct buf words = { 0 };
	struct watching w;
	(void)state;
	repeat(&words, "$1\r\na\r\n", 1000);
	start(&w, PROTO_TCP);
	sent(&w, view_text("*3000001\r\n$4\r\nMSET\r\n"));
	for (int i = 0; i < 2000; i++)
		tell(&w, EVENT_SEND, buf_view(&words));
	assert_true(w.most < 16 * MIB);
	finish(&w);
	assert_int_equal(w.requests, 1);
	assert_string_equal(w.last_error, "no response: the recording ends");
}

static void test_a_line_of_words_without_end(void **state)
{
	BUF_CLEANUP struct buf words = { 0 };
	struct watching w;
	(void)state;
	repeat(&words, "word ", 10000);
	start(&w, PROTO_TCP);
	sent(&w, view_text(ping));
	came(&w, view_text("+PONG\r\n"));
	for (int i = 0; i < 500; i++)
		tell(&w, EVENT_SEND, buf_view(&words));
	finish(&w);
	assert_true(w.most < 4 * MIB);
	assert_int_equal(w.exchanges, 2);
}

static void test_messages_of_a_channel(void **state)
{
	enum { MESSAGES = 300000 };
	struct watching w;
	(void)state;
	start(&w, PROTO_TCP);
	sent(&w, view_text("*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n"));
	came(&w, view_text("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"));
	come(&w, "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n", MESSAGES);
	finish(&w);
	assert_int_equal(w.alone, MESSAGES);
	assert_int_equal(w.errors, 0);
	assert_true(w.most < 4 * MIB);
}

/* A question of DNS for A a.test, and an answer without records. */
static const char question[] = "\1\1\1\0\0\1\0\0\0\0\0\0\1a\4test\0\0\1\0\1", answer[] = "\1\1\201\200\0\1\0\0\0\0\0\0\1a\4test\0\0\1\0\1";

static void set_peer(struct watching *w, uint32_t number)
{
	w->event.local = (struct net_address){ NET_INET4, 4, 49152, { 172, 16, 0, 0 } };
	w->event.peer = (struct net_address){ NET_INET4, 4, 53, { 10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number } };
}

static void test_peers_without_end(void **state)
{
	enum { PEERS = 100000 };
	struct watching w;
	(void)state;
	start(&w, PROTO_UDP);
	for (uint32_t i = 0; i < PEERS; i++) {
		set_peer(&w, i);
		tell(&w, EVENT_SEND, view_of(question, sizeof question - 1));
		if (i % 2)
			tell(&w, EVENT_RECEIVE, view_of(answer, sizeof answer - 1));
	}
	assert_true(w.most < 64 * MIB);
	finish(&w);
	assert_int_equal(w.requests, PEERS);
	assert_int_equal(w.responses, PEERS / 2);
	assert_int_equal(w.exchanges, PEERS);
}

static void test_questions_without_end(void **state)
{
	enum { QUESTIONS = 100000 };
	struct watching w;
	(void)state;
	start(&w, PROTO_UDP);
	set_peer(&w, 1);
	for (uint32_t i = 0; i < QUESTIONS; i++) {
		char other[sizeof question];
		memcpy(other, question, sizeof question);
		other[0] = (char)i;
		other[1] = (char)(i >> 8);
		tell(&w, EVENT_SEND, view_of(other, sizeof other - 1));
	}
	assert_true(w.most < 16 * MIB);
	finish(&w);
	assert_int_equal(w.exchanges, QUESTIONS);
	assert_int_equal(w.responses, 0);
}

/* Flows end with their socket, each for itself; what nobody knows is told once. */
static void test_sockets_for_datagrams(void **state)
{
	struct watching w;
	(void)state;
	start(&w, PROTO_UDP);
	for (uint32_t i = 0; i < 3; i++) {
		w.event.socket = 1 + i;
		set_peer(&w, 1);
		tell(&w, EVENT_SEND, view_of(question, sizeof question - 1));
		set_peer(&w, 2);
		for (int k = 0; k < 5; k++)
			tell(&w, EVENT_SEND, view_text("something else"));
	}
	w.event.socket = 2;
	tell(&w, EVENT_GONE, (struct view){ 0 });
	assert_int_equal(w.exchanges, 2);
	assert_int_equal(w.unknown, 1);
	assert_string_equal(w.last_error,
		"unknown protocol, 70 bytes from the client \"something elsesomething elsesome\"..., 0 bytes from the server");
	w.event.socket = 1;
	set_peer(&w, 1);
	tell(&w, EVENT_RECEIVE, view_of(answer, sizeof answer - 1));
	assert_int_equal(w.responses, 1);
	w.event.error = 14; /* ECONNREFUSED */
	w.event.socket = 3;
	tell(&w, EVENT_RECEIVE, (struct view){ 0 });
	assert_int_equal(w.exchanges, 4);
	assert_string_equal(w.last_error, "no response: ECONNREFUSED (Connection refused)");
	w.event.error = 0;
	finish(&w);
	assert_int_equal(w.exchanges, 6);
	assert_int_equal(w.unknown, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_long_pipeline),
		cmocka_unit_test(test_a_pipeline_that_nobody_answers),
		cmocka_unit_test(test_values_without_end),
		cmocka_unit_test(test_a_command_without_end),
		cmocka_unit_test(test_a_line_of_words_without_end),
		cmocka_unit_test(test_messages_of_a_channel),
		cmocka_unit_test(test_peers_without_end),
		cmocka_unit_test(test_questions_without_end),
		cmocka_unit_test(test_sockets_for_datagrams),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
