/*
 * Where modules and recordings are kept.
 *
 *     REGISTRY/modules/sha256/01/0123...    one file a module, named by its digest, 0400
 *     REGISTRY/processes/UUID/              one directory a process: manifest.yaml, lock, and its log
 *
 * All of it is its owner's alone: directories are 0700 and files 0600, whatever the umask. A registry that is somebody else's, or open to
 * others, is refused. Several programs may use one at the same time: what they make appears whole, by renaming.
 */
#pragma once

#include "base/err.h"
#include "registry/digest.h"
#include "registry/manifest.h"
#include "registry/uuid.h"

struct registry;

/* Makes the directory if it is not there. */
enum err registry_open(const char *path, struct registry **ret_registry);
void registry_close(struct registry *registry); /* NULL allowed */

const char *registry_path(const struct registry *registry);

/* The directory, for host_options.registry_fd. Not to be closed. */
int registry_fd(const struct registry *registry);

/* A module's bytes, in memory that nobody else can change, and the digest of these very bytes. */
struct module_file {
	struct view bytes; /* owned: module_file_finish */
	struct digest digest;
};

/* Reads a file, which may be a pipe. */
enum err module_file_read(const char *path, struct module_file *ret_file);
void module_file_finish(struct module_file *file); /* zero allowed */

/* Stores a module if it is not there yet. It is not collected before a process was created, or the registry closed. */
enum err registry_add_module(struct registry *registry, const struct module_file *file);

/* A stored module. ERR_NOT_FOUND if it is not there, ERR_DAMAGED if its bytes are not what they were. */
enum err registry_load_module(struct registry *registry, const struct digest *digest, struct module_file *ret_file);

struct stored_module {
	struct digest digest;
	uint64_t size;
	uint64_t stored; /* ns, wall clock */
};

/* All modules, oldest first. Free the array. */
enum err registry_modules(struct registry *registry, struct stored_module **ret_modules, size_t *ret_count);

/* A stored module by prefix or suffix of its digest's hexadecimal form, "sha256:..." allowed. ERR_NOT_FOUND, ERR_AMBIGUOUS. */
enum err registry_resolve_module(struct registry *registry, const char *id, struct digest *ret_digest);

/* A process's directory. While its process runs, `lock_fd` holds the lock that says so; -1 for readers. */
struct process {
	struct uuid id;
	int dir_fd;
	int lock_fd;
};

/*
 * Makes the directory of the process that `manifest` describes, with the manifest in it, and takes its lock. Nobody else finds it before it
 * is published: what belongs in it is to be there before. Abandoning removes and closes it.
 */
enum err registry_begin_process(struct registry *registry, const struct manifest *manifest, struct process *ret_process);
enum err registry_publish_process(struct registry *registry, const struct process *process);
void registry_abandon_process(struct registry *registry, struct process *process);

/* Both at once. */
enum err registry_create_process(struct registry *registry, const struct manifest *manifest, struct process *ret_process);

enum err registry_open_process(struct registry *registry, const struct uuid *id, struct process *ret_process);
void process_close(struct process *process);

/* Whether somebody holds the lock. */
bool process_is_running(const struct process *process);

/* Who reads a process that another deletes may go on with the files that it has open, but finds no others. */
bool process_was_deleted(const struct process *process);

/* For an error in reading it: ERR_NOT_FOUND with a text that says so if the process was deleted, else `err` as it is. */
enum err process_explain(const struct process *process, enum err err);

/* The manifest of a process. ERR_DAMAGED when it is cut or changed, ERR_UNSUPPORTED for a version that is not known here. */
enum err process_manifest(const struct process *process, struct manifest *ret_manifest);

/* All processes, oldest first. Free the array. */
enum err registry_processes(struct registry *registry, struct uuid **ret_ids, size_t *ret_count);

/*
 * The process that a user means: a UUID, any prefix or suffix of one that no other shares, @last, or @N for the Nth newest (@1 is @last).
 * ERR_NOT_FOUND; ERR_AMBIGUOUS with a text that lists the candidates, their start and module.
 */
enum err registry_resolve(struct registry *registry, const char *id, struct uuid *ret_id);

/* How many of each identifier's last characters, at least four, tell it from all others. Free the array. */
enum err uuid_unique_suffixes(const struct uuid *ids, size_t count, uint8_t **ret_lengths);
