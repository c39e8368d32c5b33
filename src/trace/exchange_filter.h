/* Which exchanges a trace shows. */
#pragma once

#include "trace/exchange.h"

/* All zero shows all. Texts are borrowed. */
struct exchange_filter {
	const char *host;   /* glob: the Host field, or the name that the server was found by, without port */
	const char *method; /* ignoring case */
	const char *path;   /* glob: the target, with its query */
	const char *peer;   /* an address of either side, with or without port */
	uint32_t port;      /* of either side; 0: any */
	uint32_t status_first, status_last; /* 0: any */
};

/* 200, 4xx, 400..499. ERR_USAGE. */
enum err exchange_filter_status(struct exchange_filter *filter, const char *text);
enum err exchange_filter_port(struct exchange_filter *filter, const char *text);

bool exchange_filter_passes(const struct exchange_filter *filter, const struct exchange *exchange);

/* The host that a request is for: of its Host field, of its target, or of what the server was found by. Empty: not known. */
struct view exchange_host(const struct exchange *exchange);
