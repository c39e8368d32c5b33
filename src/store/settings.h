/* Where a store is and who asks for it: its URL, and the usual variables and files of those who use S3 (docs/store.md). */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct store_settings {
	const char *url;                   /* "s3://bucket/prefix", for messages */
	const char *bucket, *prefix;       /* the prefix is empty or ends with a slash */
	const char *endpoint;              /* "https://host:port", without a slash at its end */
	bool in_path;        /* the bucket begins the path; else the host's name */
	const char *region;
	const char *key, *secret, *token;  /* the token may be NULL */
	const char *authorities;           /* AWS_CA_BUNDLE; NULL: the system's */
	struct arena arena;
};

/* ERR_USAGE, ERR_ACCESS where there are no credentials. */
enum err store_settings_load(const char *url, struct store_settings *ret_settings);
void store_settings_finish(struct store_settings *settings); /* zero allowed */

/* Only the parts of the URL. */
enum err store_url_parse(const char *url, struct store_settings *settings);

/* What a section of a file such as ~/.aws/config says. NULL where it says nothing. */
struct profile {
	const char *key, *secret, *token, *region, *endpoint;
};

/*
 * Takes from the text of a file what the section of this name says, "[name]" or "[profile name]". What is indented belongs to a setting
 * that has parts, and is passed over. ERR_NOMEM.
 */
enum err profile_read(struct view text, const char *name, struct arena *arena, struct profile *profile);

/* Appends a path or a part of a query, with all but A-Z, a-z, 0-9, "-", ".", "_", "~" and, if `slashes`, "/" as %XX. */
void url_put(struct buf *out, struct view text, bool slashes);
