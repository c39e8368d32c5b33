#include <stdlib.h>

#include "proto/http2_frames.h"

static void destroy(struct decoder *d)
{
	if (!d)
		return;
	http2_free_streams(d);
	for (int i = 0; i < 2; i++)
		nghttp2_hd_inflate_del(d->sides[i].inflater);
	buf_finish(&d->why);
	buf_finish(&d->decoded);
	buf_finish(&d->codings);
	buf_finish(&d->shown);
	grpc_finish(&d->grpc);
	free(d);
}

/* Behind an upgrade, stream 1 is what HTTP/1 asked: its response alone is still to come (RFC 9113 says no more of it, RFC 7540 does). */
static void take_over(struct decoder *d, const struct handover *handover)
{
	struct stream *stream = http2_open(d, 1);
	if (!stream)
		return;
	d->last_id[0] = 1;
	struct half *half = &stream->halves[SIDE_CLIENT];
	half->begun = half->headed = true;
	http2_keep_field(d, half, view_text(":method"), handover->method);
	http2_keep_field(d, half, view_text(":path"), handover->path);
	half->head_fields = (uint32_t)(half->fields.size / sizeof(struct field_at));
}

static enum err create(const struct decoder_options *options, struct message_sink *sink, struct decoder **ret_decoder)
{
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		return err_nomem();
	d->options = *options;
	d->options.handover = NULL;
	d->sink = sink;
	d->sides[SIDE_SERVER].state = HEADER;
	d->sides[SIDE_CLIENT].frame_max = d->sides[SIDE_SERVER].frame_max = FRAME_MAX;
	for (int i = 0; i < 2; i++) {
		if (nghttp2_hd_inflate_new(&d->sides[i].inflater) != 0 ||
			nghttp2_hd_inflate_change_table_size(d->sides[i].inflater, TABLE_MAX) != 0)
			d->err = err_nomem();
	}
	if (options->handover)
		take_over(d, options->handover);
	if (d->err) {
		destroy(d);
		return err_nomem();
	}
	*ret_decoder = d;
	return ERR_NONE;
}

/* The request of an upgrade is told with the first bytes: who creates a decoder is told nothing yet. */
static void tell_upgraded(struct decoder *d, uint64_t time)
{
	struct stream *stream = http2_find(d, 1);
	if (!stream || !stream->halves[SIDE_CLIENT].begun || stream->halves[SIDE_CLIENT].time)
		return;
	stream->halves[SIDE_CLIENT].time = stream->halves[SIDE_CLIENT].end = time;
	http2_tell(d, stream, SIDE_CLIENT, (struct view){ 0 });
}

static enum feed_result feed(struct decoder *d, enum message_side side, struct view bytes, uint64_t time, size_t *ret_used)
{
	struct direction *s = &d->sides[side];
	size_t size = bytes.size;
	if (s->offset == 0 && bytes.size)
		tell_upgraded(d, time);
	while (bytes.size && !d->err) {
		size_t used = http2_feed_part(d, side, bytes, time);
		s->offset += used;
		bytes = view_slice(bytes, used, bytes.size);
	}
	*ret_used = size - bytes.size;
	return d->err ? FEED_FAILED : FEED_MORE;
}

static enum err close_side(struct decoder *d, enum message_side side, uint64_t time, struct view reason)
{
	struct direction *s = &d->sides[side];
	if (s->closed || d->err)
		return d->err;
	s->closed = true;
	bool ended = http2_end_side(d, side, time, reason);
	if (!ended && s->state == BROKEN)
		http2_tell_alone(d, side, time, view_text(s->why));
	return d->err;
}

/* A client says it in 24 bytes; a server alone begins with settings, which too much else could be. */
static enum probe_result probe(struct view client, struct view server)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	size_t size = client.size < sizeof preface - 1 ? client.size : sizeof preface - 1;
	if (client.size == 0 && server.size) /* who speaks first may be many: its client tells */
		return PROBE_NO;
	if (size && memcmp(client.data, preface, size) != 0)
		return PROBE_NO;
	return size == sizeof preface - 1 ? PROBE_YES : PROBE_MORE;
}

const struct protocol http2_protocol = {
	.name = "HTTP2",
	.upgrade = "h2c",
	.probe = probe,
	.create = create,
	.destroy = destroy,
	.feed = feed,
	.close = close_side,
};
