/* What the files of the store share. */
#pragma once

#include <sys/types.h>

#include "store/store.h"

#define FETCHED_DIR "store/fetched"
#define SENT_DIR    "store/sent"

enum { STORE_NAME = 16, STORE_KEY = 80 };

/* A file of a process of which some parts are here. */
struct partial {
	dev_t device;
	ino_t inode;
	int fd;           /* to write what comes, and so that no other has its inode; -1: none is here */
	uint8_t *present; /* a byte for each part; NULL: the file is all here */
	size_t count;
	uint64_t size;
	uint64_t next;    /* the part behind those that came last, and how many to fetch if it is wanted next */
	uint64_t ahead;
	char key[STORE_KEY];
	char etag[128];
};

enum { PARTIALS = 8 };

struct held {
	struct uuid id;
	int fd; /* with the lock of a process that runs elsewhere */
};

struct store {
	struct store_settings settings;
	struct client *client;
	struct registry *registry;
	int fetched_fd, sent_fd;
	int removing_fd; /* with the lock on what was uploaded of a process that is being deleted; -1: none is */
	void (*unavailable)(enum err err);
	struct partial partials[PARTIALS];
	unsigned turn;
	struct held *held;
	size_t held_count;
};

/* store.c: without the registry's knowing. */
enum err store_connect(const char *url, struct registry *registry, struct store **ret_store);

/* "processes/UUID/NAME" */
void store_key(const struct uuid *id, const char *name, char key[STORE_KEY]);

/* Names that files of a process have. */
bool store_is_part(struct view name);

/* fetched.c */
enum err fetched_list(struct store *store);                             /* a directory for each process that the store has */
enum err fetched_open(struct store *store, const struct uuid *id);      /* what can be known of it without its recording */
enum err fetched_remove(struct store *store, const struct uuid *id);    /* from the store */
void fetched_forget(struct store *store, const struct uuid *id);        /* that it was there */

/* The size and etag of a file of a process that is not of here; false: it is. */
bool fetched_find(struct store *store, const char *id, const char *name, uint64_t *ret_size, char etag[128]);

/* partial.c */
void partial_fill(void *data, int fd, uint64_t offset, uint64_t size);
void partials_finish(struct store *store);

/* push.c: what is not there yet of a process that was recorded here. `ret_done`: it was not whole, and is now. */
enum err push_process(struct store *store, const struct uuid *id, bool running, bool *ret_done);
