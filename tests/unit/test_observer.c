#include "unit.h"

#include "base/time.h"
#include "record/observer.h"
#include "wasi/abi.h"

#include <string.h>

static uint8_t bytes[4096];
static struct memory memory = { .base = bytes, .size = sizeof bytes };

/* What was shown last, with copies of what it borrows. */
static struct {
	struct record record;
	uint32_t shown, before;
	char inputs[4][64], spans[4][64];
} seen;

static void take_before(void *data, const struct record *record)
{
	(void)data;
	assert_false(record->finished);
	seen.before++;
}

static void take_record(void *data, const struct record *record)
{
	(void)data;
	seen.record = *record;
	seen.shown++;
	memset(seen.inputs, 0, sizeof seen.inputs);
	memset(seen.spans, 0, sizeof seen.spans);
	for (uint32_t i = 0; i < record->input_count; i++)
		memcpy(seen.inputs[i], record->inputs[i].data, record->inputs[i].size);
	for (uint32_t i = 0; i < record->span_count; i++)
		memcpy(seen.spans[i], record->spans[i].data, record->spans[i].size);
}

/* Overwrites what it read, twice in the same place. */
static void host_call(struct layer *layer, struct call *call)
{
	(void)layer;
	if (call_fault(call)) {
		call->result = WASI_EFAULT;
		return;
	}
	guest_write(call, 256, "first", 5);
	guest_write(call, 256, "again", 5);
	call->result = WASI_EIO;
}

static void stop_call(struct layer *layer, struct call *call)
{
	(void)layer;
	call->end = CALL_STOPS;
}

/* Who listened before. */
struct outside {
	struct call_output output;
	uint32_t spans;
};

static void count_span(struct call_output *output, uint32_t offset, const void *data, uint32_t size, bool iov)
{
	assert_int_equal(offset, 256);
	assert_int_equal(size, 5);
	assert_non_null(data);
	assert_false(iov);
	((struct outside *)output)->spans++;
}

static struct observer *observe(struct layer *host)
{
	struct observer *observer;
	struct observer_hooks hooks = { .before = take_before, .record = take_record };
	memset(&seen, 0, sizeof seen);
	assert_int_equal(observer_create(&hooks, host, &observer), ERR_NONE);
	return observer;
}

static void a_call_is_seen_as_it_was(void **state)
{
	(void)state;
	struct layer host = { host_call, NULL };
	struct observer *observer = observe(&host);
	struct outside outside = { .output.span = count_span };
	struct call call = {
		.type = call_type(CALL_path_unlink_file), .args = { 3, 256, 4 }, .memory = &memory, .output = &outside.output
	};
	memcpy(bytes + 256, "name", 4);
	layer_call(observer_layer(observer), &call);

	assert_int_equal(call.result, WASI_EIO);
	assert_ptr_equal(call.output, &outside.output);
	assert_int_equal(outside.spans, 2);
	assert_int_equal(seen.before, 1);
	assert_int_equal(seen.shown, 1);
	const struct record *record = &seen.record;
	assert_true(record->finished && !record->faulted && record->kind == RECORD_CALL && record->call == CALL_path_unlink_file);
	assert_true(record->number == 0 && record->result == WASI_EIO && record->end == CALL_RETURNS && record->arg_count == 3);
	assert_int_equal(record->input_count, 1);
	assert_string_equal(seen.inputs[0], "name");
	assert_int_equal(record->span_count, 2);
	assert_string_equal(seen.spans[0], "first");
	assert_string_equal(seen.spans[1], "again");
	observer_destroy(observer);
}

/* Near the wall clock's, though that is not asked each time. */
static void times_follow_the_clock(void **state)
{
	(void)state;
	struct layer host = { stop_call, NULL };
	struct observer *observer = observe(&host);
	struct timespec pause = { .tv_nsec = 4 * NS_PER_MS };
	for (int i = 0; i < 10; i++) {
		struct call call = { .type = call_type(CALL_sched_yield), .memory = &memory };
		uint64_t before = time_of(CLOCK_REALTIME);
		layer_call(observer_layer(observer), &call);
		assert_in_range(seen.record.start, before - NS_PER_MS, time_of(CLOCK_REALTIME) + NS_PER_MS);
		nanosleep(&pause, NULL);
	}
	observer_destroy(observer);
}

static void a_bad_address_is_told(void **state)
{
	(void)state;
	struct layer host = { host_call, NULL };
	struct observer *observer = observe(&host);
	struct call call = { .type = call_type(CALL_path_unlink_file), .args = { 3, 4095, 4 }, .memory = &memory };
	layer_call(observer_layer(observer), &call);
	assert_true(seen.record.faulted && seen.record.finished && seen.record.result == WASI_EFAULT && seen.record.input_count == 0);
	observer_destroy(observer);
}

static void a_stopped_call_says_so(void **state)
{
	(void)state;
	struct layer host = { stop_call, NULL };
	struct observer *observer = observe(&host);
	struct call call = { .type = call_type(CALL_sched_yield), .memory = &memory };
	layer_call(observer_layer(observer), &call);
	assert_true(seen.record.finished && seen.record.end == CALL_STOPS && seen.record.number == 0);
	observer_destroy(observer);
}

static void events_are_numbered_with_calls(void **state)
{
	(void)state;
	struct layer host = { host_call, NULL };
	struct observer *observer = observe(&host);
	struct call call = { .type = call_type(CALL_sched_yield), .memory = &memory };
	observer_note(observer, RECORD_GROW, (uint64_t[]){ 1, 2 }, 2, (struct view){ 0 });
	assert_true(seen.record.number == 0 && seen.record.kind == RECORD_GROW && seen.record.args[1] == 2 && seen.record.input_count == 0);
	layer_call(observer_layer(observer), &call);
	assert_int_equal(seen.record.number, 1);
	observer_note(observer, RECORD_TRAP, (uint64_t[]){ 1, 2 }, 2, view_text("stack"));
	assert_int_equal(seen.record.number, 2);
	assert_string_equal(seen.inputs[0], "stack");
	observer_destroy(observer);
}

int main(void)
{
	time_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_seen_as_it_was),
		cmocka_unit_test(times_follow_the_clock),
		cmocka_unit_test(a_bad_address_is_told),
		cmocka_unit_test(a_stopped_call_says_so),
		cmocka_unit_test(events_are_numbered_with_calls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
