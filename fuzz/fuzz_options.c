/* Command lines: the first byte says which command, the rest are its arguments, each ended by a NUL. They are parsed, nothing is run. */
#include "base/buf.h"
#include "cli/commands.h"
#include "fuzz.h"

#include <stdlib.h>

enum { MAX_ARGUMENTS = 64 };

static void parse(const struct command *command, int count, char **arguments)
{
	void *options = calloc(1, command->size + 1);
	bool help;
	int left;
	if (options && options_parse(command, options, count, arguments, &left, &help) == ERR_NONE && (left < 0 || left > count))
		__builtin_trap();
	if (options)
		options_finish(command, options);
	free(options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int known = 0;
	while (commands[known])
		known++;
	if (size == 0 || known == 0)
		return 0;
	BUF_CLEANUP struct buf text = { 0 };
	buf_append(&text, data + 1, size - 1);
	buf_append_byte(&text, 0);
	char *arguments[MAX_ARGUMENTS + 1];
	int count = 0;
	for (char *at = (char *)text.data, *end = at + text.size; at < end && count < MAX_ARGUMENTS; at += strlen(at) + 1)
		arguments[count++] = at;
	arguments[count] = NULL;
	parse(commands[data[0] % known], count, arguments);
	return 0;
}
