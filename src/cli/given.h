/* Descriptors that a guest has from the start, behind the standard ones: directories, then sockets; as a host makes them, as the manifest
 * keeps them, and as traces know them. */
#pragma once

#include "cli/options.h"
#include "host/host.h"
#include "lib/given.h"

/* What the host is to make: those that listen first. `ret_sockets` is in the arena. */
enum err given_sockets(const struct option_list *listen, const struct option_list *dial, struct arena *arena,
	const struct host_socket **ret_sockets);

/* What `count` sockets of the host, from descriptor `first` on, became. */
enum err given_made(const struct host *host, uint32_t first, size_t count, struct arena *arena, const struct manifest_socket **ret_sockets);
