/* How a guest ended: as a record, as words for people, and as an exit code. The same for a run and its replay. */
#pragma once

#include "guest/guest.h"
#include "log/record.h"

#define ENGINE_FEATURES "wasm-2.0"

enum { TRAP_EXIT_CODE = 134 }; /* as of a process that aborts */

struct ending {
	enum record_kind kind;
	uint64_t args[2];
	uint32_t arg_count;
	struct buf text;    /* of the record: a trap's stack, a failure's reason */
	int code;           /* to exit with */
	int signal;         /* to end by, in a run; 0: none */
	const char *trap;   /* its words; NULL: none */
};

/* `signal` is what asked the guest to stop, if it was. */
void ending_of(const struct guest *guest, const struct guest_status *status, int signal, struct ending *ret_ending);
void ending_finish(struct ending *ending);

/* What a person wants to know, on standard error: nothing of a guest that exited. */
void ending_print(const struct ending *ending);
