#include "cli/ending.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "wasi/abi.h"

/* The host's number of a signal of WASI, which has Linux's names but numbers of its own from 16 on. */
static int signal_of(uint32_t number)
{
	static const int signals[] = { 0, SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV,
		SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGXCPU, SIGXFSZ,
		SIGVTALRM, SIGPROF, SIGWINCH, SIGPOLL, SIGPWR, SIGSYS };
	return number < sizeof signals / sizeof *signals ? signals[number] : SIGKILL;
}

static void set(struct ending *e, enum record_kind kind, uint64_t arg0, uint64_t arg1, int code)
{
	e->kind = kind;
	e->args[0] = arg0;
	e->args[1] = arg1;
	e->arg_count = 2;
	e->code = code;
}

void ending_of(const struct guest *guest, const struct guest_status *status, int signal, struct ending *ret_ending)
{
	struct ending *e = ret_ending;
	*e = (struct ending){ 0 };
	switch (status->ending) {
	case GUEST_EXITED: set(e, RECORD_EXIT, status->code, status->position, (int)(status->code & 0xff)); break;
	case GUEST_TRAPPED:
		set(e, RECORD_TRAP, status->trap, status->position, TRAP_EXIT_CODE);
		e->trap = trap_text(status->trap);
		guest_print_stack(guest, &e->text);
		break;
	case GUEST_RAISED: signal = signal_of(status->code); /* fall through */
	case GUEST_STOPPED:
		set(e, RECORD_SIGNAL, (uint64_t)signal, status->position, 128 + signal);
		e->signal = signal;
		break;
	case GUEST_FAILED:
		e->kind = RECORD_FAILURE;
		e->code = 1;
		buf_append_text(&e->text, err_text());
		break;
	}
}

void ending_finish(struct ending *ending)
{
	buf_finish(&ending->text);
}

void ending_print(const struct ending *e)
{
	struct buf text = e->text;
	if (e->kind == RECORD_TRAP)
		fprintf(stderr, "timecraft: the guest trapped: %s\n%.*s", e->trap, VIEW_ARG(buf_view(&text)));
	else if (e->kind == RECORD_FAILURE)
		fprintf(stderr, "timecraft: %.*s\n", VIEW_ARG(buf_view(&text)));
}
