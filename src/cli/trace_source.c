#include "cli/changes.h"
#include "cli/trace_log.h"

enum err trace_source_open(struct trace_source *source, const struct setup_options *options, const char *name)
{
	struct uuid id;
	*source = (struct trace_source){ .process = { .dir_fd = -1, .lock_fd = -1 } };
	TRY(setup_open_for(options, &name, &source->setup));
	TRY(registry_resolve(source->setup.registry, name, &id));
	TRY(registry_open_process(source->setup.registry, &id, &source->process));
	TRY(process_manifest(&source->process, &source->manifest));
	changes_tell(&source->manifest);
	return ERR_NONE;
}

void trace_source_close(struct trace_source *source)
{
	manifest_finish(&source->manifest);
	if (source->process.dir_fd >= 0)
		process_close(&source->process);
	setup_close(&source->setup);
}
