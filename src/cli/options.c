#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>

bool options_each(const struct option *table, size_t base, option_visit *visit, void *data)
{
	for (const struct option *option = table; option && (option->name || option->help); option++) {
		bool more = option->include ? options_each(option->include, base + option->offset, visit, data) : visit(option, base, data);
		if (!more)
			return false;
	}
	return true;
}

struct search {
	const char *name;
	size_t size;
	char letter;
	const struct option *found;
	size_t base;
	uint32_t matches; /* by prefix */
};

static bool match(const struct option *option, size_t base, void *data)
{
	struct search *s = data;
	if (!option->name)
		return true;
	bool exact = s->name && strlen(option->name) == s->size && strncmp(option->name, s->name, s->size) == 0;
	bool letter = s->letter && option->letter == s->letter;
	bool prefix = s->name && strncmp(option->name, s->name, s->size) == 0;
	if (!exact && !letter && !prefix)
		return true;
	s->found = option;
	s->base = base;
	s->matches = exact || letter ? 1 : s->matches + 1;
	return !exact && !letter;
}

struct names {
	const char **all;
	size_t count, capacity, at;
};

static bool collect(const struct option *option, size_t base, void *data)
{
	struct names *names = data;
	(void)base;
	if (option->name && names->count < names->capacity)
		names->all[names->count++] = option->name;
	return true;
}

static const char *next_name(void *state)
{
	struct names *names = state;
	return names->at < names->count ? names->all[names->at++] : NULL;
}

static size_t distance(const char *a, const char *b)
{
	enum { MAX = 40 };
	size_t row[MAX + 1], n = strlen(b);
	if (strlen(a) > MAX || n > MAX)
		return MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; *a; a++, i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t up = row[j], best = diagonal + (*a != b[j - 1]);
			best = up + 1 < best ? up + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			diagonal = up;
			row[j] = best;
		}
	}
	return row[n];
}

const char *nearest_word(const char *word, const char *(*next)(void *state), void *state)
{
	const char *best = NULL;
	size_t least = strlen(word) / 3 + 2;
	for (const char *candidate; (candidate = next(state));) {
		size_t d = distance(word, candidate);
		if (d < least) {
			best = candidate;
			least = d;
		}
	}
	return best;
}

static enum err unknown_name(const struct command *command, const char *name, size_t size)
{
	const char *all[128];
	struct names names = { .all = all, .capacity = 128 };
	char word[64];
	options_each(command->options, 0, collect, &names);
	snprintf(word, sizeof word, "%.*s", (int)size, name);
	const char *near = nearest_word(word, next_name, &names);
	if (near)
		return err_set(ERR_USAGE, "%s: there is no option --%s; did you mean --%s?", command->name, word, near);
	return err_set(ERR_USAGE, "%s: there is no option --%s; see 'timecraft help %s'", command->name, word, command->name);
}

static enum err store(const struct command *command, const struct search *s, void *target, const char *value)
{
	void *at = (char *)target + s->base + s->found->offset;
	switch (s->found->kind) {
	case OPTION_FLAG: *(bool *)at = true; return ERR_NONE;
	case OPTION_TEXT: *(const char **)at = value; return ERR_NONE;
	case OPTION_LIST: {
		struct option_list *list = at;
		const char **items = realloc(list->items, (list->count + 1) * sizeof *items);
		if (!items)
			return err_nomem();
		list->items = items;
		list->items[list->count++] = value;
		return ERR_NONE;
	}
	default: break;
	}
	enum err err = s->found->parse(at, value);
	return err ? err_prefix(err, "%s: --%s", command->name, s->found->name) : ERR_NONE;
}

/* One --name, --name=value or --name value. Returns how many arguments it took in `ret_used`. */
static enum err parse_long(const struct command *command, void *target, int left, char **argv, int *ret_used)
{
	const char *name = argv[0] + 2, *equals = strchr(name, '=');
	struct search s = { .name = name, .size = equals ? (size_t)(equals - name) : strlen(name) };
	options_each(command->options, 0, match, &s);
	if (!s.found || s.size == 0)
		return unknown_name(command, name, s.size);
	if (s.matches > 1)
		return err_set(ERR_USAGE, "%s: --%.*s could be several options; write it out", command->name, (int)s.size, name);
	*ret_used = 1;
	if (!s.found->argument) {
		if (equals)
			return err_set(ERR_USAGE, "%s: --%s takes no value", command->name, s.found->name);
		return store(command, &s, target, NULL);
	}
	if (equals || s.found->value_optional)
		return store(command, &s, target, equals ? equals + 1 : NULL);
	if (left < 2)
		return err_set(ERR_USAGE, "%s: --%s needs a value: %s", command->name, s.found->name, s.found->argument);
	*ret_used = 2;
	return store(command, &s, target, argv[1]);
}

/* -a, -abc, -avalue or -a value. */
static enum err parse_short(const struct command *command, void *target, int left, char **argv, int *ret_used)
{
	*ret_used = 1;
	for (const char *letter = argv[0] + 1; *letter; letter++) {
		struct search s = { .letter = *letter };
		options_each(command->options, 0, match, &s);
		if (!s.found)
			return err_set(ERR_USAGE, "%s: there is no option -%c; see 'timecraft help %s'", command->name, *letter,
				command->name);
		if (!s.found->argument || s.found->value_optional) {
			TRY(store(command, &s, target, NULL));
			continue;
		}
		if (letter[1])
			return store(command, &s, target, letter + 1);
		if (left < 2)
			return err_set(ERR_USAGE, "%s: -%c needs a value: %s", command->name, *letter, s.found->argument);
		*ret_used = 2;
		return store(command, &s, target, argv[1]);
	}
	return ERR_NONE;
}

enum err options_parse(const struct command *command, void *target, int argc, char **argv, int *ret_count, bool *ret_help)
{
	int kept = 0;
	*ret_help = false;
	for (int i = 0; i < argc;) {
		int used = 1;
		if (strcmp(argv[i], "--") == 0 || (command->runs && (argv[i][0] != '-' || !argv[i][1]))) {
			i += argv[i][0] == '-' && argv[i][1] == '-';
			while (i < argc)
				argv[kept++] = argv[i++];
			break;
		}
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			*ret_help = true;
		else if (argv[i][0] == '-' && argv[i][1] == '-')
			TRY(parse_long(command, target, argc - i, argv + i, &used));
		else if (argv[i][0] == '-' && argv[i][1])
			TRY(parse_short(command, target, argc - i, argv + i, &used));
		else
			argv[kept++] = argv[i];
		i += used;
	}
	*ret_count = kept;
	return ERR_NONE;
}

static bool free_list(const struct option *option, size_t base, void *target)
{
	if (option->name && option->kind == OPTION_LIST)
		free(((struct option_list *)((char *)target + base + option->offset))->items);
	return true;
}

void options_finish(const struct command *command, void *target)
{
	options_each(command->options, 0, free_list, target);
}

int fail(enum err err)
{
	fprintf(stderr, "timecraft: %s\n", err_text());
	return err == ERR_USAGE ? 2 : 1;
}
