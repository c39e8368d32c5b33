/* What descriptors a process had from the start, as its manifest has them. */
#pragma once

#include "registry/manifest.h"
#include "trace/descriptors.h"
#include "trace/network.h"

enum err given_descriptors(struct descriptors *descriptors, const struct manifest *manifest);
enum err given_network(struct network *network, const struct manifest *manifest);
