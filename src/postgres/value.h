/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a parameter of a mapping is: a type, a place in the event, and what to do when nothing is
 * there. Written "TYPE PLACE [required | default VALUE]":
 *
 *   text /event_id required        a JSON pointer (RFC 6901) from the event's root
 *   text ./country default ''      from the element of `each`; "." is the element itself
 *   text @id                       of the event as the daemon knows it: @id @topic @key @subject
 *                                  @correlation_id @traceparent @received (text form; epoch_ms
 *                                  for @received) @payload
 *   text <$.detail.ts | date("%Y")>-<$.id>
 *                                  a template over the envelope (docs/templates.md), from the first
 *                                  '<' to the last '>'; for jsonb one that makes JSON. What comes
 *                                  out empty is missing
 *
 * A missing value and a JSON null are the same: SQL's NULL, the default, or an error when required.
 * Parsing on the control thread; binding on any, each with its own arena.
 */
#ifndef EG_POSTGRES_VALUE_H
#define EG_POSTGRES_VALUE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/event.h"
#include "json/document.h"

/* EG_POSTGRES_TYPE(code, name, oid) */
#define EG_POSTGRES_TYPES(X)          \
    X(TEXT, "text", 25)               \
    X(BOOLEAN, "boolean", 16)         \
    X(INTEGER, "integer", 23)         \
    X(BIGINT, "bigint", 20)           \
    X(DOUBLE, "double", 701)          \
    X(NUMERIC, "numeric", 1700)       \
    X(UUID, "uuid", 2950)             \
    X(JSONB, "jsonb", 3802)           \
    X(TIMESTAMP, "timestamptz", 1184) \
    X(EPOCH_MS, "epoch_ms", 1184)

enum eg_postgres_type {
#define X(code, name, oid) EG_POSTGRES_##code,
    EG_POSTGRES_TYPES(X)
#undef X
        EG_POSTGRES_TYPE_COUNT
};

enum eg_postgres_from {
    EG_POSTGRES_FROM_ROOT,
    EG_POSTGRES_FROM_ELEMENT,
    EG_POSTGRES_FROM_EVENT,
    EG_POSTGRES_FROM_TEMPLATE,
};

/* Templates belong to a room above; whoever loads mappings brings them along. */
struct eg_postgres_templates {
    int (*compile)(struct eg_span text, bool is_json, void **ret_template, struct eg_error *err);
    void (*destroy)(void *template);
    bool (*reads_envelope)(const void *template);
    /* Appends to `out`; `context` is the subject's. */
    int (*render)(const void *template, const void *context, struct eg_buffer *out,
                  struct eg_error *err);
};

struct eg_postgres_parameter {
    enum eg_postgres_type type;
    enum eg_postgres_from from;
    bool required;
    char *place;        /* a JSON pointer; of FROM_EVENT the name after @; a template's text */
    char *default_text; /* NULL: none */
    void *template;     /* of FROM_TEMPLATE */
    const struct eg_postgres_templates *templates;
};

/* EG_ERR_CONFIG names what is not understood. `templates` NULL: there are none. */
int eg_postgres_parameter_parse(const char *text, const struct eg_postgres_templates *templates,
                                struct eg_postgres_parameter *ret_parameter,
                                struct eg_error *err) EG_MUST_CHECK;
void eg_postgres_parameter_fini(struct eg_postgres_parameter *parameter);

unsigned eg_postgres_type_oid(enum eg_postgres_type type);

/* One event while it is bound. */
struct eg_postgres_subject {
    const struct eg_event *event;
    const struct eg_json_document *document; /* of its payload */
    eg_json_index element;                   /* of `each`; 0 without */
    const void *template_context;            /* what templates are rendered from */
};

/*
 * The value as PostgreSQL reads it, in the arena; NULL for SQL's NULL. EG_ERR_INVALID when what is
 * there can't be of the type: it names the place and what was expected.
 */
int eg_postgres_parameter_bind(const struct eg_postgres_parameter *parameter,
                               const struct eg_postgres_subject *subject, struct eg_arena *arena,
                               const char **ret_text, struct eg_error *err) EG_MUST_CHECK;

#endif
