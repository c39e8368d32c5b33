#include "cli/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "guest/guest.h"

static int event = -1;
static _Atomic(struct guest *) watched;
static _Atomic int first;

static void on_signal(int signal)
{
	int saved = errno;
	int none = 0;
	if (atomic_compare_exchange_strong(&first, &none, signal)) {
		uint64_t one = 1;
		ssize_t written = write(event, &one, sizeof one);
		(void)written; /* the count cannot overflow: it is written once */
		struct guest *guest = atomic_load(&watched);
		if (guest)
			guest_stop(guest);
	}
	errno = saved;
}

enum err stop_open(int *ret_fd)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event < 0)
		return err_set_errno(errno, "cannot make an event descriptor");
	/* SA_RESETHAND: a second signal of the kind has its default effect. No SA_RESTART: a call under way returns. */
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		struct sigaction before;
		sigaction(signals[i], NULL, &before);
		if (before.sa_handler != SIG_IGN) /* nohup, or a shell's background job */
			sigaction(signals[i], &action, NULL);
	}
	*ret_fd = event;
	return ERR_NONE;
}

void stop_watch(struct guest *guest)
{
	atomic_store(&watched, guest);
	if (guest && atomic_load(&first))
		guest_stop(guest);
}

int stop_signal(void)
{
	return atomic_load(&first);
}

_Noreturn void stop_raise(int signal)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigaction(signal, &action, NULL);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(signal);
	_exit(128 + signal); /* the signal does not end a process */
}
