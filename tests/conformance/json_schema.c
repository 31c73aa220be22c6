/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON-Schema-Test-Suite, all of it: required tests must pass in every draft; of the optional ones
 * all but those listed in `misses`. Reads $EVENTGATE_VECTORS/json-schema, by default
 * ../shared/vectors; without that folder everything is skipped. `-v` names each failed test.
 *
 * Every verdict is asked twice, of eg_schema_is_valid and of eg_schema_explain: they must agree.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "schema/schema.h"
#include "schema/store.h"
#include "json/document.h"

static const struct {
    const char *folder;
    const char *name;
    enum eg_schema_draft draft;
} drafts[] = {
    {"draft4", "draft4", EG_SCHEMA_DRAFT_4},
    {"draft6", "draft6", EG_SCHEMA_DRAFT_6},
    {"draft7", "draft7", EG_SCHEMA_DRAFT_7},
    {"draft2019-09", "draft2019-09", EG_SCHEMA_DRAFT_2019_09},
    {"draft2020-12", "draft2020-12", EG_SCHEMA_DRAFT_2020_12},
};

/* Optional files that may fail; docs/schema.md says why. */
static const char *const misses[] = {
    "draft7/optional/content.json",
    "draft2019-09/optional/dependencies-compatibility.json",
    "draft2020-12/optional/dependencies-compatibility.json",
};

struct count {
    unsigned passed;
    unsigned total;
};

struct suite {
    const char *root;
    bool verbose;
    struct eg_schema_store *store;
    struct eg_schema_scratch *scratch;
    struct eg_json_document events;
    enum eg_schema_draft draft;
    bool assert_format;
    const char *file; /* from tests/ on */
    struct count count;
};

static void close_file(FILE **file)
{
    if (*file)
        (void)fclose(*file);
}

static bool read_file(const char *path, struct eg_buffer *out)
{
    EG_CLEANUP(close_file) FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    for (;;) {
        size_t got = fread(eg_buffer_reserve(out, 65536), 1, 65536, file);
        if (!got)
            return !ferror(file);
        out->len += got;
        out->data[out->len] = '\0';
    }
}

static eg_json_index member(const struct eg_json_document *json, eg_json_index object,
                            const char *name)
{
    eg_json_index value = eg_json_member(json, object, eg_span_text(name));
    if (value == EG_JSON_NONE) {
        (void)fprintf(stderr, "no '%s' where the suite should have it\n", name);
        exit(1);
    }
    return value;
}

static struct eg_span text_of(const struct eg_json_document *json, eg_json_index object,
                              const char *name)
{
    return eg_json_string(json, member(json, object, name));
}

static void tell(const struct suite *suite, struct eg_span group, struct eg_span test,
                 const char *what)
{
    if (suite->verbose)
        (void)printf("FAILED %s: %.*s: %.*s: %s\n", suite->file, EG_SPAN_ARGS(group),
                     EG_SPAN_ARGS(test), what);
}

static bool run_test(struct suite *suite, const struct eg_schema *schema,
                     const struct eg_json_document *json, eg_json_index test, struct eg_span group)
{
    struct eg_span name = text_of(json, test, "description");
    bool wanted = eg_json_kind(json, member(json, test, "valid")) == EG_JSON_TRUE;
    struct eg_span data = eg_json_text(json, member(json, test, "data"));
    struct eg_error err;
    if (eg_json_document_parse(&suite->events, data, NULL, &err) != 0) {
        tell(suite, group, name, err.message);
        return false;
    }
    bool valid = eg_schema_is_valid(schema, suite->scratch, &suite->events, 0);
    struct eg_schema_report report;
    bool explained = eg_schema_explain(schema, suite->scratch, &suite->events, 0, 10, &report);
    if (valid != explained || explained != (report.count == 0))
        tell(suite, group, name, "the explanation disagrees");
    else if (valid != wanted)
        tell(suite, group, name, valid ? "valid, should not be" : "not valid, should be");
    else
        return true;
    return false;
}

static void run_group(struct suite *suite, const struct eg_json_document *json, eg_json_index group)
{
    struct eg_schema_options options = eg_schema_options_default;
    options.default_draft = suite->draft;
    options.assert_format = suite->assert_format;
    options.store = suite->store;
    struct eg_span name = text_of(json, group, "description");
    struct eg_schema *schema = NULL;
    struct eg_error err;
    if (eg_schema_compile(eg_json_text(json, member(json, group, "schema")), &options, &schema,
                          &err) != 0)
        tell(suite, name, EG_SPAN_LITERAL("compile"), err.message);
    eg_json_index tests = member(json, group, "tests");
    for (eg_json_index test = tests + 1; test < eg_json_next(json, tests);
         test = eg_json_next(json, test)) {
        suite->count.total++;
        if (schema && run_test(suite, schema, json, test, name))
            suite->count.passed++;
    }
    eg_schema_destroy(schema);
}

static void run_file(struct suite *suite, const char *file)
{
    EG_AUTOFREE char *path = eg_asprintf("%s/tests/%s", suite->root, file);
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    struct eg_json_document json;
    eg_json_document_init(&json);
    struct eg_error err;
    if (!read_file(path, &text) ||
        eg_json_document_parse(&json, eg_buffer_span(&text), NULL, &err) != 0) {
        (void)fprintf(stderr, "cannot read '%s'\n", path);
        exit(1);
    }
    suite->file = file;
    suite->count = (struct count){0, 0};
    suite->assert_format =
        strstr(file, "/optional/format/") || strstr(file, "/optional/ecmascript-regex.json");
    for (eg_json_index group = 1; group < eg_json_next(&json, 0);
         group = eg_json_next(&json, group))
        run_group(suite, &json, group);
    eg_json_document_fini(&json);
}

static int is_test_file(const struct dirent *item)
{
    size_t len = strlen(item->d_name);
    return len > 5 && strcmp(item->d_name + len - 5, ".json") == 0;
}

static bool may_fail(const char *file)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(misses); i++)
        if (strcmp(misses[i], file) == 0)
            return true;
    return false;
}

/* Runs the files of one folder, prints each that is not complete; adds to *sum. False: broken. */
static bool run_folder(struct suite *suite, const char *folder, bool prints_all, struct count *sum)
{
    EG_AUTOFREE char *path = eg_asprintf("%s/tests/%s", suite->root, folder);
    struct dirent **items = NULL;
    int count = scandir(path, &items, is_test_file, alphasort);
    bool good = true;
    for (int i = 0; i < count; i++) {
        EG_AUTOFREE char *file = eg_asprintf("%s/%s", folder, items[i]->d_name);
        run_file(suite, file);
        bool complete = suite->count.passed == suite->count.total;
        if (prints_all || !complete)
            (void)printf("  %-58s %u of %u%s\n", file, suite->count.passed, suite->count.total,
                         complete || !may_fail(file) ? "" : " (docs/schema.md says why)");
        good &= complete || may_fail(file);
        sum->passed += suite->count.passed;
        sum->total += suite->count.total;
        free(items[i]);
    }
    free(items);
    return good;
}

static bool run_all(struct suite *suite)
{
    EG_AUTOBUFFER struct eg_buffer summary = EG_BUFFER_INIT;
    struct count optional = {0, 0};
    bool good = true;
    for (size_t i = 0; i < EG_ARRAY_COUNT(drafts); i++) {
        struct count required = {0, 0};
        EG_AUTOFREE char *more = eg_asprintf("%s/optional", drafts[i].folder);
        EG_AUTOFREE char *formats = eg_asprintf("%s/optional/format", drafts[i].folder);
        suite->draft = drafts[i].draft;
        good &= run_folder(suite, drafts[i].folder, false, &required);
        good &= run_folder(suite, more, true, &optional);
        good &= run_folder(suite, formats, true, &optional);
        good &= required.total > 0;
        eg_buffer_printf(&summary, "%s %u of %u required, ", drafts[i].name, required.passed,
                         required.total);
    }
    (void)printf("json-schema: %s%u of %u optional\n", summary.data, optional.passed,
                 optional.total);
    return good;
}

int main(int argc, char **argv)
{
    const char *vectors = getenv("EVENTGATE_VECTORS");
    EG_AUTOFREE char *root =
        eg_asprintf("%s/json-schema", vectors && *vectors ? vectors : "../shared/vectors");
    struct stat info;
    if (stat(root, &info) != 0) {
        (void)printf("json-schema: skipped, 0 tests: no folder '%s'\n", root);
        return 0;
    }
    struct suite suite = {.root = root, .verbose = argc > 1 && strcmp(argv[1], "-v") == 0};
    EG_AUTOFREE char *remotes = eg_asprintf("%s/remotes", root);
    struct eg_error err;
    suite.store = eg_schema_store_new();
    suite.scratch = eg_schema_scratch_new();
    eg_json_document_init(&suite.events);
    if (eg_schema_store_add_folder(suite.store, "http://localhost:1234", remotes, &err) != 0) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    bool good = run_all(&suite);
    eg_json_document_fini(&suite.events);
    eg_schema_scratch_destroy(suite.scratch);
    eg_schema_store_destroy(suite.store);
    return good ? 0 : 1;
}
