/* What the files of the host share. */
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "base/buf.h"
#include "host/host.h"
#include "host/tls.h"
#include "wasi/abi.h"
#include "wasi/args.h"
#include "wasi/net.h"

/* How far a directory's descriptor reaches. */
enum reach {
	REACH_BENEATH, /* what lies below it */
	REACH_ROOT,    /* it is the host's "/": all of the host, ".." and absolute symlinks as natively */
	REACH_WHOLE,   /* a directory opened through REACH_ROOT: all of the host too */
};

/* A socket that the guest made, or that was given to it as one: what the kernel does not know of it. Its host's is never blocking. */
struct net_socket {
	uint8_t family;   /* enum net_family */
	uint8_t type;     /* enum net_type */
	uint8_t role;     /* enum socket_role */
	bool bound;       /* by the guest: its own address is one of the host's */
	bool connecting;  /* not known yet whether it succeeds */
	uint16_t error;   /* of WASI: the connection failed, and the guest has not been told */
	struct net_address local; /* in the sandbox's network; NET_UNSPEC: it has none yet, or the kernel knows it */
	struct net_address peer;  /* of a connection */
	struct tls *tls;          /* done here for the guest, who sees plain bytes; NULL: none is */
	uint64_t receive_timeout, send_timeout; /* ns; 0: none */
};

struct descriptor {
	int fd;              /* -1: the number is free */
	bool inherited;      /* the file description is shared with others: never closed, its flags never changed */
	bool preopen;
	bool read_only;      /* of a directory: nothing below may change */
	bool waits;          /* reading and writing may take for ever */
	bool spills;         /* what is read may be more than the kernel says: see bounce.c */
	uint8_t reach;       /* enum reach, of a directory */
	uint8_t filetype;    /* of WASI */
	uint16_t flags;      /* fdflags as the guest sees them */
	uint32_t poll;       /* during poll_oneoff: which pollfd is its own */
	uint64_t rights, inheriting;
	struct net_socket *socket; /* owned; NULL: it is none, or an inherited one */
	char *name;          /* of a preopen, as the guest knows it */
	uint64_t dir_offset; /* where the kernel stands in a directory */
};

struct host {
	struct layer layer;
	struct host_options options;
	struct descriptor *table;
	uint32_t count, capacity;
	bool starting;       /* the table is being filled for the guest */
	struct buf scratch;  /* of the call under way */
	struct iovec vectors[1024];
	struct iovec bounced[1024]; /* the guest's, while `vectors` has a buffer of our own in their place */
	int bounced_count;
	void *bounce;
	size_t bounce_size;
	char path[2][4096];  /* copies of the call's paths */
	size_t given;        /* sockets of the options that were made */
	struct tls_config *tls_config; /* made when it is first asked for */
	struct net_grants *net_grants;
	uint16_t next_port;  /* of the sandbox's network: what is dialled next comes from here */
};

union sockaddr_any {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

/* What a receive brought. */
struct received {
	size_t size;
	bool truncated;          /* a datagram that did not fit */
	struct net_address from; /* of a datagram, or the connection's peer */
};

enum {
	RIGHTS_ALL = (1 << 30) - 1,
	MAX_DESCRIPTORS = 1 << 16,
};

/* The WASI errno of a Linux errno. */
uint32_t errno_of(int linux_errno);

/* descriptors.c */
uint32_t descriptor_get(struct host *h, uint32_t fd, uint64_t rights, struct descriptor **ret_descriptor);
uint32_t descriptor_add(struct host *h, const struct descriptor *descriptor,
	uint32_t *ret_fd); /* takes its fd over, closes it on failure */
void descriptor_close(struct descriptor *descriptor);
void descriptor_describe(struct descriptor *descriptor, const struct stat *stat); /* sets filetype, waits and rights that apply */

/* wait.c: ESUCCESS, or an errno; EINTR when the guest is to stop, and then the call says so. */
uint32_t wait_for(struct host *h, struct call *call, const struct descriptor *descriptor, short events);
bool stopping(const struct host *h);

/* guest.c: what calls need of the guest's memory; all ranges are in bounds by then, but for STRS. */
uint32_t read_path(struct host *h, struct call *call, struct guest_range range, int which, const char **ret_path);
int read_vectors(struct host *h, const struct call *call, struct guest_range range);
void filled_vectors(struct host *h, struct call *call, int count, size_t size);

/* bounce.c */
uint32_t bounce_vectors(struct host *h, const struct descriptor *descriptor, int *count); /* between read_vectors and the read */
uint32_t bounce_all(struct host *h, int *count); /* the same, whatever the descriptor is */
void fill_bounced(struct host *h, struct call *call, size_t size);
bool spills(int fd, const struct stat *stat);

/* sockets.c */
uint32_t socket_get(struct host *h, uint32_t fd, uint64_t rights, struct descriptor **ret_descriptor);
uint32_t socket_receive(struct host *h, struct call *call, uint32_t fd, int count, int flags, struct received *ret_received);
uint32_t socket_send(struct host *h, struct call *call, uint32_t fd, int count, const struct net_address *to, size_t *ret_size);

/* network.c */
uint32_t socket_add(struct host *h, int fd, const struct net_socket *socket, uint16_t flags, uint32_t *ret_fd); /* takes fd over */
uint32_t socket_bind(struct host *h, struct descriptor *descriptor, const struct net_address *address);
uint32_t socket_dial(struct host *h, struct call *call, uint32_t fd, const struct net_address *peer);
uint32_t socket_failed(struct call *call, uint32_t fd, struct net_socket *socket,
	uint32_t error); /* notes that a connection did; returns error */
void socket_settle(struct call *call, uint32_t fd,
	const struct descriptor *descriptor); /* one that was connecting is ready: did it succeed? */
void socket_place(struct host *h, struct net_socket *socket);                           /* gives it an address in the sandbox's network */
void socket_note(struct call *call, uint32_t fd, const struct descriptor *descriptor);

/* socket_tls.c: the same for a socket whose TLS is done here */
uint32_t socket_start_tls(struct host *h, struct call *call, uint32_t fd, struct view name);
uint32_t socket_tls_receive(struct host *h, struct call *call, uint32_t fd, int count, int flags, struct received *ret_received);
uint32_t socket_tls_send(struct host *h, struct call *call, uint32_t fd, int count, size_t *ret_size);
uint32_t socket_tls_shutdown(struct call *call, uint32_t fd, struct net_socket *socket, bool reads, bool writes);
bool socket_tls_ready(struct call *call, uint32_t fd, const struct descriptor *descriptor, bool reads); /* to be read, or written */

/* net_address.c */
uint32_t address_read(const struct call *call, uint32_t at, uint32_t port, struct net_address *ret_address);
uint32_t address_room(const struct call *call, uint32_t at, struct guest_range *ret_room); /* before anything is written */
uint32_t address_write(struct call *call, struct guest_range room, const struct net_address *address);
uint32_t address_to_host(const struct net_address *address, union sockaddr_any *ret_host, socklen_t *ret_size);
struct net_address address_of_host(const union sockaddr_any *host, socklen_t size);
struct net_address address_local(const struct descriptor *descriptor);
struct net_address address_peer(const struct descriptor *descriptor);

/* net_given.c */
enum err socket_give(struct host *h, const struct host_socket *given);
void sockets_take_back(const struct host *h);
bool address_split(const char *address, char host[1025], char service[32]); /* HOST:PORT; room as <netdb.h> has it */

/* net_grants.c */
struct addrinfo;
struct net_grants;
enum err net_grants_create(const char *const *texts, size_t count, struct net_grants **ret_grants);
void net_grants_destroy(struct net_grants *grants); /* NULL allowed */
/* EACCES where the guest may not: dial, or else bind. */
uint32_t net_check(const struct host *h, const union sockaddr_any *host, socklen_t size, bool dials);
bool net_name_granted(const struct host *h, const char *name);
void net_name_resolved(struct host *h, const char *name, const struct addrinfo *info); /* one that was asked for by the guest */

/* net_path.c */
uint32_t socket_open_path(struct host *h, struct call *call, const struct path_open_args *a);

/* net_unix.c */
struct host_address {
	union sockaddr_any host;
	socklen_t size;
	int fd; /* that a path in it goes by; -1: none */
};
/* What may be dialled, or else bound. To be finished if there is no error. */
uint32_t host_address_of(struct host *h, const struct net_address *address, bool dials, struct host_address *ret_address);
void host_address_finish(struct host_address *address);
void unix_seen(const struct host *h, struct net_address *address); /* as the guest may see another's */

/* net_resolve.c */
enum { EAI_REFUSED = -9999 }; /* beside what getaddrinfo returns: the guest may not ask for the name */
int name_resolve(struct host *h, bool by_guest, const char *node, const char *service, const struct addrinfo *hints,
	struct addrinfo **ret_result);
uint32_t errno_of_resolver(int error);
struct net_address address_of_info(const struct addrinfo *info);

/* resolve.c */
struct place {
	int dir;          /* the parent, O_PATH; closed by place_finish */
	const char *name; /* the last component, with its trailing slash */
};
uint32_t resolve_open(struct host *h, struct call *call, const struct descriptor *dir, const char *path, int flags, int *ret_fd);
uint32_t resolve_place(struct host *h, const struct descriptor *dir, const char *path, struct place *ret_place);
void place_finish(struct place *place);
int resolve(const struct descriptor *dir, const char *path, uint64_t flags, uint64_t mode); /* a descriptor, or -errno */

/* guard.c: EACCES where the guest must not go. */
uint32_t guard_opened(const struct host *h, int fd, int flags);
uint32_t guard_place(const struct host *h, const struct place *place);
uint32_t guard_change(const struct host *h, int fd); /* of size, times or links */

/* stat.c */
struct filestat_bytes {
	uint8_t bytes[64];
	uint32_t size;
};
uint8_t filetype_of(int fd, const struct stat *stat);
struct filestat_bytes filestat_of(int fd, const struct stat *stat, bool unstable);
uint32_t times_of(uint64_t atim, uint64_t mtim, uint32_t fst_flags, struct timespec ret_times[2]);

#define CALL(number, name, result, classes, params) uint32_t host_##name(struct host *h, struct call *call, const struct name##_args *a);
#define VAL(name, type)
#define STR(name)
#define BUF(name, used)
#define IOV_IN(name)
#define IOV_OUT(name, used)
#define ARR_IN(name, type, count)
#define ARR_OUT(name, type, count, used)
#define OUT(name, type)
#define STRS(name, buf)
#define IN(name, type)
#define ADDR_IN(name)
#define ADDR_OUT(name)
#define OPT_IN(name)
#define OPT_OUT(name)
#define ADDRINFOS(name, count)
#include "wasi/calls.def"
