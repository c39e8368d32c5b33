/* Loading the modules of a script and linking them to each other. */
#include "script.h"
#include "spectest.h"

#include <stdio.h>
#include <stdlib.h>

static enum err read_file(const char *path, uint8_t **ret_bytes, size_t *ret_size)
{
	FILE *file = fopen(path, "rbe");
	if (!file)
		return err_set(ERR_NOT_FOUND, "can't open %s", path);
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	rewind(file);
	uint8_t *bytes = size >= 0 ? malloc((size_t)size + 1) : NULL;
	bool whole = bytes && fread(bytes, 1, (size_t)size, file) == (size_t)size;
	fclose(file);
	if (!whole) {
		free(bytes);
		return err_set(ERR_IO, "can't read %s", path);
	}
	*ret_bytes = bytes;
	*ret_size = (size_t)size;
	return 0;
}

static bool find_import(const struct script *script, const struct module_import *import, struct extern_value *ret_value)
{
	for (const struct loaded *loaded = script->all; loaded; loaded = loaded->next) {
		if (loaded->registered && view_is(import->module, loaded->registered))
			return instance_export(loaded->instance, import->name, ret_value);
	}
	return view_is(import->module, "spectest") && spectest_export(script->spectest, import->name, ret_value);
}

static enum err instantiate(struct script *script, struct loaded *loaded)
{
	uint32_t count = module_import_count(loaded->module);
	struct extern_value *imports = calloc((size_t)count + 1, sizeof *imports);
	if (!imports)
		return err_nomem();
	enum err err = 0;
	for (uint32_t i = 0; i < count && !err; i++) {
		struct module_import import = module_import(loaded->module, i);
		if (!find_import(script, &import, &imports[i]))
			err = err_set(ERR_NOT_FOUND, "unknown import %.*s.%.*s", VIEW_ARG(import.module), VIEW_ARG(import.name));
	}
	if (!err)
		err = instance_create(script->store, loaded->module, imports, &loaded->instance);
	free(imports);
	return err;
}

enum err script_load(struct script *script, const char *file, bool run, struct loaded **ret_loaded)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", script->folder, file);
	struct loaded *loaded = calloc(1, sizeof *loaded);
	if (!loaded)
		return err_nomem();
	/* A module that traps as it starts may have left functions in tables of others, so that all live as long as the script. */
	loaded->next = script->all;
	script->all = loaded;
	size_t size = 0;
	TRY(read_file(path, &loaded->bytes, &size));
	TRY(module_decode(view_of(loaded->bytes, size), &loaded->module));
	if (run)
		TRY(instantiate(script, loaded));
	*ret_loaded = loaded;
	return 0;
}
