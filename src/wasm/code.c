#include "wasm/code.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CHUNK = 1 << 20, ALIGN = 16 };
static const size_t MOST = (size_t)512 << 20; /* of code and data together, a store */

struct chunk {
	struct chunk *next;
	uint8_t *write, *run; /* the same for data */
	size_t size, used;
};

struct code {
	struct chunk *texts, *datas;
	size_t total;
};

static bool map_data(struct chunk *chunk)
{
	void *at = mmap(NULL, chunk->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	chunk->write = chunk->run = at;
	return at != MAP_FAILED;
}

static bool map_text(struct chunk *chunk)
{
	int fd = memfd_create("timecraft-code", MFD_CLOEXEC);
	if (fd < 0)
		return false;
	void *write = MAP_FAILED, *run = MAP_FAILED;
	if (ftruncate(fd, (off_t)chunk->size) == 0) {
		write = mmap(NULL, chunk->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		run = mmap(NULL, chunk->size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_32BIT, fd, 0);
	}
	close(fd);
	chunk->write = write;
	chunk->run = run;
	if (write != MAP_FAILED && run != MAP_FAILED)
		return true;
	if (write != MAP_FAILED)
		munmap(write, chunk->size);
	if (run != MAP_FAILED)
		munmap(run, chunk->size);
	return false;
}

static struct chunk *chunk_with(struct code *code, struct chunk **list, size_t size, bool map(struct chunk *))
{
	if (*list && (*list)->size - (*list)->used >= size)
		return *list;
	size_t rounded = (size + CHUNK - 1) / CHUNK * CHUNK;
	if (rounded < size || rounded > MOST - code->total)
		return NULL;
	struct chunk *chunk = calloc(1, sizeof *chunk);
	if (!chunk)
		return NULL;
	chunk->size = rounded;
	if (!map(chunk)) {
		free(chunk);
		return NULL;
	}
	code->total += rounded;
	chunk->next = *list;
	*list = chunk;
	return chunk;
}

static size_t take(struct chunk *chunk, size_t size)
{
	size_t at = chunk->used;
	size_t after = (at + size + ALIGN - 1) / ALIGN * ALIGN;
	chunk->used = after < chunk->size ? after : chunk->size;
	return at;
}

void *code_data(struct code *code, size_t size)
{
	struct chunk *chunk = chunk_with(code, &code->datas, size, map_data);
	return chunk ? chunk->write + take(chunk, size) : NULL;
}

bool code_text(struct code *code, size_t size, uint8_t **ret_write, uint8_t **ret_run)
{
	struct chunk *chunk = chunk_with(code, &code->texts, size, map_text);
	if (!chunk)
		return false;
	size_t at = take(chunk, size);
	*ret_write = chunk->write + at;
	*ret_run = chunk->run + at;
	return true;
}

bool code_contains(const struct code *code, const void *address)
{
	for (const struct chunk *chunk = code->texts; chunk; chunk = chunk->next) {
		if ((uintptr_t)address - (uintptr_t)chunk->run < chunk->used)
			return true;
	}
	return false;
}

enum err code_create(struct code **ret_code)
{
	struct code *code = calloc(1, sizeof *code);
	if (!code)
		return err_nomem();
	if (!chunk_with(code, &code->texts, 1, map_text) || !chunk_with(code, &code->datas, 1, map_data)) {
		int errnum = errno;
		code_destroy(code);
		err_set_errno(errnum, "cannot map memory for machine code");
		return ERR_UNSUPPORTED;
	}
	*ret_code = code;
	return ERR_NONE;
}

static void destroy_chunks(struct chunk *chunk)
{
	for (struct chunk *next; chunk; chunk = next) {
		next = chunk->next;
		munmap(chunk->write, chunk->size);
		if (chunk->run != chunk->write)
			munmap(chunk->run, chunk->size);
		free(chunk);
	}
}

void code_destroy(struct code *code)
{
	if (!code)
		return;
	destroy_chunks(code->texts);
	destroy_chunks(code->datas);
	free(code);
}
