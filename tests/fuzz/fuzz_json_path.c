/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target of paths and pointers: the first line of an input is the path, the rest the
 * document. Whatever compiles is evaluated; every match must be a value, and none a member's name.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "json/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    const struct eg_json_document *document;
    eg_json_index last;
    bool any;
};

static bool check_match(void *context, eg_json_index index)
{
    struct seen *seen = context;
    EG_ASSERT(index < seen->document->node_count);
    EG_ASSERT(!seen->any || index > seen->last);
    seen->any = true;
    seen->last = index;
    return true;
}

static void evaluate(struct eg_span path_text, struct eg_span text)
{
    struct eg_json_document document;
    struct eg_json_path *path = NULL;
    struct eg_error err;
    eg_json_document_init(&document);
    if (eg_json_document_parse(&document, text, NULL, &err) == 0) {
        eg_json_index found = eg_json_pointer(&document, 0, path_text);
        EG_ASSERT(found == EG_JSON_NONE || found < document.node_count);
        if (eg_json_path_new(path_text, &path, &err) == 0) {
            struct seen seen = {.document = &document};
            uint32_t matches = eg_json_path_each(path, &document, 0, check_match, &seen);
            EG_ASSERT(matches <= 1 || !eg_json_path_is_single(path));
        }
    }
    eg_json_path_destroy(path);
    eg_json_document_fini(&document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *block = eg_malloc(size);
    if (size)
        memcpy(block, data, size);
    const char *line_end = size ? memchr(block, '\n', size) : NULL;
    size_t path_bytes = line_end ? (size_t)(line_end - block) : size;
    size_t text_at = line_end ? path_bytes + 1 : size;
    /* Apart, so that neither hides a read behind the other's end. */
    char *path = eg_malloc(path_bytes);
    if (path_bytes)
        memcpy(path, block, path_bytes);
    evaluate(eg_span_of(path, path_bytes), eg_span_of(block + text_at, size - text_at));
    free(path);
    free(block);
    return 0;
}
