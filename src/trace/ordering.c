#include "trace/ordering.h"

#include <stdlib.h>

void held_exchange_destroy(struct held_exchange *held)
{
	if (!held)
		return;
	for (size_t i = 0; i < sizeof held->bytes / sizeof *held->bytes; i++)
		free(held->bytes[i]);
	free(held->typed[0]);
	free(held->typed[1]);
	if (held->memory)
		held->memory->left += held->taken;
	free(held);
}

void ordering_finish(struct ordering *o)
{
	for (uint32_t i = 0; i < o->count; i++)
		held_exchange_destroy(o->heap[i]);
	free(o->heap);
	*o = (struct ordering){ 0 };
}

/* Copies a view into what is left of a piece of memory. */
static struct view copy(uint8_t **to, struct view from)
{
	struct view copied = { *to, from.size };
	if (from.size)
		memcpy(*to, from.data, from.size);
	*to += from.size;
	return copied;
}

static size_t size_of(const struct message *m)
{
	size_t size = m->protocol.size + m->method.size + m->path.size + m->status_text.size + m->body.size + m->error.size;
	for (uint32_t i = 0; i < m->field_count; i++)
		size += sizeof *m->fields + m->fields[i].name.size + m->fields[i].value.size;
	for (uint32_t i = 0; i < m->interim_count; i++)
		size += sizeof *m + size_of(&m->interim[i]);
	return size + m->shape.size;
}

static struct datum_room values_room(const struct message_value *values, uint32_t count)
{
	struct datum_room room = { count * sizeof *values, 0 };
	for (uint32_t i = 0; i < count; i++)
		datum_measure(&values[i].value, &room);
	return room;
}

static struct datum_room line_room(const struct message *m)
{
	struct datum_room room = { 0 };
	struct datum line = datum_array(m->line, m->line_count);
	datum_measure(&line, &room);
	return room;
}

static void own_values(const struct message_value **values, uint32_t count, uint8_t **items, uint8_t **text)
{
	struct message_value *own = (struct message_value *)*items;
	if (count)
		memcpy(own, *values, count * sizeof *own);
	*items += count * sizeof *own;
	*values = own;
	for (uint32_t i = 0; i < count; i++)
		datum_own(&own[i].value, items, text);
}

/* The typed part of a message, in memory of its own. Parts only if there is memory left. */
static enum err own_typed(struct held_exchange *held, enum message_side side, struct message *m, struct message_memory *memory)
{
	struct datum_room parts = values_room(m->parts, m->part_count), line = line_room(m);
	struct datum_room attributes = values_room(m->attributes, m->attribute_count);
	if (parts.items + parts.text + m->body.size > memory->left) {
		m->part_more += m->part_count;
		m->part_count = 0;
		parts = (struct datum_room){ 0 };
	}
	size_t items = parts.items + line.items + attributes.items, text = parts.text + line.text + attributes.text;
	uint8_t *at = malloc(items + text + 1), *letters = at + items;
	if (!at)
		return err_nomem();
	free(held->typed[side]);
	held->typed[side] = at;
	held->size += items + text;
	held->taken += parts.items + parts.text;
	memory->left -= parts.items + parts.text;
	own_values(&m->parts, m->part_count, &at, &letters);
	own_values(&m->attributes, m->attribute_count, &at, &letters);
	struct datum words = datum_array(m->line, m->line_count);
	datum_own(&words, &at, &letters);
	m->line = words.items;
	return ERR_NONE;
}

/* What is of the largest alignment comes first: the messages on the way, then all fields, then bytes. */
static struct message_field *copy_fields(struct message_field *to, struct message *m)
{
	if (m->field_count)
		memcpy(to, m->fields, m->field_count * sizeof *to);
	m->fields = to;
	return to + m->field_count;
}

static void copy_bytes(struct message *m, uint8_t **to)
{
	struct message_field *fields = (struct message_field *)m->fields;
	for (uint32_t i = 0; i < m->field_count; i++)
		fields[i] = (struct message_field){ copy(to, fields[i].name), copy(to, fields[i].value) };
	m->protocol = copy(to, m->protocol);
	m->method = copy(to, m->method);
	m->path = copy(to, m->path);
	m->status_text = copy(to, m->status_text);
	m->body = copy(to, m->body);
	m->error = copy(to, m->error);
	m->shape = copy(to, m->shape);
}

enum err held_exchange_take(struct held_exchange *held, enum message_side side, const struct message *message,
	struct message_memory *memory)
{
	struct exchange_side *to = side == SIDE_CLIENT ? &held->exchange.request : &held->exchange.response;
	struct message *m = &to->message;
	*m = *message;
	if (m->body.size > memory->left) {
		m->body = (struct view){ 0 };
		m->body_cut = true;
	}
	held->memory = memory;
	size_t size = size_of(m);
	uint8_t *at = malloc(size + 1);
	enum err err = !at ? err_nomem() : m->line_count + m->part_count + m->attribute_count ? own_typed(held, side, m, memory) : ERR_NONE;
	if (err) {
		free(at);
		*m = (struct message){ 0 };
		return err;
	}
	free(held->bytes[side]);
	held->bytes[side] = at;
	held->size += size;
	held->taken += m->body.size;
	memory->left -= m->body.size;
	to->present = m->protocol.size != 0;
	struct message *interim = (struct message *)at;
	if (m->interim_count)
		memcpy(interim, m->interim, m->interim_count * sizeof *interim);
	m->interim = interim;
	struct message_field *fields = copy_fields((struct message_field *)(interim + m->interim_count), m);
	for (uint32_t i = 0; i < m->interim_count; i++)
		fields = copy_fields(fields, &interim[i]);
	at = (uint8_t *)fields;
	copy_bytes(m, &at);
	for (uint32_t i = 0; i < m->interim_count; i++)
		copy_bytes(&interim[i], &at);
	return ERR_NONE;
}

void ordering_take_back(struct ordering *o, struct held_exchange *held)
{
	if (!held->begun)
		return;
	*(held->before ? &held->before->after : &o->first) = held->after;
	*(held->after ? &held->after->before : &o->last) = held->before;
	held->before = held->after = NULL;
	held->begun = false;
}

static bool is_earlier(const struct held_exchange *a, const struct held_exchange *b)
{
	return a->exchange.time < b->exchange.time || (a->exchange.time == b->exchange.time && a->order < b->order);
}

/* The list is in the order of times, which go back only where a protocol was found late: the last to begin is the last as a rule. */
void ordering_begin(struct ordering *o, struct held_exchange *held, uint64_t time)
{
	ordering_take_back(o, held);
	held->exchange.time = time;
	held->order = o->next_order++;
	held->before = o->last;
	while (held->before && is_earlier(held, held->before))
		held->before = held->before->before;
	held->after = held->before ? held->before->after : o->first;
	*(held->before ? &held->before->after : &o->first) = held;
	*(held->after ? &held->after->before : &o->last) = held;
	held->begun = true;
}

static void sink_down(struct ordering *o, uint32_t i)
{
	struct held_exchange *held = o->heap[i];
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child + 1 < o->count && is_earlier(o->heap[child + 1], o->heap[child]))
			child++;
		if (child >= o->count || !is_earlier(o->heap[child], held))
			break;
		o->heap[i] = o->heap[child];
		i = child;
	}
	o->heap[i] = held;
}

enum err ordering_put(struct ordering *o, struct held_exchange *held)
{
	if (!held->begun)
		held->order = o->next_order++;
	ordering_take_back(o, held);
	if (o->count == o->capacity) {
		uint32_t capacity = o->capacity ? o->capacity * 2 : 64;
		struct held_exchange **heap = realloc(o->heap, capacity * sizeof(struct held_exchange *));
		if (!heap) {
			held_exchange_destroy(held);
			return err_nomem();
		}
		o->heap = heap;
		o->capacity = capacity;
	}
	uint32_t i = o->count++;
	for (; i && is_earlier(held, o->heap[(i - 1) / 2]); i = (i - 1) / 2)
		o->heap[i] = o->heap[(i - 1) / 2];
	o->heap[i] = held;
	o->size += held->size + sizeof *held;
	return ordering_release(o, false);
}

enum err ordering_release(struct ordering *o, bool all)
{
	while (o->count) {
		struct held_exchange *held = o->heap[0];
		if (!all && o->first && is_earlier(o->first, held) && o->size <= ORDERING_MAX)
			break;
		o->heap[0] = o->heap[--o->count];
		if (o->count)
			sink_down(o, 0);
		o->size -= held->size + sizeof *held;
		enum err err = o->to->exchange(o->to, &held->exchange);
		held_exchange_destroy(held);
		TRY(err);
	}
	return ERR_NONE;
}
