/* Texts made from the tables of options: help, manual page. */
#include "cli/help.h"

#include <stdio.h>

/* Words up to a column, then on a new line with the same indent. */
static void wrap(struct buf *out, const char *text, int indent)
{
	enum { WIDTH = 100 };
	int column = indent;
	while (*text) {
		size_t word = strcspn(text, " \n");
		if (column + (int)word > WIDTH && column > indent) {
			out->size -= out->data[out->size - 1] == ' ';
			buf_printf(out, "\n%*s", indent, "");
			column = indent;
		}
		buf_append(out, text, word);
		column += (int)word;
		text += word;
		if (*text == '\n') {
			buf_printf(out, "\n%*s", indent, "");
			column = indent;
			text++;
		} else if (*text) {
			buf_append_byte(out, ' ');
			column++;
			text++;
		}
	}
}

static void print_names(const struct option *option, struct buf *out)
{
	if (option->letter)
		buf_printf(out, "-%c, ", option->letter);
	else
		buf_append_text(out, "    ");
	buf_printf(out, "--%s", option->name);
	if (option->argument)
		buf_printf(out, option->value_optional ? "[=%s]" : " %s", option->argument);
}

static bool print_option(const struct option *option, size_t base, void *data)
{
	enum { COLUMN = 30 };
	struct buf *out = data;
	(void)base;
	if (!option->name) {
		buf_printf(out, "\n%s:\n", option->help);
		return true;
	}
	size_t start = out->size;
	buf_append_text(out, "  ");
	print_names(option, out);
	size_t used = out->size - start;
	if (used + 2 > COLUMN)
		buf_printf(out, "\n%*s", COLUMN, "");
	else
		buf_printf(out, "%*s", (int)(COLUMN - used), "");
	wrap(out, option->help, COLUMN);
	buf_append_byte(out, '\n');
	return true;
}

void options_print_help(const struct command *command, struct buf *out)
{
	buf_printf(out, "Usage: timecraft %s%s%s\n\n", command->name, command->arguments[0] ? " " : "", command->arguments);
	wrap(out, command->summary, 0);
	buf_append_byte(out, '\n');
	if (command->text) {
		buf_append_byte(out, '\n');
		wrap(out, command->text, 0);
		buf_append_byte(out, '\n');
	}
	if (command->options && command->options->name)
		buf_append_text(out, "\nOptions:\n");
	options_each(command->options, 0, print_option, out);
}

void print_commands(struct buf *out)
{
	buf_append_text(out,
		"Usage: timecraft COMMAND [options] [arguments]\n\n"
		"timecraft runs WebAssembly (WASI) programs, records everything that passes between them and the\n"
		"world, and shows afterwards what they did.\n\nCommands:\n");
	for (const struct command *const *command = commands; *command; command++)
		buf_printf(out, "  %-16s%s\n", (*command)->name, (*command)->summary);
	buf_append_text(out, "\n'timecraft help COMMAND' tells of a command's options.\n");
}

/* roff: a line must not begin with a dot or quote, and a minus is not a hyphen. */
static void print_roff(struct buf *out, const char *text)
{
	for (bool start = true; *text; start = *text++ == '\n') {
		if (start && (*text == '.' || *text == '\''))
			buf_append_text(out, "\\&");
		if (*text == '-')
			buf_append_text(out, "\\-");
		else if (*text == '\\')
			buf_append_text(out, "\\e");
		else
			buf_append_byte(out, (uint8_t)*text);
	}
}

static bool man_option(const struct option *option, size_t base, void *data)
{
	struct buf *out = data;
	(void)base;
	if (!option->name) {
		buf_append_text(out, ".PP\n");
		print_roff(out, option->help);
		buf_append_text(out, ":\n");
		return true;
	}
	BUF_CLEANUP struct buf names = { 0 };
	print_names(option, &names);
	const char *text = buf_text(&names);
	buf_append_text(out, ".TP\n.B ");
	print_roff(out, text + strspn(text, " "));
	buf_append_byte(out, '\n');
	print_roff(out, option->help);
	buf_append_byte(out, '\n');
	return true;
}

void options_print_man(struct buf *out)
{
	buf_append_text(out,
		".TH TIMECRAFT 1\n.SH NAME\ntimecraft \\- run WebAssembly programs, record them, and see afterwards what they did\n"
		".SH SYNOPSIS\n.B timecraft\n.I COMMAND\n[options] [arguments]\n.SH DESCRIPTION\n"
		"timecraft runs WebAssembly (WASI) programs, records everything that passes between them and the world, and "
		"makes traces of an execution after the fact.\n.SH COMMANDS\n");
	for (const struct command *const *command = commands; *command; command++) {
		buf_printf(out, ".SS timecraft %s ", (*command)->name);
		print_roff(out, (*command)->arguments);
		buf_append_byte(out, '\n');
		print_roff(out, (*command)->summary);
		buf_append_byte(out, '\n');
		if ((*command)->text) {
			buf_append_text(out, ".PP\n");
			print_roff(out, (*command)->text);
			buf_append_byte(out, '\n');
		}
		options_each((*command)->options, 0, man_option, out);
	}
	buf_append_text(out,
		".SH FILES\n.TP\n.I ~/.timecraft/config.yaml\nThe configuration, unless TIMECRAFTCONFIG or \\-\\-config names another.\n"
		".TP\n.I ~/.timecraft\nThe registry of modules and recordings, unless the configuration names another.\n"
		".SH EXIT STATUS\nThat of the guest for run and replay: its exit code, 134 after a trap, and the signal that "
		"ended it if one did. Otherwise 0, 1 on failure, 2 if the command line is wrong.\n");
}

struct help_options {
	bool man;
	const char *completion;
};

static const struct option help_table[] = {
	{ "man", 0, OPTION_FLAG, false, NULL, "Print the manual page, as roff.", offsetof(struct help_options, man) },
	{ "completion", 0, OPTION_TEXT, false, "SHELL", "Print completions for bash, zsh or fish.",
		offsetof(struct help_options, completion) },
	{ 0 },
};

int command_words(const struct command *command)
{
	return strchr(command->name, ' ') ? 2 : 1;
}

/* Where the second word of a command's name begins, if `first` is its first; NULL if it is not. */
static const char *second_word(const struct command *command, const char *first)
{
	size_t size = strcspn(command->name, " ");
	if (strlen(first) != size || memcmp(command->name, first, size) != 0)
		return NULL;
	return command->name + size + (command->name[size] == ' ');
}

const struct command *find_command(const char *first, const char *second)
{
	for (const struct command *const *command = commands; *command; command++) {
		const char *word = second_word(*command, first);
		if (word && (!*word || (second && strcmp(word, second) == 0)))
			return *command;
	}
	return NULL;
}

static const char *next_command(void *state)
{
	const struct command *const **at = state;
	return **at ? (*(*at)++)->name : NULL;
}

/* Of a command that has several of its first word: which there are. */
static enum err unknown_second(const char *first, const char *second)
{
	BUF_CLEANUP struct buf known = { 0 };
	for (const struct command *const *command = commands; *command; command++) {
		const char *word = second_word(*command, first);
		if (word)
			buf_printf(&known, "%s%s", known.size ? ", " : "", word);
	}
	if (known.size == 0)
		return ERR_NONE;
	if (!second)
		return err_set(ERR_USAGE, "%s: of what? %s", first, buf_text(&known));
	return err_set(ERR_USAGE, "%s: there is no \"%s\" to %s; known are %s, right behind the command", first, second, first,
		buf_text(&known));
}

enum err unknown_command(const char *name, const char *second)
{
	const struct command *const *at = commands;
	TRY(unknown_second(name, second));
	const char *near = nearest_word(name, next_command, &at);
	if (near)
		return err_set(ERR_USAGE, "there is no command \"%s\"; did you mean \"%s\"?", name, near);
	return err_set(ERR_USAGE, "there is no command \"%s\"; see 'timecraft help'", name);
}

static int run_help(void *data, int count, char **arguments)
{
	const struct help_options *options = data;
	BUF_CLEANUP struct buf out = { 0 };
	if (options->man) {
		options_print_man(&out);
	} else if (options->completion) {
		enum err err = options_print_completion(options->completion, &out);
		if (err)
			return fail(err);
	} else if (count == 0) {
		print_commands(&out);
	} else {
		const char *second = count > 1 ? arguments[1] : NULL;
		const struct command *command = find_command(arguments[0], second);
		if (!command)
			return fail(unknown_command(arguments[0], second));
		options_print_help(command, &out);
	}
	fputs(buf_text(&out), stdout);
	return 0;
}

const struct command command_help = {
	.name = "help",
	.arguments = "[COMMAND...]",
	.summary = "Tell how to use timecraft or one of its commands.",
	.options = help_table,
	.size = sizeof(struct help_options),
	.run = run_help,
};

static const struct option version_table[] = { { 0 } };

static int run_version(void *options, int count, char **arguments)
{
	(void)options;
	(void)count;
	(void)arguments;
	puts("timecraft " TIMECRAFT_VERSION);
	return 0;
}

const struct command command_version = {
	.name = "version",
	.arguments = "",
	.summary = "Print the version.",
	.options = version_table,
	.run = run_version,
};
