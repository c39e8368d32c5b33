#include "log/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/reader_parts.h"

static const char *kind_name(uint8_t kind)
{
	switch (kind) {
	case BLOCK_RECORDS: return "records";
	case BLOCK_INDEX: return "index";
	case BLOCK_FOOTER: return "footer";
	case BLOCK_CHECKPOINT: return "checkpoint";
	default: return "other";
	}
}

static const char *codec_name(uint8_t codec)
{
	switch (codec) {
	case CODEC_RAW: return "raw";
	case CODEC_ZSTD: return "zstd";
	case CODEC_COLUMNS: return "columns";
	default: return "other";
	}
}

enum err log_survey(int dir_fd, uint32_t number, void (*visit)(void *data, const struct log_block *block), void *data,
	struct log_survey *ret_survey)
{
	char name[SEGMENT_NAME];
	uint64_t at = SEGMENT_HEADER;
	struct block_header header;
	struct stat stat;
	int fd = openat(dir_fd, segment_name(number, name), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(errno, "cannot read the recording's log");
	while (read_at(fd, &header, sizeof header, at) && block_header_valid(&header)) {
		struct log_block block = { .offset = at,
			.kind = kind_name(header.kind),
			.codec = codec_name(header.codec),
			.raw_size = header.raw_size,
			.stored_size = header.stored_size,
			.first_number = header.first_number,
			.record_count = header.record_count,
			.written = header.anchor.wall };
		visit(data, &block);
		at += sizeof header + header.stored_size;
	}
	ret_survey->surveyed = at;
	ret_survey->size = fstat(fd, &stat) == 0 ? (uint64_t)stat.st_size : 0;
	close(fd);
	return ERR_NONE;
}
