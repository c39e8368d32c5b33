/* Writes the letter x, without a newline, to standard error: as often as its argument says, a moment apart if there is another one. */
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	for (int i = 0; i < atoi(argv[1]); i++) {
		write(2, "x", 1);
		if (argc > 2)
			usleep((unsigned)atoi(argv[2]));
	}
	return 0;
}
