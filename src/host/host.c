#include "host/parts.h"

#include <errno.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From core arguments to the call's own, and to its function. */
static uint32_t dispatch(struct host *h, struct call *call)
{
	const uint64_t *arg = call->args;
	switch (call->type->number) {
#define CALL(number, name, result, classes, params) \
	case CALL_##name: {                         \
		struct name##_args a;               \
		params(void) arg;                   \
		return host_##name(h, call, &a);    \
	}
#define VAL(name, type) a.name = (arg_##type) * arg++;
#define RANGE(name)                                                          \
	a.name = (struct guest_range){ (uint32_t)arg[0], (uint32_t)arg[1] }; \
	arg += 2;
#define STR(name)                        RANGE(name)
#define BUF(name, used)                  RANGE(name)
#define IOV_IN(name)                     RANGE(name)
#define IOV_OUT(name, used)              RANGE(name)
#define ARR_IN(name, type, count)        a.name = (uint32_t)*arg++;
#define ARR_OUT(name, type, count, used) a.name = (uint32_t)*arg++;
#define OUT(name, type)                  a.name = (uint32_t)*arg++;
#define STRS(name, buf)                                                        \
	a.name = (struct guest_strings){ (uint32_t)arg[0], (uint32_t)arg[1] }; \
	arg += 2;
#define IN(name, type)         a.name = (uint32_t)*arg++;
#define ADDR_IN(name)          a.name = (uint32_t)*arg++;
#define ADDR_OUT(name)         a.name = (uint32_t)*arg++;
#define OPT_IN(name)           RANGE(name)
#define OPT_OUT(name)          RANGE(name)
#define ADDRINFOS(name, count) a.name = (uint32_t)*arg++;
#include "wasi/calls.def"
#undef RANGE
	}
	return WASI_ENOSYS;
}

static void host_call(struct layer *layer, struct call *call)
{
	struct host *h = (struct host *)layer;
	call->result = !call->in_bounds && call_fault(call) ? WASI_EFAULT : dispatch(h, call);
}

/* The guest's paths are resolved by the kernel or not at all. */
static enum err check_kernel(void)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_IN_ROOT };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how);
	if (fd < 0)
		return err_set(ERR_UNSUPPORTED,
			"the kernel does not offer openat2 (%s): guests' paths cannot be confined safely; "
			"Linux 5.8 or later is needed, and a sandbox around timecraft must allow openat2",
			strerror(errno));
	close(fd);
	return ERR_NONE;
}

static enum err add_stdio(struct host *h)
{
	for (int i = 0; i < 3; i++) {
		struct descriptor d = { .fd = h->options.stdio[i], .inherited = true, .rights = RIGHTS_ALL, .inheriting = 0 };
		struct stat stat;
		uint32_t number;
		if (d.fd < 0 || fstat(d.fd, &stat) != 0) { /* closed when we started: the guest finds its number free */
			d.fd = -1;
			stat = (struct stat){ 0 };
		} else {
			int flags = fcntl(d.fd, F_GETFL);
			d.flags = flags >= 0 && flags & O_APPEND ? WASI_fdflags_APPEND : 0;
			descriptor_describe(&d, &stat);
			if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY)
				d.rights &= ~(uint64_t)(WASI_rights_FD_WRITE | WASI_rights_FD_ALLOCATE | WASI_rights_FD_FILESTAT_SET_SIZE);
			if (flags >= 0 && (flags & O_ACCMODE) == O_WRONLY)
				d.rights &= ~(uint64_t)WASI_rights_FD_READ;
		}
		if (descriptor_add(h, &d, &number))
			return err_nomem();
	}
	return ERR_NONE;
}

static bool is_root(int fd)
{
	struct stat a, b;
	return fstat(fd, &a) == 0 && stat("/", &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static enum err add_dir(struct host *h, const struct host_dir *dir)
{
	struct descriptor d = {
		.preopen = true, .read_only = dir->read_only, .filetype = WASI_filetype_DIRECTORY, .inheriting = RIGHTS_ALL
	};
	uint32_t number;
	d.fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d.fd < 0)
		return err_set_errno(errno, "cannot give the guest the directory %s", dir->path);
	struct stat stat;
	if (fstat(d.fd, &stat) == 0)
		descriptor_describe(&d, &stat);
	d.rights = RIGHTS_ALL & ~(uint64_t)(WASI_rights_FD_READ | WASI_rights_FD_WRITE | WASI_rights_FD_SEEK | WASI_rights_FD_TELL);
	d.reach = is_root(d.fd) ? REACH_ROOT : REACH_BENEATH;
	d.name = strdup(dir->guest);
	if (!d.name) {
		close(d.fd);
		return err_nomem();
	}
	return descriptor_add(h, &d, &number) ? err_nomem() : ERR_NONE;
}

/* Guests are given what the user may have. What asks for few, because it knows select() alone, is none of our children. */
static void raise_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

enum err host_create(const struct host_options *options, struct host **ret_host)
{
	TRY(check_kernel());
	struct host *h = calloc(1, sizeof *h);
	if (!h)
		return err_nomem();
	h->layer.call = host_call;
	h->options = *options;
	h->starting = true;
	enum err err = net_grants_create(options->net, options->net_count, &h->net_grants);
	if (!err)
		err = add_stdio(h);
	for (size_t i = 0; i < options->dir_count && !err; i++)
		err = add_dir(h, &options->dirs[i]);
	for (size_t i = 0; i < options->socket_count && !err; i++)
		err = socket_give(h, &options->sockets[i]);
	if (!err && options->tls_ca) /* a file that is no good is better found now than when the guest dials */
		err = tls_config_create(options->tls_ca, &h->tls_config);
	if (err) {
		host_destroy(h);
		return err;
	}
	h->starting = false;
	/* A guest that writes to a closed pipe gets EPIPE, and beyond the largest size of files EFBIG: its recording has an end. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	raise_limit();
	*ret_host = h;
	return ERR_NONE;
}

void host_destroy(struct host *h)
{
	if (!h)
		return;
	sockets_take_back(h);
	net_grants_destroy(h->net_grants);
	for (uint32_t i = 0; i < h->count; i++)
		descriptor_close(&h->table[i]);
	free(h->table);
	tls_config_destroy(h->tls_config);
	buf_finish(&h->scratch);
	free(h->bounce);
	free(h);
}

struct layer *host_layer(struct host *h)
{
	return &h->layer;
}
