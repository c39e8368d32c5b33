#include "cli/removal.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/format_option.h"
#include "cli/module_info.h"
#include "emit/format.h"

const struct option removal_option_table[] = {
	{ "output", 'o', OPTION_CALL, false, "FORMAT", "text, json (an object a line) or yaml.", offsetof(struct removal_options, format),
		.parse = parse_format },
	OPTION_INCLUDE(setup_option_table, struct removal_options, setup),
	{ 0 },
};

enum err removal_begin(const struct removal_options *options, struct registry *registry, struct module_names *names, bool dry,
	struct removal *ret_removal)
{
	*ret_removal = (struct removal){ .registry = registry, .dry = dry, .names = names };
	output_init(&ret_removal->output, STDOUT_FILENO, "standard output", OUTPUT_BUFFERED);
	return options->format == EMIT_LINE ? ERR_NONE : emitter_create(options->format, &ret_removal->output, &ret_removal->emitter);
}

/* One line or object. Who stops reading does not stop what was asked for. */
static enum err tell(struct removal *removal, const char *kind, const char *id, struct view name, uint64_t size)
{
	struct emitter *e = removal->emitter;
	removal->size += size;
	enum err err;
	if (e) {
		emit_begin(e);
		emit_object_begin(e, OBJECT_BRACED);
		emit_key(e, "kind");
		emit_text(e, kind);
		emit_key(e, "id");
		emit_text(e, id);
		if (name.size) {
			emit_key(e, "name");
			emit_string(e, name);
		}
		emit_key(e, "size");
		emit_size(e, size);
		emit_key(e, "deleted");
		emit_bool(e, !removal->dry);
		emit_object_end(e);
		err = emit_end(e);
	} else {
		struct buf *out = &removal->output.pending;
		buf_printf(out, "%s %s %s, ", removal->dry ? "would delete" : "deleted", kind, id);
		format_size(out, size);
		buf_append_byte(out, '\n');
		err = output_end(&removal->output);
	}
	return err == ERR_END ? ERR_NONE : err;
}

static enum err usage_of(struct registry *registry, const struct uuid *id, struct process_usage *ret_usage)
{
	struct process process;
	TRY(registry_open_process(registry, id, &process));
	enum err err = process_explain(&process, process_usage(&process, ret_usage));
	process_close(&process);
	return err;
}

/* Its module's name is told too, where that is known. */
static struct view name_of(struct removal *removal, const struct uuid *id)
{
	const struct briefs *briefs = removal->names ? &removal->names->briefs : NULL;
	size_t low = 0, high = briefs ? briefs->count : 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (memcmp(&briefs->items[middle].id, id, sizeof *id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	bool found = briefs && low < briefs->count && uuid_equal(&briefs->items[low].id, id);
	return found ? briefs->items[low].module_name : (struct view){ 0 };
}

enum err removal_process(struct removal *removal, const struct uuid *id)
{
	char text[UUID_TEXT];
	struct process_usage usage;
	uuid_print(id, text);
	TRY(usage_of(removal->registry, id, &usage));
	if (!removal->dry)
		TRY(registry_remove_process(removal->registry, id));
	removal->processes++;
	return tell(removal, "process", text, name_of(removal, id), usage.size);
}

enum err removal_module(struct removal *removal, const struct stored_module *module)
{
	char text[DIGEST_TEXT];
	digest_print(&module->digest, text);
	removal->modules++;
	return tell(removal, "module", text, module_names_find(removal->names, &module->digest), module->size);
}

enum err removal_collect(struct removal *removal, const struct digest *only)
{
	struct unneeded removed;
	TRY(registry_sweep(removal->registry));
	TRY(registry_collect_modules(removal->registry, only, &removed));
	enum err err = ERR_NONE;
	for (size_t i = 0; i < removed.count && !err; i++)
		err = removal_module(removal, &removed.modules[i]);
	if (removed.kept)
		fprintf(stderr, "timecraft: %s\n", removed.kept);
	unneeded_finish(&removed);
	return err;
}

enum err removal_finish(struct removal *removal)
{
	emitter_destroy(removal->emitter);
	enum err err = output_finish(&removal->output);
	return err == ERR_END ? ERR_NONE : err;
}

static void print_count(struct buf *out, uint64_t count, const char *one, const char *many)
{
	buf_printf(out, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

void removal_print_total(uint64_t processes, uint64_t modules, uint64_t size, struct buf *out)
{
	print_count(out, processes, "process", "processes");
	if (modules) {
		buf_append_text(out, " and ");
		print_count(out, modules, "module", "modules");
	}
	buf_append_text(out, ", ");
	format_size(out, size);
}
