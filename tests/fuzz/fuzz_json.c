/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target of the event reader. Each input is read by our reader and by jansson:
 *
 *  - both must agree whether it is JSON, apart from what each leaves to policy (see
 * `policy_differs`);
 *  - what both accept must have the same structure, names, strings and numbers;
 *  - the tape must keep its invariants, and a value must equal itself and hash like itself;
 *  - what the writer makes of a string must read back as that string.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "json/document.h"
#include "json/utf8.h"
#include "json/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct eg_json_limits limits = {
    .max_text_bytes = EG_JSON_MAX_TEXT_BYTES,
    .max_depth = EG_JSON_MAX_DEPTH,
    .max_members = EG_JSON_MAX_COUNT,
    .max_string_bytes = EG_JSON_MAX_TEXT_BYTES,
};

static void check_utf8(struct eg_span string)
{
    size_t at = 0;
    while (at < string.len) {
        size_t len = eg_json_utf8_sequence(string.ptr + at, string.len - at);
        EG_ASSERT(len > 0);
        at += len;
    }
}

static void check_writer(struct eg_span string)
{
    struct eg_buffer buffer = EG_BUFFER_INIT;
    struct eg_json_document document;
    eg_json_document_init(&document);
    eg_json_write_string(&buffer, string);
    EG_ASSERT(eg_json_document_parse(&document, eg_buffer_span(&buffer), &limits, NULL) == 0);
    EG_ASSERT(eg_span_equal(eg_json_string(&document, 0), string));
    eg_json_document_fini(&document);
    eg_buffer_fini(&buffer);
}

/* The children of a container, name and value apart, must fill its subtree exactly. */
static void check_children(const struct eg_json_document *document, eg_json_index index)
{
    uint32_t per_item = eg_json_kind(document, index) == EG_JSON_OBJECT ? 2 : 1;
    uint32_t children = 0;
    eg_json_index end = eg_json_next(document, index);
    eg_json_index at = index + 1;
    for (; at < end; at = eg_json_next(document, at)) {
        if (per_item == 2 && children % 2 == 0)
            EG_ASSERT(eg_json_kind(document, at) == EG_JSON_STRING);
        children++;
    }
    EG_ASSERT(at == end);
    EG_ASSERT(children == eg_json_count(document, index) * per_item);
}

static void check_node(const struct eg_json_document *document, eg_json_index index)
{
    const struct eg_json_node *node = eg_json_node(document, index);
    EG_ASSERT(node->bytes > 0 && (size_t)node->start + node->bytes <= document->text_bytes);
    EG_ASSERT(node->next > index && node->next <= document->node_count);
    enum eg_json_kind kind = eg_json_kind(document, index);
    if (kind == EG_JSON_ARRAY || kind == EG_JSON_OBJECT) {
        check_children(document, index);
        return;
    }
    EG_ASSERT(node->next == index + 1);
    struct eg_span text = eg_json_text(document, index);
    if (kind == EG_JSON_STRING) {
        EG_ASSERT(node->bytes >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"');
        check_utf8(eg_json_string(document, index));
        check_writer(eg_json_string(document, index));
    } else if (kind == EG_JSON_NUMBER) {
        EG_ASSERT(eg_json_number_compare(text, text) == 0);
    }
}

static void check_tape(const struct eg_json_document *document)
{
    EG_ASSERT(document->node_count > 0 && eg_json_next(document, 0) == document->node_count);
    for (eg_json_index i = 0; i < document->node_count; i++)
        check_node(document, i);
    EG_ASSERT(eg_json_equal(document, 0, document, 0));
    EG_ASSERT(eg_json_hash(document, 0) == eg_json_hash(document, 0));
}

static void compare(const struct eg_json_document *document, eg_json_index index, json_t *other);

static void compare_object(const struct eg_json_document *document, eg_json_index index,
                           json_t *other)
{
    EG_ASSERT(json_object_size(other) == eg_json_count(document, index));
    const char *name;
    json_t *value;
    json_object_foreach(other, name, value)
    {
        eg_json_index found = eg_json_member(document, index, eg_span_text(name));
        EG_ASSERT(found != EG_JSON_NONE);
        compare(document, found, value);
    }
}

static void compare_array(const struct eg_json_document *document, eg_json_index index,
                          json_t *other)
{
    EG_ASSERT(json_array_size(other) == eg_json_count(document, index));
    eg_json_index at = index + 1;
    for (size_t i = 0; i < json_array_size(other); i++) {
        compare(document, at, json_array_get(other, i));
        at = eg_json_next(document, at);
    }
}

static void compare_number(const struct eg_json_document *document, eg_json_index index,
                           json_t *other)
{
    if (json_is_integer(other)) {
        int64_t value;
        EG_ASSERT(eg_json_int64(document, index, &value));
        EG_ASSERT(value == json_integer_value(other));
        return;
    }
    double ours = eg_json_double(document, index);
    double theirs = json_real_value(other);
    EG_ASSERT(memcmp(&ours, &theirs, sizeof(ours)) == 0);
}

static void compare(const struct eg_json_document *document, eg_json_index index, json_t *other)
{
    switch (eg_json_kind(document, index)) {
    case EG_JSON_NULL:
        EG_ASSERT(json_is_null(other));
        return;
    case EG_JSON_FALSE:
        EG_ASSERT(json_is_false(other));
        return;
    case EG_JSON_TRUE:
        EG_ASSERT(json_is_true(other));
        return;
    case EG_JSON_NUMBER:
        EG_ASSERT(json_is_number(other));
        compare_number(document, index, other);
        return;
    case EG_JSON_STRING:
        EG_ASSERT(json_is_string(other));
        EG_ASSERT(eg_span_equal(eg_json_string(document, index),
                                eg_span_of(json_string_value(other), json_string_length(other))));
        return;
    case EG_JSON_ARRAY:
        EG_ASSERT(json_is_array(other));
        compare_array(document, index, other);
        return;
    case EG_JSON_OBJECT:
        EG_ASSERT(json_is_object(other));
        compare_object(document, index, other);
        return;
    }
    eg_panic(__FILE__, __LINE__, "a kind that does not exist");
}

/*
 * jansson refuses numbers that C types don't hold and NUL in names, goes to another depth than we
 * do, and takes a NUL byte behind the value for the end of the text. Anything else that only one of
 * the two accepts is somebody's bug.
 */
static bool policy_differs(struct eg_span text, int ours, const struct eg_error *err,
                           const json_error_t *theirs)
{
    if (ours != 0)
        return err->code == EG_ERR_TOO_LARGE || memchr(text.ptr, '\0', text.len) != NULL;
    enum json_error_code code = json_error_code(theirs);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           code == json_error_stack_overflow;
}

static void run(struct eg_json_document *document, struct eg_span text)
{
    struct eg_error err = {.message = ""};
    json_error_t json_error;
    int ours = eg_json_document_parse(document, text, &limits, &err);
    json_t *theirs = json_loadb(
        text.ptr, text.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &json_error);
    if (ours == 0) {
        check_tape(document);
    } else {
        EG_ASSERT(document->node_count == 0);
        EG_ASSERT(err.message[0] != '\0');
        check_utf8(eg_span_text(err.message));
    }
    if (ours == 0 && theirs)
        compare(document, 0, theirs);
    else if ((ours == 0) != (theirs != NULL))
        EG_ASSERT(policy_differs(text, ours, &err, &json_error));
    json_decref(theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Kept over the inputs, so that what one leaves behind can be tripped over by the next. */
    static struct eg_json_document document = {.text = ""};
    /* Exactly as large as the input: the sanitizer sees a read behind its end. */
    char *block = eg_malloc(size);
    if (size)
        memcpy(block, data, size);
    run(&document, eg_span_of(block, size));
    free(block);
    return 0;
}
