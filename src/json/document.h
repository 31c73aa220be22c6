/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event reader: one pass over RFC 8259 text into a flat tape of nodes over the original bytes.
 *
 * A document owns its tape and reuses it: parse again and the old nodes are gone, the memory stays,
 * so that a warm document allocates nothing. It borrows the text, which must stay unchanged for as
 * long as nodes are read. One thread parses; after that any thread may read.
 *
 * Nodes lie on the tape in text order: a container, then all that is in it. An object's members are
 * pairs of a string node (the name) and the value's node; `next` jumps over a whole subtree:
 *
 *     {"a":[1,2],"b":null}   ->   0 object(2)  1 "a"  2 array(2)  3 1  4 2  5 "b"  6 null
 *
 * Numbers are kept as text: a 20-digit id is not rounded. Strings without escapes are the bytes of
 * the text; strings with escapes are decoded once, while parsing, into memory of the document.
 */
#ifndef EG_JSON_DOCUMENT_H
#define EG_JSON_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

enum eg_json_kind {
    EG_JSON_NULL,
    EG_JSON_FALSE,
    EG_JSON_TRUE,
    EG_JSON_NUMBER,
    EG_JSON_STRING,
    EG_JSON_ARRAY,
    EG_JSON_OBJECT,
};

/* Flags beside the kind. */
#define EG_JSON_ESCAPED 0x08u /* STRING: the text has escapes; the decoded form is elsewhere */
#define EG_JSON_INTEGER 0x10u /* NUMBER: written without fraction and exponent */

struct eg_json_node {
    uint32_t start; /* offset of the value's first byte in the text; a string's opening quote */
    uint32_t bytes; /* length of the value's text, quotes and brackets included */
    uint32_t next;  /* index of the first node after this value's subtree */
    uint32_t info;  /* kind and flags in the low byte; above it: count of elements or members,
                       or for an ESCAPED string the index of its decoded form */
};

typedef uint32_t eg_json_index;
#define EG_JSON_NONE UINT32_MAX

/* What the tape can hold. Larger limits are taken as these. */
#define EG_JSON_MAX_TEXT_BYTES (UINT32_MAX / 2)
#define EG_JSON_MAX_DEPTH      1024u       /* so that a walk over a document may recurse */
#define EG_JSON_MAX_COUNT      0x00FFFFFFu /* elements, members, or escaped strings */

struct eg_json_limits {
    size_t max_text_bytes;
    uint32_t max_depth;        /* containers inside each other; a scalar has depth 0 */
    uint32_t max_members;      /* of one object */
    size_t max_string_bytes;   /* of one string's text, between its quotes; names too */
    bool allow_duplicate_keys; /* off: a repeated name in one object is an error */
};

/* 16 MiB of text, depth 128, 10,000 members, 1 MiB a string, no duplicate keys. */
extern const struct eg_json_limits eg_json_limits_default;

struct eg_json_name_slot;

struct eg_json_document {
    const char *text;
    size_t text_bytes;
    struct eg_json_node *nodes; /* nodes[0] is the root; owned */
    uint32_t node_count;
    uint32_t node_capacity;
    struct eg_span *decoded; /* of ESCAPED strings; owned, the bytes in `strings` */
    uint32_t decoded_count;
    uint32_t decoded_capacity;
    char *strings; /* owned */
    size_t strings_bytes;
    size_t strings_capacity;
    struct eg_json_name_slot *name_slots; /* scratch of the duplicate check; owned */
    uint32_t name_slot_capacity;
    bool may_have_duplicates; /* read with allow_duplicate_keys */
};

void eg_json_document_init(struct eg_json_document *document);
void eg_json_document_fini(struct eg_json_document *document);

/*
 * Reads `text`, exactly one value with white space around it. 0, or -1 with EG_ERR_INVALID (or
 * EG_ERR_TOO_LARGE for a limit) and a message that says what was expected, line, column and byte
 * offset; then the document holds no node. NULL limits are the defaults. Time is linear in the text
 * whatever it holds: names are compared through a hash that is keyed anew in every process.
 */
int eg_json_document_parse(struct eg_json_document *document, struct eg_span text,
                           const struct eg_json_limits *limits, struct eg_error *err) EG_MUST_CHECK;

/* Reading: the index must be of a node of this document. */

static inline const struct eg_json_node *eg_json_node(const struct eg_json_document *document,
                                                      eg_json_index index)
{
    return &document->nodes[index];
}

static inline enum eg_json_kind eg_json_kind(const struct eg_json_document *document,
                                             eg_json_index index)
{
    return (enum eg_json_kind)(document->nodes[index].info & 7u);
}

/* The index after the subtree: an array's next element, an object's next name, or its end. */
static inline eg_json_index eg_json_next(const struct eg_json_document *document,
                                         eg_json_index index)
{
    return document->nodes[index].next;
}

/* ARRAY: elements. OBJECT: members. They begin at index + 1. */
static inline uint32_t eg_json_count(const struct eg_json_document *document, eg_json_index index)
{
    return document->nodes[index].info >> 8;
}

/* The value as it stands in the text; a string with its quotes and escapes. */
static inline struct eg_span eg_json_text(const struct eg_json_document *document,
                                          eg_json_index index)
{
    const struct eg_json_node *node = &document->nodes[index];
    return (struct eg_span){document->text + node->start, node->bytes};
}

/* STRING: its characters, decoded, UTF-8; may hold NUL when the text had \u0000. */
static inline struct eg_span eg_json_string(const struct eg_json_document *document,
                                            eg_json_index index)
{
    const struct eg_json_node *node = &document->nodes[index];
    if (EG_UNLIKELY(node->info & EG_JSON_ESCAPED))
        return document->decoded[node->info >> 8];
    return (struct eg_span){document->text + node->start + 1, node->bytes - 2};
}

/* OBJECT: the value under `name`, or EG_JSON_NONE. Of duplicates the last. */
eg_json_index eg_json_member(const struct eg_json_document *document, eg_json_index object,
                             struct eg_span name);

/* ARRAY: the element at `position`, from 0, or EG_JSON_NONE. Takes time in `position`. */
eg_json_index eg_json_element(const struct eg_json_document *document, eg_json_index array,
                              uint32_t position);

/* The value at an RFC 6901 pointer ("" is `from` itself), or EG_JSON_NONE. */
eg_json_index eg_json_pointer(const struct eg_json_document *document, eg_json_index from,
                              struct eg_span pointer);

/*
 * NUMBER as int64: exact values only, 1.0 and 1e2 included. False: fraction, or out of range.
 * eg_json_double rounds to nearest; out of range gives an infinity.
 */
bool eg_json_int64(const struct eg_json_document *document, eg_json_index index,
                   int64_t *ret_value);
double eg_json_double(const struct eg_json_document *document, eg_json_index index);

/* RFC 8259 numbers compared by value, at any length and exponent: <0, 0, >0. */
int eg_json_number_compare(struct eg_span a, struct eg_span b);

/*
 * JSON equality: numbers by value, objects without regard to order (of duplicates the last counts).
 * Linear in the values' size. Large objects in a different order take memory while it runs.
 */
bool eg_json_equal(const struct eg_json_document *a, eg_json_index a_index,
                   const struct eg_json_document *b, eg_json_index b_index);

/* A hash for which eg_json_equal values are equal. Differs from process to process; not for disk.
 */
uint64_t eg_json_hash(const struct eg_json_document *document, eg_json_index index);

#endif
