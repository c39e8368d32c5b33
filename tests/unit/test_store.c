/* What needs no store: its URL, the files that say who asks, and the XML that it answers with. */
#include <stdlib.h>

#include "store/listing.h"
#include "store/settings.h"
#include "unit.h"

static void urls_are_taken_apart(void **state)
{
	(void)state;
	static const struct {
		const char *url, *bucket, *prefix;
	} right[] = {
		{ "s3://bucket", "bucket", "" },
		{ "s3://bucket/", "bucket", "" },
		{ "s3://my.bucket-1/a/b", "my.bucket-1", "a/b/" },
		{ "s3://bucket/a b//", "bucket", "a b/" },
	};
	static const char *const wrong[] = { "", "s3:/bucket", "http://bucket/", "s3://", "s3:///x", "s3://ab", "s3://a b", "s3://.ab/x",
		"s3://bucket@host/x" };
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		struct store_settings settings = { 0 };
		assert_int_equal(store_url_parse(right[i].url, &settings), ERR_NONE);
		assert_string_equal(settings.bucket, right[i].bucket);
		assert_string_equal(settings.prefix, right[i].prefix);
		store_settings_finish(&settings);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct store_settings settings = { 0 };
		assert_int_equal(store_url_parse(wrong[i], &settings), ERR_USAGE);
		store_settings_finish(&settings);
	}
}

static void escapes(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf out = { 0 };
	url_put(&out, view_of("aZ09-._~ /+=%\0\xff", 15), true);
	assert_string_equal(buf_text(&out), "aZ09-._~%20/%2B%3D%25%00%FF");
	buf_clear(&out);
	url_put(&out, view_text("a/b"), false);
	assert_string_equal(buf_text(&out), "a%2Fb");
}

static void profiles_are_found(void **state)
{
	(void)state;
	static const char text[] = "aws_access_key_id = nobody's\n"
				   "[default]\n"
				   "aws_access_key_id=first\n"
				   "region = de\n"
				   "[ profile  mine ]\r\n"
				   "; a comment\n"
				   "# another\n"
				   "aws_access_key_id = KEY\t\r\n"
				   "aws_secret_access_key = a=b/+c\n"
				   "s3 =\n"
				   "  region = of something else\n"
				   "region =\n"
				   "unknown\n"
				   "endpoint_url = http://h:1\n"
				   "[mine2]\n"
				   "aws_session_token = other";
	struct arena arena = { 0 };
	struct profile mine = { 0 }, first = { 0 }, none = { 0 };
	assert_int_equal(profile_read(view_text(text), "mine", &arena, &mine), ERR_NONE);
	assert_string_equal(mine.key, "KEY");
	assert_string_equal(mine.secret, "a=b/+c");
	assert_string_equal(mine.endpoint, "http://h:1");
	assert_null(mine.region);
	assert_null(mine.token);
	assert_int_equal(profile_read(view_text(text), "default", &arena, &first), ERR_NONE);
	assert_string_equal(first.key, "first");
	assert_string_equal(first.region, "de");
	assert_int_equal(profile_read(view_text(text), "other", &arena, &none), ERR_NONE);
	assert_null(none.key);
	arena_finish(&arena);
}

static const char *const variables[] = { "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION",
	"AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CONFIG_FILE",
	"AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "HOME" };

static void variables_say_who_asks_and_where(void **state)
{
	(void)state;
	struct store_settings s;
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		unsetenv(variables[i]);
	assert_int_equal(store_settings_load("s3://bucket", &s), ERR_ACCESS);
	setenv("AWS_ACCESS_KEY_ID", "k", 1);
	assert_int_equal(store_settings_load("s3://bucket", &s), ERR_ACCESS);
	setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
	assert_int_equal(store_settings_load("s3://bucket", &s), ERR_NONE);
	assert_string_equal(s.endpoint, "https://bucket.s3.us-east-1.amazonaws.com");
	assert_false(s.in_path);
	assert_null(s.token);
	store_settings_finish(&s);
	setenv("AWS_DEFAULT_REGION", "eu-west-1", 1);
	setenv("AWS_SESSION_TOKEN", "t", 1);
	assert_int_equal(store_settings_load("s3://buc.ket", &s), ERR_NONE);
	assert_string_equal(s.endpoint, "https://s3.eu-west-1.amazonaws.com");
	assert_string_equal(s.token, "t");
	assert_true(s.in_path);
	store_settings_finish(&s);
	setenv("AWS_REGION", "here", 1);
	setenv("AWS_ENDPOINT_URL", "http://other", 1);
	setenv("AWS_ENDPOINT_URL_S3", "http://host:1/", 1);
	assert_int_equal(store_settings_load("s3://bucket", &s), ERR_NONE);
	assert_string_equal(s.endpoint, "http://host:1");
	assert_string_equal(s.region, "here");
	assert_true(s.in_path);
	store_settings_finish(&s);
}

static enum err put_object(void *data, const struct store_object *object)
{
	buf_printf(data, "%.*s %llu %.*s %llu\n", VIEW_ARG(object->key), (unsigned long long)object->size, VIEW_ARG(object->etag),
		(unsigned long long)object->changed);
	return ERR_NONE;
}

static enum err put_prefix(void *data, struct view prefix)
{
	buf_printf(data, "prefix %.*s\n", VIEW_ARG(prefix));
	return ERR_NONE;
}

#define LIST(inside) "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3/\">" inside "</ListBucketResult>"

static void lists_are_read(void **state)
{
	(void)state;
	static const char text[] =
		LIST("<Name>b</Name><Prefix>no</Prefix>"
		     "<Contents><Key>a&amp;b</Key><LastModified>1970-01-02T00:00:01.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
		     "<Size>18446744073709551615</Size><Owner><ID>x</ID></Owner></Contents>"
		     "<Contents><Key>no size</Key></Contents>"
		     "<Contents><Key>too large</Key><Size>18446744073709551616</Size></Contents>"
		     "<Contents><Size>0</Size><Key>c</Key></Contents>"
		     "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>q/</Prefix></CommonPrefixes>"
		     "<IsTruncated>true</IsTruncated><NextContinuationToken>on+</NextContinuationToken>");
	BUF_CLEANUP struct buf seen = { 0 }, next = { 0 };
	const struct store_visitor visitor = { put_object, put_prefix, &seen };
	assert_int_equal(listing_parse(view_text(text), &visitor, &next), ERR_NONE);
	assert_string_equal(buf_text(&seen), "a&b 18446744073709551615 \"e\" 86401000000000\nc 0  0\nprefix p/\nprefix q/\n");
	assert_string_equal(buf_text(&next), "on+");
	assert_int_equal(listing_parse(view_text(LIST("<NextContinuationToken>x</NextContinuationToken>")), &visitor, &next), ERR_NONE);
	assert_int_equal(next.size, 0);
}

static void other_answers_are_no_lists(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "x", "<a/>", "<ListBucketResult>", LIST("<IsTruncated>true</IsTruncated>"),
		"<!DOCTYPE x [<!ENTITY a \"b\">]><ListBucketResult>&a;</ListBucketResult>", "<html>busy</html>",
		LIST("<a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></a>") };
	BUF_CLEANUP struct buf seen = { 0 }, next = { 0 };
	const struct store_visitor visitor = { put_object, put_prefix, &seen };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(listing_parse(view_text(wrong[i]), &visitor, &next), ERR_MALFORMED);
	assert_int_equal(seen.size, 0);
}

static void faults_are_read(void **state)
{
	(void)state;
	struct store_fault fault;
	fault_parse(view_text("<Error><Code>A</Code><Message>m\x1b \xc3\xa9</Message><X><Code>B</Code></X></Error>"), &fault);
	assert_string_equal(fault.code, "A"); /* as far as it goes */
	assert_string_equal(fault.message, "");
	fault_parse(view_text("<Error><Code>A</Code><Message>m \xc3\xa9</Message><X><Code>B</Code></X><Region>r</Region></Error>"), &fault);
	assert_string_equal(fault.code, "A");
	assert_string_equal(fault.message, "m ??");
	assert_string_equal(fault.region, "r");
	fault_parse(view_text("<html>"), &fault);
	assert_string_equal(fault.code, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(escapes),
		cmocka_unit_test(profiles_are_found),
		cmocka_unit_test(variables_say_who_asks_and_where),
		cmocka_unit_test(lists_are_read),
		cmocka_unit_test(other_answers_are_no_lists),
		cmocka_unit_test(faults_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
