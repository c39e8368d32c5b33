/* fault KIND: says so, then goes wrong in one of the ways that there are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile int zero;

/* Only the engine's stack overflows: nothing here is kept in memory. */
static int deeper(int n)
{
	return n < 0 ? n : deeper(n + 1) + zero;
}

static void call_wrong_type(void)
{
	void (*volatile f)(void) = (void (*)(void))(void *)deeper;
	f();
}

static void call_nothing(void)
{
	void (*volatile f)(void) = (void (*)(void))(unsigned long)0x7fffffff;
	f();
}

static void divide(void)
{
	printf("%d\n", 12345 / zero);
}

static void read_outside(void)
{
	volatile char *far = (volatile char *)0xfffffff0ul;
	printf("%d\n", *far);
}

static void convert(void)
{
	volatile double large = 1e300;
	printf("%d\n", __builtin_wasm_trunc_s_i32_f64(large));
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	printf("before %s\n", kind);
	fflush(stdout);
	if (!strcmp(kind, "unreachable"))
		__builtin_trap();
	if (!strcmp(kind, "divide"))
		divide();
	if (!strcmp(kind, "stack"))
		return deeper(0);
	if (!strcmp(kind, "memory"))
		read_outside();
	if (!strcmp(kind, "table"))
		call_nothing();
	if (!strcmp(kind, "type"))
		call_wrong_type();
	if (!strcmp(kind, "convert"))
		convert();
	if (!strcmp(kind, "abort"))
		abort();
	return 99;
}
