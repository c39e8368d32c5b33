/* Ends as its argument says: exit, trap, raise, spin, sleep; "both" writes to standard error too. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_raise"))) int proc_raise(int signal);

__attribute__((noinline)) static void fall(void)
{
	__builtin_trap();
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "exit";
	write(1, "begun\n", 6);
	if (strcmp(how, "both") == 0) {
		write(2, "ending\n", 7);
		write(1, "ended\n", 6);
	}
	if (strcmp(how, "trap") == 0)
		fall();
	if (strcmp(how, "raise") == 0)
		proc_raise(15);
	for (volatile unsigned i = 0; strcmp(how, "spin") == 0; i++)
		;
	if (strcmp(how, "sleep") == 0)
		sleep(1000);
	return argc > 2 ? atoi(argv[2]) : 0;
}
