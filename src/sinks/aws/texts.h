/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of a sink that are templates (rules/template.h): compiled once when the sink is
 * made, rendered for each event by the workers.
 *
 * Texts: made on the control thread, constant after. A renderer belongs to one worker.
 */
#ifndef EG_SINKS_AWS_TEXTS_H
#define EG_SINKS_AWS_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/event.h"
#include "eventgate/field.h"
#include "rules/template.h"
#include "json/document.h"

#define EG_SINK_TEXT_NONE SIZE_MAX

struct eg_sink_text {
    char *setting; /* as the configuration calls it, for messages; owned */
    struct eg_rules_template *template;
};

struct eg_sink_texts {
    struct eg_sink_text *items; /* owned */
    size_t count;
    bool reads_envelope; /* any of them, or the sink itself */
};

/*
 * Compiles a setting's text and says its index; EG_SINK_TEXT_NONE for one that is unset or empty.
 * EG_ERR_CONFIG names the setting and what is wrong with it.
 */
int eg_sink_texts_add(struct eg_sink_texts *texts, const char *setting, const char *text,
                      enum eg_rules_form form, size_t *ret_index,
                      struct eg_error *err) EG_MUST_CHECK;
void eg_sink_texts_fini(struct eg_sink_texts *texts);

struct eg_sink_renderer {
    const struct eg_sink_texts *texts;
    struct eg_json_document document; /* of the event's envelope */
    struct eg_rules_template_input input;
};

void eg_sink_renderer_init(struct eg_sink_renderer *renderer, const struct eg_sink_texts *texts);
void eg_sink_renderer_fini(struct eg_sink_renderer *renderer);

/* Before the settings of an event are rendered. -1: its envelope can't be read. */
int eg_sink_renderer_open(struct eg_sink_renderer *renderer, const struct eg_event *event,
                          struct eg_error *err) EG_MUST_CHECK;

/* Appends what the setting is for the open event. -1: the message names the setting. */
int eg_sink_renderer_render(struct eg_sink_renderer *renderer, size_t index, struct eg_buffer *out,
                            struct eg_error *err) EG_MUST_CHECK;

#endif
