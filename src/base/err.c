#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char text[4096];

static void set_text(const char *format, va_list args)
{
	vsnprintf(text, sizeof text, format, args);
}

enum err err_set(enum err code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	set_text(format, args);
	va_end(args);
	return code;
}

static enum err code_of(int errnum)
{
	switch (errnum) {
	case ENOMEM: return ERR_NOMEM;
	case ENOENT:
	case ENOTDIR: return ERR_NOT_FOUND;
	case EEXIST: return ERR_EXISTS;
	case EACCES:
	case EPERM:
	case EROFS: return ERR_ACCESS;
	case ENOSPC:
	case EDQUOT:
	case EFBIG: return ERR_NOSPACE;
	default: return ERR_IO;
	}
}

enum err err_set_errno(int errnum, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	set_text(format, args);
	va_end(args);
	size_t used = strlen(text);
	snprintf(text + used, sizeof text - used, ": %s", strerror(errnum));
	return code_of(errnum);
}

enum err err_prefix(enum err code, const char *format, ...)
{
	char rest[sizeof text];
	memcpy(rest, text, sizeof text);
	va_list args;
	va_start(args, format);
	set_text(format, args);
	va_end(args);
	size_t used = strlen(text);
	if (rest[0])
		snprintf(text + used, sizeof text - used, ": %s", rest);
	return code;
}

const char *err_text(void)
{
	return text;
}
