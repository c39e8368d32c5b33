/* The module "spectest" that the scripts import from: functions that print (here: do nothing), globals, a table, a memory. */
#pragma once

#include "wasm/store.h"

struct spectest;

enum err spectest_create(struct store *store, struct spectest **ret_spectest);
void spectest_destroy(struct spectest *spectest);
bool spectest_export(const struct spectest *spectest, struct view name, struct extern_value *ret_value);
