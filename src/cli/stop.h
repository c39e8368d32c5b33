/*
 * Stopping a guest from outside: SIGINT, SIGTERM, SIGHUP and SIGQUIT end its run at once, and its recording is closed as after any other
 * end. The same signal a second time ends the process without ceremony.
 */
#pragma once

#include "base/err.h"

struct guest;

/* A descriptor that becomes readable when the process is asked to stop: what the host waits on besides. */
enum err stop_open(int *ret_fd);

/* From now on a signal stops `guest`, and no longer when it is NULL. */
void stop_watch(struct guest *guest);

/* The first signal that asked to stop; 0 if none did. */
int stop_signal(void);

/* Ends this process by `signal`, so that whoever waits for it sees what happened. */
_Noreturn void stop_raise(int signal);
