#include "store/transfer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/time.h"

enum { TRIES = 6, FIRST_PAUSE_MS = 200, LONGEST_PAUSE_MS = 5000, CONNECT_S = 5, STALLED_S = 20, FAULT_MAX = 64 << 10 };

static bool is_stopped(const struct client *client)
{
	return client->stopped && atomic_load(client->stopped);
}

static bool is_good(const struct transfer *t)
{
	return t->status >= 200 && t->status < 300;
}

static size_t take_range(struct transfer *t, const uint8_t *bytes, size_t size)
{
	if (t->received + size > t->size)
		return 0; /* more than was asked for */
	for (size_t done = 0; done < size;) {
		ssize_t put = pwrite(t->to_fd, bytes + done, size - done, (off_t)(t->offset + t->received));
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			t->err = err_set_errno(put ? errno : ENOSPC, "can't keep what the store sent");
			return 0;
		}
		done += (size_t)put;
		t->received += (size_t)put;
	}
	return size;
}

size_t transfer_take(char *bytes, size_t one, size_t count, void *data)
{
	struct transfer *t = data;
	size_t size = one * count;
	libcurl.easy_getinfo(t->client->curl, CURLINFO_RESPONSE_CODE, &t->status);
	if (!is_good(t)) {
		buf_append(&t->fault, bytes, t->fault.size + size <= FAULT_MAX ? size : 0);
		return size;
	}
	if (t->ranged)
		return t->status == 206 && t->range_at == t->offset && t->range_size == t->size ? take_range(t, (uint8_t *)bytes, size) : 0;
	t->received += size;
	if (!t->out)
		return size;
	if (t->received > t->max) {
		t->err = err_set(ERR_LIMIT, "the object is larger than %" PRIu64 " bytes", t->max);
		return 0;
	}
	buf_append(t->out, bytes, size);
	t->err = buf_status(t->out);
	return t->err ? 0 : size;
}

static size_t take_header(char *bytes, size_t one, size_t count, void *data)
{
	struct transfer *t = data;
	char line[256];
	uint64_t first, last;
	snprintf(line, sizeof line, "%.*s", (int)(one * count < sizeof line ? one * count : sizeof line - 1), bytes);
	if (strncasecmp(line, "content-range:", 14) == 0 && sscanf(line + 14, " bytes %" SCNu64 "-%" SCNu64, &first, &last) == 2 &&
		last >= first) {
		t->range_at = first;
		t->range_size = last - first + 1;
	}
	return one * count;
}

static size_t give(char *to, size_t one, size_t count, void *data)
{
	struct transfer *t = data;
	uint64_t left = t->body_size - t->sent;
	size_t size = left < one * count ? (size_t)left : one * count;
	if (t->body_fd < 0) {
		memcpy(to, t->body.data + t->sent, size);
	} else if (size) {
		ssize_t got;
		while ((got = pread(t->body_fd, to, size, (off_t)t->sent)) < 0 && errno == EINTR)
			;
		if (got <= 0) {
			t->err = got < 0 ? err_set_errno(errno, "can't read a file of the recording")
					 : err_set(ERR_IO, "a file of the recording became shorter while it was uploaded");
			return CURL_READFUNC_ABORT;
		}
		size = (size_t)got;
	}
	t->sent += size;
	return size;
}

static int rewind_body(void *data, curl_off_t offset, int origin)
{
	struct transfer *t = data;
	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->body_size)
		return CURL_SEEKFUNC_FAIL;
	t->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static int on_progress(void *data, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a, (void)b, (void)c, (void)d;
	return is_stopped(((struct transfer *)data)->client);
}

static enum err add_header(struct curl_slist **headers, const char *name, const char *value)
{
	BUF_CLEANUP struct buf line = { 0 };
	buf_printf(&line, "%s: %s", name, value);
	TRY(buf_status(&line));
	struct curl_slist *more = libcurl.slist_append(*headers, buf_text(&line));
	if (!more)
		return err_nomem();
	*headers = more;
	return ERR_NONE;
}

static enum err set_url(struct client *client, const struct transfer *t)
{
	BUF_CLEANUP struct buf url = { 0 };
	const struct store_settings *s = client->settings;
	buf_append_text(&url, s->endpoint);
	if (s->in_path)
		buf_printf(&url, "/%s", s->bucket);
	if (t->key) {
		buf_append_byte(&url, '/');
		url_put(&url, view_text(s->prefix), true);
		url_put(&url, view_text(t->key), true);
	} else if (!s->in_path) {
		buf_append_byte(&url, '/');
	}
	if (t->query)
		buf_printf(&url, "?%s", t->query);
	TRY(buf_status(&url));
	return libcurl.easy_setopt(client->curl, CURLOPT_URL, buf_text(&url)) ? err_nomem() : ERR_NONE;
}

static void set_body(CURL *curl, struct transfer *t)
{
	if (strcmp(t->method, "PUT") == 0) {
		libcurl.easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		libcurl.easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->body_size);
		libcurl.easy_setopt(curl, CURLOPT_READFUNCTION, give);
		libcurl.easy_setopt(curl, CURLOPT_READDATA, t);
		libcurl.easy_setopt(curl, CURLOPT_SEEKFUNCTION, rewind_body);
		libcurl.easy_setopt(curl, CURLOPT_SEEKDATA, t);
	} else if (strcmp(t->method, "HEAD") == 0) {
		libcurl.easy_setopt(curl, CURLOPT_NOBODY, 1L);
	} else {
		libcurl.easy_setopt(curl, CURLOPT_CUSTOMREQUEST, t->method);
	}
	if (t->ranged) {
		char range[64];
		snprintf(range, sizeof range, "%" PRIu64 "-%" PRIu64, t->offset, t->offset + t->size - 1);
		libcurl.easy_setopt(curl, CURLOPT_RANGE, range);
	}
}

/* A handle keeps its connections when it is reset. */
enum err transfer_prepare(struct client *client, struct transfer *t, struct curl_slist **ret_headers)
{
	const struct store_settings *s = client->settings;
	CURL *curl = client->curl;
	char signing[160];
	libcurl.easy_reset(curl);
	TRY(set_url(client, t));
	TRY(add_header(ret_headers, "x-amz-content-sha256", t->digest));
	if (s->token)
		TRY(add_header(ret_headers, "x-amz-security-token", s->token));
	if (t->etag)
		TRY(add_header(ret_headers, "If-Match", t->etag));
	snprintf(signing, sizeof signing, "aws:amz:%s:s3", s->region);
	libcurl.easy_setopt(curl, CURLOPT_AWS_SIGV4, signing);
	libcurl.easy_setopt(curl, CURLOPT_USERNAME, s->key);
	libcurl.easy_setopt(curl, CURLOPT_PASSWORD, s->secret);
	libcurl.easy_setopt(curl, CURLOPT_HTTPHEADER, *ret_headers);
	libcurl.easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	libcurl.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	libcurl.easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	libcurl.easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	libcurl.easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	libcurl.easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALLED_S);
	libcurl.easy_setopt(curl, CURLOPT_ERRORBUFFER, client->message);
	libcurl.easy_setopt(curl, CURLOPT_USERAGENT, "timecraft");
	if (s->authorities)
		libcurl.easy_setopt(curl, CURLOPT_CAINFO, s->authorities);
	libcurl.easy_setopt(curl, CURLOPT_WRITEFUNCTION, transfer_take);
	libcurl.easy_setopt(curl, CURLOPT_WRITEDATA, t);
	libcurl.easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	libcurl.easy_setopt(curl, CURLOPT_HEADERDATA, t);
	libcurl.easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	libcurl.easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	libcurl.easy_setopt(curl, CURLOPT_XFERINFODATA, t);
	set_body(curl, t);
	return ERR_NONE;
}

/* What the store said was wrong, and what to do about it. */
static enum err refused(const struct client *client, const struct transfer *t)
{
	static const struct {
		const char *code;
		enum err err;
		const char *advice;
	} known[] = {
		{ "NoSuchBucket", ERR_USAGE, "make the bucket, or name another in the configuration" },
		{ "AccessDenied", ERR_ACCESS, "the credentials must allow to list the bucket, and to get, put and delete its objects" },
		{ "InvalidAccessKeyId", ERR_ACCESS, "see AWS_ACCESS_KEY_ID, or ~/.aws/credentials" },
		{ "SignatureDoesNotMatch", ERR_ACCESS, "see AWS_SECRET_ACCESS_KEY, or ~/.aws/credentials" },
		{ "ExpiredToken", ERR_ACCESS, "get new credentials" },
		{ "InvalidToken", ERR_ACCESS, "see AWS_SESSION_TOKEN" },
		{ "RequestTimeTooSkewed", ERR_ACCESS, "set this machine's clock" },
		{ "AuthorizationHeaderMalformed", ERR_USAGE, "AWS_REGION names another region than the bucket's" },
		{ "PermanentRedirect", ERR_USAGE, "AWS_REGION names another region than the bucket's" },
		{ "EntityTooLarge", ERR_LIMIT, "record with a smaller --segment-size" },
	};
	struct store_fault fault;
	fault_parse(buf_view(&t->fault), &fault);
	const char *where = client->settings->url;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(fault.code, known[i].code) == 0)
			return err_set(known[i].err, "%s: %s (%s)%s%s: %s", where, fault.message, fault.code,
				fault.region[0] ? ", region " : "", fault.region, known[i].advice);
	}
	if (t->status == 404)
		return err_set(ERR_NOT_FOUND, "%s: there is no object %s", where, t->key ? t->key : "");
	if (t->status == 412 || t->status == 416)
		return err_set(ERR_DAMAGED, "%s: %s is no longer what it was: try again", where, t->key ? t->key : "");
	enum err err = t->status == 401 || t->status == 403 ? ERR_ACCESS : ERR_IO;
	return err_set(err, "%s: the store answered %ld%s%s%s%s to %s %s", where, t->status, fault.code[0] ? " " : "", fault.code,
		fault.message[0] ? ": " : "", fault.message, t->method, t->key ? t->key : "the bucket");
}

static bool is_passing(const struct transfer *t)
{
	struct store_fault fault;
	if (t->status >= 500 || t->status == 429 || t->status == 408)
		return true;
	fault_parse(buf_view(&t->fault), &fault);
	return t->status == 400 && strcmp(fault.code, "RequestTimeout") == 0;
}

/* One try; `ret_again`: another may do. */
static enum err try_once(struct client *client, struct transfer *t, bool *ret_again)
{
	struct curl_slist *headers = NULL;
	size_t before = t->out ? t->out->size : 0;
	t->client = client;
	t->sent = t->received = t->range_at = t->range_size = 0;
	t->status = 0;
	t->err = ERR_NONE;
	client->message[0] = 0;
	buf_clear(&t->fault);
	*ret_again = false;
	enum err err = transfer_prepare(client, t, &headers);
	CURLcode code = err ? CURLE_OK : libcurl.easy_perform(client->curl);
	libcurl.easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &t->status);
	libcurl.slist_free_all(headers);
	client->usage.requests++;
	client->usage.received += t->received;
	client->usage.sent += t->sent;
	if (err || t->err)
		return err ? err : t->err;
	if (is_stopped(client))
		return err_set(ERR_STOPPED, "%s: the upload was put off", client->settings->url);
	bool whole = code == CURLE_OK && is_good(t);
	if (whole && (!t->ranged || t->received == t->size))
		return ERR_NONE;
	if (t->out) /* of half an answer nothing stays */
		t->out->size = before;
	if (code == CURLE_OK && !is_good(t)) {
		*ret_again = is_passing(t);
		return refused(client, t);
	}
	*ret_again = code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_SSL_CACERT_BADFILE && code != CURLE_UNSUPPORTED_PROTOCOL;
	if (code == CURLE_OK || code == CURLE_WRITE_ERROR)
		return err_set(ERR_IO, "%s: the store sent something else than was asked for of %s", client->settings->url, t->key);
	return err_set(ERR_IO, "%s: %s: %s", client->settings->url, client->settings->endpoint,
		client->message[0] ? client->message : libcurl.easy_strerror(code));
}

/* Twice as long each time, and by chance up to half less, so that many who were refused together do not come back together. */
static void pause_before(struct client *client, int tried)
{
	uint64_t pause = (uint64_t)FIRST_PAUSE_MS << tried, chance = 0;
	if (pause > LONGEST_PAUSE_MS)
		pause = LONGEST_PAUSE_MS;
	(void)!getrandom(&chance, sizeof chance, 0);
	pause -= chance % (pause / 2);
	for (uint64_t end = time_of(CLOCK_MONOTONIC) + pause * NS_PER_MS; time_of(CLOCK_MONOTONIC) < end && !is_stopped(client);)
		usleep(20000);
}

enum err transfer_run(struct client *client, struct transfer *t)
{
	bool again = true;
	enum err err = ERR_NONE;
	for (int tried = 0; tried < TRIES && again; tried++) {
		if (tried)
			pause_before(client, tried - 1);
		err = try_once(client, t, &again);
		if (!err)
			break;
	}
	if (err && again)
		err = err_prefix(err, "tried %d times", TRIES);
	buf_finish(&t->fault);
	return err;
}
