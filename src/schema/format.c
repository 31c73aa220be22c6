/* SPDX-License-Identifier: Apache-2.0 */
/* The table: name, the first draft that has it, its check. Read-only; any thread. */
#include "schema/format.h"

#include "base/compiler.h"
#include "base/span.h"
#include "schema/format_check.h"

struct eg_schema_format {
    const char *name;
    enum eg_schema_draft since;
    bool (*check)(struct eg_span value);
};

static const struct eg_schema_format formats[] = {
    {"date-time", EG_SCHEMA_DRAFT_4, eg_schema_format_date_time},
    {"email", EG_SCHEMA_DRAFT_4, eg_schema_format_email},
    {"hostname", EG_SCHEMA_DRAFT_4, eg_schema_format_hostname},
    {"ipv4", EG_SCHEMA_DRAFT_4, eg_schema_format_ipv4},
    {"ipv6", EG_SCHEMA_DRAFT_4, eg_schema_format_ipv6},
    {"uri", EG_SCHEMA_DRAFT_4, eg_schema_format_uri},
    {"uri-reference", EG_SCHEMA_DRAFT_6, eg_schema_format_uri_reference},
    {"uri-template", EG_SCHEMA_DRAFT_6, eg_schema_format_uri_template},
    {"json-pointer", EG_SCHEMA_DRAFT_6, eg_schema_format_json_pointer},
    {"date", EG_SCHEMA_DRAFT_7, eg_schema_format_date},
    {"time", EG_SCHEMA_DRAFT_7, eg_schema_format_time},
    {"idn-email", EG_SCHEMA_DRAFT_7, eg_schema_format_idn_email},
    {"idn-hostname", EG_SCHEMA_DRAFT_7, eg_schema_format_idn_hostname},
    {"iri", EG_SCHEMA_DRAFT_7, eg_schema_format_iri},
    {"iri-reference", EG_SCHEMA_DRAFT_7, eg_schema_format_iri_reference},
    {"regex", EG_SCHEMA_DRAFT_7, eg_schema_format_regex},
    {"relative-json-pointer", EG_SCHEMA_DRAFT_7, eg_schema_format_relative_json_pointer},
    {"duration", EG_SCHEMA_DRAFT_2019_09, eg_schema_format_duration},
    {"uuid", EG_SCHEMA_DRAFT_2019_09, eg_schema_format_uuid},
};

const struct eg_schema_format *eg_schema_format_find(enum eg_schema_draft draft,
                                                     struct eg_span name)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(formats); i++)
        if (formats[i].since <= draft && eg_span_is(name, formats[i].name))
            return &formats[i];
    return NULL;
}

const char *eg_schema_format_name(const struct eg_schema_format *format)
{
    return format->name;
}

bool eg_schema_format_check(const struct eg_schema_format *format, struct eg_span value)
{
    return format->check(value);
}
