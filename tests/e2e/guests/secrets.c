/* Says whether a variable of its environment is "hunter22", and with another argument how many variables there are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	extern char **environ;
	size_t count = 0;
	while (environ[count])
		count++;
	const char *value = argc > 1 ? getenv(argv[1]) : NULL;
	printf("%s is %s\n", argc > 1 ? argv[1] : "-", !value ? "unset" : strcmp(value, "hunter22") == 0 ? "right" : "wrong");
	if (argc > 2)
		printf("%zu variables\n", count);
	return 0;
}
