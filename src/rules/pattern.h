/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An EventBridge event pattern, read and checked: what must hold of which field of an event.
 *
 * The language is the one of https://docs.aws.amazon.com/eventbridge/latest/userguide/
 * eb-event-patterns.html with all its operators; docs/rules.md teaches it. A pattern is immutable
 * after it is made; any thread may read it. To match events put patterns into a set (set.h).
 */
#ifndef EG_RULES_PATTERN_H
#define EG_RULES_PATTERN_H

#include <stddef.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

/* Of one pattern. */
#define EG_RULES_MAX_PATTERN_BYTES (1u << 20)
#define EG_RULES_MAX_COMBINATIONS  1000 /* of the branches of its $or */
#define EG_RULES_MAX_FIELDS        256
#define EG_RULES_MAX_WILDCARD      10 /* so many prefixes of it that one text can match are refused */

struct eg_rules_pattern;

/*
 * Reads a pattern from its JSON text, which is copied. 0, or -1 with EG_ERR_INVALID
 * (EG_ERR_TOO_LARGE for a limit) and a message that names the field and what was expected there.
 */
int eg_rules_pattern_new(struct eg_span text, struct eg_rules_pattern **ret_pattern,
                         struct eg_error *err) EG_MUST_CHECK;
void eg_rules_pattern_destroy(struct eg_rules_pattern *pattern);

#endif
