/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Personal data stays home: what of an event a target or a sink must not see is replaced, hashed or
 * left out before the target's transform or the sink's templates run.
 *
 * Paths are those of the envelope (json/path.h): `$.detail.customer.email`,
 * `$.detail.lines[*].iban`. A protection is compiled once and immutable; any thread may apply it.
 */
#ifndef EG_RULES_PROTECT_H
#define EG_RULES_PROTECT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/field.h"
#include "eventgate/span.h"
#include "json/document.h"

#define EG_RULES_MAX_PROTECTED 256 /* paths of one protection */

/* The setting `protect:` of a rule's target or a sink. */
struct eg_rules_protect_config {
    struct eg_string_list redact; /* the value becomes "***" */
    struct eg_string_list hash;   /* it becomes the hex of its HMAC-SHA-256 under `key` */
    struct eg_string_list drop;   /* the member or the element is left out */
    char *key;                    /* a secret; NULL: the one of the section `rules` */
};

extern const struct eg_field_table eg_rules_protect_table;

struct eg_rules_protect;

/*
 * NULL in *ret_protect when nothing is protected. `default_key` (NULL: none) is used without a key
 * in `config`. -1 with EG_ERR_CONFIG: a path that is none, `hash` without a key, a key under 16
 * bytes.
 */
int eg_rules_protect_new(const struct eg_rules_protect_config *config, const char *default_key,
                         struct eg_rules_protect **ret_protect, struct eg_error *err) EG_MUST_CHECK;
void eg_rules_protect_destroy(struct eg_rules_protect *protect); /* NULL is fine */

enum eg_rules_view {
    EG_RULES_VIEW_ENVELOPE, /* the document is an envelope: paths as they stand */
    EG_RULES_VIEW_DETAIL,   /* it is what the envelope has as its detail: paths without $.detail */
};

/*
 * Appends `json` as whoever is behind may see it; numbers and strings are otherwise copied as they
 * are. `scratch` is a document of the calling thread. A hash is of the string's characters, or of a
 * value's JSON on one line; equal values have equal hashes. -1 with EG_ERR_INVALID when `json` is
 * no JSON, or has a name twice in one object: then nobody may see it.
 */
int eg_rules_protect_apply(const struct eg_rules_protect *protect, enum eg_rules_view view,
                           struct eg_span json, struct eg_json_document *scratch,
                           struct eg_buffer *out, struct eg_error *err) EG_MUST_CHECK;

#endif
