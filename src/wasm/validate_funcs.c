/*
 * All bodies of a module. Large modules are shared out among threads in runs of functions, handed out in order; so whoever fails, every
 * function before the first bad one has been looked at, and the error is the same each time.
 */
#include "wasm/decode.h"
#include "wasm/validate.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum {
	MAX_THREADS = 16,
	RUN_BYTES = 64 << 10,        /* of code that a thread takes at a time */
	BYTES_PER_THREAD = 512 << 10, /* less is not worth another thread */
};

struct failure {
	enum err err;
	uint32_t func; /* UINT32_MAX: none */
	uint32_t offset;
	char text[512];
};

struct work {
	struct module *module;
	pthread_mutex_t lock;
	uint32_t next; /* function to hand out */
	struct failure failure;
};

/* Takes the next run of functions; false when there are none, or one before them is bad. */
static bool take_run(struct work *work, uint32_t *ret_first, uint32_t *ret_end)
{
	const struct module *module = work->module;
	pthread_mutex_lock(&work->lock);
	uint32_t at = work->next, bytes = 0;
	*ret_first = at;
	if (work->failure.func == UINT32_MAX) {
		while (at < module->func_count && bytes < RUN_BYTES)
			bytes += module->funcs[at++].body_size;
	}
	*ret_end = work->next = at;
	pthread_mutex_unlock(&work->lock);
	return *ret_first < at;
}

static void keep_failure(struct work *work, const struct validator *v, enum err err, uint32_t func)
{
	pthread_mutex_lock(&work->lock);
	if (func < work->failure.func) {
		work->failure.err = err;
		work->failure.func = func;
		work->failure.offset = v->at;
		size_t size = strnlen(err_text(), sizeof work->failure.text - 1);
		memcpy(work->failure.text, err_text(), size);
		work->failure.text[size] = 0;
	}
	pthread_mutex_unlock(&work->lock);
}

/* What the reader found comes first: what else is wrong follows from it. */
static enum err status(struct validator *v, enum err err)
{
	const struct reader *r = &v->r;
	if (!r->failure)
		return err;
	v->at = (uint32_t)r->failed_at;
	if (r->feature)
		return err_set(ERR_UNSUPPORTED, "%s: " NOT_SUPPORTED, r->failure, r->feature);
	const char *of = strcmp(r->failure, "unexpected end") == 0 ? " of section or function" : "";
	return err_set(ERR_MALFORMED, "%s%s", r->failure, of);
}

static void *validate_runs(void *data)
{
	struct work *work = data;
	struct module *module = work->module;
	struct validator v = { .module = module };
	for (uint32_t at, end; take_run(work, &at, &end);) {
		for (enum err err = 0; at < end && !err; at++) {
			err = status(&v, validate_body(&v, &module->funcs[at]));
			if (err)
				keep_failure(work, &v, err, at);
		}
	}
	validator_finish(&v);
	return NULL;
}

static uint32_t thread_count(const struct module *module)
{
	uint64_t bytes = 0;
	for (uint32_t i = module->imported_funcs; i < module->func_count; i++)
		bytes += module->funcs[i].body_size;
	uint64_t wanted = bytes / BYTES_PER_THREAD;
	if (wanted < 2)
		return 1;
	cpu_set_t cpus;
	uint32_t have = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? (uint32_t)CPU_COUNT(&cpus) : 1;
	if (have > MAX_THREADS)
		have = MAX_THREADS;
	return wanted < have ? (uint32_t)wanted : have;
}

/* The calling thread works too; where a thread can't be had, those there are do its share. */
static void validate_all(struct work *work)
{
	pthread_t threads[MAX_THREADS];
	uint32_t wanted = thread_count(work->module), started = 0;
	while (started + 1 < wanted && pthread_create(&threads[started], NULL, validate_runs, work) == 0)
		started++;
	validate_runs(work);
	for (uint32_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

enum err validate_funcs(struct module *module)
{
	struct work work = { .module = module, .next = module->imported_funcs, .failure = { .func = UINT32_MAX } };
	pthread_mutex_init(&work.lock, NULL);
	validate_all(&work);
	pthread_mutex_destroy(&work.lock);
	const struct failure *failure = &work.failure;
	if (failure->func == UINT32_MAX)
		return 0;
	if (failure->err == ERR_NOMEM)
		return err_nomem();
	char name[80];
	module_name_text(module, failure->func, name, sizeof name);
	return err_set(failure->err, "%s, in function %u%s, at offset 0x%x", failure->text, failure->func, name, failure->offset);
}
