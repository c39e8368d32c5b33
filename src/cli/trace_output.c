#include "cli/trace_output.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/format_option.h"

static enum err parse_start(void *target, const char *value)
{
	return moment_parse(value, time_of(CLOCK_REALTIME), target);
}

static enum err parse_duration(void *target, const char *value)
{
	return duration_parse(value, target);
}

static enum err parse_records(void *target, const char *value)
{
	struct trace_range *range = target;
	range->limited = true;
	return record_range_parse(value, &range->first, &range->last);
}

#define AT(member) offsetof(struct trace_output, member)

const struct option trace_output_table[] = {
	{ "start-time", 't', OPTION_CALL, false, "TIME",
		"Show what was done from this time on: RFC 3339, now, 5m ago, or +2s after the start.", AT(range.start),
		.parse = parse_start },
	{ "duration", 'd', OPTION_CALL, false, "DURATION", "Show this length of time: 250ms, 5m, 1h30m.", AT(range.duration),
		.parse = parse_duration },
	{ "records", 0, OPTION_CALL, false, "A..B", "Show only records with these numbers.", AT(range), .parse = parse_records },
	{ "output", 'o', OPTION_CALL, false, "FORMAT", "text, json (an object a line) or yaml.", AT(format), .parse = parse_format },
	{ "output-file", 0, OPTION_TEXT, false, "FILE", "Write the trace to this file.", AT(file) },
	{ 0 },
};

enum err trace_output_open(const struct trace_output *options, int fd, const char *name, struct output *ret_output)
{
	struct stat stat;
	if (options->file)
		TRY(output_open(ret_output, options->file, OUTPUT_AT_ONCE));
	else
		output_init(ret_output, fd, name, OUTPUT_AT_ONCE);
	if (fstat(ret_output->fd, &stat) == 0 && S_ISREG(stat.st_mode))
		ret_output->mode = OUTPUT_BUFFERED;
	return ERR_NONE;
}

void trace_output_gather(struct output *output)
{
	if (!isatty(output->fd))
		output->mode = OUTPUT_BUFFERED;
}
