#include "proto/http.h"

const struct protocol *const protocols[] = {
	&http_protocol,
	NULL,
};
