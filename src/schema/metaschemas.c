/* SPDX-License-Identifier: Apache-2.0 */
/* From a URI to the text of a published document. Constant data; any thread. */
#include "schema/metaschemas.h"

#include "base/compiler.h"
#include "base/span.h"

static const struct {
    const char *uri;
    const char *text;
} documents[] = {
    {"http://json-schema.org/draft-04/schema", eg_schema_meta_draft_4},
    {"http://json-schema.org/draft-06/schema", eg_schema_meta_draft_6},
    {"http://json-schema.org/draft-07/schema", eg_schema_meta_draft_7},
    {"https://json-schema.org/draft/2019-09/schema", eg_schema_meta_draft_2019_09},
    {"https://json-schema.org/draft/2019-09/meta/applicator",
     eg_schema_meta_draft_2019_09_applicator},
    {"https://json-schema.org/draft/2019-09/meta/content", eg_schema_meta_draft_2019_09_content},
    {"https://json-schema.org/draft/2019-09/meta/core", eg_schema_meta_draft_2019_09_core},
    {"https://json-schema.org/draft/2019-09/meta/format", eg_schema_meta_draft_2019_09_format},
    {"https://json-schema.org/draft/2019-09/meta/meta-data",
     eg_schema_meta_draft_2019_09_meta_data},
    {"https://json-schema.org/draft/2019-09/meta/validation",
     eg_schema_meta_draft_2019_09_validation},
    {"https://json-schema.org/draft/2020-12/schema", eg_schema_meta_draft_2020_12},
    {"https://json-schema.org/draft/2020-12/meta/applicator",
     eg_schema_meta_draft_2020_12_applicator},
    {"https://json-schema.org/draft/2020-12/meta/content", eg_schema_meta_draft_2020_12_content},
    {"https://json-schema.org/draft/2020-12/meta/core", eg_schema_meta_draft_2020_12_core},
    {"https://json-schema.org/draft/2020-12/meta/format-annotation",
     eg_schema_meta_draft_2020_12_format_annotation},
    {"https://json-schema.org/draft/2020-12/meta/format-assertion",
     eg_schema_meta_draft_2020_12_format_assertion},
    {"https://json-schema.org/draft/2020-12/meta/meta-data",
     eg_schema_meta_draft_2020_12_meta_data},
    {"https://json-schema.org/draft/2020-12/meta/unevaluated",
     eg_schema_meta_draft_2020_12_unevaluated},
    {"https://json-schema.org/draft/2020-12/meta/validation",
     eg_schema_meta_draft_2020_12_validation},
};

struct eg_span eg_schema_metaschema(struct eg_span uri)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(documents); i++)
        if (eg_span_is(uri, documents[i].uri))
            return eg_span_text(documents[i].text);
    return EG_SPAN_EMPTY;
}
