/* SPDX-License-Identifier: Apache-2.0 */
/* Listing a folder of schemas. The order of readdir() is no order: names are sorted. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/outside.h"
#include "config/source.h"

void eg_config_string_list_fini(struct eg_string_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct eg_string_list){0};
}

static void close_folder(DIR **folder)
{
    if (*folder)
        (void)closedir(*folder);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The length of the name without the suffix; 0: not one of ours. */
static size_t stem_bytes(const char *name, const char *suffix)
{
    size_t len = strlen(name), tail = strlen(suffix);
    if (name[0] == '.' || len <= tail || strcmp(name + len - tail, suffix) != 0)
        return 0;
    return len - tail;
}

static int collect(DIR *dir, const char *folder, const char *suffix, size_t max_files,
                   struct eg_string_list *names, struct eg_error *err)
{
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        size_t stem = stem_bytes(entry->d_name, suffix);
        if (stem == 0)
            continue;
        if (names->count == max_files)
            return eg_error_set(err, EG_ERR_TOO_LARGE, "%s: more than %zu files", folder,
                                max_files);
        names->items = eg_realloc_array(names->items, names->count + 1, sizeof(*names->items));
        names->items[names->count++] = eg_span_dup(eg_span_of(entry->d_name, stem));
    }
    return 0;
}

static int list_remote(const char *prefix, const char *suffix, size_t max_files,
                       struct eg_string_list *ret_names, struct eg_error *err)
{
    const struct eg_config_outside *outside = eg_config_outside_get();
    if (!outside)
        return eg_error_set(err, EG_ERR_UNAVAILABLE,
                            "%s: S3 can't be read here; copy it to a local folder", prefix);
    return outside->list(outside->context, prefix, suffix, max_files, ret_names, err);
}

int eg_config_folder_list(const char *folder, const char *suffix, size_t max_files,
                          struct eg_string_list *ret_names, struct eg_error *err)
{
    char text[128];
    if (eg_config_source_is_remote(folder))
        return list_remote(folder, suffix, max_files, ret_names, err);
    EG_CLEANUP(close_folder) DIR *dir = opendir(folder);
    if (!dir)
        return eg_error_set(err, errno == ENOENT ? EG_ERR_NOT_FOUND : EG_ERR_IO,
                            "%s: can't open the folder: %s", folder,
                            eg_error_errno_text(errno, text, sizeof(text)));
    struct eg_string_list names = {0};
    if (collect(dir, folder, suffix, max_files, &names, err) != 0) {
        eg_config_string_list_fini(&names);
        return -1;
    }
    if (names.count > 1)
        qsort(names.items, names.count, sizeof(*names.items), compare_names);
    *ret_names = names;
    return 0;
}
