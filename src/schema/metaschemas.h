/* SPDX-License-Identifier: Apache-2.0 */
/* The meta-schemas of the five drafts, so that none is ever fetched. Constant data; any thread. */
#ifndef EG_SCHEMA_METASCHEMAS_H
#define EG_SCHEMA_METASCHEMAS_H

#include "eventgate/span.h"

/* clang-format off */
extern const char eg_schema_meta_draft_4[];
extern const char eg_schema_meta_draft_6[];
extern const char eg_schema_meta_draft_7[];
extern const char eg_schema_meta_draft_2019_09[];
extern const char eg_schema_meta_draft_2019_09_applicator[];
extern const char eg_schema_meta_draft_2019_09_content[];
extern const char eg_schema_meta_draft_2019_09_core[];
extern const char eg_schema_meta_draft_2019_09_format[];
extern const char eg_schema_meta_draft_2019_09_meta_data[];
extern const char eg_schema_meta_draft_2019_09_validation[];
extern const char eg_schema_meta_draft_2020_12[];
extern const char eg_schema_meta_draft_2020_12_applicator[];
extern const char eg_schema_meta_draft_2020_12_content[];
extern const char eg_schema_meta_draft_2020_12_core[];
extern const char eg_schema_meta_draft_2020_12_format_annotation[];
extern const char eg_schema_meta_draft_2020_12_format_assertion[];
extern const char eg_schema_meta_draft_2020_12_meta_data[];
extern const char eg_schema_meta_draft_2020_12_unevaluated[];
extern const char eg_schema_meta_draft_2020_12_validation[];
/* clang-format on */

/* The document published under `uri` (without a fragment), or an empty span. */
struct eg_span eg_schema_metaschema(struct eg_span uri);

#endif
