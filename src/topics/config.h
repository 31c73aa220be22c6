/* SPDX-License-Identifier: Apache-2.0 */
/* The settings that say which topics there are. Filled on the control thread, then only read. */
#ifndef EG_TOPICS_CONFIG_H
#define EG_TOPICS_CONFIG_H

#include <stdbool.h>

#include "config/load.h"
#include "config/problem.h"
#include "eventgate/field.h"

/* Top-level names of the file. */
struct eg_topics_sources {
    char *access;        /* path or s3:// of the access map; NULL: nobody is authorized */
    char *topic_keys;    /* path or s3:// of topic -> field; NULL: no keys */
    char *topic_schemas; /* folder; NAME.json is the schema of topic NAME; NULL: none */
};

/* Section `validation`. */
struct eg_topics_validation {
    bool assert_format;
    int default_draft; /* enum eg_schema_draft */
    struct eg_string_map refs;
};

/*
 * The `envelope` of a topic: how its events look to rules and to sinks that speak EventBridge
 * (rules/envelope.h). All are templates; NULL: the default.
 */
struct eg_topics_envelope {
    bool payload; /* written `envelope: payload`: the payload is an envelope already */
    char *source;
    char *detail_type;
    char *account;
    char *region;
    char *time;
    char *id;
    struct eg_string_list resources;
};

extern const struct eg_field_table eg_topics_envelope_table;

/* One entry of the group `topics`. */
struct eg_topics_entry {
    char *schema;                /* path; NULL: from topic_schemas */
    char *key;                   /* field; NULL: from topic_keys */
    struct eg_string_list sinks; /* empty: all */
    char *envelope;              /* JSON of it, for the dump; read from the node */
    char *access;                /* JSON of the rules, for the dump; read from the node */
};

struct eg_topics_config {
    struct eg_topics_sources sources;
    struct eg_topics_validation validation;
    struct eg_config_entries topics; /* of struct eg_topics_entry; nodes live in the file */
    const char *folder;              /* of the file: relative `refs` begin here */
};

extern const struct eg_field_table eg_topics_sources_table;
extern const struct eg_field_table eg_topics_validation_table;
extern const struct eg_config_group eg_topics_group;

/* Fills all of it from the file, which must outlive the struct. -1: problems were added. */
int eg_topics_config_fill(struct eg_topics_config *config, struct eg_config_file *file,
                          struct eg_config_problems *problems);
/* Only the group `topics`, for a caller that fills the sections with its own. */
int eg_topics_config_fill_topics(struct eg_topics_config *config, struct eg_config_file *file,
                                 struct eg_config_problems *problems);
void eg_topics_config_fini(struct eg_topics_config *config);

#endif
