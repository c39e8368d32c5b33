/*
 * What is to be hidden, and where it is in bytes: values of headers, what fits a regular expression, and the secrets themselves wherever
 * they are met again.
 *
 * Marks are bytes beside those that are searched, as many: 1 where a byte is to be replaced.
 */
#pragma once

#include <regex.h>

#include "base/buf.h"
#include "cli/options.h"

enum { SECRET_SURE = 8 };
enum { SECRET_MIN = 4 }; /* shorter ones are hidden where they were found, and not looked for elsewhere: they are everywhere */

struct secrets {
	const struct option_list *env, *headers; /* patterns of names; borrowed */
	regex_t *texts;
	size_t text_count;
	struct buf bytes, entries; /* of all secrets; struct secret */
	uint32_t *heads;           /* by hash of the first bytes: 1 + the last entry that begins so */
};

/* ERR_USAGE for what is no regular expression, with its text. */
enum err secrets_create(const struct option_list *env, const struct option_list *headers, const struct option_list *texts,
	struct secrets *ret_secrets);
void secrets_finish(struct secrets *secrets); /* zero allowed */

bool secrets_hide_env(const struct secrets *secrets, struct view name);
void secrets_add(struct secrets *secrets, struct view value);
enum err secrets_status(const struct secrets *secrets);

/* Adds what is found in these bytes by headers and regular expressions, and marks it. */
void secrets_collect(struct secrets *secrets, struct view bytes, uint8_t *marks);

/* Marks where secrets are met. */
void secrets_mark(const struct secrets *secrets, struct view bytes, uint8_t *marks);

/* Whether any is in these bytes that is not there by chance. */
bool secrets_meet(const struct secrets *secrets, struct view bytes);

/*
 * Behind which place of a stream nobody can tell what is in it: compressed, or of a protocol that was switched to. SIZE_MAX: nowhere.
 * `ret_both`: of the other direction neither.
 */
size_t secrets_opaque_from(struct view stream, bool *ret_both);

/* Behind the first empty line; the size if there is none. */
size_t secrets_head_end(struct view stream, size_t from);
