#include "cli/trace_options.h"

#include <stdlib.h>

static enum err parse_filter(void *target, const char *value)
{
	return trace_filter_add(target, value);
}

static enum err parse_string_size(void *target, const char *value)
{
	struct trace_options *options = target;
	char *end;
	options->string_size_given = true;
	if (strcmp(value, "all") == 0) {
		options->syscall.string_size = STRING_SIZE_WHOLE;
		return ERR_NONE;
	}
	options->syscall.string_size = strtoull(value, &end, 10);
	if (*end || value[0] < '0' || value[0] > '9')
		return err_set(ERR_USAGE, "\"%s\" is no number of bytes; it may be 0, 1, ... or all", value);
	return ERR_NONE;
}

#define AT(member) offsetof(struct trace_options, member)

const struct option trace_option_table[] = {
	{ .help = "System call trace" },
	{ "filter", 0, OPTION_CALL, false, "LIST",
		"Show only these calls: names and classes (file, descriptor, network, clock, process, memory, "
		"random), with commas between; ! before one takes it away.",
		AT(syscall.filter), .parse = parse_filter },
	{ "summary", 0, OPTION_FLAG, false, NULL, "In place of the calls, count them: calls, errors, time.", AT(syscall.summary) },
	{ "absolute", 0, OPTION_FLAG, false, NULL, "Begin each line with the time of the call.", AT(syscall.absolute) },
	{ "relative", 0, OPTION_FLAG, false, NULL, "Begin each line with the time since the line before.", AT(syscall.relative) },
	{ "durations", 0, OPTION_FLAG, false, NULL, "End each line with how long the call took.", AT(syscall.durations) },
	{ "paths", 'y', OPTION_FLAG, false, NULL, "Show what a descriptor stands for beside it.", AT(syscall.paths) },
	{ "string-size", 0, OPTION_CALL, false, "N", "Show at most N bytes of a buffer, or all (32; JSON and YAML: all).", 0,
		.parse = parse_string_size },
	OPTION_INCLUDE(trace_output_table, struct trace_options, output),
	{ 0 },
};
