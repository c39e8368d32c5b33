/*
 * Which exchanges a trace shows. Conditions of one kind are alternatives; all kinds that were given must hold.
 */
#pragma once

#include "base/err.h"
#include "trace/event.h"
#include "trace/exchange.h"

enum exchange_condition {
	BY_PEER,   /* a pattern of the address at either end, with or without its port */
	BY_PORT,   /* at either end */
	BY_HOST,   /* a pattern of the name that was asked for, without its port; capitals make no difference */
	BY_METHOD, /* or the first word of what a summary counts a request under: a command, SELECT */
	BY_PATH,   /* a pattern of the target, with or without its query; or of all of that */
	BY_STATUS, /* 200, 4xx, 400..499, or error: no response came, or not a whole one */
	BY_PROTOCOL, /* a name; capitals make no difference */
	EXCHANGE_CONDITIONS,
};

struct exchange_range {
	uint32_t first, last;
};

enum { CONDITIONS_MAX = 16 }; /* of a kind */

/* All zero passes everything. */
struct exchange_filter {
	struct exchange_condition_list {
		struct view patterns[CONDITIONS_MAX];         /* of PEER, HOST, METHOD, PATH, PROTOCOL; borrowed bytes */
		struct exchange_range ranges[CONDITIONS_MAX]; /* of PORT, STATUS; first above last: error */
		uint32_t count;
	} conditions[EXCHANGE_CONDITIONS];
};

/* Adds a condition; of METHOD, STATUS and PROTOCOL a list with commas. The text is borrowed for as long as the filter is. ERR_USAGE. */
enum err exchange_filter_add(struct exchange_filter *filter, enum exchange_condition by, const char *text);

bool exchange_filter_passes(const struct exchange_filter *filter, const struct exchange *exchange);

/* The same of what only has addresses and a name. An event of a name passes if one of its addresses does. */
bool exchange_filter_passes_event(const struct exchange_filter *filter, const struct net_event *event);

/* The name that a request was sent to: of an absolute target, of its Host, or what the server was found by. Without the port; may be empty.
 */
struct view exchange_host(const struct exchange *exchange);

/* What the request is called, or what stands alone: SET, SELECT * FROM t, A example.test. Empty: it has a method and a path. */
struct view exchange_shape(const struct exchange *exchange);

/* The path of the target: without scheme and authority. */
struct view exchange_path(const struct exchange *exchange);
