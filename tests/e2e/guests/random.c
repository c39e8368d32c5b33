/* Takes random bytes, which no recording can make smaller, 64 KiB at a time and 4096 times. */
#include <unistd.h>

static char bytes[65536];

__attribute__((import_module("wasi_snapshot_preview1"), import_name("random_get"))) int random_get(void *buffer, unsigned size);

int main(void)
{
	for (int i = 0; i < 4096; i++)
		random_get(bytes, sizeof bytes);
	return 0;
}
