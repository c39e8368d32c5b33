#include "cli/trace_connections.h"

static enum err parse_host(void *target, const char *value)
{
	return exchange_filter_add(target, BY_HOST, value);
}

static enum err parse_peer(void *target, const char *value)
{
	return exchange_filter_add(target, BY_PEER, value);
}

static enum err parse_port(void *target, const char *value)
{
	return exchange_filter_add(target, BY_PORT, value);
}

const struct option trace_connections_table[] = {
	{ "host", 0, OPTION_CALL, false, "GLOB",
		"Show only what went to a host of this name; *.test fits a.test. As all of these, more than once: any.", 0,
		.parse = parse_host },
	{ "peer", 0, OPTION_CALL, false, "GLOB", "Show only connections with this address, with or without its port, at either end.", 0,
		.parse = parse_peer },
	{ "port", 0, OPTION_CALL, false, "PORTS", "Show only connections with these ports at either end: 80,8000..8999.", 0,
		.parse = parse_port },
	{ 0 },
};
