/* Arguments, environment, clocks, random numbers, and the end of the process. */
#include <errno.h>
#include <sched.h>
#include <sys/random.h>

#include "base/time.h"
#include "host/parts.h"

static uint32_t put_sizes(struct call *call, const struct view *strings, size_t count, uint32_t count_at, uint32_t size_at)
{
	uint64_t size = 0;
	for (size_t i = 0; i < count; i++)
		size += strings[i].size + 1;
	if (size > UINT32_MAX)
		return WASI_EOVERFLOW;
	return guest_write_u32(call, count_at, (uint32_t)count) && guest_write_u32(call, size_at, (uint32_t)size) ? 0 : WASI_EFAULT;
}

/* The strings' addresses, and behind them their bytes: a span each, whatever their number. */
static uint32_t put_strings(struct host *h, struct call *call, const struct view *strings, size_t count, struct guest_strings to)
{
	struct buf *out = &h->scratch;
	uint32_t at = to.bytes;
	buf_clear(out);
	for (size_t i = 0; i < count; i++) {
		buf_append(out, &at, sizeof at);
		at += (uint32_t)strings[i].size + 1;
	}
	if (out->failed || !guest_write(call, to.table, out->data, (uint32_t)out->size))
		return out->failed ? WASI_ENOMEM : WASI_EFAULT;
	buf_clear(out);
	for (size_t i = 0; i < count; i++) {
		buf_append(out, strings[i].data, strings[i].size);
		buf_append_byte(out, 0);
	}
	if (out->failed || !guest_write(call, to.bytes, out->data, (uint32_t)out->size))
		return out->failed ? WASI_ENOMEM : WASI_EFAULT;
	return 0;
}

uint32_t host_args_get(struct host *h, struct call *call, const struct args_get_args *a)
{
	return put_strings(h, call, h->options.args, h->options.arg_count, a->argv);
}

uint32_t host_args_sizes_get(struct host *h, struct call *call, const struct args_sizes_get_args *a)
{
	return put_sizes(call, h->options.args, h->options.arg_count, a->argc, a->argv_buf_size);
}

uint32_t host_environ_get(struct host *h, struct call *call, const struct environ_get_args *a)
{
	return put_strings(h, call, h->options.env, h->options.env_count, a->environ);
}

uint32_t host_environ_sizes_get(struct host *h, struct call *call, const struct environ_sizes_get_args *a)
{
	return put_sizes(call, h->options.env, h->options.env_count, a->environc, a->environ_buf_size);
}

static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };

uint32_t host_clock_res_get(struct host *h, struct call *call, const struct clock_res_get_args *a)
{
	struct timespec t;
	(void)h;
	if (a->id >= sizeof clocks / sizeof *clocks)
		return WASI_EINVAL;
	if (clock_getres(clocks[a->id], &t) != 0)
		return errno_of(errno);
	return guest_write_u64(call, a->resolution, (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec) ? 0 : WASI_EFAULT;
}

uint32_t host_clock_time_get(struct host *h, struct call *call, const struct clock_time_get_args *a)
{
	(void)h;
	if (a->id >= sizeof clocks / sizeof *clocks)
		return WASI_EINVAL;
	return guest_write_u64(call, a->time, time_of(clocks[a->id])) ? 0 : WASI_EFAULT;
}

/* In parts, so that a guest that asks for gigabytes can be stopped. */
uint32_t host_random_get(struct host *h, struct call *call, const struct random_get_args *a)
{
	enum { PART = 1 << 20 };
	uint8_t *at = call->memory->base + a->buf.at;
	for (uint32_t left = a->buf.size; left;) {
		ssize_t size = getrandom(at, left < PART ? left : PART, 0);
		if (size < 0 && errno != EINTR)
			return errno_of(errno);
		if (size > 0) {
			at += size;
			left -= (uint32_t)size;
		}
		if (left && stopping(h)) {
			call->end = CALL_STOPS;
			return WASI_EINTR;
		}
	}
	guest_filled(call, a->buf.at, a->buf.size);
	return 0;
}

uint32_t host_sched_yield(struct host *h, struct call *call, const struct sched_yield_args *a)
{
	(void)h;
	(void)call;
	(void)a;
	sched_yield();
	return 0;
}

uint32_t host_proc_exit(struct host *h, struct call *call, const struct proc_exit_args *a)
{
	(void)h;
	call->end = CALL_EXITS;
	return a->rval;
}

/* Signals that by default end a process end the guest; the others, and those that would stop or continue it, do nothing. */
uint32_t host_proc_raise(struct host *h, struct call *call, const struct proc_raise_args *a)
{
	(void)h;
	switch (a->sig) {
	case WASI_signal_NONE:
	case WASI_signal_CHLD:
	case WASI_signal_CONT:
	case WASI_signal_URG:
	case WASI_signal_WINCH: return 0;
	case WASI_signal_STOP:
	case WASI_signal_TSTP:
	case WASI_signal_TTIN:
	case WASI_signal_TTOU: return WASI_ENOTSUP;
	default: break;
	}
	if (a->sig > WASI_signal_SYS)
		return WASI_EINVAL;
	call->end = CALL_RAISES;
	return a->sig;
}
