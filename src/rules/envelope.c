/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See envelope.h. An envelope is written member by member in one order; each comes from the payload
 * when that is an envelope and has it, else from the topic's template, else from the default.
 */
#include "rules/envelope.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "rules/template.h"
#include "rules/template_program.h"
#include "rules/time.h"
#include "json/writer.h"

/* Members that are one string, in the order of the envelope. */
enum member { ID, DETAIL_TYPE, SOURCE, ACCOUNT, TIME, REGION, MEMBER_COUNT };

static const char *const member_names[MEMBER_COUNT] = {"id",      "detail-type", "source",
                                                       "account", "time",        "region"};

struct eg_rules_envelope {
    bool payload;
    struct eg_rules_template *members[MEMBER_COUNT]; /* NULL: the default */
    struct eg_rules_template **resources;
    size_t resource_count;
};

static int compile(const char *text, const char *name, struct eg_rules_template **ret_template,
                   struct eg_error *err)
{
    const struct eg_rules_template_options options = {.form = EG_RULES_TEXT, .detail_only = true};
    struct eg_error why;
    if (eg_rules_template_compile(eg_span_text(text), &options, ret_template, &why) == 0)
        return 0;
    return eg_error_set(err, EG_ERR_CONFIG, "%s: %s", name, why.message);
}

static int compile_all(struct eg_rules_envelope *envelope, const struct eg_topics_envelope *config,
                       struct eg_error *err)
{
    const char *const texts[MEMBER_COUNT] = {config->id,      config->detail_type, config->source,
                                             config->account, config->time,        config->region};
    envelope->payload = config->payload;
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (texts[i] && compile(texts[i], member_names[i], &envelope->members[i], err) != 0)
            return -1;
    envelope->resources = eg_calloc(config->resources.count, sizeof(struct eg_rules_template *));
    for (size_t i = 0; i < config->resources.count; i++) {
        if (compile(config->resources.items[i], "resources", &envelope->resources[i], err) != 0)
            return -1;
        envelope->resource_count++;
    }
    return 0;
}

int eg_rules_envelope_new(const struct eg_topics_envelope *config,
                          struct eg_rules_envelope **ret_envelope, struct eg_error *err)
{
    static const struct eg_topics_envelope defaults = {.payload = false};
    struct eg_rules_envelope *envelope = eg_calloc(1, sizeof(*envelope));
    if (compile_all(envelope, config ? config : &defaults, err) != 0) {
        eg_rules_envelope_destroy(envelope);
        return -1;
    }
    *ret_envelope = envelope;
    return 0;
}

void eg_rules_envelope_destroy(struct eg_rules_envelope *envelope)
{
    if (!envelope)
        return;
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        eg_rules_template_destroy(envelope->members[i]);
    for (size_t i = 0; i < envelope->resource_count; i++)
        eg_rules_template_destroy(envelope->resources[i]);
    free(envelope->resources);
    free(envelope);
}

bool eg_rules_envelope_is_payload(const struct eg_rules_envelope *envelope)
{
    return envelope->payload;
}

/* One event on its way into its envelope. */
struct build {
    const struct eg_rules_envelope *envelope;
    const struct eg_event *event;
    const struct eg_json_document *payload;
    const struct eg_json_document *detail; /* where the detail is */
    eg_json_index detail_root;
    struct eg_json_document *inner; /* of a PutEvents entry's Detail */
    struct eg_buffer *out;
    struct eg_error *err;
};

/* ---- what a payload brings along ---- */

/* A form in which a payload may be an envelope: what it calls the members. */
struct form {
    const char *marker[3]; /* all are there when it is this form */
    const char *members[MEMBER_COUNT];
    const char *resources;
    const char *detail; /* NULL: the payload is the detail */
};

static const struct form forms[] = {
    {{"detail-type", "detail", NULL},
     {"id", "detail-type", "source", "account", "time", "region"},
     "resources",
     "detail"},
    {{"DetailType", "Detail", NULL},
     {NULL, "DetailType", "Source", NULL, "Time", NULL},
     "Resources",
     "Detail"},
    {{"eventVersion", "eventSource", "eventName"},
     {"eventID", NULL, NULL, "recipientAccountId", "eventTime", "awsRegion"},
     NULL,
     NULL},
};

#define CLOUDTRAIL (&forms[2])

static eg_json_index payload_member(const struct build *build, const char *name)
{
    return name ? eg_json_member(build->payload, 0, eg_span_text(name)) : EG_JSON_NONE;
}

static const struct form *find_form(const struct build *build)
{
    if (!build->envelope->payload || eg_json_kind(build->payload, 0) != EG_JSON_OBJECT)
        return NULL;
    for (size_t i = 0; i < EG_ARRAY_COUNT(forms); i++) {
        bool all = true;
        for (size_t j = 0; j < EG_ARRAY_COUNT(forms[i].marker) && forms[i].marker[j]; j++)
            all = all && payload_member(build, forms[i].marker[j]) != EG_JSON_NONE;
        if (all)
            return &forms[i];
    }
    return NULL;
}

/* CloudTrail's events have the names that EventBridge gives them. */
static bool write_cloudtrail(const struct build *build, enum member member)
{
    static const char suffix[] = ".amazonaws.com";
    if (member == DETAIL_TYPE) {
        eg_buffer_append_text(build->out, "\"AWS API Call via CloudTrail\"");
        return true;
    }
    eg_json_index index = payload_member(build, "eventSource");
    if (member != SOURCE || eg_json_kind(build->payload, index) != EG_JSON_STRING)
        return false;
    struct eg_span source = eg_json_string(build->payload, index);
    const size_t len = sizeof(suffix) - 1;
    if (source.len > len && memcmp(source.ptr + source.len - len, suffix, len) == 0)
        source.len -= len;
    EG_AUTOFREE char *name = eg_asprintf("aws.%.*s", EG_SPAN_ARGS(source));
    eg_json_write_text(build->out, name);
    return true;
}

/* PutEvents takes a time as a number too. */
static bool write_number_time(const struct build *build, struct eg_span number)
{
    int64_t wall_us;
    if (!eg_rules_time_parse(number, &wall_us))
        return false;
    eg_buffer_append_char(build->out, '"');
    eg_rules_time_format(wall_us, EG_SPAN_LITERAL("%Y-%m-%dT%H:%M:%SZ"), build->out);
    eg_buffer_append_char(build->out, '"');
    return true;
}

/* The member as the payload has it, when it has one that is a string and not empty. */
static bool write_from_payload(const struct build *build, const struct form *form,
                               enum member member)
{
    if (!form)
        return false;
    if (form == CLOUDTRAIL && (member == DETAIL_TYPE || member == SOURCE))
        return write_cloudtrail(build, member);
    eg_json_index index = payload_member(build, form->members[member]);
    if (index == EG_JSON_NONE)
        return false;
    if (member == TIME && eg_json_kind(build->payload, index) == EG_JSON_NUMBER)
        return write_number_time(build, eg_json_text(build->payload, index));
    if (eg_json_kind(build->payload, index) != EG_JSON_STRING ||
        eg_json_string(build->payload, index).len == 0)
        return false;
    eg_buffer_append_span(build->out, eg_json_text(build->payload, index));
    return true;
}

/* ---- templates and defaults ---- */

static int write_template(const struct build *build, const struct eg_rules_template *template)
{
    const struct eg_rules_template_input input = {
        .event = build->event, .document = build->detail, .root = build->detail_root};
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (eg_rules_template_render(template, &input, &text, build->err) != 0)
        return -1;
    eg_json_write_string(build->out, eg_buffer_span(&text));
    return 0;
}

/* EventBridge's times have no fraction. */
static void write_default(const struct build *build, enum member member)
{
    switch (member) {
    case ID:
        eg_json_write_string(build->out, build->event->id);
        break;
    case DETAIL_TYPE:
        eg_json_write_string(build->out, build->event->topic);
        break;
    case SOURCE:
        eg_buffer_append_text(build->out, "\"eventgate\"");
        break;
    case TIME:
        eg_buffer_append_char(build->out, '"');
        eg_rules_time_format(build->event->received_us, EG_SPAN_LITERAL("%Y-%m-%dT%H:%M:%SZ"),
                             build->out);
        eg_buffer_append_char(build->out, '"');
        break;
    default:
        eg_buffer_append_text(build->out, "\"\"");
        break;
    }
}

/* A time that a template makes is written as one; what is no time is an error. */
static int write_time_template(const struct build *build, const struct eg_rules_template *template)
{
    const struct eg_rules_template_input input = {
        .event = build->event, .document = build->detail, .root = build->detail_root};
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (eg_rules_template_render(template, &input, &text, build->err) != 0)
        return -1;
    if (text.len == 0)
        write_default(build, TIME);
    else if (!write_number_time(build, eg_buffer_span(&text)))
        return eg_error_set(build->err, EG_ERR_INVALID, "the template of `time` made no time");
    return 0;
}

static int write_member(const struct build *build, const struct form *form, enum member member)
{
    const struct eg_rules_template *template = build->envelope->members[member];
    eg_buffer_printf(build->out, "\"%s\":", member_names[member]);
    int rc = 0;
    if (write_from_payload(build, form, member))
        rc = 0;
    else if (!template)
        write_default(build, member);
    else if (member == TIME)
        rc = write_time_template(build, template);
    else
        rc = write_template(build, template);
    eg_buffer_append_char(build->out, ',');
    return rc == 0 ? 0 : eg_error_prefix(build->err, "the envelope's %s", member_names[member]);
}

static int write_resources(const struct build *build, const struct form *form)
{
    eg_json_index index = form ? payload_member(build, form->resources) : EG_JSON_NONE;
    eg_buffer_append_text(build->out, "\"resources\":");
    if (index != EG_JSON_NONE && eg_json_kind(build->payload, index) == EG_JSON_ARRAY) {
        eg_buffer_append_span(build->out, eg_json_text(build->payload, index));
        return 0;
    }
    eg_buffer_append_char(build->out, '[');
    for (size_t i = 0; i < build->envelope->resource_count; i++) {
        if (i > 0)
            eg_buffer_append_char(build->out, ',');
        if (write_template(build, build->envelope->resources[i]) != 0)
            return eg_error_prefix(build->err, "the envelope's resources");
    }
    eg_buffer_append_char(build->out, ']');
    return 0;
}

/* ---- the detail ---- */

static int parse(struct eg_json_document *document, struct eg_span text, struct eg_error *err)
{
    struct eg_json_limits limits = eg_json_limits_default;
    limits.max_text_bytes = limits.max_string_bytes = text.len;
    limits.max_members = EG_JSON_MAX_COUNT;
    limits.allow_duplicate_keys = true;
    return eg_json_document_parse(document, text, &limits, err);
}

/* Where the detail is: in the payload, or in the string of a PutEvents entry. */
static int find_detail(struct build *build, const struct form *form)
{
    build->detail = build->payload;
    build->detail_root = 0;
    if (!form || !form->detail)
        return 0;
    eg_json_index index = payload_member(build, form->detail);
    build->detail_root = index;
    if (eg_json_kind(build->payload, index) != EG_JSON_STRING)
        return 0;
    if (parse(build->inner, eg_json_string(build->payload, index), build->err) != 0)
        return eg_error_prefix(build->err, "the payload's %s is no JSON", form->detail);
    build->detail = build->inner;
    build->detail_root = 0;
    return 0;
}

static void write_detail(const struct build *build)
{
    struct eg_span detail = eg_json_text(build->detail, build->detail_root);
    bool is_object = eg_json_kind(build->detail, build->detail_root) == EG_JSON_OBJECT;
    eg_buffer_append_text(build->out, is_object ? ",\"detail\":" : ",\"detail\":{\"value\":");
    eg_buffer_append_span(build->out, detail);
    eg_buffer_append_text(build->out, is_object ? "}" : "}}");
}

static int write_envelope(struct build *build)
{
    const struct form *form = find_form(build);
    if (find_detail(build, form) != 0)
        return -1;
    eg_buffer_append_text(build->out, "{\"version\":\"0\",");
    for (enum member member = 0; member < MEMBER_COUNT; member++)
        if (write_member(build, form, member) != 0)
            return -1;
    if (write_resources(build, form) != 0)
        return -1;
    write_detail(build);
    return 0;
}

int eg_rules_envelope_build(const struct eg_rules_envelope *envelope, const struct eg_event *event,
                            const struct eg_json_document *payload, struct eg_buffer *out,
                            struct eg_error *err)
{
    struct eg_json_document own;
    struct eg_json_document inner;
    eg_json_document_init(&own);
    eg_json_document_init(&inner);
    struct build build = {.envelope = envelope,
                          .event = event,
                          .payload = payload ? payload : &own,
                          .inner = &inner,
                          .out = out,
                          .err = err};
    const size_t before = out->len;
    int rc = payload ? 0 : parse(&own, event->payload, err);
    if (rc == 0)
        rc = write_envelope(&build);
    if (rc != 0 && out->data) {
        out->len = before;
        out->data[before] = '\0';
    }
    eg_json_document_fini(&inner);
    eg_json_document_fini(&own);
    return rc;
}
