#include "emit/emitter.h"

#include <math.h>
#include <string.h>

#include "emit/format.h"

enum err emitter_create(enum emit_format format, struct output *output, struct emitter **ret_emitter)
{
	static enum err (*const creators[])(struct emitter **) = {
		[EMIT_LINE] = emitter_create_line,
		[EMIT_PAGE] = emitter_create_page,
		[EMIT_JSON] = emitter_create_json,
		[EMIT_YAML] = emitter_create_yaml,
	};
	struct emitter *emitter;
	TRY(creators[format](&emitter));
	emitter->format = format;
	emitter->output = output;
	emitter->out = &output->pending;
	*ret_emitter = emitter;
	return ERR_NONE;
}

void emitter_destroy(struct emitter *emitter)
{
	if (emitter)
		emitter->hands->destroy(emitter);
}

void emit_double(struct emitter *e, double value)
{
	BUF_CLEANUP struct buf text = { 0 };
	format_double(&text, value);
	e->out->failed |= text.failed;
	if (isfinite(value))
		e->hands->number(e, buf_text(&text));
	else
		e->hands->name(e, buf_text(&text));
}

enum err emit_end(struct emitter *e)
{
	e->hands->end(e);
	return output_end(e->output);
}

enum err emit_format_parse(const char *name, enum emit_format text, enum emit_format *ret_format)
{
	if (strcmp(name, "text") == 0)
		*ret_format = text;
	else if (strcmp(name, "json") == 0)
		*ret_format = EMIT_JSON;
	else if (strcmp(name, "yaml") == 0)
		*ret_format = EMIT_YAML;
	else
		return err_set(ERR_USAGE, "unknown output format \"%s\": it is text, json or yaml", name);
	return ERR_NONE;
}
