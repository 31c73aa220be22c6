/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of libpq parameters, and where our own files are. No state; any thread. */
#include "postgres/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/source.h"

static bool is_given(const char *text)
{
    return text && text[0] != '\0';
}

void eg_postgres_parameters_add(struct eg_postgres_parameters *parameters, const char *name,
                                const char *value)
{
    size_t slots = parameters->count + 2; /* this one and the NULL behind it */
    parameters->names = eg_realloc_array(parameters->names, slots, sizeof(*parameters->names));
    parameters->values = eg_realloc_array(parameters->values, slots, sizeof(*parameters->values));
    parameters->names[parameters->count] = eg_strdup(name);
    parameters->values[parameters->count] = eg_strdup(value);
    parameters->count++;
    parameters->names[parameters->count] = NULL;
    parameters->values[parameters->count] = NULL;
}

void eg_postgres_parameters_fini(struct eg_postgres_parameters *parameters)
{
    for (size_t i = 0; i < parameters->count; i++) {
        explicit_bzero(parameters->values[i], strlen(parameters->values[i]));
        free(parameters->names[i]);
        free(parameters->values[i]);
    }
    free(parameters->names);
    free(parameters->values);
    *parameters = (struct eg_postgres_parameters){0};
}

/* The folder that the program lies in; "" when the system does not say. */
static void find_program(char *folder, size_t folder_bytes)
{
    ssize_t len = readlink("/proc/self/exe", folder, folder_bytes - 1);
    folder[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
}

char *eg_postgres_folder(const char *configured, const char *leaf)
{
    static const char *const roots[] = {"etc/postgres", "/etc/eventgate/postgres",
                                        "%s/../share/eventgate/postgres", "%s/../etc/postgres"};
    char program[4096];
    if (is_given(configured))
        return eg_strdup(configured);
    find_program(program, sizeof(program));
    for (size_t i = 0; i < EG_ARRAY_COUNT(roots); i++) {
        EG_AUTOFREE char *root = eg_asprintf(roots[i], program);
        char *folder = eg_asprintf("%s/%s", root, leaf);
        if (eg_config_path_is_folder(folder))
            return folder;
        free(folder);
    }
    return eg_asprintf("%s/%s", roots[0], leaf);
}
