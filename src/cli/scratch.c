#include "cli/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct scratch {
	int pipe; /* closed when we end, by whatever cause */
	pid_t keeper;
	char path[4096];
};

const char *scratch_path(const struct scratch *s)
{
	return s->path;
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *at)
{
	(void)stat;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

/* A process of its own, which no signal to us reaches: it waits for our end, and removes what we leave. */
static _Noreturn void keep(const char *path, int pipe)
{
	enum { OPEN_AT_ONCE = 8 };
	char byte;
	setsid();
	signal(SIGPIPE, SIG_IGN);
	dup2(pipe, STDIN_FILENO);
	close_range(STDIN_FILENO + 1, ~0U, 0); /* nobody waits for us to close what was ours both */
	while (read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
		;
	nftw(path, remove_entry, OPEN_AT_ONCE, FTW_DEPTH | FTW_PHYS);
	_exit(0);
}

static enum err start_keeper(struct scratch *s)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set_errno(errno, "can't make a pipe");
	s->keeper = fork();
	if (s->keeper == 0)
		keep(s->path, (close(ends[1]), ends[0]));
	close(ends[0]);
	s->pipe = ends[1];
	if (s->keeper > 0)
		return ERR_NONE;
	enum err err = err_set_errno(errno, "can't start a process");
	close(s->pipe);
	return err;
}

/* A name that nobody has; the directory is made when somebody is there to remove it. */
static enum err choose_path(struct scratch *s)
{
	uint64_t number;
	const char *folder = getenv("TMPDIR");
	if (getrandom(&number, sizeof number, 0) != sizeof number)
		return err_set_errno(errno, "can't have a random number");
	int size = snprintf(s->path, sizeof s->path, "%s/timecraft-%016llx", folder && folder[0] ? folder : "/tmp",
		(unsigned long long)number);
	return size < (int)sizeof s->path ? ERR_NONE : err_set(ERR_USAGE, "the path in TMPDIR is too long");
}

/* The directory is not ours, or not there: nothing is to be removed. */
static enum err dismiss_keeper(struct scratch *s, int errnum)
{
	kill(s->keeper, SIGKILL);
	waitpid(s->keeper, NULL, 0);
	close(s->pipe);
	return err_set_errno(errnum, "can't make a directory for what is in the bundle, %s", s->path);
}

enum err scratch_create(struct scratch **ret_scratch)
{
	struct scratch *s = calloc(1, sizeof *s);
	if (!s)
		return err_nomem();
	enum err err = choose_path(s);
	if (!err)
		err = start_keeper(s);
	if (!err && mkdir(s->path, 0700) != 0)
		err = dismiss_keeper(s, errno);
	if (err)
		free(s);
	else
		*ret_scratch = s;
	return err;
}

void scratch_remove(struct scratch *s)
{
	if (!s)
		return;
	close(s->pipe);
	while (waitpid(s->keeper, NULL, 0) < 0 && errno == EINTR)
		;
	free(s);
}
