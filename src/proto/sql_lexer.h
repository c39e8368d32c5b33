/* Words, texts and what else there is in a statement of SQL, in two dialects of it. */
#pragma once

#include "proto/sql.h"

enum token { TOKEN_END, TOKEN_BLANK, TOKEN_WORD, TOKEN_NAME, TOKEN_STRING, TOKEN_NUMBER, TOKEN_OTHER };

struct lexer {
	struct view text;
	size_t at, start; /* of the token that was taken last */
	enum sql_dialect dialect;
};

enum token sql_take(struct lexer *lexer);

static inline struct view sql_token(const struct lexer *lexer)
{
	return view_slice(lexer->text, lexer->start, lexer->at - lexer->start);
}

static inline bool sql_is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}
