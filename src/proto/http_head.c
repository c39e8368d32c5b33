#include "proto/http_head.h"

void http_head_finish(struct http_head *head)
{
	buf_finish(&head->fields);
	*head = (struct http_head){ 0 };
}

/* tchar of RFC 9110, section 5.6.2. */
static bool is_tchar(uint8_t byte)
{
	if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z')
		return true;
	return (byte >= '0' && byte <= '9') || (byte && strchr("!#$%&'*+-.^_`|~", byte));
}

bool http_is_token(struct view text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (!is_tchar(text.data[i]))
			return false;
	}
	return text.size != 0;
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static struct view trim(struct view text)
{
	while (text.size && is_blank(text.data[0]))
		text = (struct view){ text.data + 1, text.size - 1 };
	while (text.size && is_blank(text.data[text.size - 1]))
		text.size--;
	return text;
}

/* The next line without its end, which is taken off `rest`. */
static struct view next_line(struct view *rest)
{
	const uint8_t *end = rest->size ? memchr(rest->data, '\n', rest->size) : NULL;
	size_t size = end ? (size_t)(end - rest->data) : rest->size;
	struct view line = view_slice(*rest, 0, size);
	*rest = view_slice(*rest, size + 1, rest->size);
	if (line.size && line.data[line.size - 1] == '\r')
		line.size--;
	return line;
}

static struct view next_word(struct view *rest)
{
	size_t size = 0;
	while (size < rest->size && rest->data[size] != ' ')
		size++;
	struct view word = view_slice(*rest, 0, size);
	*rest = view_slice(*rest, size + 1, rest->size);
	return word;
}

static bool is_protocol(struct view word)
{
	return word.size == 8 && memcmp(word.data, "HTTP/1.", 7) == 0 && word.data[7] >= '0' && word.data[7] <= '9';
}

static bool parse_status_line(struct http_head *head, struct view line)
{
	head->protocol = next_word(&line);
	struct view code = next_word(&line);
	head->status_text = line;
	if (!is_protocol(head->protocol) || code.size != 3)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (code.data[i] < '0' || code.data[i] > '9')
			return false;
		head->status = head->status * 10 + (code.data[i] - '0');
	}
	return head->status >= 100;
}

/* A target may have blanks in it though it must not: the last word is the protocol. */
static bool parse_request_line(struct http_head *head, struct view line)
{
	size_t at = line.size;
	while (at && line.data[at - 1] != ' ')
		at--;
	head->protocol = view_slice(line, at, line.size);
	line.size = at ? at - 1 : 0;
	head->method = next_word(&line);
	head->path = line;
	return is_protocol(head->protocol) && http_is_token(head->method) && line.size;
}

bool http_is_start_line(bool response, struct view line)
{
	struct http_head head = { 0 };
	return response ? parse_status_line(&head, line) : parse_request_line(&head, line);
}

/* A value goes on in the next line if that begins with a blank: obsolete, and one blank takes the place of the fold. */
static void fold(struct http_head *head, struct view line, struct buf *bytes)
{
	struct message_field *last = (struct message_field *)(head->fields.data + head->fields.size) - 1;
	struct view more = trim(line);
	if (last->value.size == 0) {
		last->value = more;
		return;
	}
	size_t end = (size_t)(last->value.data - bytes->data) + last->value.size;
	bytes->data[end] = ' '; /* between the two there are a line's end and a blank at least */
	if (more.size)
		memmove(bytes->data + end + 1, more.data, more.size);
	last->value.size += 1 + more.size;
}

/* Names that are no tokens occur, and their lines are no less fields; but not with what is no printable ASCII. */
static bool is_name_sent(struct view name)
{
	for (size_t i = 0; i < name.size; i++) {
		if (name.data[i] < ' ' || name.data[i] > '~')
			return false;
	}
	return name.size != 0;
}

static bool parse_field(struct http_head *head, struct view line)
{
	const uint8_t *colon = memchr(line.data, ':', line.size);
	struct message_field field;
	if (!colon)
		return false;
	field.name = view_slice(line, 0, (size_t)(colon - line.data));
	field.value = trim(view_of(colon + 1, line.size - field.name.size - 1));
	while (field.name.size && is_blank(field.name.data[field.name.size - 1]))
		field.name.size--;
	if (!is_name_sent(field.name))
		return false;
	buf_append(&head->fields, &field, sizeof field);
	return true;
}

/* The fields from byte `at` on. */
static bool parse_fields(struct http_head *head, struct buf *bytes, size_t at, size_t *ret_bad)
{
	struct view rest = view_slice(buf_view(bytes), at, bytes->size);
	for (size_t first = head->fields.size; rest.size;) {
		size_t begin = bytes->size - rest.size;
		struct view line = next_line(&rest);
		if (line.size == 0)
			return true;
		bool blank = is_blank(line.data[0]);
		if (blank && head->fields.size > first) {
			fold(head, line, bytes);
		} else if (blank || !parse_field(head, line)) {
			*ret_bad = begin;
			return false;
		}
	}
	return true;
}

bool http_fields_parse(struct http_head *head, struct buf *bytes, size_t *ret_bad)
{
	return parse_fields(head, bytes, 0, ret_bad);
}

bool http_head_parse(struct http_head *head, bool response, struct buf *bytes, size_t *ret_bad)
{
	struct view rest = buf_view(bytes);
	buf_clear(&head->fields);
	*head = (struct http_head){ .fields = head->fields };
	struct view line = next_line(&rest);
	if (response ? parse_status_line(head, line) : parse_request_line(head, line))
		return parse_fields(head, bytes, bytes->size - rest.size, ret_bad);
	*head = (struct http_head){ .fields = head->fields };
	*ret_bad = 0;
	return false;
}

bool http_field(const struct http_head *head, const char *name, uint32_t *at, struct view *ret_value)
{
	const struct message_field *fields = (const struct message_field *)head->fields.data;
	uint32_t count = (uint32_t)(head->fields.size / sizeof *fields);
	for (; *at < count; ++*at) {
		if (!view_is_word(fields[*at].name, name))
			continue;
		*ret_value = fields[(*at)++].value;
		return true;
	}
	return false;
}

/* The next word of a list, which is taken off it. */
static struct view next_listed(struct view *list)
{
	const uint8_t *comma = list->size ? memchr(list->data, ',', list->size) : NULL;
	size_t size = comma ? (size_t)(comma - list->data) : list->size;
	struct view word = trim(view_slice(*list, 0, size));
	*list = view_slice(*list, size + 1, list->size);
	return word;
}

bool http_lists(const struct http_head *head, const char *name, const char *word)
{
	struct view value;
	for (uint32_t at = 0; http_field(head, name, &at, &value);) {
		while (value.size) {
			if (view_is_word(next_listed(&value), word))
				return true;
		}
	}
	return false;
}

bool http_lists_last(const struct http_head *head, const char *name, const char *word)
{
	struct view value;
	bool last = false;
	for (uint32_t at = 0; http_field(head, name, &at, &value);) {
		while (value.size) {
			struct view each = next_listed(&value);
			if (each.size)
				last = view_is_word(each, word);
		}
	}
	return last;
}
