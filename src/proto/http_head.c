#include "proto/http_head.h"

void http_head_finish(struct http_head *head)
{
	buf_finish(&head->fields);
	buf_finish(&head->folded);
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
		text = view_slice(text, 1, text.size);
	while (text.size && is_blank(text.data[text.size - 1]))
		text.size--;
	return text;
}

/* The next line without its end, which is taken off `rest`. */
static struct view next_line(struct view *rest)
{
	const uint8_t *end = memchr(rest->data, '\n', rest->size);
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

/* A value goes on in the next line if that begins with a blank: obsolete, and one blank takes the place of the fold. */
static bool fold(struct http_head *head, struct view line)
{
	if (head->fields.size == 0)
		return false;
	struct message_field *last = (struct message_field *)(head->fields.data + head->fields.size) - 1;
	struct view more = trim(line);
	size_t size = last->value.size + 1 + more.size;
	/* Values before this one have their views in `folded`: it must not move. */
	if (head->folded.capacity - head->folded.size < size)
		return false;
	uint8_t *to = head->folded.data + head->folded.size;
	memcpy(to, last->value.data, last->value.size);
	to[last->value.size] = ' ';
	memcpy(to + last->value.size + 1, more.data, more.size);
	last->value = view_of(to, size);
	head->folded.size += size;
	return true;
}

/* The most that folding can need, so that it is had at once: every fold copies what its value has so far. */
static bool reserve_folds(struct http_head *head, struct view bytes)
{
	enum { FOLDED_MAX = 1 << 20 };
	uint64_t needed = 0, value = 0;
	while (bytes.size) {
		struct view line = next_line(&bytes);
		bool folded = line.size && is_blank(line.data[0]);
		value = folded ? value + 1 + line.size : line.size;
		needed += folded ? value : 0;
	}
	return needed == 0 || (needed <= FOLDED_MAX && buf_reserve(&head->folded, needed));
}

static bool parse_field(struct http_head *head, struct view line)
{
	const uint8_t *colon = memchr(line.data, ':', line.size);
	struct message_field field;
	if (!colon)
		return false;
	field.name = view_slice(line, 0, (size_t)(colon - line.data));
	field.value = trim(view_slice(line, field.name.size + 1, line.size));
	while (field.name.size && is_blank(field.name.data[field.name.size - 1]))
		field.name.size--;
	if (!http_is_token(field.name))
		return false;
	buf_append(&head->fields, &field, sizeof field);
	return true;
}

bool http_fields_parse(struct http_head *head, struct view bytes, const char **ret_why)
{
	if (!reserve_folds(head, bytes)) {
		*ret_why = "its fields are folded too often";
		return false;
	}
	while (bytes.size) {
		struct view line = next_line(&bytes);
		if (line.size == 0)
			break;
		if (is_blank(line.data[0]) ? !fold(head, line) : !parse_field(head, line)) {
			*ret_why = "a line is no field";
			return false;
		}
	}
	*ret_why = "out of memory";
	return !head->fields.failed;
}

bool http_head_parse(struct http_head *head, bool response, struct view bytes, const char **ret_why)
{
	buf_clear(&head->fields);
	buf_clear(&head->folded);
	*head = (struct http_head){ .response = response, .fields = head->fields, .folded = head->folded };
	struct view line = next_line(&bytes);
	if (response ? !parse_status_line(head, line) : !parse_request_line(head, line)) {
		*ret_why = response ? "the first line is no status line" : "the first line is no request line";
		return false;
	}
	return http_fields_parse(head, bytes, ret_why);
}

static bool is_name(struct view text, const char *name)
{
	size_t size = strlen(name);
	if (text.size != size)
		return false;
	for (size_t i = 0; i < size; i++) {
		uint8_t byte = text.data[i];
		if ((byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte) != name[i])
			return false;
	}
	return true;
}

bool http_field(const struct http_head *head, const char *name, uint32_t *at, struct view *ret_value)
{
	const struct message_field *fields = (const struct message_field *)head->fields.data;
	uint32_t count = (uint32_t)(head->fields.size / sizeof *fields);
	for (; *at < count; ++*at) {
		if (!is_name(fields[*at].name, name))
			continue;
		*ret_value = fields[(*at)++].value;
		return true;
	}
	return false;
}

bool http_lists(const struct http_head *head, const char *name, const char *word)
{
	struct view value;
	for (uint32_t at = 0; http_field(head, name, &at, &value);) {
		while (value.size) {
			const uint8_t *comma = memchr(value.data, ',', value.size);
			size_t size = comma ? (size_t)(comma - value.data) : value.size;
			if (is_name(trim(view_slice(value, 0, size)), word))
				return true;
			value = view_slice(value, size + 1, value.size);
		}
	}
	return false;
}
