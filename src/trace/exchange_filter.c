#include "trace/exchange_filter.h"

#include "base/buf.h"
#include "base/glob.h"

/* The next place of a list. */
static enum err add_condition(struct exchange_condition_list *list, uint32_t *ret_at)
{
	if (list->count == CONDITIONS_MAX)
		return err_set(ERR_USAGE, "more than %d alternatives", CONDITIONS_MAX);
	*ret_at = list->count++;
	return ERR_NONE;
}

static enum err add_pattern(struct exchange_condition_list *list, struct view pattern)
{
	uint32_t at = 0;
	if (pattern.size == 0)
		return err_set(ERR_USAGE, "an empty word fits nothing");
	TRY(add_condition(list, &at));
	list->patterns[at] = pattern;
	return ERR_NONE;
}

static enum err add_range(struct exchange_condition_list *list, uint32_t first, uint32_t last)
{
	uint32_t at = 0;
	TRY(add_condition(list, &at));
	list->ranges[at] = (struct exchange_range){ first, last };
	return ERR_NONE;
}

/* Up to five digits, taken off the text. */
static bool take_number(struct view *text, uint32_t *ret_number)
{
	uint32_t number = 0;
	size_t i = 0;
	for (; i < text->size && i < 5 && text->data[i] >= '0' && text->data[i] <= '9'; i++)
		number = number * 10 + (text->data[i] - '0');
	*text = view_slice(*text, i, text->size);
	*ret_number = number;
	return i != 0;
}

/* 7, 3..9, 3.., ..9 */
static bool parse_range(struct view text, struct exchange_range *ret_range)
{
	struct exchange_range range = { 0, UINT32_MAX };
	bool begins = take_number(&text, &range.first), ends;
	if (text.size < 2 || memcmp(text.data, "..", 2) != 0) {
		range.last = range.first;
		*ret_range = range;
		return begins && text.size == 0;
	}
	text = view_slice(text, 2, text.size);
	uint32_t last;
	ends = take_number(&text, &last);
	if (ends)
		range.last = last;
	*ret_range = range;
	return (begins || ends) && text.size == 0 && range.first <= range.last;
}

static bool is_class(struct view text)
{
	return text.size == 3 && text.data[0] >= '1' && text.data[0] <= '9' && (text.data[1] | 0x20) == 'x' && (text.data[2] | 0x20) == 'x';
}

static enum err add_status(struct exchange_condition_list *list, struct view text)
{
	struct exchange_range range;
	if (view_is(text, "error"))
		return add_range(list, 1, 0);
	if (is_class(text)) {
		uint32_t class = text.data[0] - '0';
		return add_range(list, class * 100, class * 100 + 99);
	}
	if (!parse_range(text, &range) || (range.last != UINT32_MAX && range.last < 100) || range.first > 999)
		return err_set(ERR_USAGE, "\"%.*s\" is no status; it may be 200, 4xx, 400..499, error", VIEW_ARG(text));
	return add_range(list, range.first, range.last);
}

static enum err add_port(struct exchange_condition_list *list, struct view text)
{
	struct exchange_range range;
	if (!parse_range(text, &range) || range.first > UINT16_MAX || range.last == 0)
		return err_set(ERR_USAGE, "\"%.*s\" is no port; it may be 1 to 65535, 8000..8999", VIEW_ARG(text));
	return add_range(list, range.first, range.last);
}

enum err exchange_filter_add(struct exchange_filter *filter, enum exchange_condition by, const char *text)
{
	struct exchange_condition_list *list = &filter->conditions[by];
	struct view rest = view_text(text);
	if (by == BY_PEER || by == BY_HOST || by == BY_PATH)
		return add_pattern(list, rest);
	for (bool more = true; more;) {
		const uint8_t *comma = memchr(rest.data, ',', rest.size);
		more = comma;
		struct view item = view_slice(rest, 0, comma ? (size_t)(comma - rest.data) : rest.size);
		rest = (struct view){ rest.data + item.size + more, rest.size - item.size - more };
		if (by == BY_METHOD || by == BY_PROTOCOL)
			TRY(add_pattern(list, item));
		else
			TRY(by == BY_PORT ? add_port(list, item) : add_status(list, item));
	}
	return ERR_NONE;
}

/* The bytes before the first one of `ends`. */
static struct view before_any(struct view text, const char *ends)
{
	size_t size = 0;
	while (size < text.size && (text.data[size] == 0 || !strchr(ends, text.data[size])))
		size++;
	return view_slice(text, 0, size);
}

/* What of an absolute target stands behind its scheme; false of any other. */
static bool behind_scheme(struct view target, struct view *ret_rest)
{
	struct view scheme = before_any(target, ":/?#");
	if (scheme.size == 0 || view_slice(target, scheme.size, 3).size < 3 || memcmp(target.data + scheme.size, "://", 3) != 0)
		return false;
	*ret_rest = view_slice(target, scheme.size + 3, target.size);
	return true;
}

static struct view without_port(struct view authority)
{
	const uint8_t *at = memrchr(authority.data, '@', authority.size);
	if (at)
		authority = view_slice(authority, (size_t)(at + 1 - authority.data), authority.size);
	if (authority.size && authority.data[0] == '[') {
		struct view inside = before_any(authority, "]");
		return view_slice(inside, 1, inside.size);
	}
	return before_any(authority, ":");
}

struct view exchange_host(const struct exchange *exchange)
{
	static const struct view field = { (const uint8_t *)"host", 4 }, authority = { (const uint8_t *)":authority", 10 };
	const struct message *request = &exchange->request.message;
	struct view rest;
	if (behind_scheme(request->path, &rest))
		return without_port(before_any(rest, "/?#"));
	if (view_is(request->method, "CONNECT") && request->path.size)
		return without_port(request->path);
	for (uint32_t i = 0; i < request->field_count; i++) {
		if (view_same_word(request->fields[i].name, field) || view_equal(request->fields[i].name, authority))
			return without_port(request->fields[i].value);
	}
	return exchange->server_name;
}

struct view exchange_shape(const struct exchange *exchange)
{
	const struct message *request = &exchange->request.message, *response = &exchange->response.message;
	return request->shape.size || !response->alone ? request->shape : response->shape;
}

struct view exchange_path(const struct exchange *exchange)
{
	static const struct view root = { (const uint8_t *)"/", 1 };
	const struct message *request = &exchange->request.message, *response = &exchange->response.message;
	struct view target = request->path.size ? request->path : response->path, rest; /* what a server says alone has one too */
	if (!behind_scheme(target, &rest))
		return target;
	struct view authority = before_any(rest, "/?#");
	struct view path = view_slice(rest, authority.size, rest.size);
	return path.size && path.data[0] == '/' ? path : root;
}

static bool any_pattern(const struct exchange_condition_list *list, struct view text)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (glob_matches(list->patterns[i], text))
			return true;
	}
	return false;
}

static bool any_range(const struct exchange_condition_list *list, uint32_t number)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (number >= list->ranges[i].first && number <= list->ranges[i].last)
			return true;
	}
	return false;
}

static bool passes_peer(const struct exchange_condition_list *list, const struct exchange *exchange)
{
	const struct net_address *ends[] = { &exchange->client, &exchange->server };
	BUF_CLEANUP struct buf text = { 0 };
	for (uint32_t i = 0; i < 2; i++) {
		buf_clear(&text);
		net_address_print_host(&text, ends[i]);
		if (any_pattern(list, buf_view(&text)))
			return true;
		buf_clear(&text);
		net_address_print(&text, ends[i]);
		if (any_pattern(list, buf_view(&text)))
			return true;
	}
	return false;
}

/* Names of hosts are compared in lower case. */
static bool passes_host(const struct exchange_condition_list *list, const struct exchange *exchange)
{
	enum { NAME_MAX_SIZE = 255 };
	uint8_t name[NAME_MAX_SIZE], pattern[NAME_MAX_SIZE];
	struct view host = exchange_host(exchange);
	for (uint32_t i = 0; i < list->count; i++) {
		struct view wanted = list->patterns[i];
		if (host.size > sizeof name || wanted.size > sizeof pattern)
			continue;
		for (size_t k = 0; k < host.size; k++)
			name[k] = view_lower(host.data[k]);
		for (size_t k = 0; k < wanted.size; k++)
			pattern[k] = view_lower(wanted.data[k]);
		if (host.size && glob_matches(view_of(pattern, wanted.size), view_of(name, host.size)))
			return true;
	}
	return false;
}

static bool passes_method(const struct exchange_condition_list *list, const struct exchange *exchange)
{
	struct view method = exchange->request.message.method;
	if (method.size == 0)
		method = before_any(exchange_shape(exchange), " ");
	for (uint32_t i = 0; i < list->count; i++) {
		if (view_same_word(list->patterns[i], method))
			return true;
	}
	return false;
}

static bool passes_path(const struct exchange_condition_list *list, const struct exchange *exchange)
{
	struct view path = exchange_path(exchange), shape = exchange_shape(exchange);
	if (path.size == 0 && shape.size)
		return any_pattern(list, shape);
	return path.size && (any_pattern(list, path) || any_pattern(list, before_any(path, "?#")));
}

static bool passes_protocol(const struct exchange_condition_list *list, const struct exchange *exchange)
{
	for (uint32_t i = 0; i < list->count && exchange->protocol; i++) {
		if (view_same_word(list->patterns[i], view_text(exchange->protocol)))
			return true;
	}
	return false;
}

/* Something failed, or did not come; what stands alone has no other side. */
static bool has_failed(const struct exchange *exchange)
{
	const struct exchange_side *request = &exchange->request, *response = &exchange->response;
	bool alone = request->message.alone || response->message.alone;
	return request->message.error.size || response->message.error.size || request->message.failed || response->message.failed ||
		(!response->present && !alone);
}

static bool passes_status(const struct exchange_condition_list *list, const struct exchange *exchange)
{
	const struct exchange_side *response = &exchange->response;
	bool failed = has_failed(exchange);
	for (uint32_t i = 0; i < list->count && failed; i++) {
		if (list->ranges[i].first > list->ranges[i].last)
			return true;
	}
	return response->present && any_range(list, response->message.status);
}

static bool passes(const struct exchange_condition_list *list, enum exchange_condition by, const struct exchange *exchange)
{
	switch (by) {
	case BY_PEER: return passes_peer(list, exchange);
	case BY_PORT: return any_range(list, exchange->client.port) || any_range(list, exchange->server.port);
	case BY_HOST: return passes_host(list, exchange);
	case BY_METHOD: return passes_method(list, exchange);
	case BY_PATH: return passes_path(list, exchange);
	case BY_PROTOCOL: return passes_protocol(list, exchange);
	default: return passes_status(list, exchange);
	}
}

bool exchange_filter_passes(const struct exchange_filter *filter, const struct exchange *exchange)
{
	for (uint32_t i = 0; i < EXCHANGE_CONDITIONS; i++) {
		const struct exchange_condition_list *list = &filter->conditions[i];
		if (list->count && !passes(list, (enum exchange_condition)i, exchange))
			return false;
	}
	return true;
}

bool exchange_filter_passes_event(const struct exchange_filter *f, const struct net_event *event)
{
	bool asks = false;
	for (uint32_t i = 0; i < EXCHANGE_CONDITIONS; i++)
		asks |= f->conditions[i].count != 0;
	if (!asks)
		return true;
	struct exchange exchange = { .client = event->local, .server = event->peer, .server_name = event->name };
	if (event->address_count == 0)
		return exchange_filter_passes(f, &exchange);
	for (uint32_t i = 0; i < event->address_count; i++) {
		exchange.server = event->addresses[i];
		if (exchange_filter_passes(f, &exchange))
			return true;
	}
	return false;
}
