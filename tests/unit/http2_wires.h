/* Connections that speak HTTP/2: frames as they are on the wire, most fields of them without Huffman's code. */
#pragma once

#include "wire.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS             \
	"\0\0\6\4\0\0\0\0\0" \
	"\0\3\0\0\0d"
#define ACKNOWLEDGED "\0\0\0\4\1\0\0\0\0"

/* A frame's header, nine bytes, and what it carries stand apart. */
static const struct wire http2_wires[] = {
	{ "a request",
		{ ASK(PREFACE SETTINGS "\000\000\004\010\000\000\000\000\000"
				       "\000\001\000\000"
				       "\000\000'\001\005\000\000\000\001"
				       "\202\206\004\012/api/users\001\013example.c"
				       "om\000\006accept\003*/*"),
			ANSWER(SETTINGS ACKNOWLEDGED "\000\000\032\001\004\000\000\000\001"
						     "\210\000\014content-type\012text/plai"
						     "n"
						     "\000\000\006\000\001\000\000\000\001"
						     "hello\012"),
			ASK(ACKNOWLEDGED) } },
	{ "streams side by side, padding, CONTINUATION, trailers",
		{ ASK(PREFACE SETTINGS "\000\000\026\001\005\000\000\000\001"
				       "\202\206\004\005/slow\001\013example.com"
				       "\000\000\033\001%\000\000\000\003"
				       "\000\000\000\000\020\202\206\004\005/fast\001\013example.c"
				       "om"
				       "\000\000\006\001\011\000\000\000\005"
				       "\003\202\206\000\000\000"
				       "\000\000\025\011\004\000\000\000\005"
				       "\004\006/parts\001\013example.com"),
			ANSWER(SETTINGS ACKNOWLEDGED "\000\000\001\001\004\000\000\000\001"
						     "\210"
						     "\000\000\006\000\000\000\000\000\001"
						     "slow, "
						     "\000\000\001\001\004\000\000\000\003"
						     "\210"
						     "\000\000\011\000\011\000\000\000\003"
						     "\004fast\000\000\000\000"
						     "\000\000\000\000\000\000\000\000\001"
						     "\000\000\010\000\000\000\000\000\001"
						     "but sure"
						     "\000\000\017\001\005\000\000\000\001"
						     "\000\012x-checksum\00217"
						     "\000\000\005\001\005\000\000\000\005"
						     "\010\003204") } },
	{ "a table of fields that both requests use",
		{ ASK(PREFACE SETTINGS "\000\000\"\001\005\000\000\000\001"
				       "\202\206\004\004/one\001\013example.com@\007x-"
				       "token\003abc"
				       "\000\000\026\001\005\000\000\000\003"
				       "\202\206\004\004/two\001\013example.com\276"),
			ANSWER(SETTINGS "\000\000\015\001\005\000\000\000\001"
					"\210@\006server\003one"
					"\000\000\002\001\005\000\000\000\003"
					"\210\276") } },
	{ "a body that is sent",
		{ ASK(PREFACE SETTINGS "\000\0006\001\004\000\000\000\001"
				       "\203\206\004\006/items\001\013example.com\000\014"
				       "content-type\020application/"
				       "json"
				       "\000\000\010\000\000\000\000\000\001"
				       "{\"name\":"
				       "\000\000\006\000\001\000\000\000\001"
				       "\"Ada\"}"),
			ANSWER(SETTINGS "\000\000\030\001\005\000\000\000\001"
					"\010\003201\000\010location\010/items/1") } },
	{ "early hints",
		{ ASK(PREFACE SETTINGS "\000\000\026\001\005\000\000\000\001"
				       "\202\206\004\005/page\001\013example.com"),
			ANSWER(SETTINGS "\000\000\024\001\004\000\000\000\001"
					"\010\003103\000\004link\010</a.css>"
					"\000\000\001\001\004\000\000\000\001"
					"\210"
					"\000\000\003\000\001\000\000\000\001"
					"<p>") } },
	{ "streams that are reset",
		{ ASK(PREFACE SETTINGS "\000\000\031\001\005\000\000\000\001"
				       "\202\206\004\010/refused\001\013example.com"
				       "\000\000\033\001\005\000\000\000\003"
				       "\202\206\004\012/cancelled\001\013example.c"
				       "om"),
			ANSWER(SETTINGS "\000\000\004\003\000\000\000\000\001"
					"\000\000\000\007"
					"\000\000\001\001\004\000\000\000\003"
					"\210"
					"\000\000\004\000\000\000\000\000\003"
					"some"),
			ASK("\000\000\004\003\000\000\000\000\003"
			    "\000\000\000\010"),
			SERVER_ENDS } },
	{ "an answer before the end of the request",
		{ ASK(PREFACE SETTINGS "\000\000\030\001\004\000\000\000\001"
				       "\203\206\004\007/upload\001\013example.com"
				       "\000\000\004\000\000\000\000\000\001"
				       "part"),
			ANSWER(SETTINGS "\000\000\005\001\005\000\000\000\001"
					"\010\003413"
					"\000\000\004\003\000\000\000\000\001"
					"\000\000\000\000") } },
	{ "a server that goes away",
		{ ASK(PREFACE SETTINGS "\000\000\022\001\005\000\000\000\001"
				       "\202\206\004\001/\001\013example.com"),
			ANSWER(SETTINGS "\000\000\021\007\000\000\000\000\000"
					"\000\000\000\000\000\000\000\013slow down"),
			SERVER_ENDS } },
	{ "a server that goes away in peace",
		{ ASK(PREFACE SETTINGS "\000\000\022\001\005\000\000\000\001"
				       "\202\206\004\001/\001\013example.com"),
			ANSWER(SETTINGS "\000\000\005\001\005\000\000\000\001"
					"\010\003204"
					"\000\000\010\007\000\000\000\000\000"
					"\000\000\000\001\000\000\000\000"),
			SERVER_ENDS } },
	{ "a promise",
		{ ASK(PREFACE SETTINGS "\000\000\026\001\005\000\000\000\001"
				       "\202\206\004\005/page\001\013example.com"),
			ANSWER(SETTINGS "\000\000\037\005\004\000\000\000\001"
					"\000\000\000\002\202\206\004\012/style.css\001\013examp"
					"le.com"
					"\000\000\001\001\004\000\000\000\001"
					"\210"
					"\000\000\004\000\001\000\000\000\001"
					"page"
					"\000\000\001\001\004\000\000\000\002"
					"\210"
					"\000\000\005\000\001\000\000\000\002"
					"style") } },
	{ "a body that is cut",
		{ ASK(PREFACE SETTINGS "\000\000\025\001\005\000\000\000\001"
				       "\202\206\004\004/big\001\013example.com"),
			ANSWER(SETTINGS "\000\000\025\001\004\000\000\000\001"
					"\210\000\016content-length\003100"
					"\000\000\012\000\000\000\000\000\001"
					"ten bytes."),
			SERVER_ENDS } },
	{ "a connection that is reset before an answer",
		{ ASK(PREFACE SETTINGS "\000\000\022\001\005\000\000\000\001"
				       "\202\206\004\001/\001\013example.com"),
			RESET } },
	{ "a body that is compressed",
		{ ASK(PREFACE SETTINGS "\000\000\026\001\005\000\000\000\001"
				       "\202\206\004\005/gzip\001\013example.com"),
			ANSWER(SETTINGS "\000\000\030\001\004\000\000\000\001"
					"\210\000\020content-encoding\004gzip"
					"\000\000\012\000\000\000\000\000\001"
					"\037\213\010\000\000\000\000\000\002\003"
					"\000\000!\000\001\000\000\000\001"
					"+.,MM\255JMQH\314KQ(\315K\311\317K\345*&R\014\000"
					"V\033\026M<\000\000\000") } },
	{ "fields that cannot be undone",
		{ ASK(PREFACE SETTINGS "\000\000\001\001\005\000\000\000\001"
				       "\306"),
			ANSWER(SETTINGS), SERVER_ENDS, CLIENT_ENDS } },
	{ "a block that is not continued",
		{ ASK(PREFACE SETTINGS "\000\000\002\001\001\000\000\000\001"
				       "\202\206"
				       "\000\000\001\000\000\000\000\000\001"
				       "x"),
			ANSWER(SETTINGS), SERVER_ENDS, CLIENT_ENDS } },
	{ "no HTTP/2 behind the preface", { ASK(PREFACE "GET / HTTP/1.1\015\012\015\012"), ANSWER(SETTINGS), SERVER_ENDS, CLIENT_ENDS } },
	{ "frames of kinds that nobody knows",
		{ ASK(PREFACE SETTINGS "\000\000\006\276\377\000\000\000\007"
				       "grease"
				       "\000\000\010\006\000\000\000\000\000"
				       "12345678"
				       "\000\000\022\001\005\000\000\000\001"
				       "\202\206\004\001/\001\013example.com"),
			ANSWER(SETTINGS "\000\000\010\006\001\000\000\000\000"
					"12345678"
					"\000\000\005\001\005\000\000\000\001"
					"\010\003204") } },
	{ "a call of gRPC",
		{ ASK(PREFACE SETTINGS "\000\000L\001\004\000\000\000\001"
				       "\203\206\004\034/helloworld.Greeter/S"
				       "ayHello\001\013example.com\000\014con"
				       "tent-type\020application/grp"
				       "c"
				       "\000\000\012\000\001\000\000\000\001"
				       "\000\000\000\000\005\012\003Ada"),
			ANSWER(SETTINGS "\000\000 \001\004\000\000\000\001"
					"\210\000\014content-type\020applicati"
					"on/grpc"
					"\000\000\020\000\000\000\000\000\001"
					"\000\000\000\000\013\012\011Hello Ada"
					"\000\000\017\001\005\000\000\000\001"
					"\000\013grpc-status\0010") } },
	{ "a call that fails, with a status alone",
		{ ASK(PREFACE SETTINGS "\000\000J\001\004\000\000\000\001"
				       "\203\206\004\032/helloworld.Greeter/R"
				       "efuse\001\013example.com\000\014conte"
				       "nt-type\020application/grpc"
				       "\000\000\005\000\001\000\000\000\001"
				       "\000\000\000\000\000"),
			ANSWER(SETTINGS "\000\000V\001\005\000\000\000\001"
					"\210\000\014content-type\020applicati"
					"on/grpc\000\013grpc-status\0017\000\014g"
					"rpc-message\030not %22you%22"
					", 100%, %zz") } },
	{ "streams of messages, compressed and cut anywhere",
		{ ASK(PREFACE SETTINGS "\000\000S\001\004\000\000\000\001"
				       "\203\206\004\017/chat.Chat/Talk\001\013exam"
				       "ple.com\000\014content-type\020app"
				       "lication/grpc\000\015grpc-encod"
				       "ing\004gzip"
				       "\000\000\024\000\000\000\000\000\001"
				       "\000\000\000\000\005\012\003one\001\000\000\000\031\037\213\010\000\000"
				       "\000\000\024\000\001\000\000\000\001"
				       "\000\000\000\002\003\343b.)\317\007\000&\023\254p\005\000\000\000"),
			ANSWER(SETTINGS "\000\000 \001\004\000\000\000\001"
					"\210\000\014content-type\020applicati"
					"on/grpc"
					"\000\000\027\000\000\000\000\000\001"
					"\000\000\000\000\005\012\003one\001\000\000\000\010squeezed"
					"\000\000\020\001\005\000\000\000\001"
					"\000\013grpc-status\00299") } },
	{ "fields of every kind",
		{ ASK(PREFACE SETTINGS "\000\0006\001\004\000\000\000\001"
				       "\203\206\004\006/a.B/C\001\013example.com\000\014"
				       "content-type\020application/"
				       "grpc"
				       "\000\000(\000\001\000\000\000\001"
				       "\000\000\000\000#\010\226\001\021\000\001\002\003\004\005\006\007\035\001\002\003\004\"\004\010"
				       "\001\020\002\"\004\010\003\020\004*\002\377\376\012\000"),
			ANSWER(SETTINGS "\000\000 \001\004\000\000\000\001"
					"\210\000\014content-type\020applicati"
					"on/grpc"
					"\000\000\020\000\000\000\000\000\001"
					"\000\000\000\000\013\007no message"
					"\000\000\012\000\000\000\000\000\001"
					"\000\000\000\000 short"
					"\000\000\017\001\005\000\000\000\001"
					"\000\013grpc-status\0010") } },
	{ "a call whose messages are JSON",
		{ ASK(PREFACE SETTINGS "\000\000;\001\004\000\000\000\001"
				       "\203\206\004\006/a.B/C\001\013example.com\000\014"
				       "content-type\025application/"
				       "grpc+json"
				       "\000\000\014\000\001\000\000\000\001"
				       "\000\000\000\000\007{\"a\":1}"),
			ANSWER(SETTINGS "\000\000\004\003\000\000\000\000\001"
					"\000\000\000\010") } },
	{ "trailers that are no trailers",
		{ ASK(PREFACE SETTINGS "\000\000\022\001\005\000\000\000\001"
				       "\202\206\004\001/\001\013example.com"),
			ANSWER(SETTINGS "\000\000\001\001\004\000\000\000\001"
					"\210"
					"\000\000\016\001\005\000\000\000\001"
					"\210\004\006/again\000\001x\001y") } },
	{ "a name that is no text",
		{ ASK(PREFACE SETTINGS "\000\000\031\001\005\000\000\000\001"
				       "\202\206\004\001/\001\013example.com\000\003\210\012\377\001v"),
			ANSWER(SETTINGS "\000\000\001\001\005\000\000\000\001"
					"\210") } },
	{ "an upgrade from HTTP/1.1",
		{ ASK("GET /up HTTP/1.1\015\012Host: example.com\015\012Connection: Upgrade, HT"
		      "TP2-Settings\015\012Upgrade: h2c\015\012HTTP2-Settings: AAMAAABk\015\012\015\012"),
			ANSWER("HTTP/1.1 101 Switching Protocols\015\012Connection: Upgrade\015\012Upgra"
			       "de: h2c\015\012\015\012" SETTINGS "\000\000\001\001\004\000\000\000\001"
			       "\210"
			       "\000\000\005\000\001\000\000\000\001"
			       "first"),
			ASK(PREFACE SETTINGS "\000\000\030\001\005\000\000\000\003"
					     "\202\206\004\007/second\001\013example.com"),
			ANSWER("\000\000\005\001\005\000\000\000\003"
			       "\010\003204") } },
};
enum { HTTP2_WIRES = sizeof http2_wires / sizeof *http2_wires };
