/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DynamoDB items from events, by a specification that is configuration:
 *
 *     item:
 *       EventId: <$.id>                        by the value's JSON type
 *       Title: Order <$.detail.id>             text: S
 *       Ts: {N: <$.detail.ts>}                 a type of DynamoDB's: S N B BOOL NULL SS NS BS L M
 *       Tags: {SS: <$.detail.tags>}
 *       Meta: {source: <$.source>, version: 1} any other JSON, as a template
 *
 * or one JSON template for the whole (item: <$.detail>), or nothing: the payload as it is.
 *
 * A specification is made once and immutable; any thread may make items by it.
 */
#ifndef EG_SINKS_AWS_ITEM_H
#define EG_SINKS_AWS_ITEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "rules/template.h"
#include "json/document.h"

#define EG_SINK_PARTITION_KEY_BYTES_MAX 2048u
#define EG_SINK_SORT_KEY_BYTES_MAX      1024u

struct eg_sink_item_spec;

struct eg_sink_item_options {
    const char *json;          /* the subtree (EG_FIELD_JSON); NULL: the payload */
    const char *partition_key; /* attributes that are keys; NULL: none, nothing is checked */
    const char *sort_key;
};

int eg_sink_item_spec_new(const struct eg_sink_item_options *options,
                          struct eg_sink_item_spec **ret_spec, struct eg_error *err) EG_MUST_CHECK;
void eg_sink_item_spec_destroy(struct eg_sink_item_spec *spec); /* NULL is fine */
bool eg_sink_item_spec_reads_envelope(const struct eg_sink_item_spec *spec);

/* Buffers are kept from one item to the next. */
struct eg_sink_item {
    struct eg_buffer text; /* {"id":{"S":"..."},...} */
    struct eg_buffer key;  /* of that, the keys; empty when none are known */
    size_t size_bytes;     /* as DynamoDB counts */
    struct eg_buffer json; /* scratch */
    struct eg_buffer piece;
    struct eg_json_document document;
};

void eg_sink_item_init(struct eg_sink_item *item);
void eg_sink_item_fini(struct eg_sink_item *item);

/*
 * -1: EG_ERR_INVALID when the event can't be such an item (a template, a type, a key that is
 * missing, empty or of a wrong type), EG_ERR_TOO_LARGE when it or a key is larger than DynamoDB
 * takes.
 */
int eg_sink_item_make(const struct eg_sink_item_spec *spec,
                      const struct eg_rules_template_input *input, struct eg_sink_item *item,
                      struct eg_error *err) EG_MUST_CHECK;

#endif
