/* SPDX-License-Identifier: Apache-2.0 */
/* The data of a record, as Kinesis and Firehose take it. A worker's thread. */
#ifndef EG_SINKS_AWS_RECORD_H
#define EG_SINKS_AWS_RECORD_H

#include "base/compiler.h"
#include "sinks/aws/batch.h"

struct eg_sink_record {
    size_t data;  /* the setting, or EG_SINK_TEXT_NONE: the payload */
    bool newline; /* a line of its own */
};

/* The fields of both. */
#define EG_SINK_RECORD_FIELDS(type_, data_, newline_)                                             \
    {.name = "data",                                                                              \
     .type = EG_FIELD_STRING,                                                                     \
     .offset = offsetof(type_, data_),                                                            \
     .help = "The record; a template. Unset: what is delivered, as it came in."},                 \
    {                                                                                             \
        .name = "newline", .type = EG_FIELD_BOOL, .offset = offsetof(type_, newline_),            \
        .default_text = "false",                                                                  \
        .help = "Whether each record is one line that ends with a line feed: then the payload's " \
                "own line breaks, between its tokens, are left out."                              \
    }

/* Appends "Data":"<base64>" to the entry and counts the record's own bytes. */
int eg_sink_record_write(struct eg_sink_worker *worker, const struct eg_sink_record *record,
                         const struct eg_event *event, struct eg_sink_entry *entry,
                         struct eg_error *err) EG_MUST_CHECK;

#endif
