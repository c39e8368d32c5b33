/* Passwords in commands of Redis. */
#include "proto/redis_parts.h"

static void hide(struct datum *words, uint32_t count, uint32_t at)
{
	if (at < count)
		words[at].flags |= DATUM_SECRET;
}

static bool is(const struct datum *words, uint32_t count, uint32_t at, const char *word)
{
	return at < count && datum_has_text(&words[at]) && view_is_word(words[at].text, word);
}

/* A setting whose value is a secret by its name: requirepass, masterauth, tls-key-file-pass. */
static bool is_secret_name(const struct datum *word)
{
	struct view name = datum_has_text(word) ? word->text : (struct view){ 0 };
	if (name.size >= 4 && view_is_word(view_slice(name, name.size - 4, 4), "AUTH"))
		return true;
	for (size_t i = 0; i + 4 <= name.size; i++) {
		if (view_is_word(view_slice(name, i, 4), "PASS"))
			return true;
	}
	return false;
}

static void hide_values(struct datum *words, uint32_t count, uint32_t first)
{
	for (uint32_t i = first; i < count; i += 2) {
		if (is_secret_name(&words[i]))
			hide(words, count, i + 1);
	}
}

/* ACL SETUSER name >password <password #digest !digest; what ACL GETUSER and ACL LIST tell is digests. */
static enum redis_secret hide_acl(struct datum *words, uint32_t count)
{
	for (uint32_t i = 3; is(words, count, 1, "SETUSER") && i < count; i++) {
		struct view text = datum_has_text(&words[i]) ? words[i].text : (struct view){ 0 };
		if (text.size && text.data[0] && strchr("><#!", text.data[0]))
			hide(words, count, i);
	}
	if (is(words, count, 1, "LIST") || is(words, count, 1, "GENPASS"))
		return REPLY_SECRET;
	return is(words, count, 1, "GETUSER") ? REPLY_SECRETS : REPLY_OPEN;
}

static void hide_behind(struct datum *words, uint32_t count, const char *word, uint32_t distance)
{
	for (uint32_t i = 1; i < count; i++) {
		if (is(words, count, i, word))
			hide(words, count, i + distance);
	}
}

enum redis_secret redis_hide(enum redis_kind kind, struct datum *words, uint32_t count)
{
	switch (kind) {
	case REDIS_ACL: return hide_acl(words, count);
	case REDIS_AUTH:
		for (uint32_t i = count == 3 ? 2 : 1; i < count; i++)
			hide(words, count, i);
		break;
	case REDIS_HELLO: hide_behind(words, count, "AUTH", 2); break;
	case REDIS_MIGRATE:
		hide_behind(words, count, "AUTH", 1);
		hide_behind(words, count, "AUTH2", 2);
		break;
	case REDIS_SENTINEL: hide_values(words, count, 3); break;
	case REDIS_CONFIG:
		if (is(words, count, 1, "SET"))
			hide_values(words, count, 2);
		return is(words, count, 1, "GET") ? REPLY_SECRETS : REPLY_OPEN;
	default: break;
	}
	return REPLY_OPEN;
}

bool redis_may_hide(enum redis_kind kind)
{
	return kind == REDIS_ACL || kind == REDIS_AUTH || kind == REDIS_CONFIG || kind == REDIS_HELLO || kind == REDIS_MIGRATE ||
		kind == REDIS_SENTINEL;
}

void redis_hide_reply(enum redis_secret secret, struct datum *reply)
{
	if (secret == REPLY_SECRET)
		reply->flags |= DATUM_SECRET;
	else if (secret == REPLY_SECRETS && datum_has_items(reply))
		hide_values((struct datum *)reply->items, reply->count, 0);
}
