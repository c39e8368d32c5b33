/* A reactor: no main, but functions that the host calls after _initialize. */
#include <stdio.h>

static int ready;

__attribute__((constructor)) static void start(void)
{
	ready = 7;
}

__attribute__((export_name("say"))) void say(void)
{
	printf("ready=%d\n", ready);
	fflush(stdout);
}

__attribute__((export_name("wrong"))) void wrong(void)
{
	__builtin_trap();
}
