/* What the files of the SMTP decoder share. */
#pragma once

#include "base/buf.h"
#include "proto/parts.h"
#include "proto/smtp.h"

enum state {
	COMMAND,  /* the client: in a line */
	WAIT,     /* the client: behind what must be answered first */
	ANSWER,   /* the client: in a line that authenticates */
	CONTENT,  /* the client: in mail, up to a line of one dot */
	CHUNK,    /* the client: in a part of mail whose length is known */
	REPLY,    /* the server */
	BAD,
};

/* What of a command decides what its reply means. */
enum kind { PLAIN, DATA, AUTH, STARTTLS };

enum {
	PENDING_MAX = 256, /* commands without a reply */
	LINE_KEPT = 1024,  /* bytes of mail that are kept for its line, whatever else is */
	SHOWN_MAX = 32,    /* bytes that are shown of what is not SMTP */
};

struct pending {
	uint64_t exchange;
	enum kind kind;
};

struct direction {
	enum state state;
	bool closed;
	bool waits;        /* there are bytes that it could not take yet */
	bool begun;        /* REPLY: it is told of that it came */
	bool alone;        /* REPLY: to nothing */
	struct buf line;   /* so far */
	struct buf reply;  /* REPLY: the lines before */
	struct parts parts;
	uint64_t time, end;
	uint64_t offset;   /* of what is fed */
	uint64_t exchange; /* under way */
	const char *why;   /* BAD: what is wrong, and from where on; `line` has the first bytes */
	uint64_t bad_from;
};

struct decoder {
	struct decoder_options options;
	struct message_sink *sink;
	struct direction sides[2];
	struct pending pending[PENDING_MAX];
	uint64_t first, last; /* those that wait for their replies */
	uint64_t exchanges;
	uint32_t matched;     /* CONTENT: so much of its end has come */
	bool last_chunk;
	uint64_t left, size;  /* of mail */
	uint64_t taken;       /* from the memory of all connections */
	struct buf mail;      /* as far as it is kept */
	struct buf why, gone;
	enum err err;
};

/* smtp_mail.c: each takes some of the bytes, and returns how many. */
void smtp_begin_mail(struct decoder *d);
size_t smtp_feed_content(struct decoder *d, struct view bytes, bool *ret_end);
size_t smtp_feed_chunk(struct decoder *d, struct view bytes, bool *ret_end);
void smtp_drop_mail(struct decoder *d);
void smtp_mail_parts(struct decoder *d);

/* smtp_tell.c: what has come goes to the sink. */
enum kind smtp_command_parts(struct decoder *d, struct view line); /* what a command is told with, which is then pending */
void smtp_answer_parts(struct decoder *d, struct view line);
void smtp_tell(struct decoder *d, enum message_side side, struct message *message); /* with the parts that there are */
void smtp_tell_error(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, struct view error, bool alone);
uint32_t smtp_tell_reply(struct decoder *d, struct direction *s, enum kind kind, bool alone); /* the code */
