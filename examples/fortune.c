/*
 * fortune FILE: writes the time of day (UTC) and a line of FILE, picked at random. Never the same twice: a program for a time machine.
 *
 * fortune.wasm is built from it by `examples/build`.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static void say(const char *text, size_t size)
{
	while (size) {
		ssize_t written = write(STDOUT_FILENO, text, size);
		if (written < 0 && errno != EINTR)
			_exit(1);
		if (written > 0) {
			text += written;
			size -= (size_t)written;
		}
	}
}

static void say_time(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	int seconds = (int)(now.tv_sec % 86400);
	int fields[3] = { seconds / 3600, seconds / 60 % 60, seconds % 60 };
	char text[] = "00:00:00  ";
	for (int i = 0; i < 3; i++) {
		text[3 * i] += (char)(fields[i] / 10);
		text[3 * i + 1] += (char)(fields[i] % 10);
	}
	say(text, sizeof text - 1);
}

static size_t count_lines(const char *text, size_t size)
{
	size_t count = 0;
	for (size_t i = 0; i < size; i++)
		count += text[i] == '\n';
	return count;
}

static void say_line(const char *text, size_t number)
{
	while (number--)
		text = strchr(text, '\n') + 1;
	say(text, (size_t)(strchr(text, '\n') - text) + 1);
}

int main(int argc, char **argv)
{
	static char text[4096];
	int file = open(argc > 1 ? argv[1] : "fortunes.txt", O_RDONLY);
	ssize_t size = file < 0 ? -1 : read(file, text, sizeof text - 1);
	size_t lines = size < 0 ? 0 : count_lines(text, (size_t)size);
	if (lines == 0) {
		static const char failure[] = "fortune: no lines to pick from\n";
		write(STDERR_FILENO, failure, sizeof failure - 1);
		return 1;
	}
	unsigned char pick;
	getentropy(&pick, sizeof pick);
	say_time();
	say_line(text, pick % lines);
	return 0;
}
