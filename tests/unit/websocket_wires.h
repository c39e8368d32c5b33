/* WebSocket connections, for the tests and for what the fuzzer starts from. Frames as RFC 6455 has them, messages compressed as RFC 7692
 * has it. */
#pragma once

#include "wire.h"

#define UPGRADE(extensions)                                                                                                           \
	ASK("GET /chat?room=1 HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" \
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" extensions "\r\n"),                                                     \
		ANSWER("HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n" extensions "\r\n")

static const struct wire websocket_wires[] = {
	{ "messages of both sides",
		{
			UPGRADE(""),
			ASK("\201\2057\372!=_\237MQX"),
			ANSWER("\201\011two words"),
			ASK("\202\2037\372!=7\373\336"),
			ANSWER("\201\000"),
			ANSWER("\201\011caf\303\251 \342\230\203"),
			ASK("\211\2027\372!=G\313"),
			ANSWER("\212\002p1"),
			ASK("\211\2007\372!="),
			ANSWER("\212\000"),
			ASK("\210\2117\372!=4\022CDR\332OR@"),
			ANSWER("\210\002\003\350"),
		} },
	{ "the first message comes with the upgrade",
		{
			ASK("GET /chat\077room=1 HTTP/1.1\r\n"
			    "Host: a.test\r\n"
			    "Connection: Upgrade\r\n"
			    "Upgrade: websocket\r\n"
			    "Sec-WebSocket-Version: 13\r\n"
			    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
			    "\r\n"),
			ANSWER("HTTP/1.1 101 Switching Protocols\r\n"
			       "Upgrade: WebSocket\r\n"
			       "Connection: Upgrade\r\n"
			       "\r\n"
			       "\201\005early\201\004bird"),
		} },
	{ "fragments with control between",
		{
			UPGRADE(""),
			ASK("\001\2047\372!=X\224D\035\211\2127\372!=^\224\001_R\216VXR\224\000\2047\372!=C\215N\035"),
			ANSWER("\212\n"
			       "in between"),
			ASK("\000\2007\372!=\200\2057\372!=C\222SXR"),
			ANSWER("\002\002ab"),
			ASK("\201\2117\372!=Z\237@S@\222HQR"),
			ANSWER("\200\002cd"),
		} },
	{ "lengths of all three kinds",
		{
			UPGRADE(""),
			ASK("\201\3757\372!=O\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO"
			    "\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO"
			    "\202YEO\202YEO\202YEO\202YEO\202YEO"),
			ASK("\201\376\000~7\372!=N\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN"
			    "\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN"
			    "\203XDN\203XDN\203XDN\203XDN\203XDN\203XDN\203"),
			ANSWER("\202~\000\003abc"),
			ANSWER("\201\177\000\000\000\000\000\000\000\005wwwww"),
			ASK("\201\376\001,7\372!=\325x\215\337\265V\303\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243"
			    "\221\325x\215\337\265V\303\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243\221\325x\215"
			    "\337\265V\303\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243\221\325x\215\337\265V\303"
			    "\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243"
			    "\221\325x\215\337\265V\303\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243\221\325x\215"
			    "\337\265V\303\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243\221\325x\215\337\265V\303"
			    "\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243"
			    "\221\325x\215\337\265V\303\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243\221\325x\215"
			    "\337\265V\303\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243\221\325x\215\337\265V\303"
			    "\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243"
			    "\221\325x\215\337\265V\303\277\233\030\243\221\325x\215\337\265V\303\277\233\030\243\221"),
		} },
	{ "it closes with 1001",
		{
			UPGRADE(""),
			ANSWER("\210\002\003\351"),
			ASK("\210\2007\372!="),
		} },
	{ "it closes with 1002",
		{
			UPGRADE(""),
			ANSWER("\210\016\003\352what is this"),
			ASK("\210\2007\372!="),
		} },
	{ "it closes with 1011",
		{
			UPGRADE(""),
			ANSWER("\210\017\003\363out of cheese"),
			ASK("\210\2007\372!="),
		} },
	{ "it closes with 4000",
		{
			UPGRADE(""),
			ANSWER("\210\006\017\240mine"),
			ASK("\210\2007\372!="),
		} },
	{ "it closes with 999",
		{
			UPGRADE(""),
			ANSWER("\210\002\003\347"),
			ASK("\210\2007\372!="),
		} },
	{ "a code that is half there, a reason that is no text",
		{
			UPGRADE(""),
			ASK("\210\2017\372!=4"),
			ANSWER("\210\004\003\360\377\376"),
		} },
	{ "compressed, with what came before as context",
		{
			UPGRADE("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15\r\n"),
			ASK("\301\2137\372!=\375\262\354\364\376\255\351}\020\373!"),
			ASK("\301\2137\372!=\375:\017\221\247b\277\245\256\375!"),
			ANSWER("\302\03520426153\267\260LLJNI\3452\030\345\217\362G\371\243\374\021\302\007\000"),
			ANSWER("\201\016not compressed"),
			ASK("A\2117\372!=}\256\351p\032\324oqx\211\2077\372!=U\237UJR\237O\200\2447\372!=b2\355n\037\323\356j\177"
			    "\321k9\275\022\011\031\320\0357)6_sn#\350\252(\305\011s\220\247\317\"="),
			ASK("\301\2017\372!=7"),
		} },
	{ "compressed, each for itself",
		{
			UPGRADE("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"
				"; server_max_window_bits=9\r\n"),
			ASK("\301\2167\372!=\0353ih\037\264\355pb\322\240\0177\372"),
			ASK("\301\2167\372!=\0353ih\037\264\355pb\322\240\0177\372"),
			ANSWER("\301\03520426153\267\260LLJNI\3452\030\345\217\362G\371\243\374\021\302\007\000"),
			ANSWER("\301\03520426153\267\260LLJNI\3452\030\345\217\362G\371\243\374\021\302\007\000"),
			ANSWER("\301\007*\316\310/*\001\000"),
		} },
	{ "compressed, ended by a last block",
		{
			UPGRADE("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15\r\n"),
			ASK("\301\2307\372!=|7jtz\253i\227c\262u\365~\326\017l\1770\350r\371\374!="),
			ASK("\301\2137\372!=\375\262\354\364\376\255\351}\020\373!"),
		} },
	{ "broken compression with context: what follows is shown as it came",
		{
			UPGRADE("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15\r\n"),
			ASK("\301\2137\372!=\375\262\354\364\376\255\351}\020\373!"),
			ASK("\301\2047\372!=\310\005\336\302"),
			ASK("\301\2137\372!=\375:\017\221\247b\277\245\256\375!"),
			ASK("\201\2057\372!=G\226@TY"),
			ANSWER("\301\013\312H\315\311\311W\310@'\001\000"),
		} },
	{ "broken compression without context: the next one is whole",
		{
			UPGRADE("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"
				"; server_max_window_bits=9\r\n"),
			ASK("\301\2047\372!=\310\005\336\302"),
			ASK("\301\2147\372!=}5\356rf\262mr\3736\"="),
		} },
	{ "an extension that nobody knows",
		{
			UPGRADE("Sec-WebSocket-Extensions: x-own; a=1\r\n"),
			ASK("\341\2037\372!=V\230B"),
			ANSWER("\222\003def"),
		} },
	{ "masks are as they are",
		{
			UPGRADE(""),
			ASK("\201\n"
			    "not masked"),
			ANSWER("\201\2067\372!=Z\233RVR\236"),
			ASK("\201\205\000\000\000\000zeros"),
		} },
	{ "a kind that there is not",
		{
			UPGRADE(""),
			ANSWER("\201\006before"),
			ASK("\203\2037\372!=V\230B"),
			ASK("what follows is not looked at, however long it is"),
			ANSWER("\201\026the other side goes on"),
		} },
	{ "a bit that means nothing",
		{
			UPGRADE(""),
			ANSWER("\201\006before"),
			ASK("\301\2037\372!=V\230B"),
			ASK("what follows is not looked at, however long it is"),
			ANSWER("\201\026the other side goes on"),
		} },
	{ "a control frame in parts",
		{
			UPGRADE(""),
			ANSWER("\201\006before"),
			ASK("\011\2037\372!=V\230B"),
			ASK("what follows is not looked at, however long it is"),
			ANSWER("\201\026the other side goes on"),
		} },
	{ "a control frame that is too long",
		{
			UPGRADE(""),
			ANSWER("\201\006before"),
			ASK("\211\376\000~7\372!=O\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO"
			    "\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO"
			    "\202YEO\202YEO\202YEO\202YEO\202YEO\202YEO\202"),
			ASK("what follows is not looked at, however long it is"),
			ANSWER("\201\026the other side goes on"),
		} },
	{ "nothing is to be continued",
		{
			UPGRADE(""),
			ANSWER("\201\006before"),
			ASK("\200\2037\372!=V\230B"),
			ASK("what follows is not looked at, however long it is"),
			ANSWER("\201\026the other side goes on"),
		} },
	{ "a message within a message",
		{
			UPGRADE(""),
			ANSWER("\201\006before"),
			ASK("\001\2037\372!=V\230B\202\2037\372!=S\237G"),
			ASK("what follows is not looked at, however long it is"),
			ANSWER("\201\026the other side goes on"),
		} },
	{ "a length that is none",
		{
			UPGRADE(""),
			ANSWER("\201\006before"),
			ANSWER("\202\177\200\000\000\000\000\000\000\000rest"),
			ANSWER("what follows is not looked at, however long it is"),
			ASK("\201\026the other side goes on"),
		} },
	{ "a bad continuation",
		{
			UPGRADE(""),
			ANSWER("\201\006before"),
			ANSWER("\001\003abc\200\177\377\377\377\377\377\377\377\377"),
			ANSWER("what follows is not looked at, however long it is"),
			ASK("\201\026the other side goes on"),
		} },
	{ "cut within the header",
		{
			UPGRADE(""),
			ASK("\201\2057\372!=@\222NQR\201"),
			CLIENT_ENDS,
		} },
	{ "cut within a longer header",
		{
			UPGRADE(""),
			ANSWER("\202\177\000\000"),
			RESET,
		} },
	{ "cut within the payload",
		{
			UPGRADE(""),
			ANSWER("\201\024half of it"),
			RESET,
		} },
	{ "cut between fragments, and within a ping",
		{
			UPGRADE(""),
			ANSWER("\001\003one"),
			ASK("\001\2037\372!=C\215N\211\2037\372!=V"),
			RESET,
		} },
	{ "cut within a compressed message",
		{
			UPGRADE("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15\r\n"),
			ANSWER("\301\036*\311H-NUH,"),
			RESET,
		} },
};

enum { WEBSOCKET_WIRES = sizeof websocket_wires / sizeof *websocket_wires };
