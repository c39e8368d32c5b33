/* What is known of a recording without reading its records. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/reader_parts.h"

/* The bytes of a segment, and of the last one what it says of all. */
static bool add_segment(int dir_fd, uint32_t number, bool last, struct log_summary *summary, struct footer *ret_footer)
{
	char name[SEGMENT_NAME];
	struct stat stat;
	int fd = openat(dir_fd, segment_name(number, name), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	struct segment_header header;
	summary->size += fstat(fd, &stat) == 0 ? (uint64_t)stat.st_size : 0;
	summary->written |= last && segment_read_header(fd, &header) && header.flags & SEGMENT_WRITTEN;
	bool closed = last && segment_read_footer(fd, ret_footer);
	close(fd);
	return closed;
}

enum err log_summarize(int dir_fd, struct log_summary *ret_summary)
{
	struct log_summary summary = { 0 };
	struct footer footer = { 0 };
	struct stat stat;
	uint32_t first, last;
	bool running = log_is_running(dir_fd), closed = false;
	if (!segments_find(dir_fd, &first, &last))
		return err_set_errno(ENOENT, "cannot read the recording's log");
	for (uint64_t number = first; number <= last; number++)
		closed = add_segment(dir_fd, (uint32_t)number, number == last, &summary, &footer) && !footer.continues;
	if (fstatat(dir_fd, "tail", &stat, 0) == 0)
		summary.size += (uint64_t)stat.st_size;
	summary.state = running ? LOG_RUNNING : closed ? LOG_CLOSED : LOG_KILLED;
	if (closed) {
		summary.record_count = footer.record_count;
		summary.raw_size = footer.raw_bytes;
		summary.end_kind = (uint8_t)footer.end_kind;
		summary.end_args[0] = footer.end_args[0];
		summary.end_args[1] = footer.end_args[1];
		summary.end_time = footer.anchor.wall;
	}
	*ret_summary = summary;
	return ERR_NONE;
}
