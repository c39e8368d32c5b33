#include "cli/record_options.h"

#include "cli/size.h"
#include "trace/range.h"

enum { RECORD_LIMIT_MIN = 8 << 20, SEGMENT_MIN = 64 << 10 };

/* A size, or a duration. */
static enum err parse_record_limit(void *target, const char *value)
{
	struct log_options *log = target;
	enum err err = size_parse(value, &log->keep_size);
	if (!err && log->keep_size < RECORD_LIMIT_MIN)
		return err_set(ERR_USAGE, "the least that a recording is limited to is 8M");
	if (err && duration_parse(value, &log->keep_duration) != ERR_NONE)
		return err_set(ERR_USAGE, "\"%s\" is neither a size nor a duration; it may be 100M, 2G, 10m, 1h", value);
	return ERR_NONE;
}

static enum err parse_segment_size(void *target, const char *value)
{
	struct log_options *log = target;
	TRY(size_parse(value, &log->segment_size));
	return log->segment_size >= SEGMENT_MIN ? ERR_NONE : err_set(ERR_USAGE, "a segment has 64K at least");
}

static enum err parse_sync(void *target, const char *value)
{
	static const char *const names[] = { [LOG_SYNC_NONE] = "none", [LOG_SYNC_INTERVAL] = "interval", [LOG_SYNC_ALWAYS] = "always" };
	struct log_options *log = target;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(value, names[i]) == 0) {
			log->sync = (enum log_sync)i;
			return ERR_NONE;
		}
	}
	return err_set(ERR_USAGE, "\"%s\" is not known; it may be none, interval or always", value);
}

const struct option record_option_table[] = {
	{ "record-limit", 0, OPTION_CALL, false, "LIMIT",
		"Keep only the newest part of the recording: about so many bytes (500M), or what is not older than this (10m). Such a "
		"recording cannot be replayed.",
		0, .parse = parse_record_limit },
	{ "segment-size", 0, OPTION_CALL, false, "SIZE", "Begin another file of the recording after so many bytes (128M).", 0,
		.parse = parse_segment_size },
	{ "sync", 0, OPTION_CALL, false, "WHEN",
		"What a crash of the machine may lose of the recording. none: what the kernel has not written by itself; interval: the "
		"last second; always: nothing that the guest made happen, but each call waits for the disk.",
		0, .parse = parse_sync },
	{ 0 },
};
