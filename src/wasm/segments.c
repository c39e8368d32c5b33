/* Constant expressions, and the sections that are filled with them or with bytes: elements, code, data. */
#include "wasm/decode.h"
#include "wasm/opcodes.h"

static bool is_extended_constant(uint8_t opcode)
{
	return (opcode >= OP_i32_add && opcode <= OP_i32_mul) || (opcode >= OP_i64_add && opcode <= OP_i64_mul);
}

static enum err not_constant(struct decoder *d, size_t offset, uint8_t byte)
{
	struct reader *r = &d->r;
	uint32_t opcode = byte;
	if (byte >= 0xfb && byte <= 0xfe) {
		uint32_t number = read_u32(r);
		opcode = number < 0x100 ? opcode << 8 | number : opcode << 12 | (number & 0xfff);
	}
	const char *feature = is_extended_constant(byte) ? "extended constant expressions" : feature_of_opcode(opcode);
	if (feature)
		return decode_error(d, ERR_UNSUPPORTED, offset, "constant expression required, found opcode 0x%02x: " NOT_SUPPORTED, opcode,
			feature);
	const struct opcode_info *info = opcode <= 0xfdff ? &opcode_infos[opcode_index(opcode)] : NULL;
	if (!info || !info->name)
		return decode_error(d, ERR_MALFORMED, offset, "illegal opcode 0x%02x", opcode);
	return decode_error(d, ERR_MALFORMED, offset, "constant expression required, found %s", info->name);
}

static enum err init_global(struct decoder *d, struct init *init)
{
	struct module *module = d->module;
	init->kind = INIT_GLOBAL;
	init->index = read_u32(&d->r);
	TRY(decode_index(d, "global", init->index, module->imported_globals));
	const struct globaltype *type = &module->globals[init->index].type;
	if (type->mutable)
		return decode_error(d, ERR_MALFORMED, reader_offset(&d->r), "constant expression required: global %u is mutable",
			init->index);
	init->type = (uint8_t)type->type;
	return 0;
}

static enum err init_func(struct decoder *d, struct init *init)
{
	init->kind = INIT_FUNC;
	init->type = VALTYPE_FUNCREF;
	init->index = read_u32(&d->r);
	TRY(decode_index(d, "function", init->index, d->module->func_count));
	d->module->funcs[init->index].referenced = true;
	return 0;
}

static void init_const(struct init *init, enum valtype type, uint64_t low, uint64_t high)
{
	*init = (struct init){ .kind = INIT_CONST, .type = (uint8_t)type, .value = { low, high } };
}

/* One instruction behind its opcode. */
static enum err decode_constant(struct decoder *d, uint8_t opcode, struct init *init)
{
	struct reader *r = &d->r;
	size_t offset = reader_offset(r) - 1;
	switch (opcode) {
	case OP_i32_const: init_const(init, VALTYPE_I32, (uint32_t)read_s32(r), 0); return 0;
	case OP_i64_const: init_const(init, VALTYPE_I64, (uint64_t)read_s64(r), 0); return 0;
	case OP_f32_const: init_const(init, VALTYPE_F32, read_fixed(r, 4), 0); return 0;
	case OP_f64_const: init_const(init, VALTYPE_F64, read_fixed(r, 8), 0); return 0;
	case OP_ref_null: *init = (struct init){ .kind = INIT_NULL, .type = read_reftype(r) }; return 0;
	case OP_ref_func: return init_func(d, init);
	case OP_global_get: return init_global(d, init);
	case 0xfd: {
		const uint8_t *at = r->at;
		if (read_u32(r) != (OP_v128_const & 0xff)) {
			r->at = r->failure ? r->at : at;
			break;
		}
		uint64_t low = read_fixed(r, 8);
		init_const(init, VALTYPE_V128, low, read_fixed(r, 8));
		return 0;
	}
	}
	return not_constant(d, offset, opcode);
}

enum err decode_init(struct decoder *d, enum valtype type, struct init *ret_init)
{
	struct reader *r = &d->r;
	size_t offset = reader_offset(r);
	uint32_t values = 0;
	for (uint8_t opcode; (opcode = read_byte(r)) != OP_end && !r->failure; values++)
		TRY(decode_constant(d, opcode, ret_init));
	if (values != 1)
		return decode_error(d, ERR_MALFORMED, offset, "type mismatch: a constant expression gives %u value(s)", values);
	if (ret_init->type != type)
		return decode_error(d, ERR_MALFORMED, offset, "type mismatch: a constant expression gives %s, where %s is expected",
			valtype_name(ret_init->type), valtype_name((uint8_t)type));
	return decode_status(d);
}

/* Flags of an element segment. */
enum { ELEM_NOT_ACTIVE = 1, ELEM_EXPLICIT = 2, ELEM_EXPRESSIONS = 4 };

static enum err decode_elem_type(struct decoder *d, uint32_t flags, struct module_elem *elem)
{
	struct reader *r = &d->r;
	elem->type = VALTYPE_FUNCREF;
	if (!(flags & (ELEM_NOT_ACTIVE | ELEM_EXPLICIT)))
		return 0;
	if (flags & ELEM_EXPRESSIONS) {
		elem->type = read_reftype(r);
		return 0;
	}
	uint8_t kind = read_byte(r);
	return kind == 0 ? 0 : decode_error(d, ERR_MALFORMED, reader_offset(r) - 1, "malformed element kind %u", kind);
}

static enum err decode_item(struct decoder *d, uint32_t flags, uint8_t type, uint32_t *ret_item)
{
	struct module *module = d->module;
	if (!(flags & ELEM_EXPRESSIONS)) {
		uint32_t func = read_u32(&d->r);
		TRY(decode_index(d, "function", func, module->func_count));
		module->funcs[func].referenced = true;
		*ret_item = func;
		return 0;
	}
	struct init init;
	TRY(decode_init(d, (enum valtype)type, &init));
	*ret_item = init.kind == INIT_NULL ? ELEM_NULL : init.kind == INIT_GLOBAL ? ELEM_GLOBAL | init.index : init.index;
	return 0;
}

static enum err decode_elem(struct decoder *d, struct module_elem *elem)
{
	struct module *module = d->module;
	struct reader *r = &d->r;
	size_t offset = reader_offset(r);
	uint32_t flags = read_u32(r);
	if (flags > 7)
		return decode_error(d, ERR_MALFORMED, offset, "malformed elements segment kind %u", flags);
	elem->mode = !(flags & ELEM_NOT_ACTIVE) ? SEGMENT_ACTIVE : flags & ELEM_EXPLICIT ? SEGMENT_DECLARED : SEGMENT_PASSIVE;
	if (elem->mode == SEGMENT_ACTIVE) {
		elem->table = flags & ELEM_EXPLICIT ? read_u32(r) : 0;
		TRY(decode_index(d, "table", elem->table, module->table_count));
		TRY(decode_init(d, VALTYPE_I32, &elem->offset));
	}
	TRY(decode_elem_type(d, flags, elem));
	if (elem->mode == SEGMENT_ACTIVE && module->tables[elem->table].element != elem->type)
		return decode_error(d, ERR_MALFORMED, offset, "type mismatch: a segment of %s for table %u of %s", valtype_name(elem->type),
			elem->table, valtype_name((uint8_t)module->tables[elem->table].element));
	elem->count = read_count(r);
	TRY(decode_status(d));
	elem->items = ARENA_ARRAY(&module->arena, uint32_t, elem->count);
	if (!elem->items)
		return err_nomem();
	for (uint32_t i = 0; i < elem->count; i++)
		TRY(decode_item(d, flags, elem->type, &elem->items[i]));
	return decode_status(d);
}

enum err decode_elems(struct decoder *d)
{
	struct module *module = d->module;
	TRY(decode_count(d, "element segments", &module->elem_count));
	module->elems = ARENA_ARRAY(&module->arena, struct module_elem, module->elem_count);
	if (!module->elems)
		return err_nomem();
	for (uint32_t i = 0; i < module->elem_count; i++)
		TRY(decode_elem(d, &module->elems[i]));
	return 0;
}

enum err check_func_counts(const struct decoder *d)
{
	if (d->declared_funcs == d->code_count)
		return 0;
	return err_set(ERR_MALFORMED, "function and code section have inconsistent lengths: %u declared, %u with code", d->declared_funcs,
		d->code_count);
}

/* Only finds the bodies: validate_funcs reads them. */
enum err decode_code(struct decoder *d)
{
	struct module *module = d->module;
	struct reader *r = &d->r;
	module->code_offset = reader_offset(r);
	TRY(decode_count(d, "function bodies", &d->code_count));
	TRY(check_func_counts(d));
	for (uint32_t i = 0; i < d->code_count; i++) {
		struct module_func *func = &module->funcs[module->imported_funcs + i];
		struct view body = read_bytes(r, read_count(r));
		TRY(decode_status(d));
		func->body = (uint32_t)(body.data - r->start);
		func->body_size = (uint32_t)body.size;
	}
	return 0;
}

static enum err decode_data(struct decoder *d, struct module_data *data)
{
	struct module *module = d->module;
	struct reader *r = &d->r;
	size_t offset = reader_offset(r);
	uint32_t kind = read_u32(r);
	if (kind > 2)
		return decode_error(d, ERR_MALFORMED, offset, "malformed data segment kind %u", kind);
	data->mode = kind == 1 ? SEGMENT_PASSIVE : SEGMENT_ACTIVE;
	if (data->mode == SEGMENT_ACTIVE) {
		data->memory = kind == 2 ? read_u32(r) : 0;
		TRY(decode_index(d, "memory", data->memory, module->memory_count));
		TRY(decode_init(d, VALTYPE_I32, &data->offset));
	}
	data->bytes = read_bytes(r, read_count(r));
	return decode_status(d);
}

enum err decode_datas(struct decoder *d)
{
	struct module *module = d->module;
	TRY(decode_count(d, "data segments", &module->data_count));
	module->datas = ARENA_ARRAY(&module->arena, struct module_data, module->data_count);
	if (!module->datas)
		return err_nomem();
	for (uint32_t i = 0; i < module->data_count; i++)
		TRY(decode_data(d, &module->datas[i]));
	return 0;
}
