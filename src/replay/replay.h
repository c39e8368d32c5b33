/*
 * The replayer: the last layer of a guest that runs again, with a recording in the place of the world. It checks that the guest asks for
 * what it asked for then, byte for byte, and gives it what it got.
 */
#pragma once

#include "log/reader.h"
#include "wasi/call.h"

struct replayer {
	struct layer layer;
	struct log_reader *reader;
	struct record next;      /* what the guest is to do next */
	enum err next_err;       /* of reading it */
	struct {
		uint64_t number, start, duration;
		bool finished;
	} met;     /* the record last met */
	enum err failed;         /* a divergence outside of calls; its text: */
	char failure[512];
	bool ended;              /* the guest met the end of the recording */
	bool beyond;             /* by a call that is not in it any more */
	/* Told that the recording says the guest stopped at this position, or that it ends and nothing is known beyond (UINT64_MAX). */
	void (*stop_at)(void *data, uint64_t position);
	void *stop_data;
};

/* `replayer` is the caller's storage; `reader` is borrowed and stands at the first record. */
void replayer_init(struct replayer *replayer, struct log_reader *reader, void (*stop_at)(void *, uint64_t), void *data);

/* Memory of the guest grew. */
void replayer_grow(struct replayer *replayer, uint64_t old_pages, uint64_t new_pages);

/*
 * The guest ended as a record of `kind` with these arguments would say. 0 if that is what the recording says; ERR_END if the recording ends
 * before; ERR_DIVERGED, ERR_DAMAGED with their text.
 */
enum err replayer_finish(struct replayer *replayer, enum record_kind kind, uint64_t arg0, uint64_t arg1);
