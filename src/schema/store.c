/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts under URIs, sorted by URI. Each was read once, to refuse early what is not JSON.
 *
 * Filled by one thread, then read by any.
 */
#include "schema/store.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "schema/library.h"
#include "schema/store_lookup.h"
#include "json/document.h"

#define MAX_FOLDER_DEPTH 16

struct entry {
    char *uri;
    char *text;
    size_t text_bytes;
};

struct eg_schema_store {
    struct entry *entries; /* sorted by uri */
    size_t count;
    size_t capacity;
};

struct eg_schema_store *eg_schema_store_new(void)
{
    return eg_calloc(1, sizeof(struct eg_schema_store));
}

void eg_schema_store_destroy(struct eg_schema_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < store->count; i++) {
        free(store->entries[i].uri);
        free(store->entries[i].text);
    }
    free(store->entries);
    free(store);
}

/* Where the URI is, or where it belongs. */
static size_t find_place(const struct eg_schema_store *store, struct eg_span uri, bool *ret_found)
{
    size_t low = 0;
    size_t high = store->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = eg_span_compare(eg_span_text(store->entries[middle].uri), uri);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = false;
    return low;
}

struct eg_span eg_schema_store_find(const struct eg_schema_store *store, struct eg_span uri)
{
    if (!store)
        return EG_SPAN_EMPTY;
    bool found;
    size_t place = find_place(store, uri, &found);
    if (!found)
        return EG_SPAN_EMPTY;
    return eg_span_of(store->entries[place].text, store->entries[place].text_bytes);
}

static int check_json(const char *uri, struct eg_span text, struct eg_error *err)
{
    struct eg_json_limits limits = eg_json_limits_default;
    limits.max_text_bytes = EG_SCHEMA_MAX_TEXT_BYTES;
    limits.max_string_bytes = EG_SCHEMA_MAX_TEXT_BYTES;
    struct eg_json_document document;
    eg_json_document_init(&document);
    struct eg_error reason;
    int rc = eg_json_document_parse(&document, text, &limits, &reason);
    eg_json_document_fini(&document);
    if (rc != 0)
        return eg_error_set(err, EG_ERR_CONFIG, "schema '%s' is not readable JSON: %s", uri,
                            reason.message);
    return 0;
}

int eg_schema_store_add(struct eg_schema_store *store, const char *uri, struct eg_span text,
                        struct eg_error *err)
{
    bool found;
    size_t place = find_place(store, eg_span_text(uri), &found);
    if (found)
        return eg_error_set(err, EG_ERR_CONFIG, "schema '%s' was added before", uri);
    if (check_json(uri, text, err) != 0)
        return -1;
    if (store->count == store->capacity) {
        store->capacity = store->capacity ? store->capacity * 2 : 16;
        store->entries = eg_realloc_array(store->entries, store->capacity, sizeof(*store->entries));
    }
    memmove(&store->entries[place + 1], &store->entries[place],
            (store->count - place) * sizeof(*store->entries));
    store->entries[place] = (struct entry){eg_strdup(uri), eg_span_dup(text), text.len};
    store->count++;
    return 0;
}

static void close_file(FILE **file)
{
    if (*file)
        (void)fclose(*file);
}

static int read_file(const char *path, struct eg_buffer *out, struct eg_error *err)
{
    EG_CLEANUP(close_file) FILE *file = fopen(path, "rb");
    if (!file)
        return eg_error_set(err, EG_ERR_CONFIG, "cannot open schema file '%s': %s", path,
                            strerror(errno));
    for (;;) {
        char *room = eg_buffer_reserve(out, 65536);
        size_t got = fread(room, 1, 65536, file);
        out->len += got;
        if (out->len > EG_SCHEMA_MAX_TEXT_BYTES)
            return eg_error_set(err, EG_ERR_CONFIG, "schema file '%s' is larger than %u bytes",
                                path, EG_SCHEMA_MAX_TEXT_BYTES);
        if (got == 0)
            break;
    }
    if (ferror(file))
        return eg_error_set(err, EG_ERR_CONFIG, "cannot read schema file '%s'", path);
    return 0;
}

static int add_file(struct eg_schema_store *store, const char *uri, const char *path,
                    struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (read_file(path, &text, err) != 0)
        return -1;
    return eg_schema_store_add(store, uri, eg_buffer_span(&text), err);
}

static int add_folder(struct eg_schema_store *store, const char *base_uri, const char *folder,
                      unsigned depth, struct eg_error *err);

static int add_item(struct eg_schema_store *store, const char *base_uri, const char *folder,
                    const char *name, unsigned depth, struct eg_error *err)
{
    size_t base_len = strlen(base_uri);
    const char *slash = base_len && base_uri[base_len - 1] == '/' ? "" : "/";
    EG_AUTOFREE char *path = eg_asprintf("%s/%s", folder, name);
    EG_AUTOFREE char *uri = eg_asprintf("%s%s%s", base_uri, slash, name);
    struct stat info;
    if (stat(path, &info) != 0)
        return eg_error_set(err, EG_ERR_CONFIG, "cannot read '%s': %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return add_folder(store, uri, path, depth + 1, err);
    size_t len = strlen(name);
    if (!S_ISREG(info.st_mode) || len < 5 || strcmp(name + len - 5, ".json") != 0)
        return 0;
    return add_file(store, uri, path, err);
}

static int add_folder(struct eg_schema_store *store, const char *base_uri, const char *folder,
                      unsigned depth, struct eg_error *err)
{
    if (depth > MAX_FOLDER_DEPTH)
        return eg_error_set(err, EG_ERR_CONFIG, "folders in '%s' lie deeper than %d", folder,
                            MAX_FOLDER_DEPTH);
    DIR *dir = opendir(folder);
    if (!dir)
        return eg_error_set(err, EG_ERR_CONFIG, "cannot open schema folder '%s': %s", folder,
                            strerror(errno));
    int rc = 0;
    for (struct dirent *item = readdir(dir); item && rc == 0; item = readdir(dir))
        if (item->d_name[0] != '.')
            rc = add_item(store, base_uri, folder, item->d_name, depth, err);
    (void)closedir(dir);
    return rc;
}

int eg_schema_store_add_folder(struct eg_schema_store *store, const char *base_uri,
                               const char *folder, struct eg_error *err)
{
    return add_folder(store, base_uri, folder, 0, err);
}
