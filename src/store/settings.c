#include "store/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "registry/files.h"

enum { MAX_FILE = 1 << 20 };

void url_put(struct buf *out, struct view text, bool slashes)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];
		if ((byte == '/' && slashes) || memchr(plain, byte, sizeof plain - 1))
			buf_append_byte(out, byte);
		else
			buf_printf(out, "%%%02X", byte);
	}
}

static struct view trim(struct view text)
{
	while (text.size && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = view_slice(text, 1, text.size);
	while (text.size && memchr(" \t\r", text.data[text.size - 1], 3))
		text.size--;
	return text;
}

/* "[name]", "[profile name]" */
static bool is_section(struct view line, const char *name)
{
	const uint8_t *end = memchr(line.data, ']', line.size);
	if (!end)
		return false;
	struct view inner = trim(view_of(line.data + 1, (size_t)(end - line.data) - 1));
	if (inner.size > 8 && memcmp(inner.data, "profile", 7) == 0 && (inner.data[7] == ' ' || inner.data[7] == '\t'))
		inner = trim(view_slice(inner, 7, inner.size));
	return view_is(inner, name);
}

static enum err take_setting(struct view line, struct arena *arena, struct profile *profile)
{
	const struct {
		const char *name, **value;
	} known[] = { { "aws_access_key_id", &profile->key }, { "aws_secret_access_key", &profile->secret },
		{ "aws_session_token", &profile->token }, { "region", &profile->region }, { "endpoint_url", &profile->endpoint } };
	const uint8_t *equals = memchr(line.data, '=', line.size);
	if (!equals)
		return ERR_NONE;
	size_t at = (size_t)(equals - line.data);
	struct view name = trim(view_of(line.data, at)), value = trim(view_slice(line, at + 1, line.size));
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (value.size && !memchr(value.data, 0, value.size) && view_is(name, known[i].name) &&
			!(*known[i].value = arena_text(arena, value)))
			return err_nomem();
	}
	return ERR_NONE;
}

enum err profile_read(struct view text, const char *name, struct arena *arena, struct profile *profile)
{
	bool inside = false;
	while (text.size) {
		const uint8_t *end = memchr(text.data, '\n', text.size);
		struct view line = view_slice(text, 0, end ? (size_t)(end - text.data) : text.size);
		text = view_slice(text, line.size + 1, text.size);
		if (line.size == 0 || strchr("#; \t\r", line.data[0]))
			continue;
		if (line.data[0] == '[')
			inside = is_section(line, name);
		else if (inside)
			TRY(take_setting(line, arena, profile));
	}
	return ERR_NONE;
}

/* A variable that is set and not empty. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

/* The file that a variable names, or one of the user's home; it need not be there. */
static enum err read_file(const char *named, const char *usual, const char *name, struct store_settings *settings, struct profile *profile)
{
	BUF_CLEANUP struct buf path = { 0 }, text = { 0 };
	const char *file = variable(named), *home = variable("HOME");
	if (!file && !home)
		return ERR_NONE;
	if (file)
		buf_append_text(&path, file);
	else
		buf_printf(&path, "%s/.aws/%s", home, usual);
	int fd = open(buf_text(&path), O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NONE : err_set_errno(errno, "can't open %s", buf_text(&path));
	enum err err = file_read(fd, buf_text(&path), MAX_FILE, &text);
	close(fd);
	return err ? err : profile_read(buf_view(&text), name, &settings->arena, profile);
}

static enum err keep(struct store_settings *settings, const char *text, const char **ret_kept)
{
	*ret_kept = text ? arena_text(&settings->arena, view_text(text)) : NULL;
	return text && !*ret_kept ? err_nomem() : ERR_NONE;
}

static bool is_bucket(const char *name)
{
	size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
	return size >= 3 && size <= 255 && !name[size] && name[0] != '.' && name[0] != '-';
}

enum err store_url_parse(const char *url, struct store_settings *settings)
{
	static const char scheme[] = "s3://";
	if (strncmp(url, scheme, sizeof scheme - 1) != 0)
		return err_set(ERR_USAGE, "%s: the URL of a store is s3://BUCKET or s3://BUCKET/PREFIX", url);
	const char *rest = url + sizeof scheme - 1;
	size_t size = strcspn(rest, "/");
	struct view prefix = view_text(rest[size] ? rest + size + 1 : "");
	while (prefix.size && prefix.data[prefix.size - 1] == '/')
		prefix.size--;
	BUF_CLEANUP struct buf text = { 0 };
	buf_append(&text, prefix.data, prefix.size);
	if (prefix.size)
		buf_append_byte(&text, '/');
	settings->url = arena_text(&settings->arena, view_text(url));
	settings->bucket = arena_text(&settings->arena, view_of(rest, size));
	settings->prefix = arena_text(&settings->arena, view_text(buf_text(&text)));
	if (!settings->url || !settings->bucket || !settings->prefix)
		return err_nomem();
	if (!is_bucket(settings->bucket) || strlen(settings->prefix) > 512)
		return err_set(ERR_USAGE, "%s: \"%s\" is no name of a bucket, or the prefix is longer than 512 bytes", url,
			settings->bucket);
	return ERR_NONE;
}

/* A bucket whose name has a dot is no single label, which the certificates of S3 cover. */
static enum err choose_endpoint(struct store_settings *settings, const char *endpoint)
{
	BUF_CLEANUP struct buf text = { 0 };
	settings->in_path = endpoint || strpbrk(settings->bucket, "._");
	if (endpoint) {
		if (strncmp(endpoint, "http://", 7) != 0 && strncmp(endpoint, "https://", 8) != 0)
			return err_set(ERR_USAGE, "the endpoint \"%s\" is no URL that begins with http:// or https://", endpoint);
		buf_append(&text, endpoint, strlen(endpoint) - (endpoint[strlen(endpoint) - 1] == '/'));
	} else if (settings->in_path) {
		buf_printf(&text, "https://s3.%s.amazonaws.com", settings->region);
	} else {
		buf_printf(&text, "https://%s.s3.%s.amazonaws.com", settings->bucket, settings->region);
	}
	return keep(settings, buf_text(&text), &settings->endpoint);
}

static const char *first_of(const char *a, const char *b, const char *c)
{
	return a ? a : b ? b : c;
}

static enum err load(struct store_settings *settings, const char *url)
{
	struct profile profile = { 0 };
	const char *name = first_of(variable("AWS_PROFILE"), variable("AWS_DEFAULT_PROFILE"), "default");
	TRY(store_url_parse(url, settings));
	TRY(read_file("AWS_CONFIG_FILE", "config", name, settings, &profile));
	TRY(read_file("AWS_SHARED_CREDENTIALS_FILE", "credentials", name, settings, &profile));
	const char *key = variable("AWS_ACCESS_KEY_ID"), *secret = variable("AWS_SECRET_ACCESS_KEY");
	bool given = key && secret;
	TRY(keep(settings, given ? key : profile.key, &settings->key));
	TRY(keep(settings, given ? secret : profile.secret, &settings->secret));
	TRY(keep(settings, given ? variable("AWS_SESSION_TOKEN") : profile.token, &settings->token));
	TRY(keep(settings, variable("AWS_CA_BUNDLE"), &settings->authorities));
	const char *region = first_of(variable("AWS_REGION"), variable("AWS_DEFAULT_REGION"), profile.region);
	TRY(keep(settings, region ? region : "us-east-1", &settings->region));
	if (!settings->key || !settings->secret)
		return err_set(ERR_ACCESS,
			"%s: there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or put aws_access_key_id and "
			"aws_secret_access_key under [%s] in ~/.aws/credentials",
			url, name);
	return choose_endpoint(settings, first_of(variable("AWS_ENDPOINT_URL_S3"), variable("AWS_ENDPOINT_URL"), profile.endpoint));
}

enum err store_settings_load(const char *url, struct store_settings *ret_settings)
{
	struct store_settings settings = { 0 };
	enum err err = load(&settings, url);
	if (err) {
		store_settings_finish(&settings);
		return err;
	}
	*ret_settings = settings;
	return ERR_NONE;
}

void store_settings_finish(struct store_settings *settings)
{
	arena_finish(&settings->arena);
	*settings = (struct store_settings){ 0 };
}
