/*
 * What the record of a call holds for each parameter, found by the call table.
 *
 * Records come from files: what is missing from one, or does not fit, is said to be missing; nothing here fails.
 */
#pragma once

#include "base/buf.h"
#include "log/record.h"
#include "wasi/call.h"
#include "wasi/net.h"

/* A record of a call, taken apart. */
struct syscall {
	const struct record *record;
	const struct call_type *type;
	uint32_t inputs[CALL_MAX_PARAMS]; /* a parameter's first input; past the record's inputs where there is none */
	bool succeeded; /* returned, with errno SUCCESS */
};

/* False if the record is no call, or one of a number that this version does not know. The record is borrowed. */
bool syscall_of(const struct record *record, struct syscall *ret_syscall);

/* Whether the record has the core arguments of the parameter. */
bool syscall_has_args(const struct syscall *syscall, const struct param *param);

/* Input number `index` of the parameter: 0 is the string, the array or the iovecs; from 1 on what each of IOV_IN's iovecs points at. */
bool syscall_input(const struct syscall *syscall, const struct param *param, uint32_t index, struct view *ret_bytes);

/*
 * What the host wrote from `at` on, as the guest finds it after the call: at most `size` bytes, fewer where not all of them were written.
 * Borrowed from the record or from `scratch`, which is overwritten.
 */
struct view syscall_written(const struct syscall *syscall, uint64_t at, uint64_t size, struct buf *scratch);

/* The value of an OUT parameter that is a number; false if it was not written. */
bool syscall_out(const struct syscall *syscall, const struct param *param, uint64_t *ret_value);

/* The address of an ADDR_IN or ADDR_OUT, without its port; false if it was not written, or is none. */
bool syscall_address(const struct syscall *syscall, const struct param *param, struct net_address *ret_address);

/* How much of a BUF (bytes), an IOV_OUT (bytes) or an ARR_OUT (values) was filled, as its `used` says; 0 if that was not written. */
uint64_t syscall_used(const struct syscall *syscall, const struct param *param);

/* The little-endian number in `size` bytes (at most 8). */
uint64_t load_number(const uint8_t *at, uint32_t size);

/* The parameter with this name, NULL if the call has none. */
const struct param *call_param(const struct call_type *type, const char *name);
