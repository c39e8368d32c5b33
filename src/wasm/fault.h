/*
 * Accesses of compiled code outside of a guarded memory: the processor finds them, and its signal becomes the trap. A SIGSEGV that is no
 * such access is passed on to whoever had a handler for it when the last store that compiles was made.
 */
#pragma once

struct store;

/* For the process; nothing happens if it is done already. */
void fault_install(void);

/* From now on the thread runs this store's code, or none's. Gives the one before. */
struct store *fault_watch(struct store *store);
