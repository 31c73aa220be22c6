/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vector folder for unit tests: EVENTGATE_VECTORS, or ../shared/vectors. A test that needs it
 * and does not find it is skipped, never passed.
 */
#ifndef EG_TESTS_SUPPORT_VECTORS_H
#define EG_TESTS_SUPPORT_VECTORS_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static inline const char *vectors_folder(void)
{
    const char *folder = getenv("EVENTGATE_VECTORS");
    return folder ? folder : "../shared/vectors";
}

/* Any JSON file below the folder; NULL: it is not there. */
static inline json_t *vectors_load(const char *path)
{
    char full[1024];
    (void)snprintf(full, sizeof(full), "%s/%s", vectors_folder(), path);
    return json_load_file(full, JSON_ALLOW_NUL, NULL);
}

#endif
