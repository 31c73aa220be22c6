/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance suite against the postgres sink: postgres_suite DSN MAPPINGS TABLE
 *
 * The mapping stores every event of the suite as a row of the table. Exits 0 when all checks pass.
 */
#include "eventgate/sink_suite.h"

#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/fields.h"
#include "postgres/connection.h"
#include "sinks/registry.h"

struct far_end {
    struct eg_postgres_config config;
    char *table;
};

static int64_t count_rows(void *context)
{
    struct far_end *far_end = context;
    struct eg_postgres_session session = {.application_name = "suite"};
    struct eg_postgres_provider provider = eg_postgres_config_provider(&far_end->config);
    struct eg_postgres_connection *connection = NULL;
    struct eg_postgres_rows rows = {0};
    struct eg_error err = {.message = ""};
    int64_t count = -1;
    EG_AUTOFREE char *sql = eg_asprintf("SELECT count(*) FROM %s", far_end->table);
    if (eg_postgres_connection_open(&provider, &session, &connection, &err) != 0 ||
        eg_postgres_query(connection, sql, NULL, 10000, &rows, &err) != 0)
        eg_suite_fail("%s", err.message);
    else
        EG_ASSERT(eg_span_to_int64(eg_postgres_rows_value(&rows, 0, 0), &count));
    eg_postgres_rows_fini(&rows);
    eg_postgres_connection_close(connection);
    return count;
}

static void set(const struct eg_sink_type *type, void *config, const char *name, const char *value)
{
    for (size_t i = 0; i < type->config->field_count; i++)
        if (strcmp(type->config->fields[i].name, name) == 0) {
            char **slot = (char **)(void *)((char *)config + type->config->fields[i].offset);
            free(*slot);
            *slot = eg_strdup(value);
        }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)fprintf(stderr, "usage: %s DSN MAPPINGS TABLE\n", argv[0]);
        return 2;
    }
    struct far_end far_end = {{.dsn = argv[1], .connect_timeout_ms = 5000}, argv[3]};
    struct eg_sink_registry *registry = eg_sink_registry_new();
    const struct eg_sink_type *type = eg_sink_registry_find(registry, "postgres");
    void *config = eg_calloc(1, type->config->struct_bytes);
    eg_config_fields_default(type->config, config);
    set(type, config, "dsn", argv[1]);
    set(type, config, "mappings", argv[2]);
    struct eg_sink_suite suite = {
        .type = type, .config = config, .received = count_rows, .context = &far_end};
    int failures = eg_sink_suite_run(&suite);
    eg_config_fields_fini(type->config, config);
    free(config);
    eg_sink_registry_destroy(registry);
    (void)printf("%d checks failed\n", failures);
    return failures != 0;
}
