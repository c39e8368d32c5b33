/* What the files of the MySQL decoder share. */
#pragma once

#include "proto/mysql.h"
#include "proto/mysql_values.h"
#include "proto/parts.h"
#include "proto/sql.h"

enum {
	MY_WAITED_MAX = 1 << 14,     /* commands that were sent before they were answered */
	MY_STATEMENTS_MAX = 4096,    /* prepared, of a connection */
	MY_BUCKETS = 64,
	MY_TAGS_MAX = 256,           /* results of a command that a line can show */
	MY_SHOWN_MAX = 32,           /* bytes that are shown of what is not MySQL */
	MY_PACKET_MAX = 0xffffff,    /* one of this size goes on in the next */
	MY_COLUMNS_MAX = 1 << 16,
	MY_LAST_PREPARED = -1,
};

#define MY_NO_EXCHANGE UINT64_MAX

/* Capabilities: of MySQL, and the extended ones of MariaDB above them. */
#define CAP_WITH_DB          (UINT64_C(1) << 3)
#define CAP_COMPRESS         (UINT64_C(1) << 5)
#define CAP_41               (UINT64_C(1) << 9)
#define CAP_SSL              (UINT64_C(1) << 11)
#define CAP_SECURE           (UINT64_C(1) << 15)
#define CAP_PLUGIN           (UINT64_C(1) << 19)
#define CAP_ATTRIBUTES       (UINT64_C(1) << 20)
#define CAP_AUTH_SIZE        (UINT64_C(1) << 21)
#define CAP_SESSION_TRACK    (UINT64_C(1) << 23)
#define CAP_NO_EOF           (UINT64_C(1) << 24)
#define CAP_OPTIONAL_COLUMNS (UINT64_C(1) << 25)
#define CAP_ZSTD             (UINT64_C(1) << 26)
#define CAP_QUERY_ATTRIBUTES (UINT64_C(1) << 27)
#define CAP_EXTENDED_TYPES   (UINT64_C(1) << 35)
#define CAP_CACHED_COLUMNS   (UINT64_C(1) << 36)

enum {
	COM_QUIT = 1,
	COM_INIT_DB,
	COM_QUERY,
	COM_FIELD_LIST,
	COM_CREATE_DB,
	COM_DROP_DB,
	COM_STATISTICS = 9,
	COM_PROCESS_INFO,
	COM_PROCESS_KILL = 12,
	COM_CHANGE_USER = 17,
	COM_BINLOG_DUMP,
	COM_TABLE_DUMP,
	COM_REGISTER_SLAVE = 21,
	COM_STMT_PREPARE,
	COM_STMT_EXECUTE,
	COM_STMT_SEND_LONG_DATA,
	COM_STMT_CLOSE,
	COM_STMT_RESET,
	COM_SET_OPTION,
	COM_STMT_FETCH,
	COM_BINLOG_DUMP_GTID = 30,
	COM_STMT_BULK_EXECUTE = 250,
	MY_LOGIN = 1000,
};

/* Data of a parameter that was sent before the command that uses it. */
struct my_long {
	uint32_t parameter;
	struct buf bytes;
	uint64_t all;
};

struct my_statement {
	struct my_statement *next; /* in its bucket */
	uint32_t references, id;
	uint32_t parameters;       /* so many */
	bool known;                /* the server has said how many */
	struct buf text, shape;
	uint64_t text_more;
	uint64_t secrets;          /* a bit for each parameter */
	struct buf types;          /* of the parameters, as they were sent last: uint16_t */
	struct buf columns;        /* of the results: uint16_t */
	struct buf longs;          /* struct my_long */
};

/* What the server has yet to answer. */
struct my_waited {
	uint32_t command;
	bool secret; /* an error may have some of what was sent in it */
	uint64_t exchange;
	struct my_statement *statement; /* a reference; may be NULL */
};

/* The command that was sent last, which is told of when the next one begins or it is answered: data may follow. */
struct my_unit {
	bool open, alone;
	uint32_t command;
	uint64_t exchange, time, end;
	struct parts parts;
	struct buf shape;
};

enum my_state {
	MY_FIRST,   /* what a response begins with */
	MY_COLUMNS,
	MY_COLUMNS_END,
	MY_ROWS,
	MY_PREPARED_PARAMETERS,
	MY_PREPARED_PARAMETERS_END,
	MY_PREPARED_COLUMNS,
	MY_PREPARED_COLUMNS_END,
	MY_STREAM,  /* until it ends */
};

struct my_answer {
	bool begun, failed, has_rows;
	enum my_state state;
	uint64_t exchange, time, end;
	struct parts parts;
	struct buf tags; /* struct datum, into `text` */
	struct arena text;
	uint32_t tag_count;
	uint64_t tag_more, rows, all_rows, affected;
	uint64_t columns_left, columns_after; /* definitions that are to come; of a prepared statement, those behind its parameters */
	struct buf columns;                   /* uint16_t */
};

struct my_unpacker;

struct my_direction {
	uint8_t header[4], sequence;
	uint32_t header_size;
	bool inside, continued; /* in a packet; in one that goes on behind it */
	uint64_t left;          /* of the packet */
	uint64_t size;          /* of the message, in all its packets */
	struct buf payload;     /* its first bytes, as far as they are wanted */
	uint64_t keep;
	bool compressed;
	struct my_unpacker *unpacker;
	uint64_t time, end;
	uint64_t offset, start, bad_from, encrypted, encrypted_time, encrypted_end;
	uint8_t shown[MY_SHOWN_MAX];
	uint32_t shown_size;
	const char *bad;
	bool hidden, alone, closed;
	uint64_t exchange; /* of a message alone, from its first byte to its last; else none */
};

enum my_phase { MY_GREETING, MY_LOGGING_IN, MY_COMMANDS };

struct decoder {
	struct decoder_options options;
	struct message_sink *sink;
	struct my_direction sides[2];
	enum my_phase phase;
	uint64_t server_can, can; /* capabilities, of both */
	bool mariadb, encrypted, infile;
	bool authenticated; /* once: bytes that are not MySQL may be shown */
	struct my_unit unit;
	struct my_answer answer;
	struct parts alone;
	struct buf waited; /* struct my_waited, from `waited_first` on */
	size_t waited_first;
	struct my_statement *statements[MY_BUCKETS], *last;
	uint32_t statement_count;
	uint64_t next; /* exchange */
	uint64_t encrypted_exchange;
	struct buf database, items, scratch, why, gone;
	struct arena arena; /* of the message under way */
	enum err err;
};

static inline size_t my_waited_count(const struct decoder *d)
{
	return d->waited.size / sizeof(struct my_waited) - d->waited_first;
}

static inline struct my_waited *my_first(const struct decoder *d)
{
	return my_waited_count(d) ? (struct my_waited *)d->waited.data + d->waited_first : NULL;
}

static inline bool my_is_server(const struct decoder *d, const struct my_direction *s)
{
	return s == &d->sides[SIDE_SERVER];
}

static inline bool my_between(const struct my_direction *s)
{
	return !s->inside && !s->continued && s->header_size == 0;
}

static inline struct datum my_secret(struct view bytes)
{
	struct datum value = datum_string(bytes);
	value.flags = DATUM_SECRET;
	return value;
}

/* mysql_packet.c: takes some of the bytes, and returns how many. */
size_t my_feed_packet(struct decoder *d, struct my_direction *s, struct view bytes, uint64_t time);
void my_bad(struct decoder *d, struct my_direction *s, const char *why);
void my_drop_payload(struct decoder *d, struct my_direction *s);

/* mysql_compressed.c */
size_t my_feed_compressed(struct decoder *d, struct my_direction *s, struct view bytes, uint64_t time);
bool my_within_compressed(const struct my_direction *s);
void my_unpacker_destroy(struct my_unpacker *unpacker); /* NULL allowed */

/* mysql_login.c */
void my_greeting(struct decoder *d, struct my_direction *s, struct view payload);
void my_login(struct decoder *d, struct my_direction *s, struct view payload);
void my_authenticate(struct decoder *d, struct view payload);
void my_login_answer(struct decoder *d, struct my_direction *s, struct view payload);
void my_change_user(struct decoder *d, struct view payload);

/* mysql_command.c, mysql_execute.c: a message of the client. */
void my_client_message(struct decoder *d, struct my_direction *s, struct view payload);
void my_execute(struct decoder *d, struct view payload);
void my_long_data(struct decoder *d, struct view payload, uint64_t size);
struct view my_query_attributes(struct decoder *d, struct view payload);

/* mysql_result.c */
void my_server_message(struct decoder *d, struct my_direction *s, struct view payload);
void my_error(struct decoder *d, struct parts *parts, struct view payload, bool secret);
uint32_t my_ok(struct decoder *d, struct view payload, const char *name); /* its status */

/* mysql_rows.c */
void my_column(struct decoder *d, struct view payload, struct buf *types);
void my_row(struct decoder *d, struct view payload, uint64_t size, bool binary);

/* mysql_tell.c */
void my_begin_unit(struct decoder *d, uint32_t command, uint64_t time);
void my_wait(struct decoder *d, uint32_t command, struct my_statement *statement, bool secret);
void my_end_unit(struct decoder *d, struct view error);
void my_begin_answer(struct decoder *d, uint64_t exchange, uint64_t time);
void my_end_answer(struct decoder *d, struct view error);
void my_done(struct decoder *d); /* the server is, with the first command that waits */
void my_tag(struct decoder *d, struct view text, uint8_t flags);
void my_forget_first(struct decoder *d);
void my_tell_alone(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, uint64_t end);
void my_tell_error(struct decoder *d, enum message_side side, uint64_t exchange, uint64_t time, struct view error);
void my_tell_unanswered(struct decoder *d, uint64_t time);
void my_tell_encrypted(struct decoder *d);

/* mysql_statement.c */
struct my_statement *my_statement_create(struct decoder *d, struct view text, uint64_t more); /* a reference; NULL: d->err */
void my_statement_put(struct decoder *d, struct my_statement *statement, uint32_t id);
struct my_statement *my_statement_find(struct decoder *d, uint32_t id); /* borrowed */
void my_statement_forget(struct decoder *d, uint32_t id);
struct my_statement *my_statement_share(struct my_statement *statement);
void my_statement_drop(struct decoder *d, struct my_statement *statement); /* NULL allowed */
void my_statement_drop_longs(struct decoder *d, struct my_statement *statement);
void my_statements_finish(struct decoder *d);
