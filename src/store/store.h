/*
 * A registry in an object store (docs/store.md). Beside it stands an ordinary one on this machine: processes record there, and are uploaded
 * from it; of what others recorded it has the parts that were read.
 *
 *     REGISTRY/store/fetched/UUID/objects   a process that is not of here: what the store has of it
 *     REGISTRY/store/fetched/UUID/NAME      which parts of a file of that process are here: a byte each, 1 or 0
 *     REGISTRY/store/sent/UUID              a process that was recorded here: what of it is in the store
 */
#pragma once

#include "registry/registry.h"
#include "store/client.h"

struct store;

/* Whether it can be told where the store is and who asks: before anything is recorded for it. */
enum err store_check(const char *url);

/*
 * For a registry that is open, as long as which it stays. From then on it has what is in the store too: names are listed at once, the rest
 * comes when it is wanted. Where a part of a file that is being read can't be had `unavailable` is called, and does not return: who reads
 * can't tell what is missing from what is damaged. One store at a time.
 */
enum err store_open(const char *url, struct registry *registry, void (*unavailable)(enum err err), struct store **ret_store);
void store_close(struct store *store); /* NULL allowed */

/* Whether it was not recorded on this machine. */
bool store_is_fetched(const struct store *store, const struct uuid *id);

struct store_pushed {
	uint64_t processes; /* that were not whole in the store, and are now */
	uint64_t running;   /* that who runs them uploads */
	uint64_t sent;      /* bytes */
};

/* Uploads what was recorded here and is not there yet. Goes on after one that fails, and returns the last error. */
enum err store_push(struct store *store, struct store_pushed *ret_pushed);

/* Uploads a process while it runs: a thread. */
struct uploader;
enum err uploader_start(const char *url, struct registry *registry, const struct uuid *id, struct uploader **ret_uploader);

/* When the process has ended and its lock was released: uploads the rest. NULL allowed. */
enum err uploader_finish(struct uploader *uploader);
