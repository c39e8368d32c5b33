/*
 * The guest's descriptors as the records of its calls tell of them: what each number stands for at each point of an execution.
 *
 * Memory is bounded whatever the records say: a descriptor past the limits is unknown, and so is a path that is too long.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/view.h"
#include "log/record.h"
#include "wasi/net.h"

enum descriptor_kind {
	DESCRIPTOR_UNKNOWN,
	DESCRIPTOR_STDIN,
	DESCRIPTOR_STDOUT,
	DESCRIPTOR_STDERR,
	DESCRIPTOR_PREOPEN,
	DESCRIPTOR_FILE,      /* whatever is not one of the others: regular files, devices, pipes */
	DESCRIPTOR_DIRECTORY,
	DESCRIPTOR_SOCKET,
};

enum { DESCRIPTORS_MAX = 1 << 20, DESCRIPTOR_PATH_MAX = 4096, DESCRIPTOR_PATHS_MAX = 64 << 20 };

struct descriptor {
	uint32_t fd;
	enum descriptor_kind kind;
	/* As the guest sees it, without . and .. where they can go; of a socket its address. May be empty. Until the next change. */
	struct view path;
};

struct descriptors;

/* Begins with stdin, stdout and stderr. */
enum err descriptors_create(struct descriptors **ret_descriptors);
void descriptors_destroy(struct descriptors *descriptors);

/* Adds a descriptor that was there before the first record, in place of any of the same number. */
enum err descriptors_add(struct descriptors *descriptors, uint32_t fd, enum descriptor_kind kind, struct view path);

/* Forgets all, for a reader that begins with a table from somewhere else. */
void descriptors_clear(struct descriptors *descriptors);

/* Takes in what a record did. Every record must be followed, in order. ERR_NOMEM. */
enum err descriptors_follow(struct descriptors *descriptors, const struct record *record);

/* A socket, as a note of SOCKET tells of it: its path is "LOCAL > PEER", or the only address that it has. ERR_NOMEM. */
enum err descriptors_add_socket(struct descriptors *descriptors, const struct note *note);

/* Into a checkpoint, and out of one, in place of all that was known (trace/checkpoint.h). */
void descriptors_save(const struct descriptors *descriptors, struct buf *to);
enum err descriptors_load(struct descriptors *descriptors, struct view checkpoint);

/* False if there is no such descriptor, or nothing is known of it. */
bool descriptors_get(const struct descriptors *descriptors, uint32_t fd, struct descriptor *ret_descriptor);

/* "stdin", "preopen", "file", ...; "unknown" for what is none. */
const char *descriptor_kind_name(enum descriptor_kind kind);
