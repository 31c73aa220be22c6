/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Schema: compile once, validate many times.
 *
 * Drafts 4, 6, 7, 2019-09 and 2020-12 (json-schema.org), chosen by $schema, 2020-12 without one.
 * A compiled schema is immutable: any number of threads validate against it at once, each with a
 * scratch of its own. The validator reads the tape (json/document.h) and builds no tree.
 */
#ifndef EG_SCHEMA_SCHEMA_H
#define EG_SCHEMA_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"
#include "json/document.h"

enum eg_schema_draft {
    EG_SCHEMA_DRAFT_4,
    EG_SCHEMA_DRAFT_6,
    EG_SCHEMA_DRAFT_7,
    EG_SCHEMA_DRAFT_2019_09,
    EG_SCHEMA_DRAFT_2020_12,
};

/* "4", "6", "7", "2019-09", "2020-12". False: another text; *ret_draft untouched. */
bool eg_schema_draft_parse(const char *text, enum eg_schema_draft *ret_draft);

struct eg_schema;
struct eg_schema_store; /* documents that $ref may reach; see store.h */

struct eg_schema_options {
    enum eg_schema_draft default_draft;  /* where $schema is absent */
    bool assert_format;                  /* off: format is an annotation */
    const struct eg_schema_store *store; /* NULL: only the schema itself and the meta-schemas */
    const char *base_uri;                /* of the schema document; NULL: none */
};

extern const struct eg_schema_options eg_schema_options_default;

/*
 * Compiles the schema document in `text`. The text is not needed afterwards. 0, or -1 with
 * EG_ERR_CONFIG and a message that names the place in the schema as a JSON pointer.
 */
int eg_schema_compile(struct eg_span text, const struct eg_schema_options *options,
                      struct eg_schema **ret_schema, struct eg_error *err) EG_MUST_CHECK;
void eg_schema_destroy(struct eg_schema *schema); /* NULL is fine */

/* What one validation needs beside the schema; reused, so that a warm one does not allocate. */
struct eg_schema_scratch;
struct eg_schema_scratch *eg_schema_scratch_new(void);
void eg_schema_scratch_destroy(struct eg_schema_scratch *scratch);

/*
 * Does the value fit? Stops at the first failure and builds no message. A limit that was hit
 * (regular expression, depth) is a failure. Any thread with its own scratch.
 */
bool eg_schema_is_valid(const struct eg_schema *schema, struct eg_schema_scratch *scratch,
                        const struct eg_json_document *document, eg_json_index root);

struct eg_schema_failure {
    struct eg_span message;       /* for people; the first one is python-jsonschema's best match */
    struct eg_span instance_path; /* JSON pointer to the value that failed */
    struct eg_span schema_path;   /* JSON pointer in the schema, through $ref as it was followed */
    struct eg_span keyword;       /* "required", "type", ... */
};

struct eg_schema_report {
    const struct eg_schema_failure *failures; /* failures[0] is the best match */
    size_t count;
    bool truncated; /* there were more than max_failures */
};

/*
 * Validates and explains. True: valid, count 0. The report and its texts live in the scratch until
 * its next use.
 */
bool eg_schema_explain(const struct eg_schema *schema, struct eg_schema_scratch *scratch,
                       const struct eg_json_document *document, eg_json_index root,
                       size_t max_failures, struct eg_schema_report *ret_report);

#endif
