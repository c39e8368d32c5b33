#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/help.h"

static int run_command(const struct command *command, int argc, char **argv)
{
	void *options = calloc(1, command->size + 1);
	bool help;
	int count, code;
	if (!options)
		return fail(err_nomem());
	enum err err = options_parse(command, options, argc, argv, &count, &help);
	if (err) {
		code = fail(err);
	} else if (help) {
		BUF_CLEANUP struct buf out = { 0 };
		options_print_help(command, &out);
		fputs(buf_text(&out), stdout);
		code = 0;
	} else {
		code = command->run(options, count, argv);
	}
	options_finish(command, options);
	free(options);
	return code;
}

int main(int argc, char **argv)
{
	time_init();
	const char *name = argc > 1 ? argv[1] : "help";
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0)
		name = "version";
	const struct command *command = find_command(name, argc > 2 ? argv[2] : NULL);
	if (!command)
		return fail(unknown_command(name, argc > 2 ? argv[2] : NULL));
	int words = command_words(command) + 1;
	int code = run_command(command, argc > words ? argc - words : 0, argv + words);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("timecraft: cannot write to standard output");
		code = code ? code : 1;
	}
	return code;
}
