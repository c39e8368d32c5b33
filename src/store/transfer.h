/* One request and its tries. */
#pragma once

#include <curl/curl.h>

#include "store/client.h"

/* What is used of libcurl, which is loaded when there is a store: all that it brings takes longer to load than timecraft to start. */
struct libcurl {
#define LIBCURL_EASY(X)      X(easy_init) X(easy_cleanup) X(easy_reset) X(easy_setopt) X(easy_perform) X(easy_getinfo) X(easy_strerror)
#define LIBCURL_FUNCTIONS(X) LIBCURL_EASY(X) X(global_init) X(slist_append) X(slist_free_all)
#define LIBCURL_MEMBER(name) __typeof__(&curl_##name) name;
	LIBCURL_FUNCTIONS(LIBCURL_MEMBER)
};
extern struct libcurl libcurl;

struct client {
	const struct store_settings *settings;
	CURL *curl;
	const atomic_bool *stopped;
	struct client_usage usage;
	char message[CURL_ERROR_SIZE];
};

struct transfer {
	const char *method; /* "GET", "PUT", "HEAD", "DELETE" */
	const char *key; /* below the prefix; NULL: the bucket itself */
	const char *query; /* encoded and in order; NULL: none */

	/* What is sent. */
	int body_fd; /* -1: `body` */
	struct view body;
	uint64_t body_size;
	char digest[65]; /* in hexadecimal */

	/* What is wanted: all, or a part into a file. */
	bool ranged;
	uint64_t offset, size;
	const char *etag;
	int to_fd;
	struct buf *out; /* NULL: nobody wants it */
	uint64_t max;

	/* Of one try. */
	uint64_t sent, received;
	uint64_t length; /* of the answer, as its head says; UINT64_MAX: it doesn't */
	uint64_t range_at, range_size; /* as Content-Range says */
	long status;
	struct buf fault; /* the body of an answer that is an error */
	enum err err; /* of a callback */
	struct client *client;
};

/* Until it is done or another try is in vain. */
enum err transfer_run(struct client *client, struct transfer *transfer);

/* The headers and the body that one try sends; free the list. */
enum err transfer_prepare(struct client *client, struct transfer *t, struct curl_slist **ret_headers);

/* Takes what comes; set up by transfer_prepare. */
size_t transfer_take(char *bytes, size_t size, size_t count, void *data);
