/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a target receives instead of the event: EventBridge's Input, InputPath and InputTransformer
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html).
 *
 * The template is one of rules/template.h, with names of its own for paths. A transform is compiled
 * once and immutable; any thread may render with it.
 */
#ifndef EG_RULES_TRANSFORM_H
#define EG_RULES_TRANSFORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"
#include "rules/template.h"

#define EG_RULES_MAX_INPUT_PATHS    100
#define EG_RULES_MAX_TEMPLATE_BYTES 8192

struct eg_rules_transform;

/* One entry of InputPathsMap: <name> in the template stands for what `path` finds. */
struct eg_rules_input_path {
    struct eg_span name; /* letters, digits, '_' and '-' */
    struct eg_span path; /* json/path.h */
};

/* One of input, input_path and template_text at most; none hands the event on as it is. */
struct eg_rules_transform_config {
    struct eg_span input;         /* constant JSON; ptr NULL: not given, as in all of these */
    struct eg_span input_path;    /* the part of the event to send */
    struct eg_span template_text; /* with <name> and the predefined <aws.events...> */
    const struct eg_rules_input_path *paths;
    size_t path_count;
};

/* 0, or -1 with EG_ERR_INVALID and what is wrong where. All texts are copied. */
int eg_rules_transform_new(const struct eg_rules_transform_config *config,
                           struct eg_rules_transform **ret_transform,
                           struct eg_error *err) EG_MUST_CHECK;
void eg_rules_transform_destroy(struct eg_rules_transform *transform);

/*
 * Why rendering will surely or likely fail, for the log when the configuration is read; NULL when
 * nothing is to be said. Lives as long as the transform.
 */
const char *eg_rules_transform_warning(const struct eg_rules_transform *transform);

/* As eg_rules_template_reads_envelope; what hands the event on reads it too. */
bool eg_rules_transform_reads_envelope(const struct eg_rules_transform *transform);

/*
 * Appends what the target receives. 0, or -1 with EG_ERR_INVALID when the event makes the result
 * invalid: an object or a list inside quotes of a JSON template, or something else than a string as
 * a member's name; then nothing is appended.
 */
int eg_rules_transform_render(const struct eg_rules_transform *transform,
                              const struct eg_rules_template_input *input, struct eg_buffer *out,
                              struct eg_error *err) EG_MUST_CHECK;

#endif
