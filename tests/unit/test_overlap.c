/*
 * Calls whose outputs lie over their inputs and over each other, anywhere: recorded, and replayed with the same memory before, they leave
 * the same memory behind. Every call of the table, above a host that fills whatever it may; and those of preview 1 above the real one.
 */
#include "folder.h"
#include "host/host.h"
#include "log/reader.h"
#include "record/record.h"
#include "replay/replay.h"
#include "wasi/abi.h"

#include "base/time.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { MEMORY = 4096, REGION = 1024, SPREAD = 96 };

static uint8_t bytes[MEMORY];
static struct memory memory = { .base = bytes, .size = MEMORY };
static uint64_t seed;

static uint32_t below_of(uint32_t limit)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % limit;
}

/* An address in the region, one of few. */
static uint32_t place(void)
{
	return REGION + below_of(SPREAD / 4) * 4 + (below_of(4) ? 0 : below_of(4));
}

/* What the guest has put there: vectors, addresses and subscriptions, all of them into the region; and a path here and there. */
static void fill_memory(void)
{
	for (uint32_t i = 0; i < MEMORY; i++)
		bytes[i] = (uint8_t)i;
	for (uint32_t at = REGION; at < REGION + 2 * SPREAD; at += 8) {
		uint32_t vector[2] = { place(), below_of(20) };
		memcpy(bytes + at, vector, sizeof vector);
	}
	for (int i = 0; i < 3; i++)
		memcpy(bytes + place(), i ? "file" : "link", 4);
}

static uint64_t value_of(const struct param *param)
{
	switch (param->type) {
	case TYPE_fd: return below_of(2) ? 3 : below_of(5);
	case TYPE_rights: return below_of(2) ? UINT32_MAX >> 3 : below_of(2) ? WASI_rights_FD_READ | WASI_rights_FD_SEEK : 0;
	default: return below_of(2) ? 0 : below_of(4);
	}
}

static void choose_args(struct call *call)
{
	for (uint8_t i = 0; i < call->type->param_count; i++) {
		const struct param *param = &call->type->params[i];
		uint64_t *arg = &call->args[param->arg];
		if (param->kind == PARAM_VAL) {
			arg[0] = value_of(param);
			continue;
		}
		arg[0] = place();
		if (param->kind == PARAM_STRS)
			arg[1] = place();
		else if (param->kind == PARAM_STR)
			arg[1] = 4;
		else if (param->kind == PARAM_OPT_OUT)
			arg[1] = below_of(2) ? below_of(17) : place();
		else if (param_args(param->kind) == 2)
			arg[1] = below_of(4) ? below_of(5) : below_of(64);
	}
}

/* Subscriptions that end a wait at once, where a call has any; and paths where it wants them. */
static void prepare_inputs(const struct call *call)
{
	for (uint8_t i = 0; i < call->type->param_count; i++) {
		const struct param *param = &call->type->params[i];
		if (param->kind != PARAM_STR && param->kind != PARAM_ARR_IN)
			continue;
		uint8_t *at = bytes + call->args[param->arg];
		if (param->kind == PARAM_STR)
			memcpy(at, below_of(2) ? "file" : "link", 4);
		for (uint32_t n = 0; param->kind == PARAM_ARR_IN && n < call->args[param->count]; n++, at += types[param->type].size) {
			memset(at, 0, types[param->type].size);
			at[0] = (uint8_t)(n + 1);
			at[8] = n % 2 ? WASI_eventtype_FD_WRITE : WASI_eventtype_CLOCK;
			at[16] = 1;
		}
	}
}

/* A host that succeeds, and fills all that it may, in one order or the other. What memory says of where is read before. */
struct range {
	uint32_t at, size;
	bool iov;
};

struct ranges {
	struct range items[128];
	uint32_t count;
};

static void add_range(struct ranges *ranges, uint64_t at, uint64_t size, bool iov)
{
	assert_true(ranges->count < sizeof ranges->items / sizeof ranges->items[0]);
	ranges->items[ranges->count++] = (struct range){ (uint32_t)at, (uint32_t)size, iov };
}

static void add_ranges(struct ranges *ranges, const struct call *call, const struct param *param)
{
	const uint64_t *arg = &call->args[param->arg];
	switch (param->kind) {
	case PARAM_BUF: add_range(ranges, arg[0], arg[1], false); break;
	case PARAM_IOV_OUT:
		for (uint64_t i = 0; i < arg[1]; i++)
			add_range(ranges, load_u32(bytes + arg[0] + 8 * i), load_u32(bytes + arg[0] + 8 * i + 4), true);
		break;
	case PARAM_ARR_OUT: add_range(ranges, arg[0], call->args[param->count] * types[param->type].size, false); break;
	case PARAM_OUT: add_range(ranges, arg[0], types[param->type].size, false); break;
	case PARAM_ADDR_OUT: add_range(ranges, load_u32(bytes + arg[0]), load_u32(bytes + arg[0] + 4), false); break;
	case PARAM_OPT_OUT: add_range(ranges, arg[0], arg[1] > 16 ? 1 : arg[1], false); break;
	case PARAM_STRS:
		add_range(ranges, arg[0], 8, false);
		add_range(ranges, arg[1], 20, false);
		break;
	default: break;
	}
}

static void fill(struct call *call, const struct range *range)
{
	uint8_t data[MEMORY];
	for (uint32_t i = 0; i < range->size; i++)
		data[i] = (uint8_t)below_of(256);
	if (range->iov)
		memcpy(bytes + range->at, data, range->size);
	if (range->iov)
		guest_filled(call, range->at, range->size);
	else
		assert_true(guest_write(call, range->at, data, range->size));
}

static void fill_call(struct layer *layer, struct call *call)
{
	struct ranges ranges = { 0 };
	(void)layer;
	if (!call->in_bounds) {
		call->result = WASI_EFAULT;
		return;
	}
	for (uint8_t i = 0; i < call->type->param_count; i++)
		add_ranges(&ranges, call, &call->type->params[i]);
	bool backwards = below_of(2);
	for (uint32_t i = 0; i < ranges.count; i++)
		fill(call, &ranges.items[backwards ? ranges.count - 1 - i : i]);
}

/* What a step left. */
struct outcome {
	uint64_t hash;
	uint32_t result;
	enum call_end end;
};

static struct outcome outcome_of(const struct call *call)
{
	uint64_t hash = 14695981039346656037u;
	for (uint32_t i = 0; i < MEMORY; i++)
		hash = (hash ^ bytes[i]) * 1099511628211u;
	return (struct outcome){ hash, call->result, call->end };
}

/* Step number `step` of the call: all of it follows from these two. */
static struct call make_step(uint32_t number, uint32_t step)
{
	struct call call = { .type = call_type(number), .memory = &memory };
	seed = ((uint64_t)number << 32) + step;
	below_of(2);
	fill_memory();
	choose_args(&call);
	prepare_inputs(&call);
	return call;
}

/* The real host, new for each step, with files, a pipe with something in it, and a socket that has something or somebody. */
struct world {
	struct host *host;
	int fds[5]; /* the guest's first three, and their other ends */
};

union address {
	struct sockaddr any;
	struct sockaddr_un path;
};

/* Of no path: the kernel gives it a name of its own. */
static int listening(union address *ret_address, socklen_t *ret_size)
{
	union address none = { .path.sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, &none.any, sizeof none.path.sun_family), 0);
	assert_int_equal(listen(fd, 1), 0);
	*ret_size = sizeof *ret_address;
	assert_int_equal(getsockname(fd, &ret_address->any, ret_size), 0);
	return fd;
}

static void make_files(uint32_t step)
{
	rmdir(below("link"));
	unlink(below("link"));
	rmdir(below("file"));
	unlink(below("file"));
	write_text(below("file"), "0123456789abcdefghijklmnopqrstuvwxyz");
	if (step % 3 == 0)
		assert_int_equal(symlink("file", below("link")), 0);
	else if (step % 3 == 1)
		assert_int_equal(mkdir(below("link"), 0700), 0);
}

static void make_world(struct world *world, uint32_t number, uint32_t step)
{
	static const struct view strings[] = { { (const uint8_t *)"NAME=value", 10 }, { (const uint8_t *)"b", 1 } };
	struct host_dir dir = { .path = folder, .guest = "/data" };
	int in[2], out[2], sockets[2];
	make_files(step);
	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(write(in[1], "from the pipe, more than is asked for", 37), 37);
	if (number == CALL_sock_accept) {
		union address address;
		socklen_t size;
		sockets[0] = listening(&address, &size);
		sockets[1] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(sockets[1], &address.any, size), 0);
	} else {
		assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sockets), 0);
		assert_int_equal(write(sockets[1], "a datagram", 10), 10);
	}
	*world = (struct world){ .fds = { in[0], out[1], sockets[0], out[0], sockets[1] } };
	close(in[1]);
	struct host_options options = { .args = strings,
		.arg_count = 2,
		.env = strings,
		.env_count = 2,
		.dirs = &dir,
		.dir_count = 1,
		.stdio = { in[0], out[1], sockets[0] },
		.stop_fd = -1,
		.registry_fd = -1 };
	assert_int_equal(host_create(&options, &world->host), ERR_NONE);
	memcpy(bytes, "file", 4);
	struct call open = {
		.type = call_type(CALL_path_open), .memory = &memory, .args = { 3, 0, 0, 4, 0, UINT32_MAX >> 3, UINT32_MAX >> 3, 0, 8 }
	};
	layer_call(host_layer(world->host), &open);
	assert_int_equal(open.result, 0);
}

static void end_world(struct world *world)
{
	host_destroy(world->host);
	for (size_t i = 0; i < sizeof world->fds / sizeof world->fds[0]; i++)
		close(world->fds[i]);
}

enum { STEPS = 500 };

struct run {
	uint32_t calls; /* numbers below this */
	bool real;
	int log_fd;
	struct outcome outcomes[CALL_COUNT][STEPS];
	uint32_t successes[CALL_COUNT];
};

static void record_step(struct run *run, struct log_writer *writer, uint32_t number, uint32_t step)
{
	struct world world;
	struct layer filler = { fill_call, NULL };
	struct recorder recorder;
	if (run->real)
		make_world(&world, number, step);
	struct call call = make_step(number, step);
	recorder_init(&recorder, writer, run->real ? host_layer(world.host) : &filler);
	layer_call(&recorder.layer, &call);
	assert_true(call.end != CALL_FAILS && call.end != CALL_STOPS);
	run->outcomes[number][step] = outcome_of(&call);
	run->successes[number] += call.result == 0 || call.end != CALL_RETURNS;
	if (run->real)
		end_world(&world);
}

static void record_all(struct run *run)
{
	struct log_writer *writer;
	assert_int_equal(log_writer_create(run->log_fd, NULL, &writer), ERR_NONE);
	for (uint32_t number = 0; number < run->calls; number++) {
		for (uint32_t step = 0; step < STEPS && call_type(number); step++)
			record_step(run, writer, number, step);
	}
	assert_int_equal(log_writer_close(writer), ERR_NONE);
}

static void replay_all(struct run *run)
{
	struct log_reader *reader;
	struct replayer replayer;
	assert_int_equal(log_open(run->log_fd, &reader), ERR_NONE);
	replayer_init(&replayer, reader, NULL, NULL);
	for (uint32_t number = 0; number < run->calls; number++) {
		for (uint32_t step = 0; step < STEPS && call_type(number); step++) {
			struct call call = make_step(number, step);
			layer_call(&replayer.layer, &call);
			struct outcome then = run->outcomes[number][step], now = outcome_of(&call);
			if (call.end == CALL_FAILS)
				fail_msg("%s, step %u: %s", call.type->name, step, err_text());
			if (then.hash != now.hash || then.result != now.result || then.end != now.end)
				fail_msg("%s, step %u: the replay leaves other memory", call.type->name, step);
		}
		if (call_type(number) && !run->successes[number])
			fail_msg("%s: no step succeeds", call_type(number)->name);
	}
	log_close(reader);
}

static void run_all(bool real, uint32_t calls)
{
	struct run *run = calloc(1, sizeof *run);
	assert_non_null(run);
	run->real = real;
	run->calls = calls;
	assert_int_equal(mkdir(below("log"), 0700), 0);
	run->log_fd = open(below("log"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	record_all(run);
	replay_all(run);
	close(run->log_fd);
	free(run);
}

static void outputs_may_lie_over_inputs_whatever_the_call(void **state)
{
	(void)state;
	run_all(false, CALL_COUNT);
}

static void the_host_lets_outputs_lie_over_inputs(void **state)
{
	(void)state;
	run_all(true, CALL_sock_open);
}

int main(void)
{
	time_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(outputs_may_lie_over_inputs_whatever_the_call, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(the_host_lets_outputs_lie_over_inputs, make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
