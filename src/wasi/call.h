/*
 * A call to the host: what it is (from the tables of this folder), and one in flight.
 *
 * Layers between guest and host each are one function: they look at the call, and pass it on to the next with layer_call. The last one
 * is the host, or a recording in its place.
 */
#pragma once

#include "base/err.h"
#include "base/view.h"
#include "wasm/memory.h"

enum { CALL_MAX_ARGS = 9, CALL_MAX_PARAMS = 8 };

/* Numbers are those of a recording. */
enum call_number {
#define CALL(number, name, result, classes, params) CALL_##name = number,
#define VAL(name, type)
#define STR(name)
#define BUF(name, used)
#define IOV_IN(name)
#define IOV_OUT(name, used)
#define ARR_IN(name, type, count)
#define ARR_OUT(name, type, count, used)
#define OUT(name, type)
#define STRS(name, buf)
#define IN(name, type)
#define ADDR_IN(name)
#define ADDR_OUT(name)
#define OPT_IN(name)
#define OPT_OUT(name)
#define ADDRINFOS(name, count)
#include "wasi/calls.def"
	CALL_COUNT
};

enum call_class {
	CLASS_PROCESS = 1,  /* arguments, environment, exit, signals, yield */
	CLASS_CLOCK = 2,
	CLASS_FD = 4,       /* takes or makes a descriptor */
	CLASS_FILE = 8,     /* takes a path */
	CLASS_NETWORK = 16,
	CLASS_RANDOM = 32,
	CLASS_MEMORY = 64,  /* growth of memory, which is a record though not a call */
};

enum call_result { RESULT_ERRNO, RESULT_NEVER };

enum type_number {
#define TYPE(name, size, core, style) TYPE_##name,
#include "wasi/types.def"
	TYPE_NONE,
};

enum type_style { STYLE_DEC, STYLE_SDEC, STYLE_FD, STYLE_TIME, STYLE_ENUM, STYLE_FLAGS, STYLE_STRUCT };
enum type_core { CORE_none, CORE_i32, CORE_i64 };

struct type {
	const char *name;
	uint8_t size;
	uint8_t core;
	uint8_t style;
};
extern const struct type types[TYPE_NONE];

enum param_kind {
	PARAM_VAL,
	PARAM_STR,
	PARAM_BUF,
	PARAM_IOV_IN,
	PARAM_IOV_OUT,
	PARAM_ARR_IN,
	PARAM_ARR_OUT,
	PARAM_OUT,
	PARAM_STRS,
	PARAM_IN,
	PARAM_ADDR_IN,
	PARAM_ADDR_OUT,
	PARAM_OPT_IN,
	PARAM_OPT_OUT,
	PARAM_ADDRINFOS
};

struct param {
	const char *name;
	const char *second; /* the name of the second pointer of STRS */
	uint8_t kind;
	uint8_t type;  /* enum type_number, or TYPE_NONE */
	uint8_t arg;   /* its first core argument */
	uint8_t count; /* ARR_IN, ARR_OUT, ADDRINFOS: the core argument that counts its values */
	uint8_t used;  /* BUF, IOV_OUT, ARR_OUT: the core argument that points to how much was filled; PARAM_ALL: all of it */
};
enum { PARAM_ALL = 0xff };

/* How many core arguments a parameter is: two where its memory has a size that is passed, and of STRS. */
uint32_t param_args(enum param_kind kind);

struct call_type {
	const char *name;      /* as the guest imports it */
	const char *signature; /* core types as in "iiI:i": i for i32, I for i64, results behind the colon */
	uint8_t number;
	uint8_t result; /* enum call_result */
	uint8_t arg_count, param_count;
	uint8_t input_count; /* parameters that the host reads guest memory for */
	uint16_t classes;
	bool varies;             /* what the host may write depends on the arguments; else it is `output_bound` in `output_spans` */
	uint16_t output_bound, output_spans;
	uint16_t note_bound; /* bytes of the note that the host may add; poll_oneoff: for each event */
	struct param params[CALL_MAX_PARAMS];
};

/* The call with this number, NULL if there is none. */
const struct call_type *call_type(uint32_t number);

/*
 * The call that `name` of import module `module` stands for; where versions differ, the one with `arg_count` parameters, and if none has as
 * many, the newest. NULL if there is none.
 */
const struct call_type *call_find(struct view module, struct view name, uint32_t arg_count);

/* The errno's name ("ENOENT") and description ("No such file or directory"); NULL for numbers that are none. */
const char *errno_name(uint32_t number);
const char *errno_text(uint32_t number);

/* The name of one value of an ENUM, or of one flag of a FLAGS type; NULL if it has none. */
const char *value_name(enum type_number type, uint64_t value);

/* All the flags of a FLAGS type that have names. */
uint64_t flags_named(enum type_number type);

/* How a structure is laid out: its fields, ending with one whose name is NULL. NULL for types that are none. */
struct field {
	const char *name;
	uint8_t offset;
	uint8_t type;
	int8_t tag; /* the field is there only if field number `tag` has `value`; -1: always */
	uint8_t value;
};
const struct field *struct_fields(enum type_number type);

enum call_end {
	CALL_RETURNS,
	CALL_EXITS,  /* proc_exit: the exit code is in `result` */
	CALL_RAISES, /* proc_raise of a signal that ends the process: its number (of WASI) is in `result` */
	CALL_STOPS,  /* interrupted from outside before it had an effect; nothing is returned to the guest */
	CALL_FAILS,  /* the host cannot go on; err_text says why */
};

/* Where the bytes that the host writes to the guest go besides: the record of the call. */
struct call_output {
	/* Told of each span, in order, when its bytes are in place. `data` is borrowed for the call. */
	void (*span)(struct call_output *output, uint32_t offset, const void *data, uint32_t size, bool iov);
	/* Told of what the host knows beside, the bytes of a note (wasi/net.h). */
	void (*note)(struct call_output *output, struct view note);
};

struct call {
	const struct call_type *type;
	uint64_t args[CALL_MAX_ARGS]; /* as the guest passed them; an i32 is zero-extended */
	struct memory *memory;        /* the guest's memory 0; one of size 0 where the module has none */
	struct call_output *output;   /* NULL when nobody keeps what is written */
	bool in_bounds;               /* call_fault has been asked, and found nothing */
	uint32_t result;              /* errno, exit code or signal */
	enum call_end end;
};

struct layer {
	void (*call)(struct layer *layer, struct call *call);
	struct layer *next; /* NULL for the last */
};

static inline void layer_call(struct layer *layer, struct call *call)
{
	layer->call(layer, call);
}

/*
 * Writes to the guest's memory: the only way for a host to do so, but for guest_filled. False if it is out of bounds, and then nothing
 * is written; the call then returns EFAULT.
 */
bool guest_write(struct call *call, uint32_t offset, const void *data, uint32_t size);

static inline bool guest_write_u32(struct call *call, uint32_t offset, uint32_t value)
{
	return guest_write(call, offset, &value, sizeof value);
}

static inline bool guest_write_u64(struct call *call, uint32_t offset, uint64_t value)
{
	return guest_write(call, offset, &value, sizeof value);
}

/* Says that `size` bytes at `offset`, in bounds, were put there by the kernel, through an iovec that was copied before. */
void guest_filled(struct call *call, uint32_t offset, uint32_t size);

/* Tells who keeps what is written of a note. */
void guest_note(struct call *call, struct view note);

/* An address of the socket extension: where its bytes are, and how many. Of ADDR_IN and ADDR_OUT, whose 8 bytes are in bounds. */
enum { ADDRESS_BYTES_MAX = 128, OPTION_SIZE_MAX = 256, ADDRINFOS_MAX = 64, CANONNAME_MAX = 256 };

/*
 * The list that ADDRINFOS points to, node by node. `at` is of the node, `address` of its sockaddr (12 bytes) and `data` of that one's
 * bytes; 0: there is none. Ends after `max` nodes or ADDRINFOS_MAX. False from the visitor stops, and is returned.
 */
struct addrinfo_node {
	uint32_t at, address, data, data_size, canonname, canonname_size;
};
typedef bool addrinfo_visit(void *data, const struct addrinfo_node *node);
bool addrinfos_each(const struct memory *memory, uint64_t res, uint64_t max, addrinfo_visit *visit, void *data);

/*
 * The guest memory that a call names, parameter by parameter in the order of the table: what the host will read, the arrays of iovecs
 * included. The bytes are the guest's own: they hold until the host writes.
 */
struct input {
	const struct param *param;
	struct view bytes;
	enum input_part {
		INPUT_BYTES, /* STR, ARR_IN, IN, OPT_IN; the 8 bytes of ADDR_IN and ADDR_OUT, the length of OPT_OUT, nodes of ADDRINFOS */
		INPUT_VECTORS, /* the array of iovecs of IOV_IN and IOV_OUT: 8 bytes each */
		INPUT_DATA, /* what one iovec of IOV_IN points at, the bytes of ADDR_IN */
	} part;
};
typedef void input_func(void *data, const struct input *input);

/* The first parameter of `call` that names memory out of bounds, to read or to write; NULL if all are in bounds. STRS is left to
 * guest_write. */
const struct param *call_fault(const struct call *call);

/* Calls `visit` for every input. Only after call_fault found none. */
void call_inputs(const struct call *call, input_func *visit, void *data);

/*
 * The most bytes that the host may write for this call, and in how many spans at most. Only after call_fault found none; STRS counts
 * as 0.
 */
uint64_t call_output_bound(const struct call *call, uint32_t *ret_spans);
