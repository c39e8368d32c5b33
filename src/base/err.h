/*
 * Errors: a code that callers act on, and one line of text for people.
 *
 * Functions return `enum err`, 0 for success. The text says what, where and what to do; it is set where the error is found, kept per
 * thread, and stays until the next err_set in that thread. Who cannot go on passes the code up, adding context with err_prefix.
 */
#pragma once

enum err {
	ERR_NONE = 0,
	ERR_END,          /* nothing more to read; not a failure and has no text */
	ERR_NOMEM,        /* the host has no memory */
	ERR_USAGE,        /* an option, argument or setting is wrong */
	ERR_MALFORMED,    /* input that does not follow its format */
	ERR_UNSUPPORTED,  /* well-formed input that asks for what this version does not do */
	ERR_LIMIT,        /* a documented limit was passed */
	ERR_NOT_FOUND,
	ERR_AMBIGUOUS,
	ERR_EXISTS,
	ERR_ACCESS,
	ERR_NOSPACE,
	ERR_IO,
	ERR_DAMAGED,      /* a recording whose bytes are not what was written */
	ERR_DIVERGED,     /* a replay that asked for something else than the recording holds */
	ERR_TRAP,         /* the guest trapped; see store_trap */
	ERR_STOPPED,      /* the guest was stopped from outside */
	ERR_EXITED,       /* the guest called proc_exit */
};

/* Sets the text and returns `code`. */
enum err err_set(enum err code, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

/* As err_set, with the code that fits `errnum` and ": " and its description behind the text. */
enum err err_set_errno(int errnum, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

/* Puts "context: " before the text and returns `code`. */
enum err err_prefix(enum err code, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

/* Sets "out of memory" and returns ERR_NOMEM; here, so that who looks for null pointers sees that it never returns 0. */
static inline enum err err_nomem(void)
{
	err_set(ERR_NOMEM, "out of memory");
	return ERR_NOMEM;
}

/* The text last set in this thread, "" if none; valid until the next err_set. */
const char *err_text(void);

/* Passes an error up. */
#define TRY(expression)                            \
	do {                                       \
		enum err try_err_ = (expression);  \
		if (__builtin_expect(try_err_, 0)) \
			return try_err_;           \
	} while (0)
