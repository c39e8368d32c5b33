#include "script.h"
#include "spectest.h"
#include "value.h"

#include <stdarg.h>
#include <stdlib.h>

enum { MAX_SLOTS = 256 };

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static void __attribute__((format(printf, 2, 3))) fail(struct script *script, const char *format, ...)
{
	script->failed++;
	va_list args;
	va_start(args, format);
	fprintf(stderr, "%s.wast:%ld: ", script->name, script->line);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static struct loaded *module_named(const struct script *script, const json_t *command, const char *key)
{
	const char *name = json_string_value(json_object_get(command, key));
	if (!name)
		return script->current;
	for (struct loaded *loaded = script->all; loaded; loaded = loaded->next) {
		if (loaded->name && strcmp(loaded->name, name) == 0)
			return loaded;
	}
	return NULL;
}

static void do_module(struct script *script, const json_t *command)
{
	struct loaded *loaded;
	script->current = NULL;
	if (script_load(script, text_of(command, "filename"), !script->decode_only, &loaded) != 0) {
		fail(script, "module: %s", err_text());
		return;
	}
	loaded->name = json_string_value(json_object_get(command, "name"));
	script->current = loaded;
	script->passed++;
}

static void do_register(struct script *script, const json_t *command)
{
	struct loaded *loaded = module_named(script, command, "name");
	if (!loaded) {
		fail(script, "register: no such module");
		return;
	}
	loaded->registered = text_of(command, "as");
	script->passed++;
}

static enum err get_global(const struct extern_value *value, uint64_t *slots)
{
	if (value->kind != EXTERN_GLOBAL)
		return err_set(ERR_NOT_FOUND, "not a global");
	global_get(value->global, slots);
	return 0;
}

/* Carries an action out; results are in `slots`. */
static enum err do_action(struct script *script, const json_t *action, uint64_t *slots)
{
	struct loaded *loaded = module_named(script, action, "module");
	struct extern_value value;
	const char *field = text_of(action, "field");
	struct view name = view_of(field, json_string_length(json_object_get(action, "field")));
	if (!loaded || !loaded->instance || !instance_export(loaded->instance, name, &value))
		return err_set(ERR_NOT_FOUND, "no export \"%s\"", field);
	if (strcmp(text_of(action, "type"), "get") == 0)
		return get_global(&value, slots);
	if (value.kind != EXTERN_FUNC)
		return err_set(ERR_NOT_FOUND, "\"%s\" is no function", field);
	size_t index;
	const json_t *arg;
	uint32_t used = 0;
	json_array_foreach(json_object_get(action, "args"), index, arg)
	{
		if (used + VALUE_MAX_SLOTS > MAX_SLOTS)
			return err_set(ERR_LIMIT, "too many arguments");
		used += value_parse(arg, slots + used);
	}
	const struct functype *type = func_type(value.func);
	if (used != type->param_slots || type->result_slots > MAX_SLOTS)
		return err_set(ERR_USAGE, "\"%s\" takes %u slots, not %u", field, type->param_slots, used);
	return func_call(script->store, value.func, slots);
}

static void do_return(struct script *script, const json_t *command)
{
	const json_t *action = json_object_get(command, "action"), *expected;
	uint64_t slots[MAX_SLOTS];
	if (do_action(script, action, slots) != 0) {
		fail(script, "%s: %s", text_of(action, "field"), err_text());
		return;
	}
	size_t index;
	uint32_t at = 0, used;
	json_array_foreach(json_object_get(command, "expected"), index, expected)
	{
		if (!value_matches(expected, slots + at, &used)) {
			char *wanted = json_dumps(expected, 0);
			fail(script, "%s: result %zu is not %s but:", text_of(action, "field"), index, wanted);
			value_print(stderr, expected, slots + at);
			fputc('\n', stderr);
			free(wanted);
			return;
		}
		at += used;
	}
	script->passed++;
}

/* The script's text may say more than the kind of trap: "uninitialized element 2". */
static bool trapped(const struct script *script, enum err err, const char *text)
{
	return err == ERR_TRAP && starts_with(text, trap_text(store_trap(script->store)));
}

static void do_trap(struct script *script, const json_t *command)
{
	const json_t *action = json_object_get(command, "action");
	uint64_t slots[MAX_SLOTS];
	enum err err = do_action(script, action, slots);
	if (trapped(script, err, text_of(command, "text")))
		script->passed++;
	else
		fail(script, "%s: expected trap \"%s\", got %s", text_of(action, "field"), text_of(command, "text"),
			err ? err_text() : "a result");
}

static void do_uninstantiable(struct script *script, const json_t *command)
{
	struct loaded *loaded;
	enum err err = script_load(script, text_of(command, "filename"), true, &loaded);
	if (trapped(script, err, text_of(command, "text")))
		script->passed++;
	else
		fail(script, "expected trap \"%s\" of instantiation, got %s", text_of(command, "text"), err ? err_text() : "an instance");
}

static void do_unlinkable(struct script *script, const json_t *command)
{
	struct loaded *loaded;
	enum err err = script_load(script, text_of(command, "filename"), true, &loaded);
	if (err && err != ERR_TRAP && starts_with(err_text(), text_of(command, "text")))
		script->passed++;
	else
		fail(script, "expected \"%s\" in linking, got %s", text_of(command, "text"), err ? err_text() : "an instance");
}

/* Where bytes end too early there are several true words for it, and binary modules made from text may lack a data count section. */
static bool same_fault(const char *expected, const char *got)
{
	static const char *const alike[][2] = {
		{ "unexpected end", "unexpected end" },
		{ "unexpected end", "length out of bounds" },
		{ "unexpected end", "END opcode expected" },
		{ "unexpected end", "magic header not detected" },
		{ "unexpected end", "unknown type" },
		{ "length out of bounds", "unexpected end" },
		{ "section size mismatch", "END opcode expected" },
		{ "integer representation too long", "unexpected end" },
		{ "unknown data segment", "data count section required" },
		{ "unknown memory", "data count section required" },
		{ "invalid result arity", "type mismatch" },
	};
	if (starts_with(got, expected))
		return true;
	for (size_t i = 0; i < sizeof alike / sizeof alike[0]; i++) {
		if (starts_with(expected, alike[i][0]) && starts_with(got, alike[i][1]))
			return true;
	}
	return false;
}

static void do_invalid(struct script *script, const json_t *command)
{
	struct loaded *loaded;
	if (strcmp(text_of(command, "module_type"), "text") == 0) {
		script->skipped++;
		return;
	}
	enum err err = script_load(script, text_of(command, "filename"), false, &loaded);
	bool refused = err == ERR_MALFORMED || err == ERR_UNSUPPORTED;
	if (refused && same_fault(text_of(command, "text"), err_text()))
		script->passed++;
	else
		fail(script, "expected \"%s\", got %s", text_of(command, "text"), err ? err_text() : "a module");
}

static void do_plain_action(struct script *script, const json_t *command)
{
	uint64_t slots[MAX_SLOTS];
	if (do_action(script, json_object_get(command, "action"), slots) == 0)
		script->passed++;
	else
		fail(script, "%s: %s", text_of(json_object_get(command, "action"), "field"), err_text());
}

static const struct {
	const char *type;
	void (*run)(struct script *script, const json_t *command);
	bool decodes; /* can be done without running anything */
} commands[] = {
	{ "module", do_module, true },
	{ "register", do_register, true },
	{ "action", do_plain_action, false },
	{ "assert_return", do_return, false },
	{ "assert_trap", do_trap, false },
	{ "assert_exhaustion", do_trap, false },
	{ "assert_invalid", do_invalid, true },
	{ "assert_malformed", do_invalid, true },
	{ "assert_unlinkable", do_unlinkable, false },
	{ "assert_uninstantiable", do_uninstantiable, false },
};

static void run_command(struct script *script, const json_t *command)
{
	script->line = (long)json_integer_value(json_object_get(command, "line"));
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (strcmp(text_of(command, "type"), commands[i].type) != 0)
			continue;
		if (commands[i].decodes || !script->decode_only)
			commands[i].run(script, command);
		else
			script->skipped++;
		return;
	}
	fail(script, "unknown command %s", text_of(command, "type"));
}

bool script_run(struct script *script, const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(path, JSON_ALLOW_NUL, &error);
	if (!root) {
		fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
		return false;
	}
	struct store_limits limits = STORE_LIMITS_DEFAULT;
	if (!script->decode_only && (store_create(&limits, &script->store) || spectest_create(script->store, &script->spectest))) {
		fprintf(stderr, "%s\n", err_text());
		json_decref(root);
		return false;
	}
	if (script->compiled && store_compile(script->store)) {
		fprintf(stderr, "%s\n", err_text());
		script_finish(script);
		json_decref(root);
		return false;
	}
	size_t index;
	const json_t *command;
	json_array_foreach(json_object_get(root, "commands"), index, command) run_command(script, command);
	script_finish(script); /* names are borrowed from the JSON */
	json_decref(root);
	return true;
}

void script_finish(struct script *script)
{
	store_destroy(script->store);
	spectest_destroy(script->spectest);
	script->store = NULL;
	script->spectest = NULL;
	for (struct loaded *loaded = script->all, *next; loaded; loaded = next) {
		next = loaded->next;
		module_destroy(loaded->module);
		free(loaded->bytes);
		free(loaded);
	}
	script->all = script->current = NULL;
}
