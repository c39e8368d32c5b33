/* Connections that speak RESP, well and badly. */
#pragma once

#include "wire.h"

#define TEN(text) text text text text text text text text text text

static const struct wire redis_wires[] = {
	{ "a command",
		{ ASK("*5\r\n$3\r\nSET\r\n$6\r\nuser:1\r\n$3\r\nAda\r\n$2\r\nEX\r\n$2\r\n60\r\n"), ANSWER("+OK\r\n"),
			ASK("*2\r\n$3\r\nget\r\n$6\r\nuser:1\r\n"), ANSWER("$3\r\nAda\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "every type of RESP2",
		{ ASK("*2\r\n$4\r\nECHO\r\n$11\r\na \"b\"\n\001\377\303\251z\r\n"), ANSWER("$11\r\na \"b\"\n\001\377\303\251z\r\n"),
			ASK("*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n"), ANSWER(":-42\r\n"),
			ASK("*2\r\n$3\r\nGET\r\n$0\r\n"
			    "\r\n"),
			ANSWER("$-1\r\n"), ASK("*2\r\n$5\r\nBLPOP\r\n$1\r\nl\r\n"), ANSWER("*-1\r\n"),
			ASK("*3\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n"), ANSWER("*4\r\n$1\r\n1\r\n$-1\r\n*2\r\n:1\r\n+two\r\n*0\r\n"),
			ASK("*1\r\n$6\r\nBGSAVE\r\n"), ANSWER("+Background saving started\r\n"), ASK("*2\r\n$4\r\nLPOP\r\n$1\r\na\r\n"),
			ANSWER("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"), ASK("*1\r\n$1\r\n\n\r\n"),
			ANSWER("-ERR unknown command '\\n'\033[2J, with args beginning with: \r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "every type of RESP3",
		{ ASK("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"), ANSWER("%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n"),
			ASK("*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n*1\r\n$1\r\nc\r\n*1\r\n$1\r\nd\r\n*1\r\n$1\r\ne\r\n"
			    "*1\r\n$1\r\nf\r\n*1\r\n$1\r\ng\r\n"
			    "*1\r\n$1\r\nh\r\n*1\r\n$1\r\ni\r\n*1\r\n$1\r\nj\r\n*1\r\n$1\r\nk\r\n*1\r\n$1\r\nl\r\n"
			    "*1\r\n$1\r\nm\r\n*1\r\n$1\r\nn\r\n"),
			ANSWER("_\r\n#t\r\n#f\r\n,3.25\r\n,-inf\r\n,0.1\r\n(3492890328409238509324850943850943825024385\r\n"
			       "!21\r\nSYNTAX invalid syntax\r\n=15\r\ntxt:Some string\r\n~3\r\n+a\r\n:1\r\n#t\r\n"
			       "%1\r\n*2\r\n:1\r\n:2\r\n%1\r\n$1\r\nx\r\n,nan\r\n"
			       "|1\r\n+ttl\r\n:3600\r\n:7\r\n*3\r\n:1\r\n|1\r\n+key\r\n%1\r\n+a\r\n,0.5\r\n:2\r\n:3\r\n"
			       "*2\r\n(12345678901234567890\r\n=7\r\nmkd:# A\r\n"),
			CLIENT_ENDS, SERVER_ENDS } },
	{ "streamed types",
		{ ASK("*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n*1\r\n$1\r\nc\r\n*1\r\n$1\r\nd\r\n"),
			ANSWER("$?\r\n;4\r\nHell\r\n;6\r\no worl\r\n;1\r\nd\r\n;0\r\n*?\r\n:1\r\n*?\r\n.\r\n$?\r\n;0\r\n.\r\n"
			       "%?\r\n+a\r\n:1\r\n+b\r\n:2\r\n.\r\n~?\r\n.\r\n"),
			CLIENT_ENDS, SERVER_ENDS } },
	{ "a pipeline",
		{ ASK("*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$4\r\nINCR\r\n$1\r\ns\r\n*1\r\n$4\r\nEXEC\r\n"
		      "*1\r\n$4\r\nPI"),
			ANSWER("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+O"), ASK("NG\r\n"),
			ANSWER("K\r\n-ERR value is not an integer or out of range\r\n+PONG\r\n"),
			ASK("*2\r\n$5\r\nWATCH\r\n$1\r\na\r\n*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nEXEC\r\n"), ANSWER("+OK\r\n+OK\r\n*-1\r\n"),
			CLIENT_ENDS, SERVER_ENDS } },
	{ "lines of words",
		{ ASK("PING\r\n"), ANSWER("+PONG\r\n"), ASK("\r\n  set  key \"a b\\x41\\n\\\"\" \n"), ANSWER("+OK\r\n"),
			ASK("GET 'it\\'s' \"\"\r\n"), ANSWER("$-1\r\n"), ASK("*0\r\n*-1\r\nQUIT\r\n"), ANSWER("+OK\r\n"), SERVER_ENDS } },
	{ "a word with too many quotes",
		{ ASK("PING\r\nSET a \"b\r\nGET a\r\n"), ANSWER("+PONG\r\n-ERR Protocol error: unbalanced quotes in request\r\n"),
			SERVER_ENDS } },
	{ "secrets",
		{ ASK("*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*3\r\n$4\r\nauth\r\n$3\r\nada\r\n$6\r\nsecret\r\n"
		      "*7\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$3\r\nada\r\n$6\r\nsecret\r\n$7\r\nSETNAME\r\n$1\r\nx\r\n"
		      "*4\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$11\r\nrequirepass\r\n$6\r\nsecret\r\n"
		      "*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$1\r\n*\r\n"
		      "*5\r\n$3\r\nACL\r\n$7\r\nSETUSER\r\n$3\r\nada\r\n$2\r\non\r\n$7\r\n>secret\r\n"
		      "*9\r\n$7\r\nMIGRATE\r\n$1\r\nh\r\n$4\r\n6379\r\n$1\r\nk\r\n$1\r\n0\r\n$1\r\n9\r\n$5\r\nAUTH2\r\n"
		      "$1\r\nu\r\n$6\r\nsecret\r\n"),
			ANSWER("+OK\r\n+OK\r\n%1\r\n+server\r\n+redis\r\n+OK\r\n"
			       "*4\r\n$11\r\nrequirepass\r\n$6\r\nsecret\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n+OK\r\n+OK\r\n"),
			ASK("AUTH secret\r\n"), ANSWER("-WRONGPASS invalid username-password pair or user is disabled.\r\n"), CLIENT_ENDS,
			SERVER_ENDS } },
	{ "an AUTH that is cut short", { ASK("*2\r\n$4\r\nAUTH\r\n$6\r\nsec"), CLIENT_ENDS, SERVER_ENDS } },
	{ "an AUTH whose length is wrong",
		{ ASK("*2\r\n$4\r\nAUTH\r\n$3\r\nsecret\r\n"), ANSWER("-ERR Protocol error\r\n"), SERVER_ENDS } },
	{ "channels",
		{ ASK("*3\r\n$9\r\nSUBSCRIBE\r\n$4\r\nnews\r\n$5\r\nsport\r\n"),
			ANSWER("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$5\r\nsport\r\n:2\r\n"),
			ANSWER("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$11\r\nhello world\r\n"), ASK("*1\r\n$4\r\nPING\r\n"),
			ANSWER("*3\r\n$7\r\nmessage\r\n$5\r\nsport\r\n$3\r\n1:0\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n"),
			ASK("*2\r\n$10\r\nPSUBSCRIBE\r\n$2\r\na*\r\n"), ANSWER("*3\r\n$10\r\npsubscribe\r\n$2\r\na*\r\n:3\r\n"),
			ANSWER("*4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$2\r\nab\r\n$1\r\nx\r\n"), ASK("*1\r\n$11\r\nUNSUBSCRIBE\r\n"),
			ANSWER("*3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:2\r\n*3\r\n$11\r\nunsubscribe\r\n$5\r\nsport\r\n:1\r\n"),
			ASK("*2\r\n$12\r\nPUNSUBSCRIBE\r\n$2\r\na*\r\n"), ANSWER("*3\r\n$12\r\npunsubscribe\r\n$2\r\na*\r\n:0\r\n"),
			ASK("*4\r\n$6\r\nLRANGE\r\n$1\r\nl\r\n$1\r\n0\r\n$2\r\n-1\r\n"), ANSWER("*2\r\n$7\r\nmessage\r\n$1\r\nb\r\n"),
			CLIENT_ENDS, SERVER_ENDS } },
	{ "channels of RESP3",
		{ ASK("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nnews\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n"),
			ANSWER("%1\r\n+proto\r\n:3\r\n>3\r\n$7\r\nmessage\r\n$3\r\nold\r\n$1\r\nx\r\n"
			       ">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"
			       ">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n$1\r\n1\r\n>2\r\n$10\r\ninvalidate\r\n"
			       "*1\r\n$1\r\na\r\n"),
			SERVER_ENDS, CLIENT_ENDS } },
	{ "a subscription that is cut short",
		{ ASK("*3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n"), ANSWER("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"), RESET } },
	{ "a monitor",
		{ ASK("*1\r\n$7\r\nMONITOR\r\n"), ANSWER("+OK\r\n"), ANSWER("+1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"\r\n"),
			ASK("*1\r\n$5\r\nRESET\r\n"), ANSWER("+1339518083.2 [0 127.0.0.1:1] \"ping\"\r\n+RESET\r\n"), CLIENT_ENDS,
			SERVER_ENDS } },
	{ "no replies",
		{ ASK("*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n*3\r\n$6\r\n"
		      "client\r\n$5\r\nreply\r\n$2\r\non\r\n"),
			ANSWER("+OK\r\n"),
			ASK("*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$4\r\nSKIP\r\n*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n"),
			ANSWER("$-1\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "databases",
		{ ASK("*2\r\n$6\r\nSELECT\r\n$2\r\n15\r\n*1\r\n$6\r\nDBSIZE\r\n"), ANSWER("+OK\r\n:0\r\n"),
			ASK("*3\r\n$6\r\nXGROUP\r\n$4\r\nhelp\r\n$1\r\nx\r\n"), ANSWER("*0\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "never answered", { ASK("*1\r\n$4\r\nPING\r\n*2\r\n$5\r\nBLPOP\r\n$1\r\na\r\n"), ANSWER("+PONG\r\n"), RESET } },
	{ "a command that is cut short",
		{ ASK("*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100\r\nbegins"), ANSWER("+PONG\r\n"), RESET } },
	{ "a command that is cut short in a length",
		{ ASK("*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1"), ANSWER("+PONG\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a reply that is cut short",
		{ ASK("*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n"), ANSWER("*3\r\n$1\r\na\r\n*2\r\n$1\r\nb\r\n$9\r\nbeg"), SERVER_ENDS, CLIENT_ENDS,
			SERVER_ENDS } },
	{ "a string that goes on",
		{ ASK("*1\r\n$4\r\nPINGPONG\r\n*1\r\n$4\r\nPING\r\n"), ANSWER("-ERR Protocol error\r\n"), SERVER_ENDS, CLIENT_ENDS } },
	{ "an argument that is none",
		{ ASK("*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n:1\r\nand more than is shown of what cannot be read\r\n"),
			ANSWER("+PONG\r\n-ERR Protocol error: expected '$', got ':'\r\n"), SERVER_ENDS } },
	{ "replies that are none",
		{ ASK("*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n*1\r\n$1\r\nc\r\n"), ANSWER(":1\r\n*2\r\n:1\r\n:x\r\nmore\r\n"), SERVER_ENDS } },
	{ "a length that is none", { ASK("*1\r\n$1\r\na\r\n"), ANSWER("$99999999999999999999\r\n"), SERVER_ENDS } },
	{ "a reply to nothing", { ASK("*1\r\n$4\r\nPING\r\n"), ANSWER("+PONG\r\n+PONG\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a reply before the command is whole",
		{ ASK("*1\r\n$4\r\nPING\r\n"), ANSWER("+PONG\r\n"), ASK("*2\r\n$3\r\nGET\r\n$9\r\nabc"), ANSWER("-ERR too long\r\n"),
			ASK("defghi\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "values in values",
		{ ASK("*1\r\n$1\r\na\r\n"), ANSWER(TEN("*1\r\n") TEN("*1\r\n") "*3\r\n:1\r\n:2\r\n:3\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "names of a map that are none",
		{ ASK("*1\r\n$1\r\na\r\n"), ANSWER("%2\r\n*1\r\n:1\r\n:2\r\n_\r\n%0\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "many words",
		{ ASK("*302\r\n$4\r\nMGET\r\n$1\r\n-\r\n" TEN(TEN("$1\r\na\r\n")) TEN(TEN("$1\r\na\r\n")) TEN(TEN("$1\r\na\r\n"))),
			CLIENT_ENDS, SERVER_ENDS } },
	{ "a long string",
		{ ASK("*2\r\n$3\r\nGET\r\n$300\r\n" TEN(TEN("a")) TEN(TEN("a")) TEN(TEN("a")) "\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a replica",
		{ ASK("*3\r\n$8\r\nREPLCONF\r\n$4\r\ncapa\r\n$3\r\neof\r\n"), ANSWER("+OK\r\n"),
			ASK("*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n"), ANSWER("\n\n+FULLRESYNC 0123abcd 14\r\n"),
			ANSWER("\n$9\r\nREDIS0009*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"),
			ASK("*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$2\r\n37\r\n"), ANSWER("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"),
			CLIENT_ENDS, SERVER_ENDS } },
	{ "a replica that goes on",
		{ ASK("*3\r\n$5\r\nPSYNC\r\n$8\r\n0123abcd\r\n$2\r\n37\r\n"), ANSWER("+CONTINUE\r\n*1\r\n$4\r\nPING\r\n"), CLIENT_ENDS,
			SERVER_ENDS } },
	{ "a replica that is refused",
		{ ASK("*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n"), ANSWER("-NOMASTERLINK Can't SYNC\r\n"), ASK("*1\r\n$4\r\nPING\r\n"),
			ANSWER("+PONG\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a replica of old", { ASK("*1\r\n$4\r\nSYNC\r\n"), ANSWER("\n$3\r\n\1\2\3*1\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "refused", { ANSWER("-DENIED Redis is running in protected mode\r\n"), SERVER_ENDS } },
	{ "messages alone", { ANSWER("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n"), SERVER_ENDS } },
	{ "another protocol", { ASK("QUIT\r\n"), ANSWER("221 bye\r\n"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a mail box", { ANSWER("+OK POP3 ready\r\n"), ASK("AUTH\r\n"), CLIENT_ENDS, SERVER_ENDS } },
};

enum { REDIS_WIRES = sizeof redis_wires / sizeof *redis_wires };
