/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CloudEvents 1.0 (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md): from an
 * envelope in JSON, or from the headers of binary mode, to attributes and data. Any thread.
 */
#ifndef EG_PIPELINE_CLOUDEVENT_H
#define EG_PIPELINE_CLOUDEVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/event.h"
#include "json/document.h"

#define EG_CLOUDEVENT_MAX_ATTRIBUTES  64
#define EG_CLOUDEVENT_MAX_VALUE_BYTES 4096

struct eg_cloudevent {
    struct eg_event_attribute *attributes; /* specversion, id, source, type, ...; in the arena */
    size_t attribute_count;
    eg_json_index data;         /* EG_JSON_NONE: see data_base64 */
    struct eg_span data_base64; /* decoded text of the member; empty when there is `data` */
};

/*
 * Reads the envelope at `root` (JSON format 1.0.2, section 3). -1 with EG_ERR_INVALID names the
 * attribute that is missing or malformed, or says that there is no data.
 */
int eg_cloudevent_read(const struct eg_json_document *document, eg_json_index root,
                       struct eg_arena *arena, struct eg_cloudevent *ret_event,
                       struct eg_error *err) EG_MUST_CHECK;

/*
 * Checks the attributes of binary mode (HTTP binding 1.0.2, section 3.1), names without "ce-" and
 * values percent-decoded by the caller. -1 with EG_ERR_INVALID, as above.
 */
int eg_cloudevent_check(const struct eg_event_attribute *attributes, size_t count,
                        struct eg_error *err) EG_MUST_CHECK;

/* The value of an attribute, or an empty span. */
struct eg_span eg_cloudevent_attribute(const struct eg_event_attribute *attributes, size_t count,
                                       const char *name);

#endif
