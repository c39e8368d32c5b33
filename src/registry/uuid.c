#include "registry/uuid.h"

#include <errno.h>
#include <sys/random.h>

enum { NS_PER_MILLISECOND = 1000000 };

/*
 * Milliseconds in 48 bits, then the version, then the fraction of the millisecond in 12 bits (method 3 of section 6.2), so that processes
 * started one after the other are in order.
 */
enum err uuid_create(uint64_t wall, struct uuid *ret_uuid)
{
	uint8_t *b = ret_uuid->bytes;
	uint64_t milliseconds = wall / NS_PER_MILLISECOND, fraction = wall % NS_PER_MILLISECOND * 4096 / NS_PER_MILLISECOND;
	struct uuid uuid;
	for (size_t done = 0; done < sizeof uuid.bytes;) {
		ssize_t got = getrandom(uuid.bytes + done, sizeof uuid.bytes - done, 0);
		if (got < 0 && errno != EINTR)
			return err_set_errno(errno, "random numbers for an identifier");
		done += got > 0 ? (size_t)got : 0;
	}
	memcpy(b, uuid.bytes, sizeof uuid.bytes);
	for (int i = 0; i < 6; i++)
		b[i] = (uint8_t)(milliseconds >> (40 - 8 * i));
	b[6] = (uint8_t)(0x70 | fraction >> 8);
	b[7] = (uint8_t)fraction;
	b[8] = (uint8_t)(0x80 | (b[8] & 0x3f));
	return 0;
}

static bool is_dash(size_t at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

void uuid_print(const struct uuid *uuid, char text[UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *byte = uuid->bytes;
	for (size_t at = 0; at < UUID_LENGTH;) {
		if (is_dash(at)) {
			text[at++] = '-';
			continue;
		}
		text[at++] = digits[*byte >> 4];
		text[at++] = digits[*byte++ & 15];
	}
	text[UUID_LENGTH] = 0;
}

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool uuid_parse(struct view text, struct uuid *ret_uuid)
{
	struct uuid uuid = { { 0 } };
	if (text.size != UUID_LENGTH)
		return false;
	for (size_t at = 0, digit = 0; at < text.size; at++) {
		if (is_dash(at)) {
			if (text.data[at] != '-')
				return false;
			continue;
		}
		int value = digit_value(text.data[at]);
		if (value < 0)
			return false;
		uuid.bytes[digit / 2] = (uint8_t)(uuid.bytes[digit / 2] << 4 | value);
		digit++;
	}
	*ret_uuid = uuid;
	return true;
}
