#include "folder.h"
#include "registry/config.h"

#include <pwd.h>

/* The user database: in the place of the library's. */
static int questions;
struct passwd *getpwuid(uid_t id)
{
	static char home[4096];
	static struct passwd user = { .pw_dir = home };
	(void)id;
	questions++;
	snprintf(home, sizeof home, "%s", below("home"));
	return &user;
}

static void configurations_are_read(void **state)
{
	(void)state;
	struct config config;
	setenv("HOME", folder, 1);
	unsetenv("TIMECRAFTCONFIG");
	assert_int_equal(config_load(NULL, &config), 0);
	assert_false(config.exists);
	assert_string_equal(config.registry, below(".timecraft"));
	config_finish(&config);
	write_text(below("c.yaml"),
		"registry:\n  location: ~/r\ndefaults:\n  restrict: true\n  env: [A, \"B=1\"]\n  dirs: [/x::/y:ro]\n"
		"  net: [\"*:443\"]\n");
	assert_int_equal(config_load(below("c.yaml"), &config), 0);
	assert_true(config.exists && config.restricted);
	assert_string_equal(config.registry, below("r"));
	assert_int_equal(config.env_count, 2);
	assert_string_equal(config.env[1], "B=1");
	assert_int_equal(config.dir_count, 1);
	assert_string_equal(config.dirs[0], "/x::/y:ro");
	assert_int_equal(config.net_count, 1);
	assert_string_equal(config.net[0], "*:443");
	config_finish(&config);
	write_text(below("c.yaml"), "registry: {location: beside/it}\n");
	assert_int_equal(config_load(below("c.yaml"), &config), 0);
	assert_string_equal(config.registry, below("beside/it"));
	config_finish(&config);
	write_text(below("c.yaml"), config_template);
	setenv("TIMECRAFTCONFIG", below("c.yaml"), 1);
	assert_int_equal(config_load(NULL, &config), 0);
	assert_true(config.exists && !config.restricted);
	config_finish(&config);
}

static void wrong_configurations_are_errors(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "registry:\n  place: /x\n", ":2: \"place\" is not known here; known are: location, cache" },
		{ "registry:\n  location: /a\n  cache: /b\n",
			":3: a registry has a cache only if its location is a store: s3://BUCKET/PREFIX" },
		{ "defaults:\n  restrict: maybe\n", ":2: expected true or false" },
		{ "defaults:\n  env: A\n", ":2: expected a list" },
		{ "registry: x\n", ":1: expected keys with values" },
		{ "registry:\n  location: [a]\n", ":2: expected a string" },
		{ "registry:\n  location: a\n  location: b\n", ":3: location is there twice" },
		{ "a: [\n", ":2: did not find expected node content" },
	};
	struct config config;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char expected[1024];
		write_text(below("c.yaml"), cases[i].text);
		assert_int_equal(config_load(below("c.yaml"), &config), ERR_USAGE);
		snprintf(expected, sizeof expected, "%s%s", below("c.yaml"), cases[i].error);
		assert_string_equal(err_text(), expected);
	}
	assert_int_equal(config_load(below("none.yaml"), &config), ERR_NOT_FOUND);
}

static void the_users_home_is_looked_up_only_where_it_is_needed(void **state)
{
	(void)state;
	static const struct {
		const char *text, *registry;
		int questions;
	} cases[] = {
		{ "registry: {location: /absolute}\n", "/absolute", 0 },
		{ "registry: {location: r}\n", "r", 0 },
		{ "defaults: {restrict: true}\n", "home/.timecraft", 1 },
		{ "registry: {location: ~/r}\n", "home/r", 1 },
	};
	struct config config;
	unsetenv("HOME");
	unsetenv("TIMECRAFTCONFIG");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *registry = cases[i].registry;
		questions = 0;
		write_text(below("c.yaml"), cases[i].text);
		assert_int_equal(config_load(below("c.yaml"), &config), 0);
		assert_string_equal(config.registry, registry[0] == '/' ? registry : below(registry));
		assert_int_equal(questions, cases[i].questions);
		config_finish(&config);
	}
	assert_int_equal(config_load(NULL, &config), 0);
	assert_string_equal(config.path, below("home/.timecraft/config.yaml"));
	config_finish(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(configurations_are_read, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(the_users_home_is_looked_up_only_where_it_is_needed, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(wrong_configurations_are_errors, make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
