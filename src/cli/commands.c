#include "cli/commands.h"

#include "cli/help.h"

/* In the order of the help. */
const struct command *const commands[] = {
	&command_run,
	&command_replay,
	&command_trace_syscall,
	&command_trace_network,
	&command_trace_request,
	&command_get,
	&command_describe,
	&command_logs,
	&command_export,
	&command_import,
	&command_delete,
	&command_prune,
	&command_check,
	&command_push,
	&command_config,
	&command_help,
	&command_version,
	NULL,
};
