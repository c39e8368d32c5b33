/* Connections that speak HTTP/1, well and badly: what each side sends, in order. The tests give them to the trace in every way there is. */
#pragma once

#include <stdint.h>

enum step_kind { STEP_END, STEP_ASK, STEP_ANSWER, STEP_CLIENT_ENDS, STEP_SERVER_ENDS, STEP_CLIENT_RESETS, STEP_SERVER_RESETS };

struct step {
	enum step_kind kind;
	const char *bytes;
	uint32_t size; /* 0: up to the NUL */
};

struct session {
	const char *title;
	struct step steps[24];
};

#define ASK(text)     { STEP_ASK, text, sizeof(text) - 1 }
#define ANSWER(text)  { STEP_ANSWER, text, sizeof(text) - 1 }
#define CLIENT_ENDS   { STEP_CLIENT_ENDS, 0, 0 }
#define SERVER_ENDS   { STEP_SERVER_ENDS, 0, 0 }
#define CLIENT_RESETS { STEP_CLIENT_RESETS, 0, 0 }
#define SERVER_RESETS { STEP_SERVER_RESETS, 0, 0 }

static const struct session http_sessions[] = {
	{ "the page",
		{ ASK("GET / HTTP/1.1\r\nHost: eo3qh2ncelpc9q0.m.pipedream.net\r\nUser-Agent: Go-http-client/1.1\r\n"
		      "Accept-Encoding: gzip\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nDate: Thu, 29 Jun 2023 22:13:24 GMT\r\nContent-Type: text/html; charset=utf-8\r\n"
			       "Content-Length: 14\r\nConnection: keep-alive\r\nX-Powered-By: Express\r\nAccess-Control-Allow-Origin: *\r\n"
			       "\r\nHello, World!\n"),
			CLIENT_ENDS } },
	{ "keep-alive",
		{ ASK("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"), ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"),
			ASK("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"), ANSWER("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
			ASK("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"), ANSWER("HTTP/1.1 200 \r\nContent-Length: 6\r\n\r\nthree\n"), SERVER_ENDS,
			CLIENT_ENDS } },
	{ "pipelining",
		{ ASK("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: a\r\n\r\n"
		      "POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyG"),
			ASK("ET /4 HTTP/1.1\r\nHost: a\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n"
			       "HTTP/1.1 201 Created\r\n"
			       "Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
			ANSWER("4\r\nfour\r\n0\r\n\r\n"), CLIENT_ENDS } },
	{ "chunked, with extensions, a trailer, and LF alone",
		{ ASK("POST /up HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nTrailer: X-Sum\n\n"
		      "5;name=\"v\"\nhello\n00A  \n, chunked!\n0\nX-Sum: 15\n\n"),
			ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
			       "1\r\na\r\n2;x\r\nbc\r\n0;last\r\nX-One: 1\r\nX-Two: 2\r\n\r\n"),
			CLIENT_ENDS } },
	{ "responses that have no body",
		{ ASK("HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n"), ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
			ASK("DELETE /204 HTTP/1.1\r\nHost: a\r\n\r\n"), ANSWER("HTTP/1.1 204 No Content\r\n\r\n"),
			ASK("GET /304 HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"1\"\r\n\r\n"),
			ANSWER("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: \"1\"\r\n\r\n"),
			ASK("POST /nothing HTTP/1.1\r\nHost: a\r\n\r\n"), ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
			CLIENT_ENDS } },
	{ "Expect: 100-continue, early hints",
		{ ASK("PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"),
			ANSWER("HTTP/1.1 100 Continue\r\n\r\n"), ASK("data"),
			ANSWER("HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n"),
			ANSWER("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"), CLIENT_ENDS } },
	{ "Expect: 100-continue, refused",
		{ ASK("PUT /b HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"),
			ANSWER("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"), ASK("GET /c HTTP/1.1\r\nHost: a\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), CLIENT_ENDS } },
	{ "HTTP/1.0, a body that ends with the connection",
		{ ASK("GET /old HTTP/1.0\r\n\r\n"), ANSWER("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nline one\nline"),
			ANSWER(" two"), SERVER_ENDS, CLIENT_ENDS } },
	{ "absolute form, asterisk, blanks in the target, no Host",
		{ ASK("GET http://example.test:8080/p?q=1#x HTTP/1.1\r\nHost: example.test:8080\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ASK("OPTIONS * HTTP/1.1\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ASK("GET /a b HTTP/1.1\r\n\r\n"),
			ANSWER("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), CLIENT_ENDS } },
	{ "names as sent, folding, empty values, fields twice",
		{ ASK("\r\nGET / HTTP/1.1\r\nhOsT:a\r\nX-Folded: one\r\n two\r\n\tthree  \r\nX-Empty:\r\nx-Twice: 1\r\nX-Twice: 2\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n"), CLIENT_ENDS } },
	{ "names that are no tokens",
		{ ASK("GET / HTTP/1.1\r\nX Foo: 1\r\n\"q\\\" [x]: {y}\r\n- a: b\r\n# c: d\r\nnull: null\r\n{}: []\r\n? : !x\r\n\r\n"),
			ANSWER("HTTP/1.1 204 No Content\r\n1: 2\r\n\r\n"), CLIENT_ENDS } },
	{ "CONNECT that is refused, then one that is not",
		{ ASK("CONNECT db.test:5432 HTTP/1.1\r\nHost: db.test:5432\r\n\r\n"),
			ANSWER("HTTP/1.1 407 Authenticate\r\nContent-Length: 0\r\n\r\n"),
			ASK("CONNECT db.test:5432 HTTP/1.1\r\nHost: db.test:5432\r\nProxy-Authorization: x\r\n\r\n"),
			ANSWER("HTTP/1.1 200 Connection established\r\n\r\n"), ASK("\1\2\3\4tunnel"), ANSWER("\5\6\7answer"),
			CLIENT_ENDS } },
	{ "CONNECT, then HTTP in the tunnel",
		{ ASK("CONNECT a.test:80 HTTP/1.1\r\n\r\n"), ANSWER("HTTP/1.1 200 OK\r\n\r\n"),
			ASK("GET /inner HTTP/1.1\r\nHost: a.test\r\n\r\n"), ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nin"),
			CLIENT_ENDS } },
	{ "upgrade",
		{ ASK("GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: chat\r\nConnection: keep-alive, Upgrade\r\n\r\n"),
			ANSWER("HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: Upgrade\r\n\r\n\1hello"), ASK("\2hi"),
			CLIENT_ENDS } },
	{ "upgrade that is not taken",
		{ ASK("GET /1 HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"), ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2"),
			CLIENT_ENDS } },
	{ "upgrades that are not taken, answered at once",
		{ ASK("GET /1 HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"
		      "GET /2 HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nGET /3 HTTP/1.1\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2"
			       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3"),
			CLIENT_ENDS } },
	{ "a tunnel whose bytes came before it was granted",
		{ ASK("CONNECT a.test:80 HTTP/1.1\r\n\r\nGET /early HTTP/1.1\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), CLIENT_ENDS } },
	{ "a tunnel that is never granted", { ASK("CONNECT a.test:80 HTTP/1.1\r\n\r\nearly bytes"), SERVER_ENDS, CLIENT_ENDS } },
	{ "an answer while the header of the request is under way",
		{ ASK("GET /1 HTTP/1.1\r\nHost: a\r\nX-Slo"), ANSWER("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"),
			SERVER_ENDS, CLIENT_ENDS } },
	{ "nothing but a response on the way",
		{ ASK("PUT /1 HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"), ANSWER("HTTP/1.1 100 Continue\r\n\r\n"),
			SERVER_ENDS, CLIENT_ENDS } },
	{ "more responses on the way than are kept",
		{ ASK("GET /1 HTTP/1.1\r\n\r\n"),
			ANSWER("HTTP/1.1 102 1\r\n\r\nHTTP/1.1 102 2\r\n\r\nHTTP/1.1 102 3\r\n\r\n"
			       "HTTP/1.1 102 4\r\n\r\nHTTP/1.1 102 5\r\n\r\n"
			       "HTTP/1.1 102 6\r\n\r\nHTTP/1.1 102 7\r\n\r\nHTTP/1.1 102 8\r\n\r\nHTTP/1.1 102 9\r\n\r\n"
			       "HTTP/1.1 102 10\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
			CLIENT_ENDS } },
	{ "a coding of the transfer under the chunks",
		{ ASK("GET /1 HTTP/1.1\r\nTE: gzip\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n22\r\n"
			       "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xf3\x48\xcd\xc9\xc9\xd7\x51"
			       "\x08\xcf\x2f\xca\x49\x51\xe4\x02\x00\x84\x9e\xe8\xb4\x0e\x00\x00\x00\r\n0\r\n\r\n"),
			CLIENT_ENDS } },
	{ "never answered",
		{ ASK("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"), SERVER_ENDS, CLIENT_ENDS } },
	{ "reset before the answer", { ASK("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"), SERVER_RESETS } },
	{ "a response cut short",
		{ ASK("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"), ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive"), SERVER_ENDS,
			CLIENT_ENDS } },
	{ "a chunked response cut short",
		{ ASK("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"), ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfive\r\n"),
			SERVER_ENDS, CLIENT_ENDS } },
	{ "a header cut short",
		{ ASK("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"), ANSWER("HTTP/1.1 200 OK\r\nContent-Le"), SERVER_ENDS, CLIENT_ENDS } },
	{ "a request cut short", { ASK("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfive"), CLIENT_ENDS, SERVER_ENDS } },
	{ "an answer before the whole request",
		{ ASK("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfive"),
			ANSWER("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), SERVER_ENDS,
			CLIENT_ENDS } },
	{ "bytes that are no response",
		{ ASK("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"), ANSWER("\x16\x03\x01\x00\x02\x02\x28"), SERVER_ENDS, CLIENT_ENDS } },
	{ "bytes behind a response",
		{ ASK("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"), ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay and more\r\n"),
			SERVER_ENDS, CLIENT_ENDS } },
	{ "bytes behind a request",
		{ ASK("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok\1\2\3 what\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), SERVER_ENDS, CLIENT_ENDS } },
	{ "lengths that are none",
		{ ASK("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 3\r\n\r\nok"),
			ANSWER("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), CLIENT_ENDS } },
	{ "a chunk's size that is none",
		{ ASK("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\nxyz\r\n"), SERVER_ENDS, CLIENT_ENDS } },
	{ "a line that is no field",
		{ ASK("GET /1 HTTP/1.1\r\nHost: a\r\nno field\r\n\r\n"), ANSWER("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
			CLIENT_ENDS } },
	{ "an answer to what is no request",
		{ ASK("\x16\x07\x01\x02\x00\x01\x00\x01\xfc"),
			ANSWER("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nplain HTTP, please\n"), SERVER_ENDS, CLIENT_ENDS } },
	{ "a response to nothing", { ANSWER("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"), SERVER_ENDS, CLIENT_ENDS } },
	{ "a response too many",
		{ ASK("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"), ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
			ANSWER("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"), SERVER_ENDS, CLIENT_ENDS } },
	{ "another protocol", { ASK("\3\0\0\7\1\2\3 not HTTP at all\n"), ANSWER("nor this\r\n"), CLIENT_ENDS } },
	{ "nothing", { CLIENT_ENDS, SERVER_ENDS } },
	{ "a word of another protocol", { ANSWER("220 ftp.test ready\r\n"), ASK("USER a\r\n"), ANSWER("331 ftp.test\r\n"), CLIENT_ENDS } },
	{ "a binary body",
		{ ASK("GET /bin HTTP/1.1\r\nHost: a\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n\x00\x01\x02\x03\x80\xff\x7f abcdefghijk\n\x10"),
			CLIENT_ENDS } },
	{ "gzip",
		{ ASK("GET /gz HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 34\r\n\r\n"
			       "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xf3\x48\xcd\xc9\xc9\xd7\x51"
			       "\x08\xcf\x2f\xca\x49\x51\xe4\x02\x00\x84\x9e\xe8\xb4\x0e\x00"
			       "\x00\x00"),
			CLIENT_ENDS } },
	{ "gzip that is none",
		{ ASK("GET /gz HTTP/1.1\r\nHost: a\r\n\r\n"),
			ANSWER("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain"), CLIENT_ENDS } },
	{ "bytes that would reach the terminal",
		{ ASK("GET /\x1b[2J\x07 HTTP/1.1\r\nHost: a\r\nX-Bell: \x07\x1b]0;t\x07\r\n\r\n"),
			ANSWER("HTTP/1.1 200 \x1b[31mOK\r\nContent-Length: 5\r\n\r\n\x1b[2Jx"),
			ASK("GET /\xc3\xa9\xc2\x9b\x9b HTTP/1.1\r\n"
			    "X: \xc2\x9b"
			    "1m\xc3\xa9\r\n\r\n"),
			ANSWER("HTTP/1.1 200 \xff\r\n"
			       "Content-Length: 4\r\n\r\n\xc2\x9b"
			       "2J"),
			CLIENT_ENDS } },
};

enum { HTTP_SESSIONS = sizeof http_sessions / sizeof *http_sessions };
