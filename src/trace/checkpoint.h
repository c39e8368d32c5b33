/*
 * Checkpoints: what descriptors and sockets are at a point of a recording, so that who reads it may begin there (docs/log-format.md). The
 * writer's second thread follows the calls that matter, and writes one now and then.
 */
#pragma once

#include "log/writer.h"
#include "trace/descriptors.h"
#include "trace/network.h"

struct checkpoints;

/* To be told what was there before the first record; then it is the follower that a log's writer may have. */
enum err checkpoints_create(struct checkpoints **ret_checkpoints);
void checkpoints_destroy(struct checkpoints *checkpoints); /* after the writer; NULL allowed */
struct descriptors *checkpoints_descriptors(struct checkpoints *checkpoints);
struct network *checkpoints_network(struct checkpoints *checkpoints);
struct log_follower *checkpoints_follower(struct checkpoints *checkpoints);

/* Items of a checkpoint: a u32 size, and so many bytes, the first of which is the kind. Notes are items too, under their own kinds. */
enum checkpoint_item {
	ITEM_DESCRIPTOR = 64,
	ITEM_SOCKET = 65,
	ITEM_SOCKET_NUMBER = 66, /* of the socket of this descriptor: a u64 in place of the text */
	ITEM_SOCKET_COUNT = 67,  /* how many there have been: likewise. The next one has this number */
};

/* A descriptor, or the rest of a socket, of which a note of SOCKET came before. The text follows. */
struct checkpoint_entry {
	uint8_t item;      /* enum checkpoint_item */
	uint8_t kind;      /* enum descriptor_kind. Of a socket: its sides that are open */
	uint8_t flags;     /* of a socket: enum checkpoint_flag */
	uint8_t reserved;
	uint32_t fd;
	uint16_t failure;  /* errno that a socket failed with */
	uint8_t reserved2[2];
};

enum checkpoint_flag { CHECKPOINT_TLS = 1, CHECKPOINT_ENDED = 2 };

void checkpoint_put(struct buf *to, const struct checkpoint_entry *entry, struct view text);
void checkpoint_put_note(struct buf *to, const struct note *note);

/* The next item, taken off the view; false: there is none, or it is cut off. It has a byte at least. */
bool checkpoint_item(struct view *checkpoint, struct view *ret_item);
bool checkpoint_entry(struct view item, struct checkpoint_entry *ret_entry, struct view *ret_text);
