/* SPDX-License-Identifier: Apache-2.0 */
/* Where the build has put the plug-ins that tests load: beside the unit tests, in support/. */
#ifndef EG_TESTS_PLUGIN_PATH_H
#define EG_TESTS_PLUGIN_PATH_H

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

/* For a program <build>/tests/unit/<room>/test_x: <build>/tests/support/<name>. The caller frees
 * it. */
static inline char *plugin_path(const char *name)
{
    char self[PATH_MAX] = "";
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[len > 0 ? len : 0] = '\0';
    for (int up = 0; up < 3; up++) {
        char *slash = strrchr(self, '/');
        if (slash)
            *slash = '\0';
    }
    return eg_asprintf("%s/support/%s", self, name);
}

#endif
