/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of config.h. */
#include "topics/config.h"

#include <stddef.h>

#include "base/compiler.h"
#include "schema/schema.h"

static const struct eg_field source_fields[] = {
    {.name = "access",
     .type = EG_FIELD_PATH,
     .offset = offsetof(struct eg_topics_sources, access),
     .help = "File (JSON or YAML) that says who may post to which topic; see access.md. Without "
             "one only the `access` of single topics counts."},
    {.name = "topic_keys",
     .type = EG_FIELD_PATH,
     .offset = offsetof(struct eg_topics_sources, topic_keys),
     .help = "File (JSON or YAML): topic to the field whose text is the message key."},
    {.name = "topic_schemas",
     .type = EG_FIELD_PATH,
     .offset = offsetof(struct eg_topics_sources, topic_schemas),
     .help = "Folder: each NAME.json in it is the JSON Schema of topic NAME, in lower case."},
};

const struct eg_field_table eg_topics_sources_table = {
    .name = "top level",
    .fields = source_fields,
    .field_count = EG_ARRAY_COUNT(source_fields),
    .struct_bytes = sizeof(struct eg_topics_sources),
};

static const char *const drafts[] = {
    [EG_SCHEMA_DRAFT_4] = "4",
    [EG_SCHEMA_DRAFT_6] = "6",
    [EG_SCHEMA_DRAFT_7] = "7",
    [EG_SCHEMA_DRAFT_2019_09] = "2019-09",
    [EG_SCHEMA_DRAFT_2020_12] = "2020-12",
    NULL,
};

static const struct eg_field validation_fields[] = {
    {.name = "assert_format",
     .type = EG_FIELD_BOOL,
     .offset = offsetof(struct eg_topics_validation, assert_format),
     .default_text = "false",
     .help = "Refuse an event when `format` in its schema does not hold; otherwise `format` is a "
             "remark."},
    {.name = "default_draft",
     .type = EG_FIELD_CHOICE,
     .offset = offsetof(struct eg_topics_validation, default_draft),
     .default_text = "2020-12",
     .choices = drafts,
     .help = "The draft of a schema without `$schema`."},
    {.name = "refs",
     .type = EG_FIELD_STRING_MAP,
     .offset = offsetof(struct eg_topics_validation, refs),
     .help = "Base URI to folder: where a `$ref` to another document finds it. Nothing is ever "
             "fetched."},
};

const struct eg_field_table eg_topics_validation_table = {
    .name = "validation",
    .fields = validation_fields,
    .field_count = EG_ARRAY_COUNT(validation_fields),
    .struct_bytes = sizeof(struct eg_topics_validation),
};

#define ENVELOPE_FIELD(member, field_type, field_help)                              \
    {                                                                               \
        .name = #member, .type = (field_type),                                      \
        .offset = offsetof(struct eg_topics_envelope, member), .help = (field_help) \
    }

static const struct eg_field envelope_fields[] = {
    ENVELOPE_FIELD(payload, EG_FIELD_BOOL,
                   "The payload is an envelope already; the others fill what it lacks."),
    ENVELOPE_FIELD(source, EG_FIELD_STRING, "Template; without it `eventgate`."),
    ENVELOPE_FIELD(detail_type, EG_FIELD_STRING, "Template; without it the topic's name."),
    ENVELOPE_FIELD(account, EG_FIELD_STRING, "Template; without it empty."),
    ENVELOPE_FIELD(region, EG_FIELD_STRING, "Template; without it empty."),
    ENVELOPE_FIELD(time, EG_FIELD_STRING, "Template; without it when the event was received."),
    ENVELOPE_FIELD(id, EG_FIELD_STRING, "Template; without it the event's id."),
    ENVELOPE_FIELD(resources, EG_FIELD_STRING_LIST, "Templates; without them none."),
};

const struct eg_field_table eg_topics_envelope_table = {
    .name = "envelope",
    .fields = envelope_fields,
    .field_count = EG_ARRAY_COUNT(envelope_fields),
    .struct_bytes = sizeof(struct eg_topics_envelope),
};

static const struct eg_field topic_fields[] = {
    {.name = "schema",
     .type = EG_FIELD_PATH,
     .offset = offsetof(struct eg_topics_entry, schema),
     .help = "The topic's JSON Schema; without it the one from `topic_schemas`."},
    {.name = "key",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_topics_entry, key),
     .help = "The field whose text is the message key; without it the one from `topic_keys`."},
    {.name = "sinks",
     .type = EG_FIELD_STRING_LIST,
     .offset = offsetof(struct eg_topics_entry, sinks),
     .help = "Where its events go; without it to every sink. `none`: to no sink, only where rules "
             "send them."},
    {.name = "envelope",
     .type = EG_FIELD_JSON,
     .offset = offsetof(struct eg_topics_entry, envelope),
     .help =
         "How its events look to rules and to EventBridge: a mapping of templates for `source`, "
         "`detail_type`, `account`, `region`, `time`, `id` and `resources`, or the word "
         "`payload` when the payload is an envelope already; see rules.md."},
    {.name = "access",
     .type = EG_FIELD_JSON,
     .offset = offsetof(struct eg_topics_entry, access),
     .help = "Its users, in the form of the access file: a list, or user to field rules."},
};

static const struct eg_field_table topic_table = {
    .name = "topic",
    .fields = topic_fields,
    .field_count = EG_ARRAY_COUNT(topic_fields),
    .struct_bytes = sizeof(struct eg_topics_entry),
};

const struct eg_config_group eg_topics_group = {.name = "topics", .common = &topic_table};

int eg_topics_config_fill_topics(struct eg_topics_config *config, struct eg_config_file *file,
                                 struct eg_config_problems *problems)
{
    config->folder = eg_config_file_folder(file);
    return eg_config_group_fill(file, &eg_topics_group, &config->topics, problems);
}

int eg_topics_config_fill(struct eg_topics_config *config, struct eg_config_file *file,
                          struct eg_config_problems *problems)
{
    const struct eg_config_section sections[] = {
        {"", &eg_topics_sources_table, &config->sources},
        {"validation", &eg_topics_validation_table, &config->validation},
    };
    int ret = 0;
    for (size_t i = 0; i < EG_ARRAY_COUNT(sections); i++)
        if (eg_config_section_fill(file, &sections[i], problems) != 0)
            ret = -1;
    if (eg_topics_config_fill_topics(config, file, problems) != 0)
        ret = -1;
    return ret;
}

void eg_topics_config_fini(struct eg_topics_config *config)
{
    eg_config_fields_fini(&eg_topics_sources_table, &config->sources);
    eg_config_fields_fini(&eg_topics_validation_table, &config->validation);
    eg_config_entries_fini(&eg_topics_group, &config->topics);
}
