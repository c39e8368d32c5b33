/* Completions for shells, made from the commands and their tables of options. */
#include <string.h>

#include "cli/options.h"

/* What completion makes of one command. */
struct completion {
	struct buf flags; /* " --output -o" */
	struct buf files; /* those of them that a file follows */
};

static bool collect(const struct option *option, size_t base, void *data)
{
	struct completion *completion = data;
	(void)base;
	if (!option->name)
		return true;
	bool file = option->argument && strcmp(option->argument, "FILE") == 0;
	buf_printf(&completion->flags, " --%s", option->name);
	if (file)
		buf_printf(&completion->files, " --%s", option->name);
	if (file && option->letter)
		buf_printf(&completion->files, " -%c", option->letter);
	return true;
}

/* The first word of a command's name, and the second of those that have two. */
static struct view first_word(const struct command *command)
{
	return view_of(command->name, strcspn(command->name, " "));
}

static const char *second_word(const struct command *command)
{
	const char *space = strchr(command->name, ' ');
	return space ? space + 1 : NULL;
}

/* Whether the command before this one has the same first word. */
static bool goes_on(const struct command *const *command)
{
	return command != commands && view_equal(first_word(command[0]), first_word(command[-1]));
}

static void put_names(struct buf *out)
{
	for (const struct command *const *command = commands; *command; command++) {
		if (!goes_on(command))
			buf_printf(out, " %.*s", VIEW_ARG(first_word(*command)));
	}
}

/* Cases of the first words that have a second: lists are written as `open` and `close` have them. */
static void put_seconds(struct buf *out, const char *open, const char *close)
{
	for (const struct command *const *command = commands; *command; command++) {
		if (!second_word(*command))
			continue;
		if (!goes_on(command))
			buf_printf(out, "\t%.*s) seconds=%s", VIEW_ARG(first_word(*command)), open);
		buf_printf(out, "%s%s", goes_on(command) ? " " : "", second_word(*command));
		if (!command[1] || !goes_on(command + 1))
			buf_printf(out, "%s ;;\n", close);
	}
}

/* One branch of a case: lists are written as `open` and `close` have them. */
static void put_case(struct buf *out, const struct command *command, const char *open, const char *close)
{
	struct completion completion = { 0 };
	options_each(command->options, 0, collect, &completion);
	buf_printf(out, "\t'%s') flags=%s%s%s files=%s%s%s", command->name, open, buf_text(&completion.flags), close, open,
		buf_text(&completion.files), close);
	if (command->words)
		buf_printf(out, " first=%s%s%s", open, command->words, close);
	if (command->takes_process)
		buf_append_text(out, " kind=process");
	buf_append_text(out, " ;;\n");
	buf_finish(&completion.flags);
	buf_finish(&completion.files);
}

/* A module's digest goes without "sha256:", for bash takes the colon for the end of a word. */
static void put_bash(struct buf *out)
{
	buf_append_text(out,
		"_timecraft() {\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} name=${COMP_WORDS[1]} at=2\n"
		"\tlocal flags= files= first= kind= words= ids= seconds=\n"
		"\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\tCOMPREPLY=($(compgen -W \"");
	put_names(out);
	buf_append_text(out, "\" -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase $name in\n");
	put_seconds(out, "\"", "\"");
	buf_append_text(out,
		"\tesac\n"
		"\tif [ \"$seconds\" ]; then\n"
		"\t\tif [ \"$COMP_CWORD\" = 2 ]; then\n\t\t\tCOMPREPLY=($(compgen -W \"$seconds\" -- \"$cur\"))\n\t\t\treturn\n\t\tfi\n"
		"\t\tname=\"$name ${COMP_WORDS[2]}\" at=3\n\tfi\n"
		"\tcase $name in\n");
	for (const struct command *const *command = commands; *command; command++)
		put_case(out, *command, "\"", "\"");
	buf_append_text(out,
		"\tesac\n"
		"\tif [[ $cur == -* ]]; then\n\t\twords=$flags\n"
		"\telif [[ \" $files \" != *\" $prev \"* ]]; then\n"
		"\t\t[ \"$COMP_CWORD\" = \"$at\" ] && words=$first\n"
		"\t\t[[ \" ${COMP_WORDS[*]:at:COMP_CWORD-at} \" == *\" module\"* ]] && kind=module\n"
		"\t\t[[ \" ${COMP_WORDS[*]:at:COMP_CWORD-at} \" == *\" runtime\"* ]] && kind=\n"
		"\t\t[ \"$kind\" ] && ids=$(timecraft get \"$kind\" --ids 2>/dev/null) && words=\"$words ${ids//sha256:/}\"\n"
		"\tfi\n"
		"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
		"\tif [ ${#COMPREPLY[@]} = 0 ] && [ \"$name\" = run ]; then\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -f -X '!*.wasm' -- \"$cur\"; compgen -d -- \"$cur\")\n"
		"\t\tcompopt -o filenames 2>/dev/null\n\tfi\n"
		"\tif [ ${#COMPREPLY[@]} = 0 ]; then\n\t\tcompopt -o default 2>/dev/null\n\tfi\n"
		"\treturn 0\n}\ncomplete -F _timecraft timecraft\n");
}

static void put_zsh(struct buf *out)
{
	buf_append_text(out,
		"#compdef timecraft\n_timecraft() {\n\tlocal kind= name=$words[2] at=3\n\tlocal -a flags files first seconds\n"
		"\tif (( CURRENT == 2 )); then\n\t\tcompadd --");
	put_names(out);
	buf_append_text(out, "\n\t\treturn\n\tfi\n\tcase $name in\n");
	put_seconds(out, "(", ")");
	buf_append_text(out,
		"\tesac\n"
		"\tif (( $#seconds )); then\n"
		"\t\tif (( CURRENT == 3 )); then\n\t\t\tcompadd -a seconds\n\t\t\treturn\n\t\tfi\n"
		"\t\tname=\"$name $words[3]\" at=4\n\tfi\n"
		"\tcase $name in\n");
	for (const struct command *const *command = commands; *command; command++)
		put_case(out, *command, "(", ")");
	buf_append_text(out,
		"\tesac\n"
		"\tif [[ $words[CURRENT] == -* ]]; then\n\t\tcompadd -a flags\n\t\treturn\n\tfi\n"
		"\tif (( ${files[(Ie)$words[CURRENT-1]]} )); then\n\t\t_files\n\t\treturn\n\tfi\n"
		"\tif [[ $name == run ]]; then\n\t\t_files -g '*.wasm' || _files\n\t\treturn\n\tfi\n"
		"\t(( CURRENT == at )) && compadd -a first\n"
		"\t(( ${words[(I)module*]} > 2 && ${words[(I)module*]} < CURRENT )) && kind=module\n"
		"\t(( ${words[(I)runtime*]} > 2 && ${words[(I)runtime*]} < CURRENT )) && kind=\n"
		"\t[[ -n $kind ]] && compadd -- ${(f)\"$(timecraft get $kind --ids 2>/dev/null)\"}\n"
		"\t[[ $kind == process ]] && _files\n"
		"}\n_timecraft \"$@\"\n");
}

/* In single quotes of fish. */
static void put_quoted(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_append_byte(out, '\\');
		buf_append_byte(out, *text == '\n' ? ' ' : (uint8_t)*text);
	}
}

struct fish {
	struct buf *out;
	const struct command *command;
};

/* The condition that a command has been typed. */
static void put_seen(struct buf *out, const struct command *command)
{
	buf_printf(out, "__fish_seen_subcommand_from %.*s", VIEW_ARG(first_word(command)));
	if (second_word(command))
		buf_printf(out, "; and __fish_seen_subcommand_from %s", second_word(command));
}

static bool put_fish_option(const struct option *option, size_t base, void *data)
{
	const struct fish *fish = data;
	(void)base;
	if (!option->name)
		return true;
	buf_append_text(fish->out, "complete -c timecraft -n '");
	put_seen(fish->out, fish->command);
	buf_printf(fish->out, "' -l %s", option->name);
	if (option->letter)
		buf_printf(fish->out, " -s %c", option->letter);
	if (option->argument)
		buf_append_text(fish->out, strcmp(option->argument, "FILE") == 0 ? " -r -F" : " -x");
	buf_append_text(fish->out, " -d '");
	put_quoted(fish->out, option->help);
	buf_append_text(fish->out, "'\n");
	return true;
}

static void put_fish_arguments(struct buf *out, const struct command *command)
{
	BUF_CLEANUP struct buf seen = { 0 };
	const char *line = "complete -c timecraft -n '%s' -f -a '%s'\n";
	put_seen(&seen, command);
	if (command->words)
		buf_printf(out, line, buf_text(&seen), command->words);
	if (command->takes_process)
		buf_printf(out, line, buf_text(&seen), "(timecraft get process --ids 2>/dev/null)");
	if (command->words && strstr(command->words, "module"))
		buf_printf(out,
			"complete -c timecraft -n '__fish_seen_subcommand_from %s; and __fish_seen_subcommand_from module modules' -f "
			"-a '(timecraft get module --ids 2>/dev/null)'\n",
			command->name);
}

static void put_fish(struct buf *out)
{
	for (const struct command *const *command = commands; *command; command++) {
		const char *second = second_word(*command);
		int size = (int)first_word(*command).size;
		if (second)
			buf_printf(out, "complete -c timecraft -n '__fish_seen_subcommand_from %.*s' -f -a %s -d '", size, (*command)->name,
				second);
		else
			buf_printf(out, "complete -c timecraft -n __fish_use_subcommand -f -a %s -d '", (*command)->name);
		put_quoted(out, (*command)->summary);
		buf_append_text(out, "'\n");
		if (second && !goes_on(command))
			buf_printf(out, "complete -c timecraft -n __fish_use_subcommand -f -a %.*s\n", size, (*command)->name);
		options_each((*command)->options, 0, put_fish_option, &(struct fish){ out, *command });
		put_fish_arguments(out, *command);
	}
}

enum err options_print_completion(const char *shell, struct buf *out)
{
	if (strcmp(shell, "bash") == 0)
		put_bash(out);
	else if (strcmp(shell, "fish") == 0)
		put_fish(out);
	else if (strcmp(shell, "zsh") == 0)
		put_zsh(out);
	else
		return err_set(ERR_USAGE, "help: --completion: there is none for \"%s\"; known are bash, zsh and fish", shell);
	return buf_status(out);
}
