/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small array: the built-in types first. Loading happens before the daemon serves; after that
 * nothing changes, so reading needs no lock.
 */
#include "sinks/registry.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

#define EG_SINK(name) extern const struct eg_sink_type eg_sink_##name;
#include "sinks/sinks.def"
#undef EG_SINK

static const struct eg_sink_type *const built_in[] = {
#define EG_SINK(name) &eg_sink_##name,
#include "sinks/sinks.def"
#undef EG_SINK
};

struct entry {
    const struct eg_sink_type *type;
    void *library; /* NULL: built in */
};

struct eg_sink_registry {
    struct entry *entries;
    size_t count;
};

static void add(struct eg_sink_registry *registry, const struct eg_sink_type *type, void *library)
{
    registry->entries =
        eg_realloc_array(registry->entries, registry->count + 1, sizeof(struct entry));
    registry->entries[registry->count++] = (struct entry){type, library};
}

struct eg_sink_registry *eg_sink_registry_new(void)
{
    struct eg_sink_registry *registry = eg_calloc(1, sizeof(*registry));
    for (size_t i = 0; i < EG_ARRAY_COUNT(built_in); i++)
        add(registry, built_in[i], NULL);
    return registry;
}

void eg_sink_registry_destroy(struct eg_sink_registry *registry)
{
    if (!registry)
        return;
    for (size_t i = registry->count; i > 0; i--)
        if (registry->entries[i - 1].library)
            (void)dlclose(registry->entries[i - 1].library); /* nothing of it is used any more */
    free(registry->entries);
    free(registry);
}

static int check_limits(const struct eg_sink_type *type, struct eg_error *err)
{
    if (type->max_batch_events == 0 || type->max_batch_bytes == 0)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "sink type '%s': max_batch_events and max_batch_bytes must not be 0",
                            type->name);
    if (type->flags & EG_SINK_INLINE)
        return 0;
    if (type->default_workers == 0 || type->default_workers > type->max_workers)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "sink type '%s': default_workers must be between 1 and max_workers",
                            type->name);
    return 0;
}

int eg_sink_type_check(const struct eg_sink_type *type, struct eg_error *err)
{
    if (!type)
        return eg_error_set(err, EG_ERR_CONFIG, "%s returned no sink type", EG_SINK_ENTRY_SYMBOL);
    if (type->abi != EG_SINK_ABI)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "built for sink interface %u, this program has %u: build it again "
                            "with this version's headers",
                            (unsigned)type->abi, EG_SINK_ABI);
    if (!type->name || !*type->name || !type->config || !type->create || !type->submit ||
        !type->destroy)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "sink type '%s' lacks its name, config, create, submit or destroy",
                            type->name ? type->name : "");
    return check_limits(type, err);
}

static int resolve(void *library, const struct eg_sink_type **ret_type, struct eg_error *err)
{
    void *symbol = dlsym(library, EG_SINK_ENTRY_SYMBOL);
    if (!symbol)
        return eg_error_set(err, EG_ERR_CONFIG, "it exports no %s", EG_SINK_ENTRY_SYMBOL);
    eg_sink_entry entry;
    memcpy(&entry, &symbol, sizeof(entry)); /* POSIX: a function fits into void *; ISO C has no
                                               cast for it */
    const struct eg_sink_type *type = entry();
    if (eg_sink_type_check(type, err) != 0)
        return -1;
    *ret_type = type;
    return 0;
}

int eg_sink_registry_load(struct eg_sink_registry *registry, const char *path, struct eg_error *err)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return eg_error_set(err, EG_ERR_CONFIG, "cannot load plug-in '%s': %s", path, dlerror());
    const struct eg_sink_type *type = NULL;
    int ret = resolve(library, &type, err);
    if (ret == 0 && eg_sink_registry_find(registry, type->name))
        ret = eg_error_set(err, EG_ERR_CONFIG, "there already is a sink type '%s'", type->name);
    if (ret != 0) {
        (void)dlclose(library);
        return eg_error_prefix(err, "plug-in '%s'", path);
    }
    add(registry, type, library);
    return 0;
}

const struct eg_sink_type *eg_sink_registry_find(const struct eg_sink_registry *registry,
                                                 const char *name)
{
    for (size_t i = 0; i < registry->count; i++)
        if (strcmp(registry->entries[i].type->name, name) == 0)
            return registry->entries[i].type;
    return NULL;
}

size_t eg_sink_registry_count(const struct eg_sink_registry *registry)
{
    return registry->count;
}

const struct eg_sink_type *eg_sink_registry_at(const struct eg_sink_registry *registry,
                                               size_t index)
{
    EG_ASSERT(index < registry->count);
    return registry->entries[index].type;
}
