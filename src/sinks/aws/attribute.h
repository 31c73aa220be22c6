/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DynamoDB's attribute values ("Data types", "AttributeValue" of the API reference): from JSON to
 * their wire form, with the size that DynamoDB counts ("DynamoDB item sizes and formats").
 *
 * Numbers stay the text they were: nothing passes through a double. Everything that DynamoDB would
 * refuse about a value by itself is found here: more than 38 digits, a magnitude out of range, more
 * than 32 levels, sets that are empty or hold something twice. No state; any thread.
 */
#ifndef EG_SINKS_AWS_ATTRIBUTE_H
#define EG_SINKS_AWS_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"
#include "json/document.h"

#define EG_SINK_ITEM_BYTES_MAX ((size_t)400 << 10)

enum eg_sink_attribute_type {
    EG_SINK_ATTRIBUTE_AUTO, /* by the JSON type: S, N, BOOL, NULL, L, M */
    EG_SINK_ATTRIBUTE_S,
    EG_SINK_ATTRIBUTE_N,
    EG_SINK_ATTRIBUTE_B, /* from base64 */
    EG_SINK_ATTRIBUTE_BOOL,
    EG_SINK_ATTRIBUTE_NULL,
    EG_SINK_ATTRIBUTE_SS,
    EG_SINK_ATTRIBUTE_NS,
    EG_SINK_ATTRIBUTE_BS,
    EG_SINK_ATTRIBUTE_L,
    EG_SINK_ATTRIBUTE_M,
};

/* By its name on the wire ("SS"), in capitals. False: there is no such type. */
bool eg_sink_attribute_type_find(struct eg_span name, enum eg_sink_attribute_type *ret_type);
const char *eg_sink_attribute_type_name(enum eg_sink_attribute_type type);

/*
 * Appends {"S":"..."} and the like, and adds to *size_bytes what the value counts (its name does
 * not). A scalar is taken for the type where its text fits: N of "12", S of 12, BOOL of "true".
 * EG_ERR_INVALID: the value can't be of that type; `out` may hold a part of it then.
 */
int eg_sink_attribute_write(const struct eg_json_document *document, eg_json_index value,
                            enum eg_sink_attribute_type type, struct eg_buffer *out,
                            size_t *size_bytes, struct eg_error *err) EG_MUST_CHECK;

/*
 * Appends the map {"name":{"S":"..."},...} of an object's members, as AUTO: what Item is. Adds the
 * names and values to *size_bytes.
 */
int eg_sink_attribute_write_item(const struct eg_json_document *document, eg_json_index object,
                                 struct eg_buffer *out, size_t *size_bytes,
                                 struct eg_error *err) EG_MUST_CHECK;

/* An RFC 8259 number that DynamoDB can hold: 38 digits, 1E-130 to 9.99E+125, or zero. */
int eg_sink_attribute_check_number(struct eg_span text, struct eg_error *err) EG_MUST_CHECK;

#endif
