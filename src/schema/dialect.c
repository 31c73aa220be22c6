/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind drafts, keywords and vocabularies. No state; any thread. */
#include "schema/dialect.h"

#include <string.h>

#include "base/span.h"

const struct eg_schema_keyword_info eg_schema_keyword_infos[EG_SCHEMA_KEYWORDS] = {
#define EG_SCHEMA_KEYWORD(id, text, first, last, vocabulary, place, subject)         \
    [EG_SCHEMA_##id] = {{text, sizeof(text) - 1}, EG_SCHEMA_DRAFT_##first,           \
                        EG_SCHEMA_DRAFT_##last,   EG_SCHEMA_VOCABULARY_##vocabulary, \
                        EG_SCHEMA_PLACE_##place,  EG_SCHEMA_SUBJECT_##subject},
#include "schema/keywords.def"
#undef EG_SCHEMA_KEYWORD
};

const struct eg_schema_options eg_schema_options_default = {
    .default_draft = EG_SCHEMA_DRAFT_2020_12,
};

static const struct {
    const char *name;
    const char *uri;
} drafts[] = {
    [EG_SCHEMA_DRAFT_4] = {"4", "http://json-schema.org/draft-04/schema"},
    [EG_SCHEMA_DRAFT_6] = {"6", "http://json-schema.org/draft-06/schema"},
    [EG_SCHEMA_DRAFT_7] = {"7", "http://json-schema.org/draft-07/schema"},
    [EG_SCHEMA_DRAFT_2019_09] = {"2019-09", "https://json-schema.org/draft/2019-09/schema"},
    [EG_SCHEMA_DRAFT_2020_12] = {"2020-12", "https://json-schema.org/draft/2020-12/schema"},
};

/* json-schema.org's URI for whatever is the latest draft. */
static const char latest_uri[] = "http://json-schema.org/schema";

static const struct {
    const char *uri;
    unsigned bits;
} vocabularies[] = {
    {"https://json-schema.org/draft/2019-09/vocab/core", EG_SCHEMA_VOCABULARY_CORE},
    {"https://json-schema.org/draft/2019-09/vocab/applicator",
     EG_SCHEMA_VOCABULARY_APPLICATOR | EG_SCHEMA_VOCABULARY_UNEVALUATED},
    {"https://json-schema.org/draft/2019-09/vocab/validation", EG_SCHEMA_VOCABULARY_VALIDATION},
    {"https://json-schema.org/draft/2019-09/vocab/meta-data", EG_SCHEMA_VOCABULARY_META},
    {"https://json-schema.org/draft/2019-09/vocab/format", EG_SCHEMA_VOCABULARY_FORMAT},
    {"https://json-schema.org/draft/2019-09/vocab/content", EG_SCHEMA_VOCABULARY_CONTENT},
    {"https://json-schema.org/draft/2020-12/vocab/core", EG_SCHEMA_VOCABULARY_CORE},
    {"https://json-schema.org/draft/2020-12/vocab/applicator", EG_SCHEMA_VOCABULARY_APPLICATOR},
    {"https://json-schema.org/draft/2020-12/vocab/unevaluated", EG_SCHEMA_VOCABULARY_UNEVALUATED},
    {"https://json-schema.org/draft/2020-12/vocab/validation", EG_SCHEMA_VOCABULARY_VALIDATION},
    {"https://json-schema.org/draft/2020-12/vocab/meta-data", EG_SCHEMA_VOCABULARY_META},
    {"https://json-schema.org/draft/2020-12/vocab/format-annotation", EG_SCHEMA_VOCABULARY_FORMAT},
    {"https://json-schema.org/draft/2020-12/vocab/format-assertion",
     EG_SCHEMA_VOCABULARY_FORMAT | EG_SCHEMA_VOCABULARY_FORMAT_ASSERTION},
    {"https://json-schema.org/draft/2020-12/vocab/content", EG_SCHEMA_VOCABULARY_CONTENT},
};

bool eg_schema_draft_parse(const char *text, enum eg_schema_draft *ret_draft)
{
    static const char prefix[] = "draft";
    if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
        text += sizeof(prefix) - 1;
    if (*text == '-')
        text++;
    for (size_t i = 0; i < EG_ARRAY_COUNT(drafts); i++) {
        if (strcmp(text, drafts[i].name) == 0) {
            *ret_draft = (enum eg_schema_draft)i;
            return true;
        }
    }
    return false;
}

struct eg_schema_dialect eg_schema_dialect_of(enum eg_schema_draft draft)
{
    return (struct eg_schema_dialect){draft, EG_SCHEMA_VOCABULARY_ALL};
}

bool eg_schema_dialect_equal(struct eg_schema_dialect a, struct eg_schema_dialect b)
{
    return a.draft == b.draft && a.vocabularies == b.vocabularies;
}

enum eg_schema_keyword eg_schema_keyword_find(struct eg_schema_dialect dialect, struct eg_span name)
{
    for (int i = 0; i < EG_SCHEMA_KEYWORDS; i++) {
        const struct eg_schema_keyword_info *info = &eg_schema_keyword_infos[i];
        if (!eg_span_equal(info->text, name))
            continue;
        bool known = dialect.draft >= info->first_draft && dialect.draft <= info->last_draft &&
                     (info->vocabulary & dialect.vocabularies);
        return known ? (enum eg_schema_keyword)i : EG_SCHEMA_KEYWORDS;
    }
    return EG_SCHEMA_KEYWORDS;
}

bool eg_schema_draft_of_uri(struct eg_span uri, enum eg_schema_draft *ret_draft)
{
    if (uri.len && uri.ptr[uri.len - 1] == '#')
        uri.len--;
    for (size_t i = 0; i < EG_ARRAY_COUNT(drafts); i++) {
        if (eg_span_is(uri, drafts[i].uri)) {
            *ret_draft = (enum eg_schema_draft)i;
            return true;
        }
    }
    if (!eg_span_is(uri, latest_uri))
        return false;
    *ret_draft = EG_SCHEMA_DRAFT_2020_12;
    return true;
}

unsigned eg_schema_vocabulary_of_uri(struct eg_span uri)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(vocabularies); i++)
        if (eg_span_is(uri, vocabularies[i].uri))
            return vocabularies[i].bits;
    return 0;
}

struct eg_span eg_schema_id_keyword(enum eg_schema_draft draft)
{
    return draft == EG_SCHEMA_DRAFT_4 ? EG_SPAN_LITERAL("id") : EG_SPAN_LITERAL("$id");
}
