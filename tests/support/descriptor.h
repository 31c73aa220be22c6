/* SPDX-License-Identifier: Apache-2.0 */
/* What a descriptor stands for, for tests that stand in for a system call. */
#ifndef EG_TESTS_DESCRIPTOR_H
#define EG_TESTS_DESCRIPTOR_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The name of the open file ends so. */
static inline bool descriptor_ends_with(int fd, const char *ending)
{
    char link[64];
    char path[PATH_MAX];
    size_t ending_len = strlen(ending);
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof(path));
    return len > (ssize_t)ending_len && memcmp(path + len - ending_len, ending, ending_len) == 0;
}

#endif
