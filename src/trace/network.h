/*
 * From records to network events (trace/event.h): follows what a guest's sockets are, and says what happened on them.
 *
 * Memory is bounded by the sockets that are open, of which there are NETWORK_SOCKETS_MAX at most; what happens on more is not told.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "log/record.h"
#include "trace/event.h"

enum { NETWORK_SOCKETS_MAX = 1 << 16 };

struct network;

/* `to` is borrowed. Its errors are passed on, and end what is told. */
enum err network_create(struct net_events *to, struct network **ret_network);
void network_destroy(struct network *network); /* NULL allowed */

/* A socket that was there before the first record, as a note of SOCKET tells of one. ERR_NOMEM. */
enum err network_add(struct network *network, const struct note *note);

/* Into a checkpoint, and out of one, before the first record (trace/checkpoint.h). What was open then is marked as midway. */
void network_save(const struct network *network, struct buf *to);
enum err network_load(struct network *network, struct view checkpoint);

/* Records that nobody passed before the next one are of no concern: none that matters is missing. */
void network_resume(struct network *network);

/* Takes in the next record. Every record must be passed, in order. */
enum err network_record(struct network *network, const struct record *record);

/* The process is over, though no record may say so: what was open is closed. */
enum err network_end(struct network *network);
