/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a message the configuration makes with templates (rules/template.h): its topic, its key
 * and headers of its own.
 *
 * Templates: made on the control thread, constant after. A renderer belongs to the sink's worker.
 */
#ifndef EG_SINKS_KAFKA_TEMPLATES_H
#define EG_SINKS_KAFKA_TEMPLATES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/event.h"
#include "eventgate/span.h"
#include "rules/template.h"
#include "sinks/kafka/config.h"
#include "json/document.h"

struct eg_kafka_header {
    struct eg_span name; /* of the configuration */
    struct eg_rules_template *value;
};

struct eg_kafka_templates {
    struct eg_rules_template *topic; /* NULL: the event's topic */
    struct eg_rules_template *key;   /* NULL: the event's key */
    struct eg_kafka_header *headers;
    size_t header_count;
    bool reads_envelope;
};

/* EG_ERR_CONFIG names the setting and what is wrong with it; finish it in both cases. */
int eg_kafka_templates_init(struct eg_kafka_templates *templates,
                            const struct eg_kafka_config *config,
                            struct eg_error *err) EG_MUST_CHECK;
void eg_kafka_templates_fini(struct eg_kafka_templates *templates);

/* What templates see of the event at hand. A zeroed struct is ready but for its document. */
struct eg_kafka_renderer {
    struct eg_json_document envelope;
    struct eg_rules_template_input input;
};

/* Before an event's templates are rendered. -1: its envelope can't be read. */
int eg_kafka_renderer_open(struct eg_kafka_renderer *renderer,
                           const struct eg_kafka_templates *templates, const struct eg_event *event,
                           struct eg_error *err) EG_MUST_CHECK;

/* What the template makes, in `out`, whose content is replaced; `setting` is for the message. */
int eg_kafka_renderer_render(const struct eg_kafka_renderer *renderer,
                             const struct eg_rules_template *template, const char *setting,
                             struct eg_buffer *out, struct eg_span *ret_text,
                             struct eg_error *err) EG_MUST_CHECK;

#endif
