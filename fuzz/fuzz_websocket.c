/*
 * WebSocket: frames of the client and of the server in turns, with ends and resets between. A byte MARK and a letter after it say who goes
 * on. What is told must be the same however the bytes are cut, and all memory must come back.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "fuzz.h"
#include "proto/websocket.h"

enum { MARK = 0xfe, MEMORY = 1 << 12, BODY_MAX = 1 << 11 };

struct told {
	struct message_sink sink;
	struct buf text;
	struct message_memory memory;
	uint64_t begun, told;
};

static void must(bool holds)
{
	if (!holds)
		__builtin_trap();
}

static enum err take_begun(struct message_sink *sink, uint64_t exchange, uint64_t time)
{
	struct told *told = (struct told *)sink;
	must(exchange == told->begun++ && time != 0);
	return ERR_NONE;
}

static void put(struct buf *out, struct view text)
{
	buf_printf(out, "%zu:", text.size);
	buf_append(out, text.data, text.size);
}

static enum err take_message(struct message_sink *sink, uint64_t exchange, enum message_side side, const struct message *message)
{
	struct told *told = (struct told *)sink;
	must(exchange < told->begun && message->alone && message->end >= message->time);
	must(message->part_count == 0 || !datum_has_text(&message->parts[0].value) || message->parts[0].value.text.size <= BODY_MAX);
	buf_printf(&told->text, "%d %llu %llu ", side, (unsigned long long)exchange, (unsigned long long)message->body_bytes);
	put(&told->text, message->error);
	for (uint32_t i = 0; i < message->line_count; i++) {
		if (datum_has_text(&message->line[i]))
			put(&told->text, message->line[i].text);
	}
	for (uint32_t i = 0; i < message->part_count; i++) {
		if (datum_has_text(&message->parts[i].value))
			put(&told->text, message->parts[i].value.text);
	}
	told->told++;
	return ERR_NONE;
}

static void feed(struct decoder *decoder, enum message_side side, struct view bytes, uint64_t time, size_t piece)
{
	while (bytes.size) {
		size_t used;
		struct view part = view_slice(bytes, 0, piece ? piece : bytes.size);
		uint8_t *copy = malloc(part.size); /* what is read behind it is found */
		memcpy(copy, part.data, part.size);
		must(websocket_protocol.feed(decoder, side, view_of(copy, part.size), time, &used) == FEED_MORE && used == part.size);
		free(copy);
		bytes = view_slice(bytes, part.size, bytes.size);
	}
}

static void run(struct view bytes, const char *extensions, size_t piece, struct told *told)
{
	struct handover handover = { .protocol = view_text("websocket"), .path = view_text("/a?b"), .settings = view_text(extensions) };
	struct decoder_options options = { .head_max = 1 << 10, .body_max = BODY_MAX, .memory = &told->memory, .handover = &handover };
	struct decoder *decoder;
	enum message_side side = SIDE_CLIENT;
	bool closed[2] = { false, false };
	*told = (struct told){ .sink = { take_begun, take_message }, .memory = { MEMORY } };
	must(websocket_protocol.create(&options, &told->sink, &decoder) == ERR_NONE);
	for (uint64_t time = 1; bytes.size; time++) {
		const uint8_t *mark = memchr(bytes.data, MARK, bytes.size);
		size_t size = mark ? (size_t)(mark - bytes.data) : bytes.size;
		if (!closed[side])
			feed(decoder, side, view_slice(bytes, 0, size), time, piece);
		uint8_t letter = size + 1 < bytes.size ? bytes.data[size + 1] : 0;
		bytes = view_slice(bytes, size + 2, bytes.size);
		side = letter == 's' || letter == 'S' ? SIDE_SERVER : SIDE_CLIENT;
		if (letter == 'S' || letter == 'C') {
			must(websocket_protocol.close(decoder, side, time, view_text("")) == ERR_NONE);
			closed[side] = true;
		}
	}
	must(websocket_protocol.close(decoder, SIDE_SERVER, 1 << 20, view_text("reset")) == ERR_NONE);
	must(websocket_protocol.close(decoder, SIDE_CLIENT, 1 << 20, view_text("reset")) == ERR_NONE);
	websocket_protocol.destroy(decoder);
	must(told->begun == told->told && told->memory.left == MEMORY && !told->text.failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const extensions[] = { "", "permessage-deflate; client_max_window_bits=15",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover", "x-own; a=1" };
	struct told whole, pieces;
	if (size < 2)
		return 0;
	run(view_of(data + 2, size - 2), extensions[data[1] & 3], 0, &whole);
	run(view_of(data + 2, size - 2), extensions[data[1] & 3], 1 + (data[0] & 15), &pieces);
	if (!view_equal(buf_view(&whole.text), buf_view(&pieces.text))) {
		fprintf(stderr, "at once:\n%.*s\nin pieces:\n%.*s\n", VIEW_ARG(whole.text), VIEW_ARG(pieces.text));
		__builtin_trap();
	}
	buf_finish(&whole.text);
	buf_finish(&pieces.text);
	return 0;
}
