#include "wasm/types.h"

bool functype_equal(const struct functype *a, const struct functype *b)
{
	return view_equal(view_of(a->params, a->param_count), view_of(b->params, b->param_count))
	    && view_equal(view_of(a->results, a->result_count), view_of(b->results, b->result_count));
}
