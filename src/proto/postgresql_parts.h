/* What the files of the PostgreSQL decoder share. */
#pragma once

#include "proto/parts.h"
#include "proto/postgresql.h"
#include "proto/reader.h"
#include "proto/sql.h"

enum {
	PG_WAITED_MAX = 1 << 16, /* commands that were sent before the server was done with them */
	PG_OBJECTS_MAX = 4096,   /* statements and portals of a connection */
	PG_BUCKETS = 64,
	PG_TAGS_MAX = 256,       /* results of a request that a line can show */
	PG_SHOWN_MAX = 32,       /* bytes that are shown of what is not PostgreSQL */
	PG_SIZE_MAX = 1 << 30,   /* of a message */
	PG_STARTUP_MAX = 64 << 10,
};

/* A prepared statement, or a portal: one with its parameters. Shared by the table of names and by commands that are under way. */
struct pg_object {
	struct pg_object *next; /* in its bucket */
	uint32_t references;
	bool portal, columns_known;
	struct buf name, text, shape;
	uint64_t text_more;
	uint64_t secrets;    /* a bit for each parameter */
	struct buf types;    /* of the parameters: uint32_t */
	struct buf columns;  /* of the results: uint32_t */
	struct buf formats;  /* portal: of the results: uint16_t */
	struct pg_object *statement; /* portal: of what; NULL: not known */
	struct buf values;   /* portal: what `parameters` borrows */
	struct datum parameters; /* portal: an array, cut to what a line may show */
};

enum pg_command {
	PG_START,    /* up to the first ReadyForQuery */
	PG_ENCRYPT,  /* SSLRequest, GSSENCRequest: one byte */
	PG_QUERY,    /* and whatever else ends with ReadyForQuery */
	PG_PARSE,
	PG_BIND,
	PG_DESCRIBE,
	PG_EXECUTE,
	PG_CLOSE,
	PG_SYNC,
};

/* What the server has yet to answer, in the order in which it was sent. */
struct pg_waited {
	enum pg_command command;
	bool secret; /* an error may have some of what was sent in it */
	uint64_t exchange;
	struct pg_object *object; /* a reference; may be NULL */
};

enum pg_kind { PG_UNIT_NONE, PG_UNIT_START, PG_UNIT_QUERY, PG_UNIT_EXTENDED, PG_UNIT_STRAY };

/*
 * A request: a query, or commands up to one that runs a statement, with the Sync behind it. It is told of when something else begins, or
 * when it is answered, as data to copy may follow.
 */
struct pg_unit {
	enum pg_kind kind;
	bool executed, synced, copied, alone;
	uint64_t exchange, time, end;
	struct parts parts;
	struct buf shape;
	uint32_t words;           /* of its line; 0: none yet */
	const char *what;         /* it begins with, and is about, if it runs nothing */
	struct pg_object *object;
};

struct pg_answer {
	bool begun, failed, not_run;
	bool has_rows;
	uint64_t exchange, time, end;
	struct parts parts;
	struct buf tags; /* struct datum, into `text` */
	struct arena text;
	uint32_t tag_count;
	uint64_t tag_more, rows, affected;
	struct buf columns, formats; /* of the rows that come: uint32_t, uint16_t; by a RowDescription of its own */
	bool columns_known;
};

struct pg_direction {
	uint8_t header[8];
	uint32_t header_size; /* so many are there */
	bool inside;          /* a message's payload is under way */
	uint8_t type;         /* 0: a message of the start, which has none */
	uint64_t size, left;  /* of the payload */
	struct buf payload;   /* its first bytes, as far as they are wanted */
	uint64_t keep;        /* so many are */
	uint64_t time, end;   /* of the message */
	uint64_t offset, start, bad_from, encrypted; /* bytes from the connection's start; where the message begins */
	uint64_t encrypted_time, encrypted_end;
	uint8_t shown[PG_SHOWN_MAX];
	uint32_t shown_size;
	const char *bad;      /* what is wrong; NULL: nothing */
	bool hidden; /* what is wrong may authenticate */
	bool alone, closed, waits;
	uint64_t exchange;    /* of a message alone */
};

struct decoder {
	struct decoder_options options;
	struct message_sink *sink;
	struct pg_direction sides[2];
	struct pg_unit unit;
	struct pg_answer answer;
	struct parts alone;      /* of a message that stands alone */
	struct buf waited;       /* struct pg_waited, from `waited_first` on */
	size_t waited_first;
	struct pg_object *objects[PG_BUCKETS];
	uint32_t object_count;
	uint64_t next; /* exchange */
	bool started;  /* a StartupMessage was sent */
	bool ready;    /* what authenticates is over */
	bool encrypted, secret; /* what the server says has a secret in it */
	bool skipping;      /* the server answers nothing before the next Sync, */
	bool failed_before; /* or what it has to Sync is no more than that it was reached */
	uint64_t encrypted_exchange;
	uint32_t authentication; /* what the server asked for last */
	struct buf database, items, scratch, why, gone;
	struct arena arena; /* of the message under way */
	enum err err;
};

static inline size_t pg_waited_count(const struct decoder *d)
{
	return d->waited.size / sizeof(struct pg_waited) - d->waited_first;
}

static inline struct pg_waited *pg_first(const struct decoder *d)
{
	return pg_waited_count(d) ? (struct pg_waited *)d->waited.data + d->waited_first : NULL;
}

static inline struct pg_waited *pg_last(const struct decoder *d)
{
	return pg_waited_count(d) ? (struct pg_waited *)(d->waited.data + d->waited.size) - 1 : NULL;
}

/* postgresql_client.c */
void pg_client_begins(struct decoder *d, struct pg_direction *s);
void pg_client_message(struct decoder *d, struct pg_direction *s, struct view payload);

/* postgresql_bind.c: Parse, Bind, Describe, Execute, Close. */
void pg_extended(struct decoder *d, uint8_t type, struct view payload, uint64_t size);

/* postgresql_server.c */
void pg_server_begins(struct decoder *d, struct pg_direction *s);
void pg_server_message(struct decoder *d, struct pg_direction *s, struct view payload);
void pg_server_byte(struct decoder *d, struct pg_direction *s, uint8_t byte); /* what answers SSLRequest and GSSENCRequest */

/* postgresql_rows.c: what the parts of messages of the server are. */
void pg_row(struct decoder *d, struct view payload, uint64_t size);
void pg_columns(struct decoder *d, struct view payload, struct pg_object *object);
void pg_types(struct decoder *d, struct view payload, struct pg_object *object);
void pg_error(struct decoder *d, struct parts *parts, const char *name, struct view payload, bool words);

/* postgresql_tell.c: units and answers go to the sink. */
void pg_wait(struct decoder *d, enum pg_command command, struct pg_object *object);
void pg_forget_first(struct decoder *d);
void pg_end_unit(struct decoder *d, struct view error);
void pg_begin_answer(struct decoder *d, uint64_t exchange, uint64_t time);
void pg_end_answer(struct decoder *d, struct view error);
void pg_answer_if_done(struct decoder *d);
void pg_tag(struct decoder *d, struct datum word);
void pg_tell_alone(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, uint64_t end);
void pg_tell_error(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, struct view error);
void pg_tell_unanswered(struct decoder *d, uint64_t time);
void pg_tell_encrypted(struct decoder *d);

/* postgresql_names.c */
struct pg_object *pg_object_create(struct decoder *d, bool portal, struct view name); /* in place of one of this name; a reference */
struct pg_object *pg_object_find(struct decoder *d, bool portal, struct view name);   /* borrowed; may be NULL */
void pg_object_forget(struct decoder *d, bool portal, struct view name);
struct pg_object *pg_object_share(struct pg_object *object);
void pg_object_drop(struct decoder *d, struct pg_object *object); /* NULL allowed */
void pg_objects_finish(struct decoder *d);
