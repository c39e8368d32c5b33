/* First bytes that may be more than one protocol's: what they are taken for, however they are cut. */
#include "wire.h"

#define TIMES_8(text)   text text text text text text text text
#define TIMES_512(text) TIMES_8(TIMES_8(TIMES_8(text)))

static const struct wire wires[] = {
	{ "a greeting of mail that is a line of HTTP",
		{ ASK("EHLO a.test HTTP/1.1\r\n\r\n"), ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a greeting of mail", { ASK("EHLO a.test\r\n"), ANSWER("220 a\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a greeting of mail that HTTP answers",
		{ ASK("EHLO a.test"), ANSWER("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a greeting of mail without its line's end", { ASK("EHLO a.test"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a server that greets as any may, and its client's mail",
		{ ANSWER("220 a\r\n"), ASK("EHLO a.test\r\n"), ANSWER("250 a\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a server that greets as any may, and no mail",
		{ ANSWER("220 a\r\n"), ASK("USER ada\r\n"), ANSWER("331 ?\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a command of Redis that is a method", { ASK("GET k\r\n"), ANSWER("$1\r\nv\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a line of HTTP that begins like a command of Redis",
		{ ASK("GET / HTTP/1.1\r\n\r\n"), ANSWER("HTTP/1.1 204 No Content\r\n\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "an array of Redis that HTTP answers",
		{ ASK("*1\r\n$4\r\nPING\r\n"), ANSWER("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), CLIENT_ENDS,
			SERVER_ENDS } },
	{ "nothing known, and HTTP answers",
		{ ASK("\1\2\3"), ANSWER("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "nothing known, and nobody answers", { ASK("\1\2\3"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a greeting of MySQL, whose client is silent",
		{ ANSWER(";\0\0\0\n8.0.36\0\7\0\0\0saltsalt\0\1\202\55\2\0\10\0\25\0\0\0\0\0\0\0\0\0\0saltsaltsalt\0plugin\0"), CLIENT_ENDS,
			SERVER_ENDS } },
	{ "a greeting of mail, whose client is silent", { ANSWER("220 a ESMTP\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "settings of HTTP/2 before the client speaks",
		{ ANSWER("\0\0\0\4\0\0\0\0\0"), ASK("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"), CLIENT_ENDS, SERVER_ENDS } },
	{ "nothing known, from the server alone", { ANSWER("\1\2\3"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a number of Redis in a line that is too long",
		{ ASK("PING\r\n"), ANSWER(":" TIMES_512("1") "111111\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a line that is too long for HTTP",
		{ ASK("GET /" TIMES_512("aaaaaaaaaaaaaaaa") " HTTP/1.1\r\n\r\n"), ANSWER("a"), CLIENT_ENDS, SERVER_ENDS } },
	{ "more than is kept of what is not known",
		{ ASK(TIMES_512("\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10") "\1"),
			ANSWER("HTTP/1.1 400 Bad Request\r\n\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a startup of PostgreSQL or a query of DNS, cut short", { ASK("\0\0\0"), ANSWER("\0\0"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a record of TLS or a long query of DNS", { ASK("\26\3\1\0\4\1\0\0\0"), ANSWER("\25\3\1\0\2\2\62"), CLIENT_ENDS, SERVER_ENDS } },
};

enum { WIRES = sizeof wires / sizeof *wires };

static void test_whole_outputs(void **state)
{
	(void)state;
	wire_compare_each(wires, WIRES, (struct wire_how){ .port = 80 }, "recognition.txt");
}

static void test_pieces(void **state)
{
	(void)state;
	wire_check_pieces(wires, WIRES, (struct wire_how){ .port = 80 });
	wire_check_pieces(wires, WIRES, (struct wire_how){ .port = 80, .format = EMIT_JSON });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_outputs),
		cmocka_unit_test(test_pieces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
