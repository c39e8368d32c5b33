#include "cli/tar.h"

#include "registry/tar.h"

enum err tar_add(struct output *output, const char *name, struct view content, uint64_t mtime)
{
	static const char zeros[TAR_BLOCK];
	TRY(tar_header(name, content.size, mtime, &output->pending));
	buf_append(&output->pending, content.data, content.size);
	buf_append(&output->pending, zeros, tar_padding(content.size));
	return output_end(output);
}

enum err tar_end(struct output *output)
{
	static const char zeros[2 * TAR_BLOCK];
	buf_append(&output->pending, zeros, sizeof zeros);
	return output_end(output);
}
