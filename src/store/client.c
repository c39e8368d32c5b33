#include "store/client.h"

#include <dlfcn.h>
#include <errno.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "registry/digest.h"
#include "store/transfer.h"

enum { PAGE_MAX = 16 << 20 };

struct libcurl libcurl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char load_error[256]; /* empty: it is loaded */

static void load_libcurl(void)
{
	static const char *const names[] = {
#define LIBCURL_NAME(name) "curl_" #name,
		LIBCURL_FUNCTIONS(LIBCURL_NAME)
	};
	void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	void **functions = (void **)&libcurl; /* one pointer after the other */
	bool whole = library;
	for (size_t i = 0; i < sizeof names / sizeof *names && whole; i++)
		whole = (functions[i] = dlsym(library, names[i]));
	if (!whole || libcurl.global_init(CURL_GLOBAL_DEFAULT))
		snprintf(load_error, sizeof load_error, "%s", whole ? "libcurl can't begin" : dlerror());
}

enum err client_create(const struct store_settings *settings, struct client **ret_client)
{
	pthread_once(&once, load_libcurl);
	if (load_error[0])
		return err_set(ERR_UNSUPPORTED, "%s: can't load libcurl, with which stores are asked: %s", settings->url, load_error);
	struct client *client = calloc(1, sizeof *client);
	if (client && (client->curl = libcurl.easy_init())) {
		client->settings = settings;
		*ret_client = client;
		return ERR_NONE;
	}
	free(client);
	return err_nomem();
}

void client_destroy(struct client *client)
{
	if (!client)
		return;
	libcurl.easy_cleanup(client->curl);
	free(client);
}

void client_stop_when(struct client *client, const atomic_bool *stopped)
{
	client->stopped = stopped;
}

struct client_usage client_usage(const struct client *client)
{
	return client->usage;
}

/* A request that sends nothing. */
static struct transfer request(const char *method, const char *key)
{
	struct transfer t = { .method = method, .key = key, .body_fd = -1 };
	struct digest digest = digest_of((struct view){ 0 });
	digest_hex(&digest, t.digest);
	return t;
}

enum err client_get(struct client *client, const char *key, uint64_t max, struct buf *out)
{
	struct transfer t = request("GET", key);
	t.out = out;
	t.max = max;
	return transfer_run(client, &t);
}

enum err client_get_range(struct client *client, const char *key, const char *etag, uint64_t offset, uint64_t size, int fd)
{
	struct transfer t = request("GET", key);
	if (size == 0)
		return ERR_NONE;
	t.ranged = true;
	t.offset = offset;
	t.size = size;
	t.etag = etag[0] ? etag : NULL;
	t.to_fd = fd;
	return transfer_run(client, &t);
}

static enum err hash_file(int fd, uint64_t size, struct digest *ret_digest)
{
	enum { PIECE = 256 << 10 };
	struct sha256_ctx hash;
	uint8_t *bytes = malloc(PIECE);
	enum err err = bytes ? ERR_NONE : err_nomem();
	sha256_init(&hash);
	for (uint64_t at = 0; at < size && !err;) {
		ssize_t got = pread(fd, bytes, size - at < PIECE ? size - at : PIECE, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			err = got ? err_set_errno(errno, "can't read a file of the recording")
				  : err_set(ERR_IO, "a file of the recording became shorter while it was read");
		if (!err)
			sha256_update(&hash, (size_t)got, bytes);
		at += got > 0 ? (uint64_t)got : 0;
	}
	free(bytes);
	TRY(err);
	sha256_digest(&hash, sizeof ret_digest->bytes, ret_digest->bytes);
	return ERR_NONE;
}

enum err client_put_file(struct client *client, const char *key, int fd, uint64_t size)
{
	struct transfer t = { .method = "PUT", .key = key, .body_fd = fd, .body_size = size };
	struct digest digest;
	TRY(hash_file(fd, size, &digest));
	digest_hex(&digest, t.digest);
	return transfer_run(client, &t);
}

enum err client_put(struct client *client, const char *key, struct view bytes)
{
	struct transfer t = { .method = "PUT", .key = key, .body_fd = -1, .body = bytes, .body_size = bytes.size };
	struct digest digest = digest_of(bytes);
	digest_hex(&digest, t.digest);
	return transfer_run(client, &t);
}

enum err client_head(struct client *client, const char *key, uint64_t *ret_size)
{
	struct transfer t = request("HEAD", key);
	curl_off_t size = -1;
	TRY(transfer_run(client, &t));
	libcurl.easy_getinfo(client->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
	*ret_size = size < 0 ? UINT64_MAX : (uint64_t)size;
	return ERR_NONE;
}

enum err client_delete(struct client *client, const char *key)
{
	struct transfer t = request("DELETE", key);
	enum err err = transfer_run(client, &t);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* Takes the prefix of the settings off keys, and passes over what does not begin with it. */
struct shortening {
	const struct store_visitor *visitor;
	struct view prefix;
};

static bool shorten(const struct shortening *s, struct view *key)
{
	if (!view_equal(view_slice(*key, 0, s->prefix.size), s->prefix))
		return false;
	*key = view_slice(*key, s->prefix.size, key->size);
	return true;
}

static enum err visit_object(void *data, const struct store_object *object)
{
	const struct shortening *s = data;
	struct store_object shorter = *object;
	return shorten(s, &shorter.key) ? s->visitor->object(s->visitor->data, &shorter) : ERR_NONE;
}

static enum err visit_prefix(void *data, struct view prefix)
{
	const struct shortening *s = data;
	return s->visitor->prefix && shorten(s, &prefix) ? s->visitor->prefix(s->visitor->data, prefix) : ERR_NONE;
}

/* In the order of the names, as signatures want them. */
static enum err put_query(struct client *client, const char *prefix, bool folders, struct buf *token, struct buf *query)
{
	buf_clear(query);
	if (token->size) {
		buf_append_text(query, "continuation-token=");
		url_put(query, buf_view(token), false);
		buf_append_byte(query, '&');
	}
	buf_printf(query, "%slist-type=2&prefix=", folders ? "delimiter=%2F&" : "");
	url_put(query, view_text(client->settings->prefix), false);
	url_put(query, view_text(prefix), false);
	return buf_status(query);
}

enum err client_list(struct client *client, const char *prefix, bool folders, const struct store_visitor *visitor)
{
	BUF_CLEANUP struct buf token = { .max = 4096 }, query = { 0 }, page = { 0 }, last = { 0 };
	struct shortening shortening = { visitor, view_text(client->settings->prefix) };
	const struct store_visitor shortener = { visit_object, visit_prefix, &shortening };
	do {
		struct transfer t = request("GET", NULL);
		TRY(put_query(client, prefix, folders, &token, &query));
		buf_clear(&page);
		buf_clear(&last);
		buf_append(&last, token.data, token.size);
		t.query = buf_text(&query);
		t.out = &page;
		t.max = PAGE_MAX;
		TRY(transfer_run(client, &t));
		enum err err = listing_parse(buf_view(&page), &shortener, &token);
		if (!err && token.size && view_equal(buf_view(&token), buf_view(&last)))
			err = err_set(ERR_MALFORMED, "the store's list of objects goes on where it was");
		if (err)
			return err_prefix(err, "%s", client->settings->url);
	} while (token.size);
	return ERR_NONE;
}
