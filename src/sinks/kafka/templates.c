/* SPDX-License-Identifier: Apache-2.0 */
/* See templates.h. A template without a placeholder is what it says, and is never rendered. */
#include "sinks/kafka/templates.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

static int compile(struct eg_kafka_templates *templates, const char *text, const char *setting,
                   struct eg_rules_template **ret_template, struct eg_error *err)
{
    struct eg_error why;
    if (!text || !text[0])
        return 0;
    if (eg_rules_template_new(eg_span_text(text), EG_RULES_TEXT, ret_template, &why) != 0)
        return eg_error_set(err, EG_ERR_CONFIG, "%s: %s", setting, why.message);
    templates->reads_envelope |= eg_rules_template_reads_envelope(*ret_template);
    return 0;
}

int eg_kafka_templates_init(struct eg_kafka_templates *templates,
                            const struct eg_kafka_config *config, struct eg_error *err)
{
    *templates = (struct eg_kafka_templates){.topic = NULL};
    if (compile(templates, config->topic, "topic", &templates->topic, err) != 0 ||
        compile(templates, config->key, "key", &templates->key, err) != 0)
        return -1;
    templates->headers = eg_calloc(config->extra_headers.count, sizeof(*templates->headers));
    for (size_t i = 0; i < config->extra_headers.count; i++) {
        const struct eg_string_map_entry *entry = &config->extra_headers.entries[i];
        EG_AUTOFREE char *setting = eg_asprintf("extra_headers.%s", entry->name);
        struct eg_kafka_header *header = &templates->headers[templates->header_count++];
        header->name = eg_span_text(entry->name);
        if (compile(templates, entry->value, setting, &header->value, err) != 0)
            return -1;
    }
    return 0;
}

void eg_kafka_templates_fini(struct eg_kafka_templates *templates)
{
    eg_rules_template_destroy(templates->topic);
    eg_rules_template_destroy(templates->key);
    for (size_t i = 0; i < templates->header_count; i++)
        eg_rules_template_destroy(templates->headers[i].value);
    free(templates->headers);
    *templates = (struct eg_kafka_templates){.topic = NULL};
}

int eg_kafka_renderer_open(struct eg_kafka_renderer *renderer,
                           const struct eg_kafka_templates *templates, const struct eg_event *event,
                           struct eg_error *err)
{
    if (templates->reads_envelope)
        return eg_rules_envelope_open(&renderer->envelope, event, &renderer->input, err);
    renderer->input = (struct eg_rules_template_input){.event = event};
    return 0;
}

int eg_kafka_renderer_render(const struct eg_kafka_renderer *renderer,
                             const struct eg_rules_template *template, const char *setting,
                             struct eg_buffer *out, struct eg_span *ret_text, struct eg_error *err)
{
    if (eg_rules_template_is_constant(template)) {
        *ret_text = eg_rules_template_text(template);
        return 0;
    }
    eg_buffer_clear(out);
    if (eg_rules_template_render(template, &renderer->input, out, err) != 0)
        return eg_error_prefix(err, "%s", setting);
    *ret_text = eg_buffer_span(out);
    return 0;
}
