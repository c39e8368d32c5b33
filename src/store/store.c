#include "store/store_parts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "log/fill.h"
#include "registry/files.h"
#include "registry/remote.h"

void store_key(const struct uuid *id, const char *name, char key[STORE_KEY])
{
	char text[UUID_TEXT];
	uuid_print(id, text);
	snprintf(key, STORE_KEY, "processes/%s/%s", text, name);
}

/* "00000000.log", "tail" */
bool store_is_part(struct view name)
{
	if (view_is(name, "tail"))
		return true;
	if (name.size < 12 || name.size >= STORE_NAME || !view_is(view_slice(name, name.size - 4, 4), ".log"))
		return false;
	for (size_t i = 0; i < name.size - 4; i++) {
		if (name.data[i] < '0' || name.data[i] > '9')
			return false;
	}
	return true;
}

static void module_key(const struct digest *digest, char key[128])
{
	char hex[DIGEST_HEX];
	digest_hex(digest, hex);
	snprintf(key, 128, "modules/sha256/%.2s/%s", hex, hex);
}

static enum err fetch_module(void *data, const struct digest *digest)
{
	struct store *store = data;
	char key[128], text[DIGEST_TEXT];
	BUF_CLEANUP struct buf bytes = { 0 };
	module_key(digest, key);
	TRY(client_get(store->client, key, UINT32_MAX, &bytes));
	struct module_file file = { buf_view(&bytes), digest_of(buf_view(&bytes)) };
	digest_print(digest, text);
	if (memcmp(&file.digest, digest, sizeof *digest) != 0)
		return err_set(ERR_DAMAGED, "%s: module %s is damaged: its bytes have another digest", store->settings.url, text);
	TRY(registry_add_module(store->registry, &file));
	registry_unhold(store->registry);
	return ERR_NONE;
}

struct module_listing {
	enum err (*add)(void *list, const struct stored_module *module);
	void *list;
};

static enum err visit_module(void *data, const struct store_object *object)
{
	const struct module_listing *listing = data;
	struct stored_module module = { .size = object->size, .stored = object->changed };
	struct view name = object->key;
	const uint8_t *slash = memrchr(name.data, '/', name.size);
	if (slash)
		name = view_slice(name, (size_t)(slash - name.data) + 1, name.size);
	return digest_parse(name, &module.digest) ? listing->add(listing->list, &module) : ERR_NONE;
}

static enum err list_modules(void *data, enum err (*add)(void *list, const struct stored_module *module), void *list)
{
	struct store *store = data;
	struct module_listing listing = { add, list };
	const struct store_visitor visitor = { .object = visit_module, .data = &listing };
	return client_list(store->client, "modules/sha256/", false, &visitor);
}

static enum err remove_module(void *data, const struct digest *digest)
{
	struct store *store = data;
	char key[128];
	module_key(digest, key);
	return client_delete(store->client, key);
}

static enum err open_process(void *data, const struct uuid *id)
{
	return fetched_open(data, id);
}

static enum err remove_process(void *data, const struct uuid *id)
{
	return fetched_remove(data, id);
}

static void removed_process(void *data, const struct uuid *id)
{
	fetched_forget(data, id);
}

enum err store_check(const char *url)
{
	struct store_settings settings;
	TRY(store_settings_load(url, &settings));
	store_settings_finish(&settings);
	return ERR_NONE;
}

static enum err open_below(const struct store *store, const char *folder, const char *name, int *ret_fd)
{
	int above;
	TRY(dir_open(registry_fd(store->registry), folder, true, &above));
	enum err err = dir_open(above, name, true, ret_fd);
	close(above);
	return err;
}

/* The directory of modules too, even if all are elsewhere: it is what locks them. */
static enum err open_folders(struct store *store)
{
	int modules;
	TRY(open_below(store, "store", "fetched", &store->fetched_fd));
	TRY(open_below(store, "store", "sent", &store->sent_fd));
	TRY(open_below(store, "modules", "sha256", &modules));
	close(modules);
	return ERR_NONE;
}

enum err store_connect(const char *url, struct registry *registry, struct store **ret_store)
{
	struct store *store = calloc(1, sizeof *store);
	if (!store)
		return err_nomem();
	store->registry = registry;
	store->fetched_fd = store->sent_fd = store->removing_fd = -1;
	for (int i = 0; i < PARTIALS; i++)
		store->partials[i].fd = -1;
	enum err err = store_settings_load(url, &store->settings);
	if (!err)
		err = client_create(&store->settings, &store->client);
	if (!err)
		err = open_folders(store);
	if (err) {
		store_close(store);
		return err;
	}
	*ret_store = store;
	return ERR_NONE;
}

enum err store_open(const char *url, struct registry *registry, void (*unavailable)(enum err err), struct store **ret_store)
{
	struct store *store;
	TRY(store_connect(url, registry, &store));
	store->unavailable = unavailable;
	enum err err = fetched_list(store);
	if (err) {
		store_close(store);
		return err;
	}
	const struct registry_remote remote = { open_process, remove_process, removed_process, fetch_module, list_modules, remove_module,
		store };
	registry_set_remote(registry, &remote);
	log_fill_with(partial_fill, store);
	*ret_store = store;
	return ERR_NONE;
}

bool store_is_fetched(const struct store *store, const struct uuid *id)
{
	char name[UUID_TEXT];
	uuid_print(id, name);
	return faccessat(store->fetched_fd, name, F_OK, 0) == 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->unavailable) {
		log_fill_with(NULL, NULL);
		registry_set_remote(store->registry, NULL);
	}
	partials_finish(store);
	for (size_t i = 0; i < store->held_count; i++)
		close(store->held[i].fd);
	free(store->held);
	if (store->fetched_fd >= 0)
		close(store->fetched_fd);
	if (store->removing_fd >= 0)
		close(store->removing_fd);
	if (store->sent_fd >= 0)
		close(store->sent_fd);
	client_destroy(store->client);
	store_settings_finish(&store->settings);
	free(store);
}
