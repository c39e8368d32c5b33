/*
 * The real world behind WASI on Linux: the last layer of a guest that runs live.
 *
 * A guest reaches files only below the directories it was given: the kernel resolves every path (openat2), and no symlink, ".." or race
 * leads out. Whatever it was given, it reaches neither this process nor the registry that its recording is in.
 */
#pragma once

#include "wasi/call.h"

struct host;

/* A directory the guest is given. */
struct host_dir {
	const char *path;  /* on the host */
	const char *guest; /* the name the guest knows it by */
	bool read_only;
};

/* A socket that is made before the guest starts: HOST:PORT, :PORT, [ADDRESS]:PORT or unix:PATH. */
struct host_socket {
	const char *address;
	bool listens; /* else it dials */
};

struct host_options {
	const struct view *args; /* borrowed, as all that follows, while the host lives */
	size_t arg_count;
	const struct view *env;  /* "NAME=VALUE", any bytes but NUL */
	size_t env_count;
	const struct host_dir *dirs;
	size_t dir_count;
	const struct host_socket *sockets; /* the guest's next descriptors behind the directories */
	size_t socket_count;
	bool net_restricted;     /* of the network the guest has only what it is granted, and the sockets above */
	const char *const *net;  /* HOST[:PORT] */
	size_t net_count;
	bool socket_paths;       /* path_open of tcp+dial:// and the like makes sockets */
	int stdio[3];            /* descriptors for the guest's 0, 1 and 2; not closed */
	int stop_fd;             /* becomes readable when the guest is to stop; -1: never */
	const char *tls_ca;      /* file of authorities that TLS of the host trusts; NULL: the system's */
	int registry_fd;         /* directory that the guest must not change; -1: none */
};

/* ERR_UNSUPPORTED where the kernel does not offer openat2: then nothing less safe is done instead. */
enum err host_create(const struct host_options *options, struct host **ret_host);
void host_destroy(struct host *host);

struct layer *host_layer(struct host *host);

/* What the guest's socket `fd` is: a note of SOCKET. False if it is none. */
struct note;
bool host_socket_note(const struct host *host, uint32_t fd, struct note *ret_note);
