/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one template language: input transformers, and every key, subject, item, file name, header
 * and SQL value of the configuration that is made from an event. docs/templates.md teaches it.
 *
 *     Entity with id <$.detail.entity-id> has been deleted by <$.detail.author | default("nobody")>
 *
 * Between '<' and '>' stands where a value comes from (a path into the event's envelope, a name of
 * an input transformer's paths, a predefined variable such as <eventgate.id>), then functions, each
 * after a '|'. After '||' stands what to take when there is nothing.
 *
 * A template is compiled once and immutable; any thread may render with it.
 */
#ifndef EG_RULES_TEMPLATE_H
#define EG_RULES_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/event.h"
#include "eventgate/span.h"
#include "json/document.h"

/* Of a template in the configuration; EventBridge's own limit is that of rules/transform.h. */
#define EG_RULES_MAX_TEXT_BYTES (64u << 10)
/* Of what one template may make of one event, when the input does not say. */
#define EG_RULES_MAX_RENDERED_BYTES ((size_t)16 << 20)

struct eg_rules_template;

enum eg_rules_form {
    /*
     * Text: a string is its characters, a number, true, false and null are what JSON writes, an
     * object or a list is its JSON on one line, and what is not there is nothing.
     */
    EG_RULES_TEXT,
    /*
     * JSON: the result is JSON, always. A placeholder outside quotes becomes a value with its
     * quotes or brackets ("" when nothing is there), one inside quotes becomes characters of that
     * string, escaped; an object or a list there is an error.
     */
    EG_RULES_JSON,
};

/*
 * Compiles a template; the text is copied. One without a placeholder is a constant. 0, or -1 with
 * EG_ERR_INVALID and a message that names the character (from 1), what is unknown or wrong there,
 * and the nearest known name; EG_ERR_TOO_LARGE over EG_RULES_MAX_TEXT_BYTES.
 */
int eg_rules_template_new(struct eg_span text, enum eg_rules_form form,
                          struct eg_rules_template **ret_template,
                          struct eg_error *err) EG_MUST_CHECK;
void eg_rules_template_destroy(struct eg_rules_template *template); /* NULL is fine */

/*
 * Does rendering look into the envelope? A sink with such a template says so (reads_envelope of the
 * sink contract) and opens it for each event.
 */
bool eg_rules_template_reads_envelope(const struct eg_rules_template *template);

/* Has it no placeholder? Then every event gets the same. */
bool eg_rules_template_is_constant(const struct eg_rules_template *template);

/* As it was written; lives as long as the template. */
struct eg_span eg_rules_template_text(const struct eg_rules_template *template);

/* What a template is rendered from. A zeroed struct is an event of which nothing is known. */
struct eg_rules_template_input {
    const struct eg_event *event;            /* <eventgate.*>; NULL: nothing is there */
    const struct eg_json_document *document; /* where paths look; NULL: nothing is there */
    eg_json_index root;                      /* the envelope in it */
    struct eg_span rule_arn;                 /* <aws.events.rule-arn> */
    struct eg_span rule_name;                /* <aws.events.rule-name> */
    struct eg_span ingestion_time;           /* <aws.events.event.ingestion-time>; empty: when the
                                                event was received */
    int64_t now_us;                          /* <eventgate.now>; 0: the clock */
    size_t max_bytes;                        /* 0: EG_RULES_MAX_RENDERED_BYTES */
};

/*
 * Appends the result. 0, or -1 with EG_ERR_INVALID when this event can't be rendered (no time where
 * `date` wants one, an object inside quotes of JSON), EG_ERR_TOO_LARGE past the limit; what was
 * appended by then is taken away again. The message names the placeholder, never the value.
 */
int eg_rules_template_render(const struct eg_rules_template *template,
                             const struct eg_rules_template_input *input, struct eg_buffer *out,
                             struct eg_error *err) EG_MUST_CHECK;

/*
 * Opens the event's envelope for templates: reads it into `scratch`, a document that its thread
 * keeps (json/document.h: a warm one allocates nothing), and fills *ret_input. An event without an
 * envelope gives an input without a document. -1 when the envelope is no JSON object.
 */
int eg_rules_envelope_open(struct eg_json_document *scratch, const struct eg_event *event,
                           struct eg_rules_template_input *ret_input,
                           struct eg_error *err) EG_MUST_CHECK;

/*
 * A time as templates understand it: RFC 3339, or Unix time as a number in seconds (with or without
 * fraction), milliseconds or microseconds, told apart by their size. False: none of these.
 */
bool eg_rules_time_parse(struct eg_span text, int64_t *ret_wall_us);

#endif
