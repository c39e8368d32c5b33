/* validate FILE N: decodes and validates a module N times on one processor, and prints the seconds of each time. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/time.h"
#include "wasm/module.h"

static enum err read_file(const char *path, struct buf *out)
{
	uint8_t block[1 << 16];
	FILE *file = fopen(path, "rbe");
	if (!file)
		return err_set(ERR_IO, "cannot open %s", path);
	for (size_t size; (size = fread(block, 1, sizeof block, file)) > 0;)
		buf_append(out, block, size);
	fclose(file);
	return buf_status(out);
}

/* Threads that validate are as many as there are processors to run on. */
static void use_one_processor(void)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
}

int main(int argc, char **argv)
{
	BUF_CLEANUP struct buf bytes = { 0 };
	enum err err = argc == 3 ? read_file(argv[1], &bytes) : err_set(ERR_USAGE, "usage: validate FILE N");
	use_one_processor();
	for (long i = argc == 3 ? strtol(argv[2], NULL, 10) : 0; i > 0 && !err; i--) {
		struct module *module;
		uint64_t start = time_of(CLOCK_PROCESS_CPUTIME_ID);
		err = module_decode(buf_view(&bytes), &module);
		if (!err) {
			printf("%.9f\n", (double)(time_of(CLOCK_PROCESS_CPUTIME_ID) - start) / NS_PER_S);
			module_destroy(module);
		}
	}
	if (err)
		fprintf(stderr, "validate: %s\n", err_text());
	return err ? 1 : 0;
}
