/*
 * What a process was started with: everything that replay must repeat or people want to know, as far as it is known at the start.
 *
 * On disk it is YAML (docs/registry.md), with a first line that tells its size and checksum. Strings may hold any bytes but NUL.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "registry/digest.h"
#include "registry/uuid.h"

enum { MANIFEST_VERSION = 3 };

struct manifest_dir {
	struct view host, guest;
	bool read_only;
};

/* A socket that was made before the start. Addresses as net_address_print prints them; empty: none. */
struct manifest_socket {
	uint64_t fd;
	bool listens; /* else it was dialled */
	struct view local, peer;
};

struct manifest {
	struct uuid id;
	struct view runtime;       /* which timecraft: "0.1.0" */

	struct digest module;
	struct view module_name;   /* the file's name without its folder */
	struct view module_path;   /* as the user gave it */
	uint64_t module_size;
	struct view function;      /* --function; empty: a command's _start */

	const struct view *args;   /* the guest's argv, its name included */
	size_t arg_count;
	const struct view *env;    /* "NAME=VALUE" */
	size_t env_count;
	const struct manifest_dir *dirs;
	size_t dir_count;
	bool restricted;           /* --restrict */
	const struct manifest_socket *sockets;
	size_t socket_count;
	const struct view *net;    /* --allow-net, as given */
	size_t net_count;

	/* What is not as it was. */
	const struct view *withheld; /* names of variables whose values were not recorded: * stand in their place */
	size_t withheld_count;
	const struct view *redacted; /* the rules by which secrets were replaced when it was exported, such as "header cookie" */
	size_t redacted_count;
	uint64_t snapshot;         /* ns since 1970: when it was exported, while it ran; 0: it was not */

	uint64_t start_wall;       /* ns since 1970 */
	uint64_t start_monotonic;  /* ns, CLOCK_MONOTONIC */

	/* Engine settings. */
	struct view features;      /* "wasm-2.0" */
	uint64_t memory_pages, table_elements, stack_bytes;

	struct arena arena;        /* of one that was parsed: all of the above */
};

/* The file's bytes, first line included. */
enum err manifest_encode(const struct manifest *manifest, struct buf *out);

/* ERR_DAMAGED, ERR_UNSUPPORTED, ERR_NOMEM. Borrows nothing from `bytes`. */
enum err manifest_decode(struct view bytes, struct manifest *ret_manifest);
void manifest_finish(struct manifest *manifest); /* zero allowed; needed after manifest_decode only */
