/* Uploads a process while it runs, and then what others have left that were interrupted. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "store/store_parts.h"

enum { LOOK_MS = 500, AFTER_FAILURE_MS = 5000 };

struct uploader {
	struct store *store;
	struct uuid id;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wakes;
	atomic_bool ending;
	enum err err;
	char *text; /* of the error, which is another thread's */
};

static void wait_for(struct uploader *u, uint64_t milliseconds)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	uint64_t at = (uint64_t)until.tv_nsec + milliseconds * NS_PER_MS;
	until.tv_sec += (time_t)(at / NS_PER_S);
	until.tv_nsec = (long)(at % NS_PER_S);
	pthread_mutex_lock(&u->lock);
	while (!atomic_load(&u->ending) && pthread_cond_timedwait(&u->wakes, &u->lock, &until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&u->lock);
}

/* Nobody waits for what others have left. */
static void resume(struct uploader *u)
{
	struct store_pushed pushed;
	client_stop_when(u->store->client, &u->ending);
	(void)store_push(u->store, &pushed);
	client_stop_when(u->store->client, NULL);
}

static void *upload(void *data)
{
	struct uploader *u = data;
	bool resumed = false, done;
	while (!atomic_load(&u->ending)) {
		client_stop_when(u->store->client, &u->ending); /* tries in vain end with the guest: the last ones come then */
		enum err err = push_process(u->store, &u->id, true, &done);
		client_stop_when(u->store->client, NULL);
		if (!err && !resumed && !atomic_load(&u->ending)) {
			resume(u);
			resumed = true;
		}
		wait_for(u, err ? AFTER_FAILURE_MS : LOOK_MS);
	}
	u->err = push_process(u->store, &u->id, false, &done);
	u->text = u->err ? strdup(err_text()) : NULL;
	return NULL;
}

/* Signals are for the thread that runs the guest. */
static int start_thread(struct uploader *u)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int errnum = pthread_create(&u->thread, NULL, upload, u);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return errnum;
}

enum err uploader_start(const char *url, struct registry *registry, const struct uuid *id, struct uploader **ret_uploader)
{
	struct uploader *u = calloc(1, sizeof *u);
	if (!u)
		return err_nomem();
	u->id = *id;
	enum err err = store_connect(url, registry, &u->store);
	if (err) {
		free(u);
		return err;
	}
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&u->lock, NULL);
	pthread_cond_init(&u->wakes, &monotonic);
	pthread_condattr_destroy(&monotonic);
	int errnum = start_thread(u);
	if (errnum) {
		store_close(u->store);
		free(u);
		return err_set_errno(errnum, "can't start the thread that uploads");
	}
	*ret_uploader = u;
	return ERR_NONE;
}

enum err uploader_finish(struct uploader *u)
{
	if (!u)
		return ERR_NONE;
	pthread_mutex_lock(&u->lock);
	atomic_store(&u->ending, true);
	pthread_cond_signal(&u->wakes);
	pthread_mutex_unlock(&u->lock);
	pthread_join(u->thread, NULL);
	enum err err = u->err ? err_set(u->err, "%s", u->text ? u->text : "out of memory") : ERR_NONE;
	pthread_cond_destroy(&u->wakes);
	pthread_mutex_destroy(&u->lock);
	store_close(u->store);
	free(u->text);
	free(u);
	return err;
}
