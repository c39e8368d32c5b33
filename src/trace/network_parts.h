/* What the files that make network events share. */
#pragma once

#include "trace/network.h"
#include "trace/sockets.h"
#include "trace/values.h"

enum { NETWORK_NAMES = 256 }; /* that are remembered: a name is dialled soon after it was looked up */

struct known_name {
	struct net_address address;
	uint8_t size;
	char text[SOCKET_NAME_MAX];
};

struct network {
	struct net_events *to;
	struct sockets sockets;
	struct buf data;      /* struct view: the buffers of a transfer */
	struct buf addresses; /* struct net_address: of a name */
	struct known_name *names;
	uint32_t names_next;
	uint64_t next_number, last_time; /* of the records that were */
	bool resumes;                    /* the next record may have any number */
	/* Of the record under way. */
	const struct record *record;
	struct syscall syscall;
	struct note datagram; /* kind 0: there is none */
	bool failed;          /* a failure was told, and what the call itself failed with is the same */
	enum err err;
};

static inline uint64_t end_of(const struct record *record)
{
	return record->start + record->duration;
}

/* The call has not returned where the recording ends. */
static inline bool is_unfinished(const struct record *record)
{
	return !record->finished || record->end != CALL_RETURNS;
}

/* The errno of a call that returned one. */
static inline uint32_t error_of(const struct record *record)
{
	return is_unfinished(record) ? 0 : record->result;
}

static inline bool is_connection(const struct socket *socket)
{
	return socket->type != NET_DGRAM && (socket->role == SOCKET_CONNECTS || socket->role == SOCKET_ACCEPTED);
}

/* Errors that say nothing of a connection: there is nothing yet, or the guest asks for what cannot be. */
bool network_is_silent(uint32_t error);

/* Tells of an event of the record under way, on a socket or none, with what is known of it. */
void network_tell(struct network *network, const struct socket *socket, struct net_event event);

/* As sockets_add, in place of one whose end was not recorded; NULL, which is an error of the network where memory is short. */
struct socket *network_add_socket(struct network *network, uint64_t fd);

/* A socket that is gone: the sides that were open are told of. */
void network_close(struct network *network, uint64_t fd);

/* A socket that nothing is known of but its number, and that is in no table. */
struct socket network_stranger(struct network *network, uint64_t fd);

/* network_notes.c: what the host says of the call beside its results. */
void network_follow_notes(struct network *network);
struct socket *network_follow_socket(struct network *network, const struct note *note);
void network_remember_name(struct network *network, const struct net_address *address, struct view name);
void network_name_peer(const struct network *network, struct socket *socket);

/* network_connect.c: what begins connections. */
void network_connect(struct network *network);
void network_open(struct network *network);
void network_accept(struct network *network);
void network_resolve(struct network *network);

/* network_transfer.c: of a call on `socket`, which may be NULL, the buffers and the result's size are in the parameters of these names. */
void network_send(struct network *network, struct socket *socket, const char *iovs, const char *nwritten);
void network_receive(struct network *network, struct socket *socket, const char *iovs, bool peek);
