#include "trace/exchange_filter.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"

static bool parse_number(const char **text, uint32_t *ret_number)
{
	char *end;
	if (**text < '0' || **text > '9')
		return false;
	unsigned long number = strtoul(*text, &end, 10);
	*text = end;
	*ret_number = (uint32_t)number;
	return number <= UINT16_MAX;
}

enum err exchange_filter_status(struct exchange_filter *filter, const char *text)
{
	const char *at = text;
	uint32_t first, last;
	if (strlen(text) == 3 && text[0] >= '1' && text[0] <= '9' && strcasecmp(text + 1, "xx") == 0) {
		filter->status_first = (uint32_t)(text[0] - '0') * 100;
		filter->status_last = filter->status_first + 99;
		return ERR_NONE;
	}
	if (!parse_number(&at, &first))
		return err_set(ERR_USAGE, "\"%s\" is no status; it may be 200, 4xx or 400..499", text);
	last = first;
	if (strncmp(at, "..", 2) == 0) {
		at += 2;
		if (!parse_number(&at, &last))
			return err_set(ERR_USAGE, "\"%s\" is no range of statuses; one is 400..499", text);
	}
	if (*at || first == 0 || last < first)
		return err_set(ERR_USAGE, "\"%s\" is no status; it may be 200, 4xx or 400..499", text);
	filter->status_first = first;
	filter->status_last = last;
	return ERR_NONE;
}

enum err exchange_filter_port(struct exchange_filter *filter, const char *text)
{
	const char *at = text;
	if (!parse_number(&at, &filter->port) || *at || filter->port == 0)
		return err_set(ERR_USAGE, "\"%s\" is no port; it may be 1 to 65535", text);
	return ERR_NONE;
}

/* Without the port behind it. */
static struct view without_port(struct view host)
{
	size_t end = host.size;
	while (end && host.data[end - 1] >= '0' && host.data[end - 1] <= '9')
		end--;
	bool bracketed = host.size && host.data[0] == '[';
	if (end && end < host.size && host.data[end - 1] == ':' && (!bracketed || host.data[end - 2] == ']'))
		host.size = end - 1;
	return host;
}

static struct view host_of_target(struct view path)
{
	static const char *const schemes[] = { "http://", "https://" };
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t size = strlen(schemes[i]);
		if (path.size <= size || strncasecmp((const char *)path.data, schemes[i], size) != 0)
			continue;
		struct view rest = view_slice(path, size, path.size);
		const uint8_t *slash = memchr(rest.data, '/', rest.size);
		return view_slice(rest, 0, slash ? (size_t)(slash - rest.data) : rest.size);
	}
	return (struct view){ 0 };
}

struct view exchange_host(const struct exchange *exchange)
{
	const struct message *m = &exchange->request.message;
	struct view host = host_of_target(m->path);
	for (uint32_t i = 0; i < m->field_count && host.size == 0; i++) {
		if (m->fields[i].name.size == 4 && strncasecmp((const char *)m->fields[i].name.data, "host", 4) == 0)
			host = m->fields[i].value;
	}
	return without_port(host.size ? host : exchange->server_name);
}

static bool matches(const char *glob, struct view text)
{
	BUF_CLEANUP struct buf copy = { 0 };
	buf_append(&copy, text.data, text.size);
	return fnmatch(glob, buf_text(&copy), FNM_CASEFOLD) == 0;
}

static bool is_peer(const char *peer, const struct net_address *address)
{
	BUF_CLEANUP struct buf text = { 0 };
	net_address_print_host(&text, address);
	if (strcmp(buf_text(&text), peer) == 0)
		return true;
	buf_clear(&text);
	net_address_print(&text, address);
	return strcmp(buf_text(&text), peer) == 0;
}

bool exchange_filter_passes(const struct exchange_filter *f, const struct exchange *exchange)
{
	const struct message *request = &exchange->request.message;
	uint32_t status = exchange->response.message.status;
	if (f->port && exchange->client.port != f->port && exchange->server.port != f->port)
		return false;
	if (f->status_first && (status < f->status_first || status > f->status_last))
		return false;
	if (f->method &&
		(request->method.size != strlen(f->method) ||
			strncasecmp((const char *)request->method.data, f->method, request->method.size) != 0))
		return false;
	if (f->peer && !is_peer(f->peer, &exchange->client) && !is_peer(f->peer, &exchange->server))
		return false;
	return (!f->path || matches(f->path, request->path)) && (!f->host || matches(f->host, exchange_host(exchange)));
}
