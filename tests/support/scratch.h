/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of its own for a test that writes files; removed with all that is in it. */
#ifndef EG_TESTS_SCRATCH_H
#define EG_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static inline int scratch_remove_entry(const char *path, const struct stat *status, int kind,
                                       struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

/* For cmocka: *state is the folder's path. */
static inline int scratch_setup(void **state)
{
    char *folder = eg_strdup("/tmp/eventgate-test-XXXXXX");
    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}

static inline int scratch_teardown(void **state)
{
    int ret = nftw(*state, scratch_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return ret;
}

/* The caller frees it. */
static inline char *scratch_path(void **state, const char *name)
{
    return eg_asprintf("%s/%s", (const char *)*state, name);
}

static inline char *scratch_read(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return eg_strdup("");
    char *text = eg_calloc(1, 1 << 20);
    size_t len = fread(text, 1, (1 << 20) - 1, file);
    text[len] = '\0';
    (void)fclose(file);
    return text;
}

#endif
