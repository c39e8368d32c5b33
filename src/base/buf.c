#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

void buf_finish(struct buf *buf)
{
	if (!buf)
		return;
	free(buf->data);
	*buf = (struct buf){ .max = buf->max };
}

void buf_clear(struct buf *buf)
{
	buf->size = 0;
	buf->failed = false;
}

bool buf_reserve(struct buf *buf, size_t more)
{
	if (more <= buf->capacity - buf->size)
		return true;
	size_t max = buf->max ? buf->max : BUF_MAX;
	if (more > max - buf->size) {
		buf->failed = true;
		return false;
	}
	size_t need = buf->size + more;
	size_t capacity = buf->capacity ? buf->capacity : max < 64 ? max : 64;
	while (capacity < need)
		capacity = capacity < max / 2 ? capacity * 2 : max;
	uint8_t *data = realloc(buf->data, capacity);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

void buf_append(struct buf *buf, const void *data, size_t size)
{
	if (size == 0 || !buf_reserve(buf, size))
		return;
	memcpy(buf->data + buf->size, data, size);
	buf->size += size;
}

void buf_append_text(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_append_byte(struct buf *buf, uint8_t byte)
{
	if (buf_reserve(buf, 1))
		buf->data[buf->size++] = byte;
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int size = vsnprintf((char *)buf->data + buf->size, buf->capacity - buf->size, format, args);
	if (size >= 0 && (size_t)size >= buf->capacity - buf->size && buf_reserve(buf, (size_t)size + 1))
		size = vsnprintf((char *)buf->data + buf->size, buf->capacity - buf->size, format, again);
	va_end(again);
	if (size >= 0 && (size_t)size < buf->capacity - buf->size)
		buf->size += (size_t)size;
	else
		buf->failed = true;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

const char *buf_text(struct buf *buf)
{
	if (!buf_reserve(buf, 1))
		return "";
	buf->data[buf->size] = 0;
	return (const char *)buf->data;
}

enum err buf_status(const struct buf *buf)
{
	return buf->failed ? err_nomem() : ERR_NONE;
}
