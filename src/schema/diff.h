/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a new version of a schema does to the events that passed under the old one, change by
 * change. Looks at the two documents, not at events: main thread, at a command's pace.
 *
 * Both are walked side by side, $ref followed inside each document. A change is breaking when an
 * event that passed can now fail, compatible when every event that passed still passes, unknown
 * when this walk can't tell (a changed pattern, a rewritten oneOf).
 */
#ifndef EG_SCHEMA_DIFF_H
#define EG_SCHEMA_DIFF_H

#include <stddef.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

enum eg_schema_impact {
    EG_SCHEMA_COMPATIBLE,
    EG_SCHEMA_UNKNOWN,
    EG_SCHEMA_BREAKING,
    EG_SCHEMA_IMPACTS,
};

/* "compatible", "unknown", "BREAKING". */
const char *eg_schema_impact_text(enum eg_schema_impact impact);

struct eg_schema_change {
    enum eg_schema_impact impact;
    char *pointer; /* JSON pointer to the changed keyword, in the new schema, or the old one if gone
                    */
    char *text;    /* what changed, in words; one line */
};

struct eg_schema_diff {
    struct eg_schema_change *changes; /* in document order */
    size_t count;
    size_t counts[EG_SCHEMA_IMPACTS]; /* how many of each impact */
};

#define EG_SCHEMA_DIFF_MAX_CHANGES 10000u

/*
 * Compares two schema documents. 0, or -1 with EG_ERR_CONFIG: one is not JSON, is neither an object
 * nor a boolean, or there are more than EG_SCHEMA_DIFF_MAX_CHANGES changes. Fini after success.
 */
int eg_schema_diff_init(struct eg_schema_diff *ret_diff, struct eg_span old_text,
                        struct eg_span new_text, struct eg_error *err) EG_MUST_CHECK;
void eg_schema_diff_fini(struct eg_schema_diff *diff);

#endif
