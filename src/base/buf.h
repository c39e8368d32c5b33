/*
 * A growing run of bytes that owns its storage and has a maximum.
 *
 * A buf that is all zero is empty and valid, with the default maximum. A failed append (no memory, or past the maximum) leaves the
 * bytes as they were and sets `failed`, which stays until buf_clear: a writer may append many times and look once.
 */
#pragma once

#include "base/err.h"
#include "base/view.h"

#include <stdarg.h>

struct buf {
	uint8_t *data;
	size_t size;
	size_t capacity;
	size_t max; /* 0: BUF_MAX */
	bool failed;
};

#define BUF_MAX ((size_t)1 << 40)

void buf_finish(struct buf *buf);            /* frees; the buf is empty and valid after; NULL allowed */
void buf_clear(struct buf *buf);             /* empties, keeps the storage */
bool buf_reserve(struct buf *buf, size_t more);
void buf_append(struct buf *buf, const void *data, size_t size);
void buf_append_text(struct buf *buf, const char *text);
void buf_append_byte(struct buf *buf, uint8_t byte);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* The bytes as text, with a NUL behind them that is not counted; "" on failure. Valid until the next change. */
const char *buf_text(struct buf *buf);

/* ERR_NOMEM with its text if an append failed, else 0. */
enum err buf_status(const struct buf *buf);

static inline struct view buf_view(const struct buf *buf)
{
	return (struct view){ buf->data, buf->size };
}

#define BUF_CLEANUP __attribute__((cleanup(buf_finish)))
