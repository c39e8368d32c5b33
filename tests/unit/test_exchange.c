/* Which exchanges a trace shows, and what they add up to. */
#include "unit.h"

#include "base/glob.h"
#include "base/time.h"
#include "trace/exchange_filter.h"
#include "trace/exchange_summary.h"

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "*", "a/b", true },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "*.test", "a.test", true },
		{ "*.test", "a.tests", false },
		{ "a*b*c", "aXbbYc", true },
		{ "a*b*c", "aXbbY", false },
		{ "a**", "a", true },
		{ "[a]", "a", false },
		{ "/api/*/x", "/api/1/2/x", true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(glob_matches(view_text(cases[i].pattern), view_text(cases[i].text)), cases[i].fits);
}

/* Which fits nothing must not take longer for each star. */
static void test_many_stars_take_no_longer(void **state)
{
	static char text[1 << 15], pattern[] = "a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";
	(void)state;
	memset(text, 'a', sizeof text);
	assert_false(glob_matches(view_text(pattern), view_of(text, sizeof text)));
}

static const struct message_field fields[] = { { { (const uint8_t *)"Accept", 6 }, { (const uint8_t *)"*", 1 } },
	{ { (const uint8_t *)"hOST", 4 }, { (const uint8_t *)"API.example.test:8080", 21 } } };

static struct exchange exchange_of(const char *method, const char *target, uint32_t status)
{
	struct exchange exchange = { .protocol = "HTTP", .record = 7, .time = 100 };
	exchange.client = (struct net_address){ NET_INET4, 4, 49152, { 172, 16, 0, 0 } };
	exchange.server = (struct net_address){ NET_INET4, 4, 8080, { 192, 0, 2, 7 } };
	exchange.server_name = view_text("found.test");
	exchange.request.present = true;
	exchange.request.message =
		(struct message){ .method = view_text(method), .path = view_text(target), .protocol = view_text("HTTP/1.1") };
	exchange.request.message.fields = fields;
	exchange.request.message.field_count = 2;
	exchange.response.present = status != 0;
	exchange.response.message.status = status;
	exchange.response.message.error = view_text(status ? "" : "no response");
	return exchange;
}

static bool passes(enum exchange_condition by, const char *text, const struct exchange *exchange)
{
	struct exchange_filter filter = { 0 };
	assert_int_equal(exchange_filter_add(&filter, by, text), ERR_NONE);
	return exchange_filter_passes(&filter, exchange);
}

static void test_conditions(void **state)
{
	static const struct {
		enum exchange_condition by;
		const char *text;
		bool passes;
	} cases[] = {
		{ BY_PEER, "192.0.2.7", true },
		{ BY_PEER, "192.0.2.7:8080", true },
		{ BY_PEER, "172.16.*", true },
		{ BY_PEER, "192.0.2.8", false },
		{ BY_PORT, "8080", true },
		{ BY_PORT, "80,8000..8999", true },
		{ BY_PORT, "80", false },
		{ BY_PORT, "..1024", false },
		{ BY_HOST, "api.example.test", true },
		{ BY_HOST, "*.EXAMPLE.test", true },
		{ BY_HOST, "example.test", false },
		{ BY_METHOD, "get", true },
		{ BY_METHOD, "HEAD,GET", true },
		{ BY_METHOD, "GE", false },
		{ BY_PATH, "/users", true },
		{ BY_PATH, "/users?id=*", true },
		{ BY_PATH, "/USERS", false },
		{ BY_PATH, "/u*", true },
		{ BY_STATUS, "404", true },
		{ BY_STATUS, "4xx", true },
		{ BY_STATUS, "400..499", true },
		{ BY_STATUS, "500..", false },
		{ BY_STATUS, "2xx,5XX", false },
		{ BY_STATUS, "error", false },
	};
	struct exchange exchange = exchange_of("GET", "/users?id=1", 404), lost = exchange_of("GET", "/", 0);
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (passes(cases[i].by, cases[i].text, &exchange) != cases[i].passes)
			fail_msg("%s", cases[i].text);
	}
	assert_true(passes(BY_STATUS, "error", &lost));
	assert_false(passes(BY_STATUS, "..599", &lost));
}

/* One of each kind must hold. */
static void test_conditions_together(void **state)
{
	struct exchange get = exchange_of("GET", "/a", 200), post = exchange_of("POST", "/b", 200);
	struct exchange_filter filter = { 0 };
	(void)state;
	assert_int_equal(exchange_filter_add(&filter, BY_PATH, "/a"), ERR_NONE);
	assert_int_equal(exchange_filter_add(&filter, BY_PATH, "/b"), ERR_NONE);
	assert_true(exchange_filter_passes(&filter, &get) && exchange_filter_passes(&filter, &post));
	assert_int_equal(exchange_filter_add(&filter, BY_METHOD, "POST"), ERR_NONE);
	assert_true(!exchange_filter_passes(&filter, &get) && exchange_filter_passes(&filter, &post));
}

static void test_what_is_no_condition(void **state)
{
	static const struct {
		enum exchange_condition by;
		const char *text;
	} cases[] = { { BY_STATUS, "" }, { BY_STATUS, "abc" }, { BY_STATUS, "7" }, { BY_STATUS, "200,," }, { BY_STATUS, "499..400" },
		{ BY_STATUS, "xx" }, { BY_STATUS, "20000000000" }, { BY_PORT, "65536" }, { BY_PORT, "-1" }, { BY_PORT, "0" },
		{ BY_METHOD, "" }, { BY_METHOD, "GET,,PUT" }, { BY_METHOD, "GET," }, { BY_STATUS, "200," }, { BY_HOST, "" },
		{ BY_PATH, "" }, { BY_PEER, "" } };
	struct exchange_filter filter = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (exchange_filter_add(&filter, cases[i].by, cases[i].text) != ERR_USAGE)
			fail_msg("\"%s\" is taken", cases[i].text);
	}
	for (uint32_t i = filter.conditions[BY_HOST].count; i < CONDITIONS_MAX; i++)
		assert_int_equal(exchange_filter_add(&filter, BY_HOST, "a"), ERR_NONE);
	assert_int_equal(exchange_filter_add(&filter, BY_HOST, "a"), ERR_USAGE);
}

static void test_hosts_and_paths(void **state)
{
	static const struct {
		const char *method, *target, *host, *path;
	} cases[] = {
		{ "GET", "/x?y", "API.example.test", "/x?y" },
		{ "GET", "http://u:p@b.test:81/x?y", "b.test", "/x?y" },
		{ "GET", "http://b.test", "b.test", "/" },
		{ "GET", "https://[2001:db8::1]:81/", "2001:db8::1", "/" },
		{ "CONNECT", "c.test:443", "c.test", "c.test:443" },
		{ "OPTIONS", "*", "API.example.test", "*" },
		{ "GET", "", "API.example.test", "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct exchange exchange = exchange_of(cases[i].method, cases[i].target, 200);
		assert_true(view_is(exchange_host(&exchange), cases[i].host));
		assert_true(view_is(exchange_path(&exchange), cases[i].path));
	}
	struct exchange nameless = exchange_of("GET", "/", 200);
	nameless.request.message.field_count = 0;
	assert_true(view_is(exchange_host(&nameless), "found.test"));
}

static void add(struct exchange_summary *summary, const char *target, uint32_t status, uint64_t latency)
{
	struct exchange exchange = exchange_of("GET", target, status);
	exchange.request.message.time = 1000;
	exchange.response.message.time = 1000 + latency;
	exchange.response.message.body_bytes = 10;
	assert_int_equal(exchange_summary_add(summary, &exchange), ERR_NONE);
}

/* Within a 32nd part of what it is. */
static void assert_near(uint64_t value, uint64_t expected)
{
	assert_in_range(value, expected - expected / 32, expected + expected / 32);
}

static void test_sums(void **state)
{
	struct exchange_summary *summary;
	uint32_t count;
	(void)state;
	assert_int_equal(exchange_summary_create(&summary), ERR_NONE);
	for (uint32_t i = 1; i <= 100; i++)
		add(summary, i % 2 ? "/a?x=1" : "/a", i % 10 ? 200 : 503, i * NS_PER_MS);
	add(summary, "/b", 0, 0);
	struct exchange_group *const *groups = exchange_summary_groups(summary, &count);
	assert_int_equal(count, 2);
	assert_true(view_is(groups[0]->path, "/a") && view_is(groups[0]->host, "API.example.test"));
	assert_int_equal(groups[0]->count, 100);
	assert_int_equal(groups[0]->statuses[2], 90);
	assert_int_equal(groups[0]->statuses[5], 10);
	assert_int_equal(groups[0]->bytes, 1000);
	assert_int_equal(groups[0]->latency_max, 100 * NS_PER_MS);
	assert_near(exchange_group_latency(groups[0], 50), 50 * NS_PER_MS);
	assert_near(exchange_group_latency(groups[0], 95), 95 * NS_PER_MS);
	assert_int_equal(groups[1]->errors, 1);
	assert_int_equal(exchange_group_latency(groups[1], 50), 0);
	exchange_summary_destroy(summary);
}

/* Paths come from the wire: there may be any number, of any length. */
static void test_groups_are_bounded(void **state)
{
	static char path[5000];
	struct exchange_summary *summary;
	uint32_t count;
	(void)state;
	assert_int_equal(exchange_summary_create(&summary), ERR_NONE);
	memset(path, 'x', sizeof path - 1);
	for (uint32_t i = 0; i < SUMMARY_GROUPS_MAX + 100; i++) {
		snprintf(path, sizeof path, "/%u", i);
		path[strlen(path)] = 'x';
		add(summary, path, 200, 1);
	}
	struct exchange_group *const *groups = exchange_summary_groups(summary, &count);
	assert_int_equal(count, SUMMARY_GROUPS_MAX + 1);
	assert_true(groups[count - 1]->others && groups[count - 1]->count == 100);
	assert_int_equal(groups[0]->path.size, SUMMARY_NAME_MAX);
	exchange_summary_destroy(summary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_many_stars_take_no_longer),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_conditions_together),
		cmocka_unit_test(test_what_is_no_condition),
		cmocka_unit_test(test_hosts_and_paths),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_groups_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
