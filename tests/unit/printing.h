/* A system call trace from records to text, in memory. */
#pragma once

#include "unit.h"

#include "base/time.h"
#include "emit/syscall.h"
#include "record/observer.h"

#include <sys/mman.h>
#include <unistd.h>

static inline void print(void *data, const struct record *record)
{
	assert_int_equal(syscall_print(data, record, true), ERR_NONE);
}

/* Whether the calls that are observed end. */
static bool call_ends = true;

static inline void stamp(void *data, struct record *record)
{
	(void)data;
	record->start = 1790000000ull * NS_PER_S + record->number * NS_PER_MS;
	record->duration = 1500;
	if (record->kind == RECORD_CALL)
		record->finished = call_ends;
}

static inline const char *trap_words(uint32_t trap)
{
	return trap == 1 ? "unreachable" : NULL;
}

/* One printing, from calls to text. */
struct printing {
	struct output output;
	struct emitter *emitter;
	struct descriptors *descriptors;
	struct syscall_printer *printer;
	struct observer *observer;
	struct buf text; /* what came out, after printed */
};

/* `host` is what the observer watches; NULL if there is none. */
static inline void printing_init(struct printing *p, enum emit_format format, struct syscall_options options, struct layer *host)
{
	*p = (struct printing){ 0 };
	options.trap_text = trap_words;
	output_init(&p->output, memfd_create("trace", MFD_CLOEXEC), "the test", OUTPUT_BUFFERED);
	p->output.owned = true;
	assert_int_equal(emitter_create(format, &p->output, &p->emitter), ERR_NONE);
	assert_int_equal(descriptors_create(&p->descriptors), ERR_NONE);
	assert_int_equal(syscall_printer_create(&options, p->emitter, p->descriptors, &p->printer), ERR_NONE);
	struct observer_hooks hooks = { .record = print, .stamp = stamp, .data = p->printer };
	assert_int_equal(observer_create(&hooks, host, &p->observer), ERR_NONE);
}

static inline void printing_finish(struct printing *p)
{
	observer_destroy(p->observer);
	syscall_printer_destroy(p->printer);
	descriptors_destroy(p->descriptors);
	emitter_destroy(p->emitter);
	assert_int_equal(output_finish(&p->output), ERR_NONE);
	buf_finish(&p->text);
}

static inline struct view printed(struct printing *p)
{
	assert_int_equal(output_flush(&p->output), ERR_NONE);
	size_t size = (size_t)lseek(p->output.fd, 0, SEEK_END);
	buf_clear(&p->text);
	assert_true(buf_reserve(&p->text, size + 1));
	assert_int_equal(pread(p->output.fd, p->text.data, size, 0), size);
	p->text.size = size;
	return buf_view(&p->text);
}

static inline struct syscall_options plain(void)
{
	struct syscall_options options = { .string_size = STRING_SIZE_DEFAULT };
	assert_int_equal(trace_filter_add(&options.filter, "all"), ERR_NONE);
	return options;
}
