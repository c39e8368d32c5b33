#include "cli/commands.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

/* What a letter stands for, in whatever command; -f is a function to call, or to follow where there is none. */
static const struct {
	char letter;
	const char *names[3];
} letters[] = {
	{ 'c', { "config" } },
	{ 'D', { "dial" } },
	{ 'd', { "duration" } },
	{ 'e', { "env" } },
	{ 'f', { "function", "follow" } },
	{ 'k', { "stack" } },
	{ 'L', { "listen" } },
	{ 'o', { "output" } },
	{ 'q', { "quiet" } },
	{ 'S', { "sockets" } },
	{ 'T', { "trace" } },
	{ 't', { "start-time" } },
	{ 'v', { "verbose" } },
	{ 'y', { "paths" } },
};

static bool is_known_letter(const struct option *option)
{
	for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
		for (size_t n = 0; letters[i].letter == option->letter && letters[i].names[n]; n++) {
			if (strcmp(letters[i].names[n], option->name) == 0)
				return true;
		}
	}
	return false;
}

/* All options of all commands. */
struct all {
	const struct command *command;
	struct {
		const struct command *command;
		const struct option *option;
	} seen[256];
	size_t count;
};

static bool check_option(const struct option *option, size_t base, void *data)
{
	struct all *all = data;
	if (!option->name)
		return true;
	if (option->letter && !is_known_letter(option))
		fail_msg("%s: -%c is --%s", all->command->name, option->letter, option->name);
	if (!option->help || !option->help[0] || strcmp(option->name, "help") == 0 || option->letter == 'h')
		fail_msg("%s: --%s", all->command->name, option->name);
	assert_true(base + option->offset < all->command->size);
	assert_int_equal(option->kind == OPTION_FLAG, !option->argument);
	assert_int_equal(option->kind == OPTION_CALL, option->parse != NULL);
	for (size_t i = 0; i < all->count; i++) {
		const struct option *other = all->seen[i].option;
		bool same_name = strcmp(other->name, option->name) == 0, same_letter = option->letter && other->letter == option->letter;
		if (all->seen[i].command == all->command && (same_name || same_letter))
			fail_msg("%s: --%s and --%s", all->command->name, other->name, option->name);
		if (same_name && other->letter != option->letter)
			fail_msg("--%s: -%c in %s", option->name, option->letter, all->command->name);
		if (same_name && !option->argument != !other->argument)
			fail_msg("--%s: with a value or without in %s", option->name, all->command->name);
	}
	assert_true(all->count < sizeof all->seen / sizeof all->seen[0]);
	all->seen[all->count].command = all->command;
	all->seen[all->count++].option = option;
	return true;
}

static void a_name_or_letter_means_one_thing_everywhere(void **state)
{
	(void)state;
	struct all all = { 0 };
	for (const struct command *const *command = commands; *command; command++) {
		all.command = *command;
		options_each((*command)->options, 0, check_option, &all);
	}
	assert_true(all.count > 20);
}

/* A command of the test's own. */
struct inner {
	const char *size;
	bool stack;
};

struct outer {
	bool quiet, all, sizes;
	const char *text;
	struct option_list list;
	int number;
	struct inner inner;
};

static enum err parse_number(void *target, const char *value)
{
	if (value && strspn(value, "0123456789") != strlen(value))
		return err_set(ERR_USAGE, "\"%s\" is no number", value);
	*(int *)target = value ? atoi(value) : -1;
	return ERR_NONE;
}

static const struct option inner_table[] = {
	{ .name = "size", .letter = 's', .kind = OPTION_TEXT, .argument = "N", .help = "A size.", .offset = offsetof(struct inner, size) },
	{ .name = "stack", .kind = OPTION_FLAG, .help = "A stack.", .offset = offsetof(struct inner, stack) },
	{ 0 },
};

#define AT(member) offsetof(struct outer, member)
static const struct option outer_table[] = {
	{ .name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .help = "Quiet.", .offset = AT(quiet) },
	OPTION_INCLUDE(inner_table, struct outer, inner),
	{ .name = "all", .letter = 'a', .kind = OPTION_FLAG, .help = "All.", .offset = AT(all) },
	{ .name = "sizes", .kind = OPTION_FLAG, .help = "Sizes.", .offset = AT(sizes) },
	{ .name = "text", .letter = 't', .kind = OPTION_TEXT, .argument = "TEXT", .help = "A text.", .offset = AT(text) },
	{ .name = "list", .letter = 'l', .kind = OPTION_LIST, .argument = "ITEM", .help = "An item.", .offset = AT(list) },
	{ .name = "number",
		.letter = 'n',
		.kind = OPTION_CALL,
		.value_optional = true,
		.argument = "N",
		.help = "A number.",
		.offset = AT(number),
		.parse = parse_number },
	{ 0 },
};
static const struct command reads = { .name = "reads", .options = outer_table, .size = sizeof(struct outer) };
static const struct command runs = { .name = "runs", .options = outer_table, .size = sizeof(struct outer), .runs = true };

/* A command line, parsed. */
struct line {
	struct outer options;
	char *words[16];
	int count; /* of arguments that are left */
	bool help;
};

/* The words of `text`, with spaces between; _ is an empty one. */
static enum err parse(const struct command *command, char *text, struct line *line)
{
	*line = (struct line){ 0 };
	int count = 0;
	for (char *rest = text, *word; (word = strsep(&rest, " "));)
		line->words[count++] = strcmp(word, "_") == 0 ? word + 1 : word;
	return options_parse(command, &line->options, count, line->words, &line->count, &line->help);
}

static void options_are_written_in_the_manner_of_gnu(void **state)
{
	(void)state;
	struct line line;
	char text[] = "-qa one --text=a=b --list x -ly -l z two --size 5 --number -n --stack";
	assert_int_equal(parse(&reads, text, &line), ERR_NONE);
	assert_true(line.options.quiet && line.options.all && line.options.inner.stack && !line.options.sizes && !line.help);
	assert_string_equal(line.options.text, "a=b");
	assert_string_equal(line.options.inner.size, "5");
	assert_int_equal(line.options.number, -1);
	assert_int_equal(line.options.list.count, 3);
	assert_string_equal(line.options.list.items[0], "x");
	assert_string_equal(line.options.list.items[1], "y");
	assert_string_equal(line.options.list.items[2], "z");
	assert_int_equal(line.count, 2);
	assert_string_equal(line.words[0], "one");
	assert_string_equal(line.words[1], "two");
	options_finish(&reads, &line.options);

	char grouped[] = "-qat5 - --text _ --number=7 -- -q --all";
	assert_int_equal(parse(&reads, grouped, &line), ERR_NONE);
	assert_string_equal(line.options.text, "");
	assert_int_equal(line.options.number, 7);
	assert_int_equal(line.count, 3);
	assert_string_equal(line.words[0], "-");
	assert_string_equal(line.words[1], "-q");
	assert_string_equal(line.words[2], "--all");
}

static void names_may_be_cut_where_no_other_begins_alike(void **state)
{
	(void)state;
	struct line line;
	char text[] = "--te x --size=1 --sizes --st";
	assert_int_equal(parse(&reads, text, &line), ERR_NONE);
	assert_string_equal(line.options.text, "x");
	assert_string_equal(line.options.inner.size, "1");
	assert_true(line.options.sizes && line.options.inner.stack);
}

static void what_is_run_keeps_its_own_options(void **state)
{
	(void)state;
	struct line line;
	char text[] = "-q prog --all -- -x --help";
	assert_int_equal(parse(&runs, text, &line), ERR_NONE);
	assert_true(line.options.quiet && !line.options.all && !line.help);
	assert_int_equal(line.count, 5);
	assert_string_equal(line.words[0], "prog");
	assert_string_equal(line.words[4], "--help");
	char dashes[] = "-q -- -prog --all";
	assert_int_equal(parse(&runs, dashes, &line), ERR_NONE);
	assert_int_equal(line.count, 2);
	assert_string_equal(line.words[0], "-prog");
	char help[] = "-q -h";
	assert_int_equal(parse(&runs, help, &line), ERR_NONE);
	assert_true(line.help);
}

static void mistakes_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *line, *error;
	} cases[] = {
		{ "--siez 5", "reads: there is no option --siez; did you mean --size?" },
		{ "--wholly-unknown=1", "reads: there is no option --wholly-unknown; see 'timecraft help reads'" },
		{ "--=1", "reads: there is no option --; see 'timecraft help reads'" },
		{ "-qx", "reads: there is no option -x; see 'timecraft help reads'" },
		{ "--quiet=yes", "reads: --quiet takes no value" },
		{ "--text", "reads: --text needs a value: TEXT" },
		{ "-qt", "reads: -t needs a value: TEXT" },
		{ "--s 1", "reads: --s could be several options; write it out" },
		{ "--number=many", "reads: --number: \"many\" is no number" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct line line;
		char text[64];
		snprintf(text, sizeof text, "%s", cases[i].line);
		assert_int_equal(parse(&reads, text, &line), ERR_USAGE);
		assert_string_equal(err_text(), cases[i].error);
	}
}

static const char *next_word(void *state)
{
	const char *const **at = state;
	return **at ? *(*at)++ : NULL;
}

static void the_nearest_word_is_near(void **state)
{
	(void)state;
	static const char *const words[] = { "replay", "run", "trace", NULL };
	const char *const *at = words;
	assert_string_equal(nearest_word("rpelay", next_word, &at), "replay");
	at = words;
	assert_string_equal(nearest_word("rum", next_word, &at), "run");
	at = words;
	assert_null(nearest_word("describe", next_word, &at));
}

/* TIMECRAFT_GOLDEN=write in the environment writes the file anew, to be read before it is committed. */
static void help_tells_of_every_option(void **state)
{
	(void)state;
	const char *folder = getenv("UNIT_DIR");
	char path[4096];
	BUF_CLEANUP struct buf help = { 0 }, golden = { 0 };
	snprintf(path, sizeof path, "%s/golden/help.txt", folder ? folder : "tests/unit");
	for (const struct command *const *command = commands; *command; command++) {
		options_print_help(*command, &help);
		buf_append_text(&help, "----\n");
	}
	const char *wanted = getenv("TIMECRAFT_GOLDEN");
	bool update = wanted && strcmp(wanted, "write") == 0;
	FILE *file = fopen(path, update ? "w" : "r");
	assert_non_null(file);
	if (update)
		fwrite(help.data, 1, help.size, file);
	for (int c; !update && (c = getc(file)) != EOF;)
		buf_append_byte(&golden, (uint8_t)c);
	fclose(file);
	if (!update)
		assert_string_equal(buf_text(&help), buf_text(&golden));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_or_letter_means_one_thing_everywhere),
		cmocka_unit_test(options_are_written_in_the_manner_of_gnu),
		cmocka_unit_test(names_may_be_cut_where_no_other_begins_alike),
		cmocka_unit_test(what_is_run_keeps_its_own_options),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(the_nearest_word_is_near),
		cmocka_unit_test(help_tells_of_every_option),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
