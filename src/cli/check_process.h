/* Whether a process is what was recorded: its manifest, its module, its recording from the first byte to the last. */
#pragma once

#include "base/buf.h"
#include "log/reader.h"
#include "registry/registry.h"

/* Lines of text, each ended by a NUL; only the first ones are kept. */
struct findings {
	struct buf texts;
	uint64_t count;
};

void findings_add(struct findings *findings, const char *text);
const char *findings_next(const struct findings *findings, const char *before); /* NULL: the first; NULL at the end */
void findings_finish(struct findings *findings);

/* What became of modules that were read, so that each is read once. All zero is empty. */
struct module_checks {
	struct module_check *items;
	size_t count, capacity;
};
/* NULL: nothing is wrong with it. Else a text, which stays with the checks. ERR_NOMEM. */
enum err module_checks_get(struct module_checks *checks, struct registry *registry, const struct digest *digest, const char **ret_problem);
void module_checks_finish(struct module_checks *checks);

struct process_check {
	struct uuid id;
	enum log_state state;
	bool readable;              /* the recording has been opened: what follows counts */
	bool ended;                 /* its last record says how */
	bool cut;     /* its last call has no end */
	uint64_t first, records;    /* the number of the first, how many there are */
	struct findings problems, repairs;
};

/*
 * ERR_NOT_FOUND when it is not there, or was deleted meanwhile; ERR_NOMEM. What is wrong with it is in `problems`. With `repair`, what can
 * be mended is, and told in `repairs`.
 */
enum err process_check(struct registry *registry, const struct uuid *id, bool repair, struct module_checks *modules,
	struct process_check *ret_check);
void process_check_finish(struct process_check *check);
