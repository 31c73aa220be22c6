/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of one parse, shared by the files that make up the reader: reader.c (structure,
 * numbers, literals), string.c (escapes, UTF-8) and names.c (duplicates). Internal to json/.
 *
 * A position is passed along as `p` and comes back advanced; NULL means that r->err was written.
 */
#ifndef EG_JSON_READER_H
#define EG_JSON_READER_H

#include "json/document.h"

struct eg_json_reader {
    struct eg_json_document *document;
    const char *text;
    const char *end;
    struct eg_json_node *nodes; /* document->nodes */
    uint32_t node_count;
    eg_json_index parent; /* innermost open container; its `next` holds the one around it */
    uint32_t depth;
    char closer; /* bracket that ends `parent` */
    struct eg_json_limits limits;
    struct eg_error *err;
};

static inline uint32_t eg_json_offset(const struct eg_json_reader *r, const char *p)
{
    return (uint32_t)(p - r->text);
}

/* Reads the value that the text holds; document->nodes and node_count are right after success. */
int eg_json_reader_run(struct eg_json_reader *r) EG_MUST_CHECK;

/* Writes "<what> at line L, column C (byte N)". Always NULL. `what` is a literal. */
const char *eg_json_reader_fail(struct eg_json_reader *r, const char *p, const char *what) EG_COLD;

/* The same for a limit: EG_ERR_TOO_LARGE. */
const char *eg_json_reader_too_large(struct eg_json_reader *r, const char *p, const char *what);

/* The code, and `what` of any origin. */
const char *eg_json_reader_error(struct eg_json_reader *r, const char *p, enum eg_error_code code,
                                 const char *what);

/*
 * The rest of a string that begins with the quote at `start` and is plain up to `p`: checks UTF-8,
 * decodes escapes. Returns where the closing quote stands and adds to *info.
 */
const char *eg_json_reader_string(struct eg_json_reader *r, const char *start, const char *p,
                                  uint32_t *info);

/* 0 when all names of the object, whose nodes are complete, differ. */
int eg_json_reader_check_names(struct eg_json_reader *r, eg_json_index object) EG_MUST_CHECK;

#endif
