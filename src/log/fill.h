/*
 * Files of which only some parts are here. Who keeps such files is asked for a part before it is read, and has it there when it returns;
 * what is behind the end of the file is not wanted.
 */
#pragma once

#include <stdint.h>

typedef void log_filler(void *data, int fd, uint64_t offset, uint64_t size);

/* NULL: all files are whole, as at the start. Before anything is read, and in the thread that reads. */
void log_fill_with(log_filler *filler, void *data);

void log_fill(int fd, uint64_t offset, uint64_t size);
