/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this room share: parsing from a literal, looking for a problem, folders. */
#ifndef EG_TESTS_CONFIG_LOADING_H
#define EG_TESTS_CONFIG_LOADING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/span.h"
#include "config/problem.h"
#include "config/tree.h"

/* The tree of a text that is expected to be fine. */
static inline struct eg_config_tree *parse_fine(const char *text, enum eg_config_substitution how)
{
    struct eg_config_problems problems = {0};
    struct eg_config_tree *tree = NULL;
    if (eg_config_tree_parse(eg_span_text(text), "t.yaml", how, &tree, &problems) != 0) {
        eg_config_problems_print(&problems, stderr);
        fail_msg("'%s' was refused", text);
    }
    assert_int_equal(problems.count, 0);
    return tree;
}

static inline bool has_problem(const struct eg_config_problems *problems, unsigned line,
                               unsigned column, const char *part)
{
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].line == line && problems->items[i].column == column &&
            strstr(problems->items[i].message, part))
            return true;
    return false;
}

static inline void assert_problem(const struct eg_config_problems *problems, unsigned line,
                                  unsigned column, const char *part)
{
    if (has_problem(problems, line, column, part))
        return;
    eg_config_problems_print(problems, stderr);
    fail_msg("no problem at %u:%u with '%s'", line, column, part);
}

static inline char *make_folder(void)
{
    char *folder = eg_strdup("/tmp/eventgate-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

/* `path` may name folders that are not there yet. */
static inline void write_file(const char *folder, const char *path, const char *text)
{
    char *full = eg_asprintf("%s/%s", folder, path);
    for (char *slash = strchr(full + strlen(folder) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(full, 0700);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    free(full);
}

static inline void remove_folder(char *take)
{
    char *command = eg_asprintf("rm -rf '%s'", take);
    assert_int_equal(system(command), 0);
    free(command);
    free(take);
}

#endif
