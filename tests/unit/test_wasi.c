#include "wasi/call.h"
#include "unit.h"

static void finds_calls_by_import(void **state)
{
	(void)state;
	assert_int_equal(call_find(view_text("wasi_snapshot_preview1"), view_text("fd_write"))->number, CALL_fd_write);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_calls_by_import),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
