/*
 * Options of commands. A table per command is all there is: parsing, help, the manual page and completions come from it.
 *
 * Syntax is GNU's: --name=value, --name value, -nvalue, -n value, -abc for flags, and -- ends them. In a command that runs something, the
 * first argument that is no option ends them too: what follows is the guest's.
 */
#pragma once

#include "base/buf.h"

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_TEXT,   /* const char *, the last one given */
	OPTION_LIST,   /* struct option_list, all of them in order */
	OPTION_CALL,   /* parsed by `parse` */
};

struct option_list {
	const char **items;
	size_t count;
};

struct option {
	const char *name;     /* without dashes; NULL ends the table, or heads a section with `help` */
	char letter;          /* 0: none */
	uint8_t kind;         /* enum option_kind */
	bool value_optional;  /* only as --name=value */
	const char *argument; /* what the value is called in the help; NULL: none */
	const char *help;
	size_t offset;        /* of the value in the command's struct */
	enum err (*parse)(void *target, const char *value); /* OPTION_CALL: `target` is at `offset`; value NULL for one without */
	const struct option *include; /* another table, at `offset`, in this place */
};

#define OPTION_INCLUDE(table, type, member) { .name = "", .include = (table), .offset = offsetof(type, member) }

struct command {
	const char *name;
	const char *arguments;  /* "[options] [--] MODULE [args...]" */
	const char *summary;    /* one line */
	const char *text;       /* the rest of the help; may be NULL */
	const struct option *options;
	size_t size;            /* of the struct that options point into */
	const char *words;      /* what the first argument may be, with spaces between; NULL: anything */
	bool takes_process;     /* the identifier of a process is an argument */
	bool runs;              /* arguments behind the first are not ours */
	int (*run)(void *options, int count, char **arguments); /* returns the exit code */
};

/* All commands, ending with one without a name. */
extern const struct command *const commands[];

/*
 * Parses into `target`, which is zeroed or holds defaults. The arguments that are left are moved to the front of `argv` and counted in
 * `ret_count`. ERR_USAGE with a text that names the option and, for an unknown one, the nearest known. `ret_help` is set by --help.
 */
enum err options_parse(const struct command *command, void *target, int argc, char **argv, int *ret_count, bool *ret_help);

/* Frees lists. */
void options_finish(const struct command *command, void *target);

void options_print_help(const struct command *command, struct buf *out);
void options_print_man(struct buf *out);                       /* roff of timecraft(1) */
enum err options_print_completion(const char *shell, struct buf *out); /* bash, zsh, fish; in completion.c */

/* The known word nearest to `word`, NULL if none is near. `next` returns the words one after the other, NULL at the end. */
const char *nearest_word(const char *word, const char *(*next)(void *state), void *state);

/* Calls `visit` for each option of a table, includes resolved. Stops when it returns false, and returns false then. */
typedef bool option_visit(const struct option *option, size_t base, void *data);
bool options_each(const struct option *table, size_t base, option_visit *visit, void *data);

/* Prints "timecraft: " and the text of the last error, and returns the exit code that goes with `err`: 2 for ERR_USAGE, else 1. */
int fail(enum err err);
