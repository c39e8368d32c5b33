/*
 * A recording without its secrets. It is read twice before it is copied: what passed over each descriptor, each way, is put together, so
 * that what is split over calls is found; then what is to be hidden is looked for in all of it.
 */
#pragma once

#include "cli/log_copy.h"
#include "cli/options.h"

struct redaction_rules {
	struct option_list env, headers, texts;
};
extern const struct option redaction_option_table[]; /* of struct redaction_rules */
bool redaction_is_asked(const struct redaction_rules *rules);

struct redaction;

/*
 * Looks through the recording of a process that has ended, and the module. ERR_UNSUPPORTED, ERR_LIMIT: it can't be said that nothing would
 * be left, for the reason in the text.
 */
enum err redaction_create(const struct redaction_rules *rules, const struct process *process, const struct manifest *manifest,
	struct view module, struct redaction **ret_redaction);
void redaction_destroy(struct redaction *redaction); /* NULL allowed */

/* For log_copy, once, of the same records. */
struct log_change *redaction_change(struct redaction *redaction);

/* The manifest says by which rules, and has no secrets either. Its strings are the redaction's. */
enum err redaction_manifest(struct redaction *redaction, struct manifest *manifest);

/* How many streams have parts that nobody can look into, and were hidden for that. */
size_t redaction_opaque(const struct redaction *redaction);
