/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of json/ share: a text in a block of exactly its size (so that a sanitizer sees
 * any read behind it) together with the document read from it.
 */
#ifndef EG_TESTS_JSON_READING_H
#define EG_TESTS_JSON_READING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/span.h"
#include "json/document.h"

struct reading {
    struct eg_json_document document;
    struct eg_error err;
    char *block;
};

static inline int reading_try(struct reading *reading, struct eg_span text,
                              const struct eg_json_limits *limits)
{
    *reading = (struct reading){.block = eg_malloc(text.len)};
    if (text.len)
        memcpy(reading->block, text.ptr, text.len);
    eg_json_document_init(&reading->document);
    return eg_json_document_parse(&reading->document, eg_span_of(reading->block, text.len), limits,
                                  &reading->err);
}

static inline void reading_close(struct reading *reading)
{
    eg_json_document_fini(&reading->document);
    free(reading->block);
}

static inline void reading_open(struct reading *reading, const char *text)
{
    if (reading_try(reading, eg_span_text(text), NULL) != 0)
        fail_msg("refused: %s: %s", text, reading->err.message);
}

#define assert_span(span, text)                                                         \
    do {                                                                                \
        struct eg_span span_seen = (span);                                              \
        if (!eg_span_is(span_seen, (text)))                                             \
            fail_msg("got \"%.*s\", expected \"%s\"", EG_SPAN_ARGS(span_seen), (text)); \
    } while (0)

#endif
