/* The commands, one file each. */
#pragma once

#include "cli/options.h"

extern const struct command command_run, command_replay, command_trace_syscall, command_trace_network, command_trace_request, command_get,
	command_describe, command_logs, command_export, command_import, command_delete, command_prune, command_check, command_push,
	command_config;
