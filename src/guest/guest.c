#include "guest/guest.h"

#include <stdlib.h>

#include "guest/imports.h"

/* An import: which call it is, and whose. */
struct binding {
	struct guest *guest;
	const struct call_type *type;
};

struct guest {
	struct guest_options options;
	struct store *store;
	struct instance *instance;
	struct binding *bindings;
	struct memory none;       /* stands for the memory of a module that has none */
	struct guest_status status;
};

/* How a call left the guest, other than by returning. */
static enum trap end_guest(struct guest *guest, const struct call *call)
{
	guest->status.code = call->result;
	guest->status.in_call = true;
	switch (call->end) {
	case CALL_EXITS: guest->status.ending = GUEST_EXITED; break;
	case CALL_RAISES: guest->status.ending = GUEST_RAISED; break;
	case CALL_STOPS: guest->status.ending = GUEST_STOPPED; break;
	default: guest->status.ending = GUEST_FAILED; break;
	}
	return TRAP_HOST;
}

/* From the engine's slots to a call, down the layers, and back. */
static enum trap call_host(void *data, struct store *store, uint64_t *args)
{
	const struct binding *binding = data;
	struct guest *guest = binding->guest;
	struct memory *memory = instance_memory(store_caller(store));
	struct call call = { .type = binding->type, .memory = memory ? memory : &guest->none };
	for (uint32_t i = 0; i < binding->type->arg_count; i++)
		call.args[i] = binding->type->signature[i] == 'I' ? args[i] : (uint32_t)args[i];
	layer_call(guest->options.layer, &call);
	if (__builtin_expect(call.end != CALL_RETURNS, 0))
		return end_guest(guest, &call);
	args[0] = call.result;
	return TRAP_NONE;
}

static void note_growth(void *data, uint64_t old_pages, uint64_t new_pages)
{
	struct guest *guest = data;
	if (guest->options.hooks.grow)
		guest->options.hooks.grow(guest->options.hooks.data, old_pages, new_pages);
}

enum err guest_create(const struct guest_options *options, struct guest **ret_guest)
{
	struct guest *guest = calloc(1, sizeof *guest);
	if (!guest)
		return err_nomem();
	guest->options = *options;
	guest->bindings = calloc(module_import_count(options->module) + 1, sizeof *guest->bindings);
	enum err err = guest->bindings ? store_create(&options->limits, &guest->store) : err_nomem();
	if (!err && options->engine != GUEST_INTERPRETED) {
		enum err compiled = store_compile(guest->store);
		if (options->engine == GUEST_COMPILED)
			err = compiled;
	}
	if (err) {
		guest_destroy(guest);
		return err;
	}
	store_on_grow(guest->store, note_growth, guest);
	*ret_guest = guest;
	return ERR_NONE;
}

void guest_destroy(struct guest *guest)
{
	if (!guest)
		return;
	store_destroy(guest->store);
	free(guest->bindings);
	free(guest);
}

static enum err instantiate(struct guest *guest)
{
	struct module *module = guest->options.module;
	uint32_t count = module_import_count(module);
	struct extern_value *imports = calloc(count + 1, sizeof *imports);
	if (!imports)
		return err_nomem();
	enum err err = ERR_NONE;
	for (uint32_t i = 0; i < count && !err; i++) {
		struct module_import import = module_import(module, i);
		guest->bindings[i] = (struct binding){ guest, import_call(&import) };
		imports[i].kind = EXTERN_FUNC;
		err = store_add_func(guest->store, import.type.func, call_host, &guest->bindings[i], &imports[i].func);
	}
	if (!err)
		err = instance_create(guest->store, module, imports, &guest->instance);
	free(imports);
	return err;
}

/* Finds an exported function that takes nothing. */
static bool find_entry(const struct module *module, const char *name, struct module_export *ret_export)
{
	return module_find_export(module, view_text(name), ret_export) && ret_export->type.kind == EXTERN_FUNC;
}

enum err guest_check(const struct module *module, const char *function)
{
	struct module_export entry;
	TRY(imports_check(module));
	if (function) {
		if (!find_entry(module, function, &entry))
			return err_set(ERR_USAGE, "the module exports no function \"%s\"", function);
		if (entry.type.func->param_count)
			return err_set(ERR_USAGE, "the function \"%s\" takes parameters; only functions without can be called", function);
		return ERR_NONE;
	}
	if (!find_entry(module, "_start", &entry)) {
		bool reactor = find_entry(module, "_initialize", &entry);
		return err_set(ERR_UNSUPPORTED, "%s: name the function to call with --function NAME",
			reactor ? "the module is a reactor (it exports _initialize, not _start)"
				: "the module exports no function \"_start\", so it is not a WASI command");
	}
	if (entry.type.func->param_count || entry.type.func->result_count)
		return err_set(ERR_MALFORMED, "the module's function \"_start\" takes parameters or returns results: WASI's does neither");
	return ERR_NONE;
}

/* Calls the export `name` if it is there. Results of a reactor's function are dropped: they are nobody's. */
static enum err call_export(struct guest *guest, const char *name)
{
	struct extern_value entry;
	if (!instance_export(guest->instance, view_text(name), &entry) || entry.kind != EXTERN_FUNC)
		return ERR_NONE;
	const struct functype *type = func_type(entry.func);
	uint64_t *slots = calloc(type->result_slots + type->param_slots + 1, sizeof *slots);
	if (!slots)
		return err_nomem();
	enum err err = func_call(guest->store, entry.func, slots);
	free(slots);
	return err;
}

static enum err run(struct guest *guest)
{
	TRY(instantiate(guest));
	if (!guest->options.function)
		return call_export(guest, "_start");
	if (strcmp(guest->options.function, "_initialize") != 0)
		TRY(call_export(guest, "_initialize"));
	return call_export(guest, guest->options.function);
}

struct guest_status guest_run(struct guest *guest)
{
	guest->status.ending = GUEST_EXITED;
	enum err err = run(guest);
	struct guest_status *status = &guest->status;
	status->err = err;
	status->position = store_position(guest->store);
	status->trap = err == ERR_TRAP ? store_trap(guest->store) : TRAP_NONE;
	if (err == ERR_TRAP && status->trap == TRAP_INTERRUPTED)
		status->ending = GUEST_STOPPED;
	else if (err == ERR_TRAP && status->trap != TRAP_HOST)
		status->ending = GUEST_TRAPPED;
	else if (err && !status->in_call)
		status->ending = GUEST_FAILED;
	return *status;
}

void guest_stop(struct guest *guest)
{
	store_interrupt(guest->store);
}

void guest_stop_at(struct guest *guest, uint64_t position)
{
	store_stop_at(guest->store, position);
}

uint64_t guest_position(const struct guest *guest)
{
	return store_position(guest->store);
}

struct store *guest_store(const struct guest *guest)
{
	return guest->store;
}
