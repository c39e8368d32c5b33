#include "wasi/net.h"

#include <arpa/inet.h>

#include "base/utf8.h"

bool net_address_equal(const struct net_address *a, const struct net_address *b)
{
	return a->family == b->family && a->port == b->port && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* How many bytes are a character that may be shown as it is; 0: none, as of control characters. */
static size_t shown_length(struct view text)
{
	size_t size = utf8_length(text);
	bool control = text.data[0] < 0x20 || text.data[0] == 0x7f || (size == 2 && text.data[0] == 0xc2 && text.data[1] < 0xa0);
	return control || text.data[0] == '\\' ? 0 : size;
}

static void print_path(struct buf *out, struct view path)
{
	buf_append_text(out, "unix:");
	if (path.size && path.data[0] == 0) {
		buf_append_byte(out, '@');
		path = view_slice(path, 1, path.size);
	}
	while (path.size) {
		size_t size = shown_length(path);
		if (size)
			buf_append(out, path.data, size);
		else
			buf_printf(out, "\\%03o", path.data[0]);
		path = view_slice(path, size ? size : 1, path.size);
	}
}

/* A trace prints two addresses a line: a printf would take longer than all else. */
static size_t put_number(char *to, uint32_t number)
{
	char digits[10];
	size_t count = 0;
	do
		digits[count++] = (char)('0' + number % 10);
	while (number /= 10);
	for (size_t i = 0; i < count; i++)
		to[i] = digits[count - 1 - i];
	return count;
}

static void print_inet4(struct buf *out, const uint8_t bytes[4])
{
	char text[16];
	size_t size = 0;
	for (int i = 0; i < 4; i++) {
		size += put_number(text + size, bytes[i]);
		text[size++] = '.';
	}
	buf_append(out, text, size - 1);
}

void net_address_print_host(struct buf *out, const struct net_address *address)
{
	char text[INET6_ADDRSTRLEN];
	switch (address->family) {
	case NET_INET4: print_inet4(out, address->bytes); break;
	case NET_INET6: buf_append_text(out, inet_ntop(AF_INET6, address->bytes, text, sizeof text)); break;
	case NET_UNIX: print_path(out, view_of(address->bytes, address->size)); break;
	default: buf_append_text(out, "?"); break;
	}
}

void net_address_print(struct buf *out, const struct net_address *address)
{
	char port[8] = "]:";
	bool bracketed = address->family == NET_INET6;
	if (bracketed)
		buf_append_byte(out, '[');
	net_address_print_host(out, address);
	if (address->family != NET_INET4 && !bracketed)
		return;
	size_t size = 2 + put_number(port + 2, address->port), from = bracketed ? 0 : 1;
	buf_append(out, port + from, size - from);
}

/* What print_path prints. */
static bool parse_path(struct view text, struct net_address *ret_address)
{
	struct net_address address = { .family = NET_UNIX };
	const uint8_t *end = text.data + text.size;
	for (const uint8_t *at = text.data; at < end; at++) {
		uint8_t byte = *at;
		if (at == text.data && byte == '@') {
			byte = 0;
		} else if (byte == '\\') {
			if (end - at < 4 || at[1] < '0' || at[1] > '3' || (at[2] & ~7) != '0' || (at[3] & ~7) != '0')
				return false;
			byte = (uint8_t)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 3;
		}
		if (address.size == NET_ADDRESS_MAX)
			return false;
		address.bytes[address.size++] = byte;
	}
	*ret_address = address;
	return true;
}

static bool parse_port(const char *text, uint16_t *ret_port)
{
	uint32_t port = 0;
	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9' || at - text > 4)
			return false;
		port = port * 10 + (uint32_t)(*at - '0');
	}
	*ret_port = (uint16_t)port;
	return *text && port <= UINT16_MAX;
}

bool net_address_parse(struct view text, struct net_address *ret_address)
{
	enum { SCHEME = 5, LONGEST = INET6_ADDRSTRLEN + 8 };
	struct net_address address = { 0 };
	char copy[LONGEST + 1];
	*ret_address = address;
	if (text.size == 0 || view_is(text, "?"))
		return true;
	if (view_is(view_slice(text, 0, SCHEME), "unix:"))
		return parse_path(view_slice(text, SCHEME, text.size), ret_address);
	if (text.size > LONGEST || memchr(text.data, 0, text.size))
		return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = 0;
	char *colon = strrchr(copy, ':');
	if (!colon || !parse_port(colon + 1, &address.port))
		return false;
	*colon = 0;
	bool bracketed = colon > copy && copy[0] == '[' && colon[-1] == ']';
	if (bracketed)
		colon[-1] = 0;
	address.family = bracketed ? NET_INET6 : NET_INET4;
	address.size = bracketed ? 16 : 4;
	if (inet_pton(bracketed ? AF_INET6 : AF_INET, copy + bracketed, address.bytes) != 1)
		return false;
	*ret_address = address;
	return true;
}

static bool storage_address(struct view bytes, struct net_address *ret_address)
{
	uint16_t family;
	size_t size;
	if (bytes.size < 3)
		return false;
	memcpy(&family, bytes.data, sizeof family);
	bytes = view_slice(bytes, 2, bytes.size);
	struct net_address address = { .family = (uint8_t)family };
	if (family == NET_INET4)
		size = 4;
	else if (family == NET_INET6)
		size = 16;
	else if (family == NET_UNIX && bytes.size) /* ended by a NUL; after a first one it is abstract, and has a name behind */
		size = 1 + strnlen((const char *)bytes.data + 1, bytes.size - 1);
	else
		return false;
	if (bytes.size < size || size > NET_ADDRESS_MAX)
		return false;
	address.size = (uint8_t)size;
	memcpy(address.bytes, bytes.data, address.size);
	*ret_address = address;
	return true;
}

bool net_address_of(struct view bytes, struct net_address *ret_address)
{
	struct net_address address = { .family = bytes.size == 4 ? NET_INET4 : NET_INET6, .size = (uint8_t)bytes.size };
	if (bytes.size != 4 && bytes.size != 16)
		return storage_address(bytes, ret_address);
	memcpy(address.bytes, bytes.data, bytes.size);
	*ret_address = address;
	return true;
}

/* kind, type, state, two addresses' families and sizes, errno, descriptor, ports; the addresses' bytes; the text. */
enum { FIXED = 16 };

static uint32_t size_of(const struct net_address *address)
{
	return address->size < NET_ADDRESS_MAX ? address->size : NET_ADDRESS_MAX;
}

size_t note_encode(const struct note *note, uint8_t bytes[NOTE_SIZE_MAX])
{
	uint32_t local = size_of(&note->local), peer = size_of(&note->peer);
	size_t text = note->text.size < NOTE_TEXT_MAX ? note->text.size : NOTE_TEXT_MAX;
	uint8_t fixed[FIXED] = { note->kind, note->type, note->state, (uint8_t)(note->local.family | note->peer.family << 4),
		(uint8_t)local, (uint8_t)peer };
	memcpy(fixed + 6, &note->error, 2);
	memcpy(fixed + 8, &note->fd, 4);
	memcpy(fixed + 12, &note->local.port, 2);
	memcpy(fixed + 14, &note->peer.port, 2);
	memcpy(bytes, fixed, FIXED);
	memcpy(bytes + FIXED, note->local.bytes, local);
	memcpy(bytes + FIXED + local, note->peer.bytes, peer);
	if (text)
		memcpy(bytes + FIXED + local + peer, note->text.data, text);
	return FIXED + local + peer + text;
}

static bool address_fits(const struct net_address *address)
{
	switch (address->family) {
	case NET_UNSPEC: return address->size == 0;
	case NET_INET4: return address->size == 4;
	case NET_INET6: return address->size == 16;
	case NET_UNIX: return address->size <= NET_ADDRESS_MAX;
	default: return false;
	}
}

bool note_decode(struct view bytes, struct note *ret_note)
{
	const uint8_t *at = bytes.data;
	if (bytes.size < FIXED)
		return false;
	struct note note = { .kind = at[0], .type = at[1], .state = at[2] };
	note.local = (struct net_address){ .family = at[3] & 15, .size = at[4] };
	note.peer = (struct net_address){ .family = at[3] >> 4, .size = at[5] };
	memcpy(&note.error, at + 6, 2);
	memcpy(&note.fd, at + 8, 4);
	memcpy(&note.local.port, at + 12, 2);
	memcpy(&note.peer.port, at + 14, 2);
	size_t addresses = (size_t)note.local.size + note.peer.size;
	if (!address_fits(&note.local) || !address_fits(&note.peer) || addresses > bytes.size - FIXED)
		return false;
	memcpy(note.local.bytes, at + FIXED, note.local.size);
	memcpy(note.peer.bytes, at + FIXED + note.local.size, note.peer.size);
	note.text = view_slice(bytes, FIXED + addresses, bytes.size);
	*ret_note = note;
	return true;
}
