/* Reads and writes files of /data; exits with 3. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char text[64];
	int fd = open("/data/greek", O_RDONLY);
	ssize_t size = read(fd, text, sizeof text);
	close(fd);
	struct iovec parts[] = { { argv[argc - 1], strlen(argv[argc - 1]) }, { ": ", 2 }, { text, (size_t)size } };
	writev(1, parts, 3);
	open("/data/nope", O_RDONLY);
	fd = open("/data/out/new", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	write(fd,
		"\1\"\\\0"
		"7\n",
		6);
	lseek(fd, -2, SEEK_CUR);
	close(fd);
	return 3;
}
