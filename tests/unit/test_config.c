#include "folder.h"
#include "registry/config.h"

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
	write_text(below("c.yaml"), "registry:\n  location: ~/r\ndefaults:\n  restrict: true\n  env: [A, \"B=1\"]\n  dirs: [/x::/y:ro]\n");
	assert_int_equal(config_load(below("c.yaml"), &config), 0);
	assert_true(config.exists && config.restricted);
	assert_string_equal(config.registry, below("r"));
	assert_int_equal(config.env_count, 2);
	assert_string_equal(config.env[1], "B=1");
	assert_int_equal(config.dir_count, 1);
	assert_string_equal(config.dirs[0], "/x::/y:ro");
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
		{ "registry:\n  place: /x\n", ":2: \"place\" is not known here; known are: location" },
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(configurations_are_read, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(wrong_configurations_are_errors, make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
