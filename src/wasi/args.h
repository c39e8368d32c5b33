/*
 * The arguments of each call by name, from the table: struct fd_read_args has fd, iovs and nread. Addresses are offsets in the guest's
 * memory, not yet looked at.
 */
#pragma once

#include "wasi/call.h"

/* (pointer, length in bytes), or for iovecs (pointer, how many). */
struct guest_range {
	uint32_t at, size;
};

/* The addresses of a table of pointers and of the bytes they point into. */
struct guest_strings {
	uint32_t table, bytes;
};

typedef uint32_t core_i32;
typedef uint64_t core_i64;
typedef uint32_t core_none; /* structures are passed by address */
#define TYPE(name, size, core, style) typedef core_##core arg_##name;
#include "wasi/types.def"

#define CALL(number, name, result, classes, params) \
	struct name##_args {                        \
		params                              \
	};
#define VAL(name, type)                  arg_##type name;
#define STR(name)                        struct guest_range name;
#define BUF(name, used)                  struct guest_range name;
#define IOV_IN(name)                     struct guest_range name;
#define IOV_OUT(name, used)              struct guest_range name;
#define ARR_IN(name, type, count)        uint32_t name;
#define ARR_OUT(name, type, count, used) uint32_t name;
#define OUT(name, type)                  uint32_t name;
#define STRS(name, buf)                  struct guest_strings name;
#define IN(name, type)                   uint32_t name;
#define ADDR_IN(name)                    uint32_t name;
#define ADDR_OUT(name)                   uint32_t name;
#define OPT_IN(name)                     struct guest_range name;
#define OPT_OUT(name)                    struct guest_range name; /* the size as the guest passed it */
#define ADDRINFOS(name, count)           uint32_t name;
#include "wasi/calls.def"
