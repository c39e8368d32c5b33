/* Shows what it was given: arguments, environment, and for each further argument whether it can be read and written. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static const char *opens(const char *path, int flags)
{
	int fd = open(path, flags, 0600);
	if (fd < 0)
		return strerror(errno);
	close(fd);
	return "yes";
}

int main(int argc, char **argv)
{
	printf("program %s\n", argv[0]);
	for (char **variable = environ; *variable; variable++)
		printf("variable %s\n", *variable);
	for (int i = 1; i < argc; i++) {
		printf("%s: read %s", argv[i], opens(argv[i], O_RDONLY));
		printf(", write %s\n", opens(argv[i], O_WRONLY | O_CREAT));
	}
	return 0;
}
