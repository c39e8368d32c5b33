#include "wasm/fault.h"

#include "wasm/compile.h"
#include "wasm/steps.h"

static _Thread_local struct store *running;

struct store *fault_watch(struct store *store)
{
	struct store *before = running;
	running = store;
	return before;
}

#ifdef COMPILED_TIER

#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

static struct sigaction before;

/* Where the machine code goes on that met the fault: as it has the machine's state in the same registers, as a step like any other. */
HANDLER(fault)
{
	PC = lower_step_of(S->activation->func, S->fault);
	FAIL(TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct store *store = running;
	const void *at = (const void *)(uintptr_t)registers[REG_RIP];
	if (store && store->tier && tier_contains(store->tier, at) && store->memory->guarded &&
		(uintptr_t)info->si_addr - (uintptr_t)store->memory->base < store->memory->reserved) {
		store->fault = at;
		registers[REG_RIP] = (greg_t)(uintptr_t)STEP(fault);
		return;
	}
	sigaction(number, &before, NULL); /* the instruction is run again */
}

void fault_install(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK }, now;
	sigemptyset(&action.sa_mask);
	pthread_mutex_lock(&lock);
	if (sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_sigaction != on_fault) {
		before = now;
		sigaction(SIGSEGV, &action, NULL);
	}
	pthread_mutex_unlock(&lock);
}

#else

void fault_install(void)
{
}

#endif
