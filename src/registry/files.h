/* Files and directories that are their owner's alone. */
#pragma once

#include "base/buf.h"

/* A directory of `parent` (AT_FDCWD allowed), made 0700 if `create` and it is not there. ERR_NOT_FOUND if it is not. */
enum err dir_open(int parent, const char *name, bool create, int *ret_fd);

/* Names of a directory's entries but those that begin with a dot, in their order as bytes. Free each and the array. */
enum err dir_names(int dir_fd, char ***ret_names, size_t *ret_count);
/* Those that begin with ".new-" or ".gone-", and ".log": what is being made or removed, or was when somebody was interrupted. */
enum err dir_leftovers(int dir_fd, char ***ret_names, size_t *ret_count);
void names_free(char **names, size_t count);

/* Removes a file, or a directory with all that is in it. What is not there, or has others removed at the same time, is no error. */
enum err tree_remove(int parent, const char *name);

/* Writes a new file by way of a temporary name, so that it appears whole or not at all. An existing one is replaced. */
enum err file_write(int dir_fd, const char *name, struct view bytes, unsigned mode, bool sync);

/* Appends a file's bytes until its end, `max` at most (ERR_LIMIT). `name` is for messages. */
enum err file_read(int fd, const char *name, uint64_t max, struct buf *out);
