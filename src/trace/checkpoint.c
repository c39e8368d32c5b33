#include "trace/checkpoint.h"

#include <stdlib.h>

#include "wasi/abi.h"
#include "wasi/call.h"

struct checkpoints {
	struct log_follower follower;
	struct net_events events; /* which nobody wants */
	struct descriptors *descriptors;
	struct network *network;
	bool failed; /* something could not be followed: there are no checkpoints any more */
	uint8_t wanted[CALL_COUNT];
};

static enum err ignore(struct net_events *to, const struct net_event *event)
{
	(void)to;
	(void)event;
	return ERR_NONE;
}

static void follow(struct log_follower *follower, const struct record *record)
{
	struct checkpoints *c = (struct checkpoints *)follower;
	network_resume(c->network); /* the records between this one and the last are of no concern */
	c->failed |= descriptors_follow(c->descriptors, record) != ERR_NONE;
	c->failed |= network_record(c->network, record) != ERR_NONE;
}

static void save(struct log_follower *follower, struct buf *to)
{
	struct checkpoints *c = (struct checkpoints *)follower;
	descriptors_save(c->descriptors, to);
	network_save(c->network, to);
	to->failed |= c->failed;
}

static void choose_calls(uint8_t *wanted)
{
	static const uint16_t all[] = { CALL_path_open, CALL_fd_close, CALL_fd_renumber, CALL_sock_accept, CALL_v1_sock_accept,
		CALL_sock_shutdown, CALL_fd_fdstat_get, CALL_fd_filestat_get, CALL_unstable_fd_filestat_get, CALL_sock_open, CALL_sock_bind,
		CALL_sock_listen, CALL_sock_connect, CALL_sock_getaddrinfo };
	static const uint16_t empty[] = { CALL_fd_read, CALL_sock_recv, CALL_sock_recv_from, CALL_v1_sock_recv_from };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		wanted[all[i]] = FOLLOW_ALL;
	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
		wanted[empty[i]] = FOLLOW_EMPTY;
}

enum err checkpoints_create(struct checkpoints **ret_checkpoints)
{
	struct checkpoints *c = calloc(1, sizeof *c);
	if (!c)
		return err_nomem();
	c->events.event = ignore;
	choose_calls(c->wanted);
	c->follower = (struct log_follower){ c->wanted, CALL_COUNT, follow, save };
	enum err err = descriptors_create(&c->descriptors);
	if (!err)
		err = network_create(&c->events, &c->network);
	if (err) {
		checkpoints_destroy(c);
		return err;
	}
	*ret_checkpoints = c;
	return ERR_NONE;
}

void checkpoints_destroy(struct checkpoints *c)
{
	if (!c)
		return;
	descriptors_destroy(c->descriptors);
	network_destroy(c->network);
	free(c);
}

struct descriptors *checkpoints_descriptors(struct checkpoints *c)
{
	return c->descriptors;
}

struct network *checkpoints_network(struct checkpoints *c)
{
	return c->network;
}

struct log_follower *checkpoints_follower(struct checkpoints *c)
{
	return &c->follower;
}

void checkpoint_put(struct buf *to, const struct checkpoint_entry *entry, struct view text)
{
	uint32_t size = (uint32_t)(sizeof *entry + text.size);
	buf_append(to, &size, sizeof size);
	buf_append(to, entry, sizeof *entry);
	buf_append(to, text.data, text.size);
}

void checkpoint_put_note(struct buf *to, const struct note *note)
{
	uint8_t bytes[NOTE_SIZE_MAX];
	uint32_t size = (uint32_t)note_encode(note, bytes);
	buf_append(to, &size, sizeof size);
	buf_append(to, bytes, size);
}

bool checkpoint_item(struct view *checkpoint, struct view *ret_item)
{
	uint32_t size;
	if (checkpoint->size < sizeof size)
		return false;
	memcpy(&size, checkpoint->data, sizeof size);
	struct view rest = view_slice(*checkpoint, sizeof size, checkpoint->size);
	if (size == 0 || size > rest.size)
		return false;
	*ret_item = view_slice(rest, 0, size);
	*checkpoint = view_slice(rest, size, rest.size);
	return true;
}

bool checkpoint_entry(struct view item, struct checkpoint_entry *ret_entry, struct view *ret_text)
{
	if (item.size < sizeof *ret_entry)
		return false;
	memcpy(ret_entry, item.data, sizeof *ret_entry);
	*ret_text = view_slice(item, sizeof *ret_entry, item.size);
	return true;
}
