/* One script of the specification's test suite: its commands, as wast2json writes them, and how they come out. */
#pragma once

#include "wasm/store.h"

#include <jansson.h>

struct spectest;

/* A module with what belongs to it; the engine borrows the bytes. */
struct loaded {
	struct loaded *next;
	uint8_t *bytes;
	struct module *module;
	struct instance *instance; /* NULL if there is none */
	const char *name;          /* in the script; NULL: none */
	const char *registered;    /* for imports; NULL: not */
};

struct script {
	const char *folder;      /* of its modules */
	const char *name;
	bool decode_only, compiled; /* runs nothing: looks at modules only */
	struct store *store;
	struct spectest *spectest;
	struct loaded *all;      /* newest first */
	struct loaded *current;
	uint32_t passed, failed, skipped;
	long line;               /* of the command in hand */
};

/* Runs all commands and prints what fails; false if the script could not be read. */
bool script_run(struct script *script, const char *path);
void script_finish(struct script *script);

/* What modules.c does for script.c. */

/* Reads, decodes and, unless only that is asked for, instantiates a file; on failure nothing is kept but what the store needs. */
enum err script_load(struct script *script, const char *file, bool instantiate, struct loaded **ret_loaded);
