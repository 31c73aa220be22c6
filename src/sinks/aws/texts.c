/* SPDX-License-Identifier: Apache-2.0 */
/* A growing array of templates with the names of their settings. */
#include "sinks/aws/texts.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

int eg_sink_texts_add(struct eg_sink_texts *texts, const char *setting, const char *text,
                      enum eg_rules_form form, size_t *ret_index, struct eg_error *err)
{
    struct eg_rules_template *template = NULL;
    if (!text || !text[0]) {
        *ret_index = EG_SINK_TEXT_NONE;
        return 0;
    }
    if (eg_rules_template_new(eg_span_text(text), form, &template, err) != 0) {
        err->code = EG_ERR_CONFIG;
        return eg_error_prefix(err, "%s", setting);
    }
    texts->items = eg_realloc_array(texts->items, texts->count + 1, sizeof(*texts->items));
    texts->items[texts->count] = (struct eg_sink_text){eg_strdup(setting), template};
    texts->reads_envelope |= eg_rules_template_reads_envelope(template);
    *ret_index = texts->count++;
    return 0;
}

void eg_sink_texts_fini(struct eg_sink_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        eg_rules_template_destroy(texts->items[i].template);
        free(texts->items[i].setting);
    }
    free(texts->items);
    *texts = (struct eg_sink_texts){0};
}

void eg_sink_renderer_init(struct eg_sink_renderer *renderer, const struct eg_sink_texts *texts)
{
    *renderer = (struct eg_sink_renderer){.texts = texts};
    eg_json_document_init(&renderer->document);
}

void eg_sink_renderer_fini(struct eg_sink_renderer *renderer)
{
    eg_json_document_fini(&renderer->document);
}

int eg_sink_renderer_open(struct eg_sink_renderer *renderer, const struct eg_event *event,
                          struct eg_error *err)
{
    renderer->input = (struct eg_rules_template_input){.event = event};
    if (!renderer->texts->reads_envelope)
        return 0;
    return eg_rules_envelope_open(&renderer->document, event, &renderer->input, err);
}

int eg_sink_renderer_render(struct eg_sink_renderer *renderer, size_t index, struct eg_buffer *out,
                            struct eg_error *err)
{
    const struct eg_sink_text *text = &renderer->texts->items[index];
    if (eg_rules_template_render(text->template, &renderer->input, out, err) == 0)
        return 0;
    return eg_error_prefix(err, "%s", text->setting);
}
