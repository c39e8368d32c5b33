/* What the files of the decoder of Redis share. */
#pragma once

#include "proto/parts.h"
#include "proto/redis.h"
#include "proto/resp.h"

enum {
	PENDING_MAX = 16 << 10, /* commands that were sent before their replies */
	SHOWN_MAX = 32,         /* bytes that are shown of what is no value */
	LINE_ITEMS = 256,       /* words that a line has at most */
	LINE_STRING = 260,      /* bytes of a string that are kept for a line */
	NAME_SIZE = 64,         /* of a command, of a subcommand, of what an error is called */
};

/* What of a command decides how it is shown, and what its reply does. */
enum redis_kind {
	REDIS_PLAIN,
	REDIS_CONTAINER, /* the next word belongs to its name */
	REDIS_ACL,
	REDIS_AUTH,
	REDIS_CLIENT,
	REDIS_CONFIG,
	REDIS_EXEC,
	REDIS_HELLO,
	REDIS_MIGRATE,
	REDIS_MONITOR,
	REDIS_PSYNC,
	REDIS_RESET,
	REDIS_SELECT,
	REDIS_SENTINEL,
	REDIS_SUBSCRIBE,
	REDIS_SYNC,
	REDIS_UNSUBSCRIBE,
};

/* Of a reply: nothing, values of some names, or all of it. */
enum redis_secret { REPLY_OPEN, REPLY_SECRETS, REPLY_SECRET };

struct pending {
	uint64_t exchange;
	uint32_t replies; /* that are still to come */
	uint8_t kind;     /* enum redis_kind */
	uint8_t secret;   /* enum redis_secret */
	uint8_t version;  /* that HELLO asks for; 0: none */
};

struct direction {
	struct resp resp;
	bool begun;        /* a value is under way */
	bool numbered;     /* and has its exchange */
	bool asked;        /* of a reply: taken to be the one that is waited for */
	bool closed, waits, bad;
	bool secret;       /* what is bad is not shown */
	uint64_t exchange;
	uint64_t time, end, start, offset;
	struct parts parts;
	bool several;      /* one reply of several has come; the others are gathered in the parts too */
	uint64_t several_time, several_size;
};

/* What a server sends to a replica, once that was granted. */
struct replication {
	bool on;
	bool answers; /* it is itself the reply that was waited for */
	uint64_t exchange, bytes, time, end;
};

/* Whether replies come at all (CLIENT REPLY). */
enum redis_replies { REPLIES_ON, REPLIES_OFF, REPLIES_SKIP };

struct decoder {
	struct decoder_options options;
	struct message_sink *sink;
	struct direction sides[2];
	struct pending *pending; /* a ring */
	uint32_t first, count, capacity;
	uint64_t next;           /* number of the next exchange */
	struct buf shape, text, why;
	struct buf gone;         /* why the server says no more, once it is closed */
	uint8_t version;         /* of RESP */
	uint8_t replies;         /* enum redis_replies */
	bool subscribed, monitored;
	struct replication replication;
	uint32_t database;       /* that was selected last */
	enum err err;
};

static inline struct pending *redis_pending(const struct decoder *d)
{
	return d->count ? &d->pending[d->first % d->capacity] : NULL;
}

/* redis_command.c */
enum err redis_add_pending(struct decoder *d, struct pending pending);
enum redis_kind redis_kind_of(struct view name);
void redis_command(struct decoder *d, struct view error); /* a command came, or what there is of it */

/* redis_secrets.c: marks the words of a command that are nobody's business, and says which of its reply are. */
enum redis_secret redis_hide(enum redis_kind kind, struct datum *words, uint32_t count);
bool redis_may_hide(enum redis_kind kind);
void redis_hide_reply(enum redis_secret secret, struct datum *reply);

/* redis_reply.c */
void redis_begin_reply(struct decoder *d, uint8_t first, uint64_t time);
void redis_reply(struct decoder *d, struct view error);
void redis_end_pending(struct decoder *d);
void redis_tell_unanswered(struct decoder *d, uint64_t time);

/* redis_replication.c */
void redis_note_replication(struct decoder *d, const struct pending *pending, const struct resp *resp);
size_t redis_feed_replication(struct decoder *d, struct view bytes, uint64_t time); /* how many bytes are its */
void redis_tell_replication(struct decoder *d);

/* redis_tell.c */
void redis_begun(struct decoder *d, uint64_t exchange, uint64_t time);
void redis_pass(struct decoder *d, enum message_side side, uint64_t exchange, struct message *message);
void redis_tell_error(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, struct view error);
void redis_add_value(struct parts *parts, const struct resp *resp);
void redis_add_query(struct decoder *d, struct parts *parts, const struct datum *words, uint32_t count);
struct view redis_protocol_of(const struct decoder *d);
