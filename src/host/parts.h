/* What the files of the host share. */
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "host/host.h"
#include "wasi/abi.h"
#include "wasi/args.h"

/* How far a directory's descriptor reaches. */
enum reach {
	REACH_BENEATH, /* what lies below it */
	REACH_ROOT,    /* it is the host's "/": all of the host, ".." and absolute symlinks as natively */
	REACH_WHOLE,   /* a directory opened through REACH_ROOT: all of the host too */
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
void fill_bounced(struct host *h, struct call *call, size_t size);
bool spills(int fd, const struct stat *stat);

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
