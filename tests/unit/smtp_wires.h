/* SMTP connections, for the tests and for what the fuzzer starts from. */
#pragma once

#include "wire.h"

#define GREETING ANSWER("220 mail.test ESMTP Postfix\r\n")
#define HELLO \
	ASK("EHLO client.test\r\n"), ANSWER("250-mail.test\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-AUTH PLAIN LOGIN\r\n250 CHUNKING\r\n")

static const struct wire smtp_wires[] = {
	{ "a mail",
		{ GREETING, HELLO, ASK("MAIL FROM:<ada@a.test> SIZE=100 BODY=8BITMIME\r\n"), ANSWER("250 2.1.0 Ok\r\n"),
			ASK("RCPT TO:<bob@b.test>\r\n"), ANSWER("250 2.1.5 Ok\r\n"), ASK("DATA\r\n"),
			ANSWER("354 End data with <CR><LF>.<CR><LF>\r\n"),
			ASK("Subject: hi\r\n\r\n..a dot first\r\n.\rno end\r\n.\nno end\r\nthe end\r\n.\r\n"),
			ANSWER("250 2.0.0 Ok: queued as 1234\r\n"), ASK("QUIT\r\n"), ANSWER("221 2.0.0 Bye\r\n"), SERVER_ENDS,
			CLIENT_ENDS } },
	{ "several commands at once, two of them refused",
		{ ANSWER("220 mail.test\r\n"), ASK("ehlo client.test\r\n"), ANSWER("250 mail.test\r\n"),
			ASK("MAIL FROM: <>\r\nRCPT TO:<x@y.test>\r\nrcpt to:<\"a b\"@y.test>\r\nDATA\r\n"),
			ANSWER("250 Ok\r\n550 5.1.1 No such user\r\n250 Ok\r\n554 no valid recipients\r\n"), ASK("RSET\r\n"),
			ANSWER("250\r\n") } },
	{ "mail in chunks, whose replies come late",
		{ GREETING, HELLO, ASK("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 10\r\n01234"), ANSWER("250 one\r\n250 two\r\n"),
			ASK("56789BDAT 3 LAST\r\n\r\n.BDAT 0 LAST\r\n"), ANSWER("250 three\r\n250 four\r\n250 five\r\n") } },
	{ "who is who, at once, step by step, and in vain",
		{ GREETING, HELLO, ASK("AUTH PLAIN c2VjcmV0\r\n"), ANSWER("535 5.7.8 no\r\n"), ASK("AUTH LOGIN\r\n"),
			ANSWER("334 c2VjcmV0\r\n"), ASK("c2VjcmV0\r\n"), ANSWER("334 c2VjcmV0\r\n"), ASK("c2VjcmV0\r\n"),
			ANSWER("235 2.7.0 Authentication successful\r\n"), ASK("NOOP\r\n"), ANSWER("250 Ok\r\n") } },
	{ "it becomes TLS",
		{ GREETING, HELLO, ASK("STARTTLS\r\n"), ANSWER("220 2.0.0 Ready to start TLS\r\n"), ASK("\26\3\1\0\4\1\0\0"), RESET } },
	{ "it does not become TLS",
		{ GREETING, HELLO, ASK("STARTTLS\r\n"), ANSWER("454 not now\r\n"), ASK("QUIT\r\n"), ANSWER("221 bye\r\n") } },
	{ "nobody asked", { GREETING, HELLO, ANSWER("421 4.4.2 timeout\r\n"), SERVER_ENDS, CLIENT_ENDS } },
	{ "no answer", { GREETING, ASK("HELO a\r\nVRFY \"a b\"\r\n"), RESET } },
	{ "cut within the mail", { GREETING, HELLO, ASK("DATA\r\n"), ANSWER("354 go\r\n"), ASK("half of it\r\n."), RESET } },
	{ "cut within a chunk", { GREETING, HELLO, ASK("BDAT 100 LAST\r\nhalf of it"), RESET } },
	{ "cut within a command and a reply", { GREETING, ASK("EHLO a\r\nMAI"), ANSWER("250-a\r\n25"), RESET } },
	{ "a client that does not wait",
		{ GREETING, HELLO, ASK("DATA\r\nmail\r\n.\r\nQUIT\r\n"), ANSWER("354 go\r\n250 ok\r\n221 bye\r\n") } },
	{ "no reply", { GREETING, HELLO, ASK("NOOP\r\n"), ANSWER("what is this?\r\n"), ASK("QUIT\r\n"), RESET } },
	{ "a client that speaks first", { ASK("EHLO a\r\n"), ANSWER("220 hello\r\n250 a\r\n") } },
	{ "not SMTP, though it begins so", { ANSWER("220 ftp.test FTP\r\n"), ASK("USER a\r\n"), ANSWER("331 password\r\n") } },
	{ "commands that there are not", { GREETING, HELLO, ASK("\r\nXYZ \1\2\r\n"), ANSWER("500 what?\r\n502 5.5.2 what?\r\n") } },
};

enum { SMTP_WIRES = sizeof smtp_wires / sizeof *smtp_wires };
