/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a topic's events in the database: for each topic one YAML file, <topic>.yaml.
 *
 *   statements:                        run in this order, as one transaction
 *     - sql: INSERT INTO t (id, at) VALUES (:id, :at)
 *       parameters:                    every :name, see postgres/value.h
 *         id: text /event_id required
 *         at: epoch_ms /timestamp
 *     - sql: INSERT INTO parts ...
 *       each: /parts                   once for each element of the array that is there
 *       parameters: ...
 *   seen:                              optional: a query that has a row when the event is stored.
 *     sql: SELECT FROM t WHERE id = :id      Asked before a second attempt only, when nobody
 *     parameters: {id: text /event_id}       knows what became of the first.
 *
 * Loaded on the control thread; then immutable, any thread reads.
 */
#ifndef EG_POSTGRES_MAPPING_H
#define EG_POSTGRES_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "config/problem.h"
#include "config/tree.h"
#include "eventgate/error.h"
#include "eventgate/field.h"
#include "eventgate/span.h"
#include "postgres/named.h"
#include "postgres/value.h"

#define EG_POSTGRES_MAX_MAPPINGS 1000u

struct eg_postgres_statement {
    struct eg_postgres_sql sql;
    struct eg_postgres_parameter *parameters; /* sql.count: parameters[0] is $1 */
    unsigned *types;                          /* their OIDs */
    char *each;                               /* a JSON pointer, or NULL */
    char name[24];                            /* what the prepared statement is called */
    size_t number;                            /* in the set */
};

struct eg_postgres_mapping {
    char *topic;
    struct eg_postgres_statement *statements;
    size_t count;
    struct eg_postgres_statement *seen; /* NULL: there is no such question */
    const struct eg_postgres_templates *templates;
};

struct eg_postgres_mapping_set {
    struct eg_postgres_mapping *items; /* by topic, bytewise */
    size_t count;
    size_t statement_count; /* of all of them */
    bool reads_envelope;    /* some template does */
};

/* Every <topic>.yaml of the folder. Adds all mistakes with their places and returns -1. `templates`
   (postgres/value.h) outlives the set. */
int eg_postgres_mapping_set_load(const char *folder, const struct eg_postgres_templates *templates,
                                 struct eg_postgres_mapping_set *ret_set,
                                 struct eg_config_problems *problems) EG_MUST_CHECK;
void eg_postgres_mapping_set_fini(struct eg_postgres_mapping_set *set);

/* NULL: nothing is stored of this topic. */
const struct eg_postgres_mapping *
eg_postgres_mapping_find(const struct eg_postgres_mapping_set *set, struct eg_span topic);

/* One file's text, for the loader and for tests. `file` is the name for messages. */
int eg_postgres_mapping_parse(struct eg_span text, const char *file, const char *topic,
                              const struct eg_postgres_templates *templates,
                              struct eg_postgres_mapping *ret_mapping,
                              struct eg_config_problems *problems) EG_MUST_CHECK;
void eg_postgres_mapping_fini(struct eg_postgres_mapping *mapping);

#endif
