/*
 * What decoders of databases share: what a statement is, told three times over (a line's words, attributes, shape), and rows.
 *
 * Literals and parameters that stand behind a word with PASSWORD or IDENTIFIED in it are secrets, as is a text that has "password=" in it.
 */
#pragma once

#include "proto/parts.h"

enum sql_dialect { SQL_POSTGRESQL, SQL_MYSQL };

enum { SQL_KEPT_MAX = PARTS_TEXT_MAX, SQL_SHAPE_MAX = 4096 };

/* The first word: SELECT. Comments before it are skipped. */
struct view sql_operation(struct view statement, enum sql_dialect dialect);

/* The statement with ? for its literals, without comments, and one blank for any between words; at most SQL_SHAPE_MAX bytes. */
void sql_shape(struct view statement, enum sql_dialect dialect, struct buf *out);

bool sql_has_secret(struct view statement, enum sql_dialect dialect);

/* A bit for each of the first 64 parameters that is a secret. */
uint64_t sql_secret_parameters(struct view statement, enum sql_dialect dialect);

/* The statement as a value, which is secret as a whole if something in it is; `more` bytes of it were not kept. */
struct datum sql_statement(struct view statement, uint64_t more, enum sql_dialect dialect);

/* Words of a line and attributes: db.query.text, which has ? for secrets, and db.operation.name. True: there are. */
bool sql_tell_statement(struct parts *parts, struct view statement, uint64_t more, enum sql_dialect dialect);

/* Cuts texts of a row so that parts have room for it. */
void sql_fit_row(const struct parts *parts, struct datum *values, uint32_t count);
