/* The configuration file. */
#include "fuzz.h"
#include "registry/config.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (fd < 0 || (size && write(fd, data, size) != (ssize_t)size))
		__builtin_trap();
	struct config config;
	if (config_load(path, &config) == ERR_NONE)
		config_finish(&config);
	close(fd);
	return 0;
}
