/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a schema's keywords mean: the draft, and for 2019-09 and later the vocabularies that its
 * meta-schema names. Read-only tables; any thread.
 */
#ifndef EG_SCHEMA_DIALECT_H
#define EG_SCHEMA_DIALECT_H

#include <stdbool.h>
#include <stdint.h>

#include "eventgate/span.h"
#include "schema/schema.h"

enum eg_schema_keyword {
#define EG_SCHEMA_KEYWORD(id, text, first, last, vocabulary, place, subject) EG_SCHEMA_##id,
#include "schema/keywords.def"
#undef EG_SCHEMA_KEYWORD
    EG_SCHEMA_KEYWORDS,
    EG_SCHEMA_OBJECT =
        EG_SCHEMA_KEYWORDS, /* not a keyword: all that one pass over members checks */
    EG_SCHEMA_CHECKS,
};

enum eg_schema_vocabulary {
    EG_SCHEMA_VOCABULARY_CORE = 1u,
    EG_SCHEMA_VOCABULARY_APPLICATOR = 2u,
    EG_SCHEMA_VOCABULARY_UNEVALUATED = 4u,
    EG_SCHEMA_VOCABULARY_VALIDATION = 8u,
    EG_SCHEMA_VOCABULARY_FORMAT = 16u,
    EG_SCHEMA_VOCABULARY_CONTENT = 32u,
    EG_SCHEMA_VOCABULARY_META = 64u,
    EG_SCHEMA_VOCABULARY_FORMAT_ASSERTION = 128u,
    EG_SCHEMA_VOCABULARY_ALL = 127u, /* format is an annotation */
};

enum eg_schema_place {
    EG_SCHEMA_PLACE_NONE,
    EG_SCHEMA_PLACE_SCHEMA,
    EG_SCHEMA_PLACE_LIST,
    EG_SCHEMA_PLACE_MAP,
    EG_SCHEMA_PLACE_SCHEMA_OR_LIST,
};

enum eg_schema_subject {
    EG_SCHEMA_SUBJECT_SCALAR, /* null, false, true */
    EG_SCHEMA_SUBJECT_NUMBER,
    EG_SCHEMA_SUBJECT_STRING,
    EG_SCHEMA_SUBJECT_ARRAY,
    EG_SCHEMA_SUBJECT_OBJECT,
    EG_SCHEMA_SUBJECTS,
    EG_SCHEMA_SUBJECT_ANY = EG_SCHEMA_SUBJECTS,
    EG_SCHEMA_SUBJECT_NOTHING,
};

struct eg_schema_keyword_info {
    struct eg_span text;
    enum eg_schema_draft first_draft;
    enum eg_schema_draft last_draft;
    unsigned vocabulary;
    enum eg_schema_place place;
    enum eg_schema_subject subject;
};

extern const struct eg_schema_keyword_info eg_schema_keyword_infos[EG_SCHEMA_KEYWORDS];

struct eg_schema_dialect {
    enum eg_schema_draft draft;
    unsigned vocabularies; /* before 2019-09: all */
};

struct eg_schema_dialect eg_schema_dialect_of(enum eg_schema_draft draft);
bool eg_schema_dialect_equal(struct eg_schema_dialect a, struct eg_schema_dialect b);

/* The keyword of that name, or EG_SCHEMA_KEYWORDS where the dialect has none. */
enum eg_schema_keyword eg_schema_keyword_find(struct eg_schema_dialect dialect,
                                              struct eg_span name);

/* A draft's meta-schema by its URI, "#" behind it or not. False: it is none of the five. */
bool eg_schema_draft_of_uri(struct eg_span uri, enum eg_schema_draft *ret_draft);

/* The bit or bits of a vocabulary's URI; 0: unknown. */
unsigned eg_schema_vocabulary_of_uri(struct eg_span uri);

/* "$id", or "id" in draft 4. */
struct eg_span eg_schema_id_keyword(enum eg_schema_draft draft);

/* Before 2019-09 a $ref makes its neighbours mean nothing. */
static inline bool eg_schema_ref_stands_alone(enum eg_schema_draft draft)
{
    return draft < EG_SCHEMA_DRAFT_2019_09;
}

#endif
