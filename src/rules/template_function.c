/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of templates, one table at the end. Each takes a value and leaves another; a result
 * lives in the work's buffers or in what the value was in. What is nothing or null passes by all
 * but those that ask for it.
 */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/fields.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "rules/template_program.h"
#include "rules/time.h"
#include "json/compact.h"
#include "json/writer.h"

static const char iso_format[] = "%Y-%m-%dT%H:%M:%S.%LZ";

static int set_string(struct eg_rules_value *value, const struct eg_buffer *buffer)
{
    *value = eg_rules_string(eg_buffer_span(buffer));
    return 0;
}

static int apply_default(const struct eg_rules_call *call, struct eg_rules_work *work,
                         struct eg_rules_value *value, struct eg_error *err)
{
    (void)work;
    (void)err;
    if (eg_rules_value_is_empty(value))
        *value = call->arguments[0].value;
    return 0;
}

static int change_case(struct eg_rules_work *work, struct eg_rules_value *value, char first,
                       char last)
{
    struct eg_buffer *out = eg_rules_work_buffer(work);
    eg_buffer_append_span(out, value->text);
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] >= first && out->data[i] <= last)
            out->data[i] = (char)(out->data[i] ^ 0x20);
    return set_string(value, out);
}

static int apply_lower(const struct eg_rules_call *call, struct eg_rules_work *work,
                       struct eg_rules_value *value, struct eg_error *err)
{
    (void)call;
    (void)err;
    return change_case(work, value, 'A', 'Z');
}

static int apply_upper(const struct eg_rules_call *call, struct eg_rules_work *work,
                       struct eg_rules_value *value, struct eg_error *err)
{
    (void)call;
    (void)err;
    return change_case(work, value, 'a', 'z');
}

static int prepare_date(struct eg_rules_call *call, struct eg_error *err)
{
    if (call->argument_count == 0)
        return 0;
    return eg_rules_time_check_format(call->arguments[0].value.text, err);
}

static int apply_date(const struct eg_rules_call *call, struct eg_rules_work *work,
                      struct eg_rules_value *value, struct eg_error *err)
{
    int64_t wall_us;
    if (value->kind == EG_RULES_CONTAINER || !eg_rules_time_parse(value->text, &wall_us))
        return eg_error_set(err, EG_ERR_INVALID,
                            "date(): the value is no time (RFC 3339, or Unix time as a number)");
    struct eg_buffer *out = eg_rules_work_buffer(work);
    eg_rules_time_format(
        wall_us, call->argument_count ? call->arguments[0].value.text : EG_SPAN_LITERAL(iso_format),
        out);
    return set_string(value, out);
}

static int apply_hash(const struct eg_rules_call *call, struct eg_rules_work *work,
                      struct eg_rules_value *value, struct eg_error *err)
{
    (void)call;
    (void)err;
    char hex[EG_CRYPTO_SHA256_HEX_BYTES];
    eg_crypto_sha256_hex(value->text, hex);
    struct eg_buffer *out = eg_rules_work_buffer(work);
    eg_buffer_append_text(out, hex);
    return set_string(value, out);
}

static int prepare_last_segment(struct eg_rules_call *call, struct eg_error *err)
{
    if (call->arguments[0].value.text.len == 0)
        return eg_error_set(err, EG_ERR_INVALID, "the separator is empty");
    return 0;
}

static int apply_last_segment(const struct eg_rules_call *call, struct eg_rules_work *work,
                              struct eg_rules_value *value, struct eg_error *err)
{
    (void)work;
    (void)err;
    struct eg_span separator = call->arguments[0].value.text;
    struct eg_span text = value->text;
    size_t begin = 0;
    for (const char *at;
         (at = memmem(text.ptr + begin, text.len - begin, separator.ptr, separator.len)) != NULL;)
        begin = (size_t)(at - text.ptr) + separator.len;
    *value = eg_rules_string(eg_span_of(text.ptr + begin, text.len - begin));
    return 0;
}

static int prepare_capture(struct eg_rules_call *call, struct eg_error *err)
{
    if (eg_regex_compile(call->arguments[0].value.text, EG_REGEX_ECMA, &call->regex, err) != 0)
        return -1;
    unsigned groups = eg_regex_group_count(call->regex);
    if (call->argument_count == 1)
        call->arguments[1].number = groups > 0;
    if (groups > EG_REGEX_MAX_GROUP)
        return eg_error_set(err, EG_ERR_INVALID, "the regular expression has more than %d groups",
                            EG_REGEX_MAX_GROUP);
    if (call->arguments[1].number < 0 || call->arguments[1].number > groups)
        return eg_error_set(err, EG_ERR_INVALID,
                            "the regular expression has no group %lld, its last is %u",
                            (long long)call->arguments[1].number, groups);
    return 0;
}

static int apply_capture(const struct eg_rules_call *call, struct eg_rules_work *work,
                         struct eg_rules_value *value, struct eg_error *err)
{
    (void)work;
    struct eg_span found = EG_SPAN_EMPTY;
    enum eg_regex_result result =
        eg_regex_capture(call->regex, value->text, (unsigned)call->arguments[1].number, &found);
    if (result == EG_REGEX_LIMIT)
        return eg_error_set(err, EG_ERR_INVALID,
                            "capture(): the regular expression takes too many steps on this value");
    *value = eg_rules_string(found);
    if (result == EG_REGEX_NO_MATCH || !found.ptr)
        value->kind = EG_RULES_NOTHING;
    return 0;
}

static int apply_json(const struct eg_rules_call *call, struct eg_rules_work *work,
                      struct eg_rules_value *value, struct eg_error *err)
{
    (void)call;
    (void)err;
    struct eg_buffer *out = eg_rules_work_buffer(work);
    if (value->kind == EG_RULES_STRING)
        eg_json_write_string(out, value->text);
    else
        eg_json_write_compact(out, value->text);
    return set_string(value, out);
}

static int apply_string(const struct eg_rules_call *call, struct eg_rules_work *work,
                        struct eg_rules_value *value, struct eg_error *err)
{
    (void)call;
    (void)work;
    (void)err;
    if (value->kind != EG_RULES_STRING)
        *value = eg_rules_string(value->text);
    return 0;
}

static int apply_number(const struct eg_rules_call *call, struct eg_rules_work *work,
                        struct eg_rules_value *value, struct eg_error *err)
{
    (void)call;
    (void)work;
    struct eg_json_document document;
    struct eg_error ignored;
    eg_json_document_init(&document);
    struct eg_span text = eg_span_trim(value->text);
    bool is_number = value->kind != EG_RULES_CONTAINER &&
                     eg_json_document_parse(&document, text, NULL, &ignored) == 0 &&
                     eg_json_kind(&document, 0) == EG_JSON_NUMBER;
    eg_json_document_fini(&document);
    if (!is_number)
        return eg_error_set(err, EG_ERR_INVALID, "number(): the value is no number");
    *value = (struct eg_rules_value){EG_RULES_SCALAR, text, {NULL, 0}};
    return 0;
}

static int apply_base64(const struct eg_rules_call *call, struct eg_rules_work *work,
                        struct eg_rules_value *value, struct eg_error *err)
{
    (void)call;
    (void)err;
    struct eg_buffer *out = eg_rules_work_buffer(work);
    eg_crypto_base64_encode(value->text, out);
    return set_string(value, out);
}

/* RFC 3986 section 2.3: all but the unreserved characters is escaped. */
static int apply_uri(const struct eg_rules_call *call, struct eg_rules_work *work,
                     struct eg_rules_value *value, struct eg_error *err)
{
    (void)call;
    (void)err;
    static const char hex[] = "0123456789ABCDEF";
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    struct eg_buffer *out = eg_rules_work_buffer(work);
    for (size_t i = 0; i < value->text.len; i++) {
        unsigned char c = (unsigned char)value->text.ptr[i];
        if (c && strchr(unreserved, c))
            eg_buffer_append_char(out, (char)c);
        else
            eg_buffer_append(out, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
    }
    return set_string(value, out);
}

static int prepare_truncate(struct eg_rules_call *call, struct eg_error *err)
{
    if (call->arguments[0].number < 0)
        return eg_error_set(err, EG_ERR_INVALID, "the length is negative");
    return 0;
}

/* Counts bytes, which is what the limits of services count, and never cuts a character. */
static int apply_truncate(const struct eg_rules_call *call, struct eg_rules_work *work,
                          struct eg_rules_value *value, struct eg_error *err)
{
    (void)work;
    (void)err;
    struct eg_span text = value->text;
    size_t len = (uint64_t)call->arguments[0].number < text.len ? (size_t)call->arguments[0].number
                                                                : text.len;
    while (len < text.len && len > 0 && ((unsigned char)text.ptr[len] & 0xC0u) == 0x80u)
        len--;
    *value = eg_rules_string(eg_span_of(text.ptr, len));
    return 0;
}

static const struct eg_rules_function functions[] = {
    {"default", "v", true, NULL, apply_default},
    {"lower", "", false, NULL, apply_lower},
    {"upper", "", false, NULL, apply_upper},
    {"date", "?s", false, prepare_date, apply_date},
    {"hash", "", false, NULL, apply_hash},
    {"last_segment", "s", false, prepare_last_segment, apply_last_segment},
    {"capture", "s?n", false, prepare_capture, apply_capture},
    {"json", "", false, NULL, apply_json},
    {"string", "", false, NULL, apply_string},
    {"number", "", false, NULL, apply_number},
    {"base64", "", false, NULL, apply_base64},
    {"uri", "", false, NULL, apply_uri},
    {"truncate", "n", false, prepare_truncate, apply_truncate},
};

const struct eg_rules_function *eg_rules_function_find(struct eg_span name, const char **ret_near)
{
    const char *names[EG_ARRAY_COUNT(functions)];
    for (size_t i = 0; i < EG_ARRAY_COUNT(functions); i++) {
        if (eg_span_is(name, functions[i].name))
            return &functions[i];
        names[i] = functions[i].name;
    }
    EG_AUTOFREE char *word = eg_span_dup(name);
    *ret_near = eg_config_nearest(word, names, EG_ARRAY_COUNT(names));
    return NULL;
}
