#include "log/mend.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "log/checksum.h"
#include "log/mend_parts.h"
#include "log/reader.h"

struct mending {
	int dir_fd;
	bool mend;
	log_finding_visit *visit;
	void *data;
};

static void tell(const struct mending *m, enum log_finding finding, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void tell(const struct mending *m, enum log_finding finding, const char *format, ...)
{
	va_list args;
	BUF_CLEANUP struct buf text = { 0 };
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	m->visit(m->data, finding, buf_text(&text));
}

/* The stored bytes before the header, which vouches for them. */
static enum err write_block(struct segment_scan *s, const struct block_header *header, const void *stored)
{
	if (!write_all(s->fd, stored, header->stored_size, s->size + sizeof *header) || !write_all(s->fd, header, sizeof *header, s->size))
		return err_set_errno(errno, "cannot write %s", s->name);
	s->size += sizeof *header + header->stored_size;
	return ERR_NONE;
}

static struct block_header plain_header(enum block_kind kind, const void *stored, size_t size, const struct time_anchor *anchor)
{
	struct block_header header = { .magic = BLOCK_MAGIC,
		.kind = kind,
		.raw_size = (uint32_t)size,
		.stored_size = (uint32_t)size,
		.anchor = *anchor,
		.stored_check = checksum(stored, size) };
	header.check = checksum(&header, offsetof(struct block_header, check));
	return header;
}

static enum err sync_segment(const struct segment_scan *s)
{
	return fdatasync(s->fd) < 0 ? err_set_errno(errno, "cannot write %s", s->name) : ERR_NONE;
}

/* Of a segment that has its footer: in its place, so that the footer stays where it is. */
static enum err mend_index(const struct mending *m, struct segment_scan *s)
{
	const void *entries = s->index.data ? (const void *)s->index.data : "";
	uint64_t expected = s->end + BLOCK_HEADER + s->index.size + BLOCK_HEADER + FOOTER_PAYLOAD;
	if (s->footer.index_offset != s->end || s->size != expected || s->index.size > UINT32_MAX)
		return ERR_NONE; /* it ends otherwise than it should: readers tell */
	if (!m->mend) {
		tell(m, LOG_BROKEN, "%s: its index is not that of its blocks: --repair writes it again", s->name);
		return ERR_NONE;
	}
	struct block_header header = plain_header(BLOCK_INDEX, entries, s->index.size, &s->footer.anchor);
	s->size = s->end;
	TRY(write_block(s, &header, entries));
	TRY(sync_segment(s));
	tell(m, LOG_MENDED, "%s: its index was written again", s->name);
	return ERR_NONE;
}

/* The last record that there is, if it says how the process ended. */
static enum err read_end(int dir_fd, uint64_t next_number, struct footer *footer)
{
	struct log_reader *reader;
	struct record record;
	struct log_target target = { .number = next_number ? next_number - 1 : 0 };
	TRY(log_open(dir_fd, &reader));
	enum err err = log_seek(reader, &target);
	if (!err)
		err = log_next(reader, &record);
	bool last = !err && record.number + 1 == next_number;
	bool ends = last && record.kind != RECORD_CALL && record.kind != RECORD_GROW;
	footer->end_kind = ends ? record.kind : 0;
	footer->end_args[0] = ends && record.arg_count > 0 ? record.args[0] : 0;
	footer->end_args[1] = ends && record.arg_count > 1 ? record.args[1] : 0;
	log_close(reader);
	return err == ERR_NOMEM ? err : ERR_NONE;
}

/* Index and footer behind the last block. What stands there now is nothing that is read. */
static enum err write_end(struct segment_scan *s, struct footer *footer)
{
	const void *entries = s->index.data ? (const void *)s->index.data : "";
	if (s->index.failed)
		return err_nomem();
	if (s->index.size > UINT32_MAX)
		return err_set(ERR_LIMIT, "%s has too many blocks", s->name);
	if (ftruncate(s->fd, (off_t)s->size) < 0)
		return err_set_errno(errno, "cannot write %s", s->name);
	footer->index_offset = s->size;
	footer->anchor = s->anchor;
	struct block_header index = plain_header(BLOCK_INDEX, entries, s->index.size, &s->anchor);
	struct block_header end = plain_header(BLOCK_FOOTER, footer, sizeof *footer, &s->anchor);
	TRY(write_block(s, &index, entries));
	TRY(write_block(s, &end, footer));
	return sync_segment(s);
}

static enum err append_tail(struct segment_scan *s, const struct tail_scan *tail)
{
	s->size = s->end;
	for (size_t i = 0; i < tail->count; i++) {
		const struct block_header *header = &tail->blocks[i].header;
		index_add(&s->index, header, s->size);
		TRY(write_block(s, header, tail->blocks[i].frames));
		s->anchor = header->anchor;
		s->raw_bytes += header->raw_size;
	}
	return ERR_NONE;
}

static enum err remove_tail(const struct mending *m)
{
	return unlinkat(m->dir_fd, "tail", 0) < 0 ? err_set_errno(errno, "cannot remove tail") : ERR_NONE;
}

/* Of a process that was killed: what it did last is in the tail. A recording without an end stays one. */
static enum err seal(const struct mending *m, struct segment_scan *s, const struct tail_scan *tail)
{
	uint64_t number = s->next_number + tail->records;
	struct footer footer = { .record_count = number };
	if (!m->mend)
		return ERR_NONE; /* readers do as well with the tail */
	TRY(read_end(m->dir_fd, number, &footer));
	footer.continues = footer.end_kind ? SEGMENT_LAST : SEGMENT_KILLED;
	TRY(append_tail(s, tail));
	footer.raw_bytes = s->raw_bytes;
	TRY(write_end(s, &footer));
	TRY(remove_tail(m));
	tell(m, LOG_MENDED, "%s: it was sealed: %llu record%s in the tail went into it", s->name, (unsigned long long)tail->records,
		tail->records == 1 ? " that began" : "s that began");
	return ERR_NONE;
}

/* A recording that was closed, and lost its end: if the last record tells how the process ended, nothing else is lost. */
static enum err mend_end(const struct mending *m, struct segment_scan *s)
{
	struct footer footer = { .record_count = s->next_number, .raw_bytes = s->raw_bytes };
	TRY(read_end(m->dir_fd, s->next_number, &footer));
	if (!footer.end_kind)
		return ERR_NONE;
	if (!m->mend) {
		tell(m, LOG_BROKEN, "%s: its end is missing: --repair writes it again", s->name);
		return ERR_NONE;
	}
	s->size = s->end;
	TRY(write_end(s, &footer));
	tell(m, LOG_MENDED, "%s: its end was written again", s->name);
	return ERR_NONE;
}

static enum err mend_last(const struct mending *m, struct segment_scan *s)
{
	struct tail_scan tail;
	if (s->complete && !s->indexed)
		TRY(mend_index(m, s));
	if (s->complete && s->footer.continues == SEGMENT_CONTINUES)
		return ERR_NONE; /* the next one was not begun any more */
	enum err err = tail_scan(m->dir_fd, s, &tail);
	if (err == ERR_NOT_FOUND)
		err = s->complete ? ERR_NONE : mend_end(m, s);
	else if (!err && !s->complete)
		err = seal(m, s, &tail);
	else if (!err && m->mend && tail.records == 0 && (err = remove_tail(m)) == ERR_NONE)
		tell(m, LOG_MENDED, "tail: all that was in it is in %s: it was removed", s->name);
	tail_scan_close(&tail);
	return err == ERR_DAMAGED ? ERR_NONE : err; /* readers tell */
}

enum err log_mend(int dir_fd, bool mend, log_finding_visit *visit, void *data)
{
	const struct mending m = { dir_fd, mend, visit, data };
	uint32_t first, last;
	if (!segments_find(dir_fd, &first, &last))
		return ERR_NONE;
	enum err err = ERR_NONE;
	uint64_t raw_bytes = 0; /* of segments before */
	for (uint32_t number = first; number <= last && !err; number++) {
		struct segment_scan scan;
		if (segment_scan(dir_fd, number, mend, &scan)) {
			scan.raw_bytes += raw_bytes;
			raw_bytes = scan.complete ? scan.footer.raw_bytes : scan.raw_bytes;
			if (number == last)
				err = mend_last(&m, &scan);
			else if (scan.complete && !scan.indexed)
				err = mend_index(&m, &scan);
		}
		segment_scan_close(&scan);
		if (number == UINT32_MAX)
			break;
	}
	return err;
}
