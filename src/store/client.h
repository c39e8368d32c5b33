/*
 * Requests to an S3-compatible store. Each is tried again, a bounded number of times and later each time, where another try may help: when
 * the connection fails or stalls, when less came than was announced, or when the store says that it is busy. One thread a client.
 */
#pragma once

#include <stdatomic.h>

#include "store/listing.h"
#include "store/settings.h"

struct client;

/* `settings` are borrowed. The first loads libcurl: ERR_UNSUPPORTED where it is not there. */
enum err client_create(const struct store_settings *settings, struct client **ret_client);
void client_destroy(struct client *client); /* NULL allowed */

/* A request that is under way ends with ERR_STOPPED soon after it becomes true. */
void client_stop_when(struct client *client, const atomic_bool *stopped);

struct client_usage {
	uint64_t requests, received, sent; /* bytes of bodies */
};
struct client_usage client_usage(const struct client *client);

/* Keys are below the prefix of the settings. ERR_NOT_FOUND where there is no such object. */

/* All of an object, `max` bytes at most. */
enum err client_get(struct client *client, const char *key, uint64_t max, struct buf *out);

/* Exactly this part, into a file at the same offset. ERR_DAMAGED if the object is no longer the one with this etag, or of another size. */
enum err client_get_range(struct client *client, const char *key, const char *etag, uint64_t offset, uint64_t size, int fd);

/* A file from its beginning, or bytes, whose digest the store is told of. */
enum err client_put_file(struct client *client, const char *key, int fd, uint64_t size);
enum err client_put(struct client *client, const char *key, struct view bytes);

/* The size of an object. */
enum err client_head(struct client *client, const char *key, uint64_t *ret_size);

/* It is no error if it is not there. */
enum err client_delete(struct client *client, const char *key);

/* All objects whose keys begin so, in their order, without the prefix of the settings. With `folders`, what is behind the next slash is
 * one. */
enum err client_list(struct client *client, const char *prefix, bool folders, const struct store_visitor *visitor);
