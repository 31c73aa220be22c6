/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a schema's text to a program: read, check against the meta-schema, compile what is reached,
 * link, plan. The meta-schemas' own programs are compiled on first use and kept for good.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "schema/compiler.h"
#include "schema/metaschemas.h"
#include "schema/uri.h"

#define DRAFTS (EG_SCHEMA_DRAFT_2020_12 + 1)

static const char *const meta_uris[DRAFTS] = {
    [EG_SCHEMA_DRAFT_4] = "http://json-schema.org/draft-04/schema",
    [EG_SCHEMA_DRAFT_6] = "http://json-schema.org/draft-06/schema",
    [EG_SCHEMA_DRAFT_7] = "http://json-schema.org/draft-07/schema",
    [EG_SCHEMA_DRAFT_2019_09] = "https://json-schema.org/draft/2019-09/schema",
    [EG_SCHEMA_DRAFT_2020_12] = "https://json-schema.org/draft/2020-12/schema",
};

static pthread_once_t meta_once = PTHREAD_ONCE_INIT;
static struct eg_schema *meta_schemas[DRAFTS]; /* written once, then read by any thread */

void eg_schema_array_grow(void *items_pointer, uint32_t count, uint32_t *capacity,
                          size_t item_bytes)
{
    if (count < *capacity)
        return;
    void *items;
    memcpy(&items, items_pointer, sizeof(items));
    *capacity = *capacity ? *capacity * 2 : 8;
    items = eg_realloc_array(items, *capacity, item_bytes);
    memcpy(items_pointer, &items, sizeof(items));
}

static void free_programs(struct eg_schema *schema)
{
    for (uint32_t i = 0; i < schema->enums.count; i++)
        eg_schema_name_table_fini(&schema->enums.items[i].strings);
    for (uint32_t i = 0; i < schema->objects.count; i++)
        eg_schema_name_table_fini(&schema->objects.items[i].names);
    for (uint32_t i = 0; i < schema->regexes.count; i++)
        eg_regex_destroy(schema->regexes.items[i]);
}

void eg_schema_destroy(struct eg_schema *schema)
{
    if (!schema)
        return;
    free_programs(schema);
    free(schema->nodes.items);
    free(schema->rules.items);
    free(schema->checks.items);
    free(schema->links.items);
    free(schema->numbers.items);
    free(schema->enums.items);
    free(schema->enum_values.items);
    free(schema->patterns.items);
    free(schema->properties.items);
    free(schema->objects.items);
    free(schema->regexes.items);
    free(schema->formats.items);
    free(schema->dynamics.items);
    eg_schema_library_fini(&schema->library);
    free(schema);
}

static void compiler_fini(struct eg_schema_compiler *compiler)
{
    for (uint32_t i = 0; i < compiler->node_of_count; i++)
        free(compiler->node_of[i]);
    free(compiler->node_of);
    free(compiler->shared);
    free(compiler->dynamic_names.items);
}

static int compile_from(struct eg_schema_compiler *compiler, struct eg_schema_location root,
                        struct eg_error *err)
{
    uint32_t node;
    uint32_t cursor = 0;
    EG_SCHEMA_PUSH(compiler->dynamic_names, EG_SPAN_EMPTY);
    if (eg_schema_node_for(compiler, root, &node, err) != 0 ||
        eg_schema_compile_nodes(compiler, &cursor, err) != 0 ||
        eg_schema_link_dynamics(compiler, &cursor, err) != 0 ||
        eg_schema_refuse_cycles(compiler->schema, err) != 0)
        return -1;
    eg_schema_plan(compiler);
    return 0;
}

static int compile_root(struct eg_schema *schema, const struct eg_schema_options *options,
                        struct eg_schema_location root, struct eg_error *err)
{
    struct eg_schema_compiler compiler = {.schema = schema, .options = options};
    int rc = compile_from(&compiler, root, err);
    compiler_fini(&compiler);
    return rc;
}

/* Whether a whole document is of one dialect: only then can one meta-schema judge it. */
static bool is_of_one_dialect(const struct eg_schema_library *library, uint32_t document,
                              struct eg_schema_dialect dialect)
{
    for (uint32_t i = 0; i < library->resource_count; i++)
        if (library->resources[i].document == document &&
            !eg_schema_dialect_equal(library->resources[i].dialect, dialect))
            return false;
    return true;
}

static int check_document(const struct eg_schema_library *library, uint32_t number,
                          struct eg_schema_scratch *scratch, struct eg_error *err)
{
    const struct eg_json_document *json = &library->documents[number]->json;
    uint32_t resource = eg_schema_library_resource_at(library, number, 0);
    struct eg_schema_dialect dialect = library->resources[resource].dialect;
    const struct eg_schema *meta = meta_schemas[dialect.draft];
    struct eg_schema_report report;
    if (!is_of_one_dialect(library, number, dialect) ||
        eg_schema_is_valid(meta, scratch, json, 0) ||
        eg_schema_explain(meta, scratch, json, 0, 1, &report))
        return 0;
    const struct eg_schema_failure *failure = &report.failures[0];
    eg_json_index place = eg_json_pointer(json, 0, failure->instance_path);
    return eg_schema_library_error(library, number, place == EG_JSON_NONE ? 0 : place, err, "%.*s",
                                   EG_SPAN_ARGS(failure->message));
}

/* The documents that compiling has reached, without the published ones. */
static int check_documents(const struct eg_schema_library *library, uint32_t from,
                           struct eg_error *err)
{
    struct eg_schema_scratch *scratch = eg_schema_scratch_new();
    int rc = 0;
    for (uint32_t i = from; rc == 0 && i < library->document_count; i++)
        if (!eg_schema_metaschema(eg_span_text(library->documents[i]->uri)).len)
            rc = check_document(library, i, scratch, err);
    eg_schema_scratch_destroy(scratch);
    return rc;
}

static void compile_meta_schemas(void)
{
    for (int i = 0; i < DRAFTS; i++) {
        struct eg_schema *schema = eg_calloc(1, sizeof(*schema));
        struct eg_span uri = eg_span_text(meta_uris[i]);
        struct eg_schema_location root;
        struct eg_error err;
        int rc = eg_schema_library_add(&schema->library, uri, eg_schema_metaschema(uri),
                                       eg_schema_dialect_of((enum eg_schema_draft)i), &root, &err);
        EG_ASSERT(rc == 0);
        rc = compile_root(schema, &eg_schema_options_default, root, &err);
        EG_ASSERT(rc == 0);
        meta_schemas[i] = schema;
    }
}

static int compile_text(struct eg_schema *schema, struct eg_span text,
                        const struct eg_schema_options *options, struct eg_error *err)
{
    struct eg_schema_location root;
    struct eg_span uri;
    struct eg_span fragment;
    eg_schema_uri_split(eg_span_text(options->base_uri), &uri, &fragment);
    schema->library.store = options->store;
    if (eg_schema_library_add(&schema->library, uri, text,
                              eg_schema_dialect_of(options->default_draft), &root, err) != 0 ||
        check_documents(&schema->library, 0, err) != 0 ||
        compile_root(schema, options, root, err) != 0)
        return -1;
    schema->library.store = NULL;
    return check_documents(&schema->library, 1, err);
}

int eg_schema_compile(struct eg_span text, const struct eg_schema_options *options,
                      struct eg_schema **ret_schema, struct eg_error *err)
{
    (void)pthread_once(&meta_once, compile_meta_schemas);
    struct eg_schema *schema = eg_calloc(1, sizeof(*schema));
    if (compile_text(schema, text, options ? options : &eg_schema_options_default, err) != 0) {
        eg_schema_destroy(schema);
        return -1;
    }
    *ret_schema = schema;
    return 0;
}
