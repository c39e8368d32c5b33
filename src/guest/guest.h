/*
 * A guest: a module whose imports are bound to a stack of layers, run once from its first instruction to its end.
 *
 * The same code runs it live and in replay; only the layers differ.
 */
#pragma once

#include "base/buf.h"
#include "wasi/call.h"
#include "wasm/store.h"

struct guest;

/* Told of what happens outside of calls. */
struct guest_hooks {
	void (*grow)(void *data, uint64_t old_pages, uint64_t new_pages); /* memory 0 or another grew; may be NULL */
	void *data;
};

/* What runs the guest's code. Both do the same. */
enum guest_engine {
	GUEST_COMPILED_IF_POSSIBLE, /* else interpreted */
	GUEST_COMPILED,             /* ERR_UNSUPPORTED where that cannot be */
	GUEST_INTERPRETED,
};

struct guest_options {
	struct module *module;      /* borrowed; outlives the guest */
	struct store_limits limits;
	struct layer *layer;        /* the top one; borrowed */
	const char *function;       /* of a reactor: the export to call, after _initialize; NULL for a command */
	enum guest_engine engine;
	struct guest_hooks hooks;
};

enum guest_ending {
	GUEST_EXITED,  /* returned or called proc_exit: code */
	GUEST_TRAPPED, /* trap; the stack is what guest_print_stack gives */
	GUEST_RAISED,  /* called proc_raise with a signal that ends a process: code is WASI's number of it */
	GUEST_STOPPED, /* by guest_stop, or at guest_stop_at's position */
	GUEST_FAILED,  /* the host or a layer could not go on: err and err_text say why */
};

struct guest_status {
	enum guest_ending ending;
	enum trap trap;
	enum err err;
	uint32_t code;
	uint64_t position; /* loop heads and function entries passed until the end */
	bool in_call;      /* GUEST_STOPPED: while a call to the host was under way, not between instructions */
};

/*
 * Checks a module for what a guest needs, before anything is stored or run: imports that exist with the types they have here, and an entry
 * point. ERR_UNSUPPORTED names all unknown imports with their types, and what to build instead where that is known.
 */
enum err guest_check(const struct module *module, const char *function);

enum err guest_create(const struct guest_options *options, struct guest **ret_guest);
void guest_destroy(struct guest *guest);

/* Instantiates the module and runs it to its end. Once a guest. */
struct guest_status guest_run(struct guest *guest);

/* Makes the guest stop as soon as it can. May be called from a signal handler or another thread, also before guest_run. */
void guest_stop(struct guest *guest);

/* The guest stops when its position reaches `position`. */
void guest_stop_at(struct guest *guest, uint64_t position);

uint64_t guest_position(const struct guest *guest);

/* What it runs in. */
struct store *guest_store(const struct guest *guest);

/* Appends the guest's stack, a line a frame: four spaces, the function's name, and file and line where they are known. */
void guest_print_stack(const struct guest *guest, struct buf *out);
